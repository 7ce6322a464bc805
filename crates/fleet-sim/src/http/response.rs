//! Answers and their bytes: the head as each version of Glances sends it.

use crate::calendar;
use crate::flavor::Flavor;

const JSON: &str = "application/json";

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn new(status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, content_type, headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn json(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, JSON, body)
    }

    /// An error as FastAPI writes it.
    pub(crate) fn detail(status: u16, detail: &str) -> Self {
        Self::new(status, JSON, serde_json::json!({"detail": detail}).to_string())
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// A page of Bottle, the framework of Glances 3.
    pub(crate) fn page(status: u16, path: &str, message: &str) -> Self {
        let escape = |text: &str| {
            text.replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
                .replace('"', "&quot;")
                .replace('\'', "&#039;")
        };
        let title = format!("Error: {status} {}", reason(status));
        let (path, message) = (escape(path), escape(message));
        let body = format!(
            "\n    <!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n    <html>\n        \
             <head>\n            <title>{title}</title>\n        </head>\n        <body>\n            \
             <h1>{title}</h1>\n            <p>Sorry, the requested URL <tt>&#039;{path}&#039;</tt>\n               \
             caused an error:</p>\n            <pre>{message}</pre>\n        </body>\n    </html>\n"
        );
        Self::new(status, "text/html; charset=UTF-8", body)
    }

    /// The bytes of the head, for a body of `length` bytes.
    pub(crate) fn head(
        &self,
        flavor: Flavor,
        length: usize,
        now: f64,
        keep_alive: bool,
    ) -> Vec<u8> {
        let (status, reason) = (self.status, reason(self.status));
        let version = if flavor.api() == 3 { "HTTP/1.0" } else { "HTTP/1.1" };
        let server = match flavor {
            Flavor::V3_4_0_5 => "WSGIServer/0.2 CPython/3.11.7",
            Flavor::V5Rust => "glances-rs",
            Flavor::V4_0_8 | Flavor::V4_3_3 | Flavor::V4_5_8 | Flavor::V5Python => "uvicorn",
        };
        let date = calendar::http(now);
        let kind = match (self.content_type, flavor) {
            (JSON, Flavor::V3_4_0_5) => "application/json; charset=utf-8",
            (kind, _) => kind,
        };
        let mut head = format!(
            "{version} {status} {reason}\r\ndate: {date}\r\nserver: {server}\r\n\
             content-length: {length}\r\ncontent-type: {kind}\r\n"
        );
        for (name, value) in &self.headers {
            head.push_str(name);
            head.push_str(": ");
            head.push_str(value);
            head.push_str("\r\n");
        }
        if !keep_alive {
            head.push_str("connection: close\r\n");
        }
        head.push_str("\r\n");
        head.into_bytes()
    }
}

const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        405 => "Method Not Allowed",
        422 => "Unprocessable Entity",
        500 => "Internal Server Error",
        _ => "Unknown",
    }
}
