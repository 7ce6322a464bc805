//! The reference pages are what the program prints. `UPDATE_DOCS=1` writes them anew.

use std::{fs, path::Path};

use crate::support::{run, text};

const PAGES: [&str; 7] =
    ["tools", "prompts", "resources", "metrics", "alerts", "runbooks", "configuration"];

#[tokio::test]
async fn the_reference_is_up_to_date() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference");
    let update = std::env::var_os("UPDATE_DOCS").is_some();
    for page in PAGES {
        let output = run(&["docs", page]).await;
        assert!(output.status.success(), "{page}");
        let printed = format!("{}\n", text(&output.stdout).trim_end());
        let path = folder.join(format!("{page}.md"));
        if update {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &printed).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == printed,
            "docs/reference/{page}.md is stale: run this test with UPDATE_DOCS=1"
        );
    }
}

#[tokio::test]
async fn all_pages_are_the_single_pages_in_turn() {
    let all = text(&run(&["docs"]).await.stdout);
    for page in PAGES {
        let one = text(&run(&["docs", page]).await.stdout);
        assert!(all.contains(one.trim_end()), "{page}");
    }
}
