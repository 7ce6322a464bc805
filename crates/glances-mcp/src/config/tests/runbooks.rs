//! The folder of an operator's runbooks.

use super::*;

const FILE: &str = "[[servers]]\nalias = \"a\"\nhost = \"h\"\n[runbooks]\nfolder = \"own\"\n";

#[test]
fn runbooks_are_the_visible_markdown_files_of_the_folder_by_name() {
    let fixture = Fixture::new(&[
        ("c.toml", FILE),
        ("own/b.md", "two"),
        ("own/a.md", "one"),
        ("own/.c.md", "an editor's"),
        ("own/d.txt", "other"),
        ("own/deeper/e.md", "other"),
    ]);
    let config = fixture.load(&[]).unwrap();
    let read: Vec<(&str, &str)> = config
        .runbooks
        .iter()
        .map(|it| (it.path.file_name().unwrap().to_str().unwrap(), it.text.as_str()))
        .collect();
    assert_eq!(read, [("a.md", "one"), ("b.md", "two")]);
    assert!(config.watch_dirs.contains(&fixture.dir.path().join("own")));
    assert_eq!(toml("").runbooks, []);
}

#[test]
fn a_folder_that_is_not_there_is_told_with_its_place() {
    let problems = Fixture::new(&[("c.toml", FILE)]).problems(&[]);
    assert_eq!(problems.len(), 1, "{problems:#?}");
    assert!(
        problems[0].starts_with("c.toml:5: runbooks.folder: cannot read `own`"),
        "{problems:?}"
    );
    assert!(problems[0].contains("no such file"), "{problems:?}");
}

#[test]
fn files_that_are_too_large_or_no_text_are_told_together() {
    let large = "x".repeat(65_537);
    let fixture = Fixture::new(&[("c.toml", FILE), ("own/large.md", &large), ("own/fits.md", "")]);
    fs::write(fixture.dir.path().join("own/bytes.md"), [0xff, 0xfe]).unwrap();
    fs::write(fixture.dir.path().join("own/fits.md"), &large[..65_536]).unwrap();
    let problems = fixture.problems(&[]);
    assert_eq!(problems.len(), 2, "{problems:#?}");
    assert!(problems[0].contains("`own/bytes.md` is not UTF-8 text"), "{problems:?}");
    assert!(problems[1].contains("`own/large.md` is larger than 65536 bytes"), "{problems:?}");
}

#[test]
fn more_than_two_hundred_are_too_many() {
    let fixture = Fixture::new(&[("c.toml", FILE), ("own/0.md", "x")]);
    for number in 1..=200 {
        fs::write(fixture.dir.path().join(format!("own/{number}.md")), "x").unwrap();
    }
    let problems = fixture.problems(&[]);
    assert!(
        problems[0].contains("201 files") && problems[0].contains("at most 200"),
        "{problems:?}"
    );
    fs::remove_file(fixture.dir.path().join("own/0.md")).unwrap();
    assert_eq!(fixture.load(&[]).unwrap().runbooks.len(), 200);
}
