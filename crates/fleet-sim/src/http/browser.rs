//! What stands between a server and the browsers of others: which host names it answers, and which
//! websites may read it.

use crate::flavor::Flavor;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::server::Server;

/// Whether the version has the settings, and the host has set them.
fn is_hardened(server: &Server) -> bool {
    let can = matches!(server.flavor(), Flavor::V4_5_8 | Flavor::V5Python);
    can && server.host.spec.hardened
}

/// The refusal of a request for another host; `None` when it may pass.
pub(crate) fn refusal(server: &Server, request: &Request) -> Option<Response> {
    let host = request.host.as_deref()?;
    let own = ["localhost", "127.0.0.1", server.host.spec.name.as_str()];
    (is_hardened(server) && !own.contains(&host))
        .then(|| Response::new(400, "text/plain; charset=utf-8", "Invalid host header"))
}

/// Lets the website of a request read the answer, as each version does.
pub(crate) fn allow(server: &Server, request: &Request, response: &mut Response) {
    let Some(origin) = request.origin.as_deref() else { return };
    let (origin, credentials) = match server.flavor() {
        // What refuses a password knows nothing of websites.
        Flavor::V3_4_0_5 if response.status == 401 => return,
        Flavor::V4_0_8 | Flavor::V4_3_3 => (origin, true),
        Flavor::V4_5_8 if is_hardened(server) => return,
        Flavor::V3_4_0_5 | Flavor::V4_5_8 => ("*", false),
        Flavor::V5Python | Flavor::V5Rust => return,
    };
    response.headers.push(("access-control-allow-origin", origin.to_owned()));
    if credentials {
        response.headers.push(("access-control-allow-credentials", "true".to_owned()));
    }
}
