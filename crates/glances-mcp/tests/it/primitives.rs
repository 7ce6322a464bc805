//! Prompts, resources and completion over the protocol, in both eras.

use glances_mcp::runbooks::Runbooks;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::{Server, Session, config};
use fleet_sim::Fleet;

async fn both(server: &Server, method: &str, params: Value) -> [Value; 2] {
    let modern = server.rpc(method, params.clone()).await.message();
    let session = Session::open(server.address, "2025-11-25").await;
    let legacy = session.rpc(method, params).await;
    [modern, legacy]
}

#[tokio::test]
async fn lists_are_the_same_in_both_eras_and_private() {
    let fleet = Fleet::mixed(1, 1).await.unwrap();
    let server = Server::of(&fleet).await;
    for (method, key) in [
        ("prompts/list", "prompts"),
        ("resources/list", "resources"),
        ("resources/templates/list", "resourceTemplates"),
    ] {
        let [modern, legacy] = both(&server, method, json!({})).await;
        let names = |reply: &Value| -> Vec<String> {
            let list = reply["result"][key].as_array().unwrap();
            list.iter().map(|entry| entry["name"].as_str().unwrap().to_owned()).collect()
        };
        assert!(!names(&modern).is_empty(), "{method}");
        assert_eq!(names(&modern), names(&legacy), "{method}");
        assert_eq!(modern["result"]["cacheScope"], "private", "{method}");
        assert!(modern["result"]["ttlMs"].as_u64().unwrap() > 0, "{method}");
    }
}

#[tokio::test]
async fn a_resource_that_is_not_there_is_an_error_that_names_it() {
    let fleet = Fleet::mixed(1, 1).await.unwrap();
    let server = Server::of(&fleet).await;
    for uri in ["glances://servers/nobody", "glances://nothing", "file:///etc/passwd"] {
        let [modern, legacy] = both(&server, "resources/read", json!({ "uri": uri })).await;
        assert_eq!(modern["error"]["code"], -32602, "{modern}");
        assert_eq!(legacy["error"]["code"], -32002, "{legacy}");
        assert_eq!(modern["error"]["data"]["uri"], uri);
    }
}

#[tokio::test]
async fn every_runbook_is_a_skill_whose_file_is_what_the_skill_says() {
    let fleet = Fleet::mixed(1, 1).await.unwrap();
    let server = Server::of(&fleet).await;
    let [modern, legacy] = both(&server, "skills/list", json!({})).await;
    let skills = modern["result"]["skills"].as_array().unwrap();
    assert_eq!(Some(skills), legacy["result"]["skills"].as_array());
    assert_eq!(skills.len(), Runbooks::default().all().len());
    assert_eq!(modern["result"]["cacheScope"], "private");
    let [listed, _] = both(&server, "resources/list", json!({})).await;
    let listed = listed["result"]["resources"].as_array().unwrap();
    for skill in skills {
        let uri = skill["uri"].as_str().unwrap();
        assert!(
            listed.iter().any(|it| it["uri"] == uri && it["name"] == skill["frontmatter"]["name"])
        );
        let got = server.rpc("skills/get", json!({"uri": uri})).await.message();
        assert_eq!(&got["result"]["skill"], skill);
        let read = server.rpc("resources/read", json!({"uri": uri})).await.message();
        let contents = &read["result"]["contents"][0];
        assert_eq!(contents["mimeType"], "text/markdown");
        let text = contents["text"].as_str().unwrap();
        assert!(text.starts_with("---\nname: "), "{text}");
        let file = &skill["resources"][0];
        assert_eq!(
            (&file["uri"], file["size"].as_u64().unwrap()),
            (&json!(uri), text.len() as u64)
        );
        let digest = Sha256::digest(text.as_bytes());
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(file["digest"], format!("sha256:{digest}"));
    }
    let near = skills[0]["uri"].as_str().unwrap().replacen("skill://", "skill://x", 1);
    let refused = server.rpc("skills/get", json!({"uri": near})).await.message();
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(message.contains("did you mean `skill://"), "{message}");
    let read = server.rpc("resources/read", json!({"uri": near})).await.message();
    assert_eq!(read["error"]["code"], -32602, "{read}");
}

#[tokio::test]
async fn what_is_switched_off_as_a_tool_is_told_by_no_prompt_and_no_resource() {
    let fleet = Fleet::mixed(2, 1).await.unwrap();
    let mut config = config(&fleet);
    config["tools"] = json!({"disable": ["get_system_overview"]});
    let server = Server::start(&config).await;
    let [prompt, _] = both(&server, "prompts/get", json!({"name": "system_health_analysis"})).await;
    let text = prompt["result"]["messages"][0]["content"]["text"].as_str().unwrap();
    assert!(text.contains("the tool `get_system_overview` is switched off here"), "{text}");
    let uri = json!({"uri": "glances://live/dashboard"});
    let [dashboard, _] = both(&server, "resources/read", uri).await;
    let text = dashboard["result"]["contents"][0]["text"].as_str().unwrap();
    assert!(text.contains("the tool `get_system_overview` is switched off here"), "{text}");
}
