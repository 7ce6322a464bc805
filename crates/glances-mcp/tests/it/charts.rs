//! Pictures beside replies, as clients get them. `UPDATE_DOCS=1` draws those of `docs/charts/` anew.

use std::path::Path;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use fleet_sim::{
    Flavor, Fleet, Role,
    scenario::{Kind, Scenario},
};
use glances_mcp::tools::IMAGE_BYTES_MAX;
use serde_json::{Value, json};

use crate::{
    history::{kept, three_weeks},
    support::{
        Server, arguments,
        judged::{END, HOUR, Judged, days, specs},
        spec, tool, until,
    },
};

/// The pixels of a picture, after checks that hold of every one.
fn pixels(file: &[u8]) -> Vec<[u8; 3]> {
    assert!(file.len() <= IMAGE_BYTES_MAX, "{} bytes", file.len());
    let mut decoder = png::Decoder::new(std::io::Cursor::new(file));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    assert_eq!((info.width, info.height), (800, 400));
    bytes.chunks_exact(3).map(|it| [it[0], it[1], it[2]]).collect()
}

/// How much of a picture is of about this colour.
fn count(pixels: &[[u8; 3]], ink: [u8; 3]) -> usize {
    let is = |it: &&[u8; 3]| it.iter().zip(&ink).all(|(a, b)| a.abs_diff(*b) < 40);
    pixels.iter().filter(is).count()
}

const BLUE: [u8; 3] = [31, 95, 208];
const GREEN: [u8; 3] = [14, 159, 110];
const AMBER: [u8; 3] = [217, 119, 6];
const ROSE: [u8; 3] = [225, 29, 72];

async fn drawn(past: &Judged, name: &str, call: Value) -> (String, Vec<u8>) {
    let mut call = arguments(call);
    call.insert("chart".to_owned(), json!(true));
    let reply = tool(name).call(past.cx.clone(), call).await;
    let reply = reply.unwrap_or_else(|err| panic!("{name}: {err}"));
    let said = reply.structured["chart"].as_str().unwrap().to_owned();
    assert!(reply.text.contains(&said), "{}", reply.text);
    let [image] = reply.images.as_slice() else { panic!("{said}") };
    (said, image.bytes().to_vec())
}

/// Compares nothing: another machine may round otherwise.
fn shown(page: &str, file: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/charts");
    let path = folder.join(format!("{page}.png"));
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(&path, file).unwrap();
    }
    pixels(&std::fs::read(&path).unwrap_or_else(|err| panic!("{page}: {err}: UPDATE_DOCS=1")));
}

#[tokio::test(start_paused = true)]
async fn the_pictures_of_the_documentation_show_what_they_say() {
    let mut scenario = Scenario::calm(specs(4, 5), days(13.5), 5);
    let mut play = |kind, host, hours_ago: f64, hours: f64| {
        assert!(scenario.play(kind, &[host], END - hours_ago * HOUR, hours * HOUR), "{kind:?}");
    };
    play(Kind::CpuRunaway, 1, 6.0, 2.0);
    play(Kind::Outage, 2, 11.0, 3.0);
    play(Kind::DiskFilling, 0, 60.0, 59.0);
    let past = Judged::of(scenario).await;

    let call = json!({"servers": ["sim-002"], "metrics": ["cpu.total"], "since": "-24h",
        "timezone": "Europe/Berlin"});
    let (said, file) = drawn(&past, "query_metrics", call).await;
    assert_eq!(said, "800x400 PNG, 1 of 1 series; with what is usual; 2 unusual moments marked");
    let seen = pixels(&file);
    assert!(count(&seen, BLUE) > 300 && count(&seen, ROSE) > 30);
    shown("unusual", &file);

    let call = json!({"metrics": ["network.bytes_recv[eth0]"], "since": "-24h"});
    let (said, file) = drawn(&past, "query_metrics", call).await;
    assert_eq!(said, "800x400 PNG, 4 of 4 series");
    let seen = pixels(&file);
    assert!(count(&seen, BLUE) > 300 && count(&seen, GREEN) > 300 && count(&seen, ROSE) == 0);
    shown("servers", &file);

    let call = json!({"servers": ["sim-001"], "metrics": ["fs.percent", "mem.percent"],
        "since": "-7d"});
    let (said, file) = drawn(&past, "query_metrics", call).await;
    assert_eq!(said, "800x400 PNG, 3 of 3 series");
    shown("week", &file);
    let call =
        json!({"servers": ["sim-001"], "metrics": ["fs.percent", "load.min5"], "since": "-7d"});
    let (said, _) = drawn(&past, "query_metrics", call).await;
    assert_eq!(said, "800x400 PNG, 2 of 3 series; those in percent only");

    let call = json!({"servers": ["sim-002"], "metrics": ["cpu.total"]});
    let (said, file) = drawn(&past, "predict_resource_needs", call).await;
    assert_eq!(said, "800x400 PNG, 1 of 1 series; the next 24 hours");
    assert!(count(&pixels(&file), BLUE) > 300);
    shown("forecast", &file);

    // A merged line has no server, so that nothing is known of it but its values.
    let call = json!({"metrics": ["cpu.total"], "aggregate": "fleet", "since": "-7d"});
    let (said, _) = drawn(&past, "query_metrics", call).await;
    assert_eq!(said, "800x400 PNG, 1 of 1 series");
    let call = json!({"metrics": ["cpu.total"], "since": "-10d", "servers": ["sim-002"]});
    let (said, _) = drawn(&past, "query_metrics", call).await;
    assert!(said.contains("marked for 7 days back"), "{said}");

    let refused = past.refused("query_metrics", json!({"chart": true})).await;
    assert!(refused.contains("`chart` needs `metrics`"), "{refused}");
    let none = json!({"metrics": ["cpu.total"], "servers": ["sim-003"], "since": "-10h",
        "until": "-9h", "chart": true});
    let none = past.ask("query_metrics", none).await;
    assert_eq!(none["chart"], "not drawn: there are no samples to draw", "{none}");
    let week = json!({"horizon": "7d", "chart": true});
    let week = past.ask("predict_resource_needs", week).await;
    assert_eq!(week["chart"], "not drawn: nothing could be foretold", "{week}");
}

#[tokio::test]
async fn a_client_gets_a_picture_after_the_text_and_only_when_it_asks() {
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("history.db");
    three_weeks(&file, "web-1", false).await;
    let fleet = Fleet::start(vec![spec("web-1", Flavor::V4_5_8, Role::Web)]).await.unwrap();
    let mut config = kept(&fleet, &file);
    config["alert_thresholds"] = json!([{"metric": "cpu.total", "warning": 50, "critical": 99}]);
    let server = Server::start(&config).await;
    server.ready().await;
    for (tool, call) in [
        ("query_metrics", json!({"metrics": ["cpu.total"], "since": "-7d"})),
        ("predict_resource_needs", json!({"metrics": ["cpu.total"]})),
    ] {
        let plain = server.call(tool, call.clone()).await;
        assert_eq!(plain["content"].as_array().unwrap().len(), 1, "{tool}");
        assert!(plain["structuredContent"]["chart"].is_null());
        let mut call = call;
        call["chart"] = json!(true);
        let reply = until("a picture", async || {
            let reply = server.call(tool, call.clone()).await;
            reply["content"][1].is_object().then_some(reply)
        })
        .await;
        let content = reply["content"].as_array().unwrap();
        assert_eq!(content.len(), 2, "{tool}");
        assert_eq!((&content[0]["type"], &content[1]["type"]), (&json!("text"), &json!("image")));
        assert_eq!(content[1]["mimeType"], "image/png");
        let file = BASE64_STANDARD.decode(content[1]["data"].as_str().unwrap()).unwrap();
        let seen = pixels(&file);
        assert!(count(&seen, BLUE) > 100, "{tool}");
        // The threshold of the configuration: at half of the height, of what the axes leave.
        let amber = seen.chunks_exact(800).map(|row| count(row, AMBER));
        let (row, _) = amber.enumerate().max_by_key(|(_, count)| *count).unwrap();
        let share = if tool == "query_metrics" { 0.5 } else { 0.7 };
        let expected = 346.0 - (346.0 - 64.0) * share;
        assert!((row as f64 - expected).abs() < 4.0, "{tool}: at {row}");
        let said = reply["structuredContent"]["chart"].as_str().unwrap();
        assert!(said.starts_with("800x400 PNG, "), "{said}");
        assert!(content[0]["text"].as_str().unwrap().contains(said), "{reply}");
    }
}
