//! Prompts, resources and completion over the protocol, in both eras.

use serde_json::{Value, json};

use crate::support::{Server, Session};
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
