//! `cargo xtask quickstart`: from a clone to an answering MCP endpoint in one command.
//!
//! Uses the Glances of this machine if one answers; otherwise installs one into the cache and
//! runs it on loopback. Stops what it started, and only that.

use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::stack::{Found, Glances, Profile, Server};
use crate::{http, say, setup, stack};

const GLANCES_PORT: u16 = 61208;
const SERVER_PORT: u16 = 8080;
const PORTS_TRIED: u16 = 100;
const CALL_MAX: Duration = Duration::from_secs(30);
const WATCH: Duration = Duration::from_millis(500);

pub(crate) fn run(args: &[String]) -> Result<()> {
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let check = match words.as_slice() {
        [] => false,
        ["--check"] => true,
        _ => bail!("`cargo xtask quickstart` takes only --check, got `{}`", words.join(" ")),
    };
    say!("building glances-mcp (some minutes the first time)");
    let binary = stack::build(Profile::Release)?;
    let mut glances = glances()?;
    let port = stack::free_port_from(SERVER_PORT, PORTS_TRIED)?;
    let mut server = Server::start(&binary, &glances, port)?;
    say!("\nglances-mcp is ready: {}\n", server.endpoint());
    say!("{}", snippets(&binary, &server.endpoint()));
    if check {
        return overview(&server);
    }
    say!("Ask your assistant: \"How is my machine doing?\"  Stop with Ctrl-C.");
    loop {
        glances.check_running()?;
        server.check_running()?;
        thread::sleep(WATCH);
    }
}

fn glances() -> Result<Glances> {
    let port = match stack::find_glances(GLANCES_PORT) {
        Found::Glances { api } => {
            say!("using the Glances on 127.0.0.1:{GLANCES_PORT} (API {api})");
            return Ok(Glances::running(GLANCES_PORT));
        }
        Found::GlancesWithPassword { .. } => {
            say!("the Glances on 127.0.0.1:{GLANCES_PORT} asks for a password; starting another");
            stack::free_port_from(GLANCES_PORT, PORTS_TRIED)?
        }
        Found::SomethingElse => {
            say!("something else answers on 127.0.0.1:{GLANCES_PORT}; taking another port");
            stack::free_port_from(GLANCES_PORT, PORTS_TRIED)?
        }
        Found::Nothing => {
            say!("no Glances on 127.0.0.1:{GLANCES_PORT}; installing and starting one");
            stack::free_port_from(GLANCES_PORT, PORTS_TRIED)?
        }
    };
    setup::glances_current()?;
    let glances = Glances::start(port)?;
    say!("Glances runs on 127.0.0.1:{port}");
    Ok(glances)
}

/// What to paste into each client.
fn snippets(binary: &Path, endpoint: &str) -> String {
    let desktop = json!({ "mcpServers": { "glances": {
        "command": binary.to_string_lossy(), "args": ["connect", endpoint] } } });
    let vscode = json!({ "servers": { "glances": { "type": "http", "url": endpoint } } });
    let cursor = json!({ "mcpServers": { "glances": { "url": endpoint } } });
    format!(
        "Claude Code     claude mcp add --transport http glances {endpoint}\n\
         Claude Desktop  claude_desktop_config.json: {desktop}\n\
         VS Code         .vscode/mcp.json: {vscode}\n\
         Cursor          ~/.cursor/mcp.json: {cursor}\n\
         Codex           ~/.codex/config.toml:\n\
         \x20               [mcp_servers.glances]\n\
         \x20               url = \"{endpoint}\"\n"
    )
}

/// One real call over HTTP, as a client of protocol version 2026-07-28 makes it.
fn overview(server: &Server) -> Result<()> {
    let body = json!({
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {
            "name": "get_system_overview",
            "arguments": {},
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {}
            }
        }
    });
    let headers = [
        "accept: application/json, text/event-stream",
        "mcp-protocol-version: 2026-07-28",
        "mcp-method: tools/call",
        "mcp-name: get_system_overview",
    ];
    let reply = http::post_json(server.port, "/mcp", &headers, &body.to_string(), CALL_MAX)
        .with_context(|| format!("its log says:\n{}", server.log_end()))?;
    let text = tool_text(reply.status, &reply.body)
        .with_context(|| format!("HTTP {}: {}", reply.status, reply.body))?;
    say!("get_system_overview says:\n\n{text}");
    Ok(())
}

/// The text of a tool's reply, sent as JSON or as one event.
fn tool_text(status: u16, body: &str) -> Result<String> {
    if status != 200 {
        bail!("the call was refused");
    }
    let message = body
        .lines()
        .filter_map(|line| line.strip_prefix("data:").or(Some(line)))
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find(|message| message.get("result").is_some())
        .context("no result in the reply")?;
    let result = message.get("result").context("no result in the reply")?;
    if result.get("isError").and_then(Value::as_bool) == Some(true) {
        bail!("the tool reports an error");
    }
    let text = result.pointer("/content/0/text").and_then(Value::as_str).unwrap_or_default();
    if text.is_empty() {
        bail!("the reply has no text");
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_found_in_json_and_in_an_event() {
        let json = r#"{"id":1,"result":{"content":[{"type":"text","text":"all is well"}]}}"#;
        assert_eq!(tool_text(200, json).unwrap(), "all is well");
        let event = format!("id: 0\ndata:\n\ndata: {json}\n\n");
        assert_eq!(tool_text(200, &event).unwrap(), "all is well");
    }

    #[test]
    fn an_error_is_not_taken_for_an_answer() {
        let error = r#"{"result":{"isError":true,"content":[{"type":"text","text":"no"}]}}"#;
        assert!(tool_text(200, error).is_err());
        assert!(tool_text(200, r#"{"error":{"code":-32602}}"#).is_err());
        assert!(tool_text(403, "").is_err());
    }

    #[test]
    fn a_path_with_odd_letters_stays_valid_json() {
        let text = snippets(Path::new("/a \"b\"/glances-mcp"), "http://127.0.0.1:8080/mcp");
        let line = text.lines().find(|line| line.starts_with("Claude Desktop")).unwrap();
        let json = line.split_once(": ").unwrap().1;
        assert!(serde_json::from_str::<Value>(json).is_ok(), "{json}");
    }
}
