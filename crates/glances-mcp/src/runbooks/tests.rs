use super::*;
use crate::metric::METRICS;

fn file<'a>(stem: &'a str, text: &'a str) -> File<'a> {
    File { path: "own/x.md", stem, text }
}

fn own(name: &str, more: &str, body: &str) -> String {
    format!("---\nname: {name}\ntitle: Ours\ndescription: For us.\n{more}---\n\n{body}\n")
}

fn refused(stem: &str, text: &str) -> Vec<String> {
    let problems = Runbooks::with(&[file(stem, text)]).unwrap_err();
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn every_file_of_the_folder_is_a_row_and_can_be_read() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks");
    let mut files: Vec<String> = folder
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    files.sort();
    let rows: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
    assert_eq!(files, rows);
    for (name, text) in FILES {
        let read = parse::runbook(&File { path: name, stem: name, text });
        assert!(read.is_ok(), "{read:?}");
    }
    assert_eq!(Runbooks::default().all().len(), FILES.len());
}

#[test]
fn every_rule_has_exactly_one_runbook() {
    let all = Runbooks::default();
    for rule in alert::rules() {
        let serving = all.all().iter().filter(|it| it.rules.iter().any(|served| served == rule));
        assert_eq!(serving.count(), 1, "{rule}");
        assert!(all.for_rule(rule).is_some());
    }
    assert!(all.for_rule("no_such_rule").is_none());
}

#[test]
fn a_runbook_is_its_title_what_it_serves_and_its_body() {
    let all = Runbooks::default();
    let disk = all.by_name("disk-full").unwrap();
    assert_eq!(disk.uri(), "glances://runbooks/disk-full");
    let text = disk.markdown();
    assert!(
        text.starts_with("# A filesystem is full\n\nAlerts: `disk_full`. Metrics: `fs.percent`")
    );
    assert!(text.contains("\n## Symptoms\n") && text.contains("at 90 % (warning)"), "{text}");
    assert!(disk.section("Remedies").unwrap().contains("**Unsafe"));
    assert!(!disk.section("Remedies").unwrap().contains("## "));
    assert!(disk.section("Sources").is_some_and(|text| text.ends_with("lsof(8)")));
    assert_eq!(disk.section("Remedie"), None);
}

#[test]
fn first_steps_are_calls_about_the_server() {
    let all = Runbooks::default();
    let steps = all.for_rule("memory").unwrap().first_steps(Some("db-1"));
    assert_eq!(steps.len(), STEPS_MAX);
    assert_eq!(
        steps[0].call.as_deref(),
        Some(r#"get_top_processes {"servers": ["db-1"], "sort_by": "memory"}"#)
    );
    assert_eq!(
        steps[0].text,
        r#"Who holds it: get_top_processes {"servers": ["db-1"], "sort_by": "memory"}"#
    );
    let open = all.for_rule("memory").unwrap().first_steps(None);
    assert!(open[0].text.contains(r#"["SERVER"]"#), "{open:?}");
}

#[test]
fn an_alert_finds_its_runbook_by_rule_then_series_then_metric() {
    let alert = |rule: &str, series: &str| -> Alert {
        serde_json::from_value(serde_json::json!({
            "id": "a", "fingerprint": "f", "host": null, "environment": null, "rule": rule,
            "series": series, "state": {"firing": {"severity": "warning", "since": 0}},
            "began": 0, "peak": "warning", "value": 1.0, "worst": 1.0, "threshold": 1.0,
            "unit": "percent", "as_of": 0, "says": "", "flapping": false, "suppressed_by": [],
        }))
        .unwrap()
    };
    let all = Runbooks::default();
    for (rule, series, name) in [
        ("disk_full", "fs.percent[/]", Some("disk-full")),
        ("fs.percent[/data]", "fs.percent[/data]", Some("disk-full")),
        ("no_data", "server.no_data", Some("no-data")),
        ("processcount.total", "processcount.total", Some("zombie-processes")),
        ("wifi.quality_level", "wifi.quality_level[w]", None),
    ] {
        let found = all.for_alert(&alert(rule, series)).map(|it| it.name.as_str());
        assert_eq!(found, name, "{rule}");
    }
}

#[test]
fn a_skill_has_the_front_matter_of_skills() {
    for runbook in Runbooks::default().all() {
        let skill = skill_markdown(runbook);
        let front = skill.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n\n# "));
        let front: serde_json::Value = serde_saphyr::from_str(front.unwrap().0).unwrap();
        assert_eq!(front["name"], runbook.name.as_str());
        assert_eq!(front["description"], runbook.description.as_str());
        assert!(runbook.name.len() <= 64 && runbook.description.len() <= 1_024);
    }
}

#[test]
fn the_index_has_a_line_a_runbook() {
    let page = reference();
    for (name, _) in FILES {
        assert!(page.contains(&format!("| [`{name}`](")), "{name}");
    }
    for line in page.lines().filter(|line| line.starts_with('|')) {
        assert_eq!(line.matches('|').count(), 4, "{line}");
    }
}

#[test]
fn an_operators_own_comes_beside_ours() {
    let text =
        own("our-cache", "rules: [cpu]\nmetrics: [cpu.user]\n", "## First calls\n\n- Ask Ann.");
    let all = Runbooks::with(&[file("our-cache", &text)]).unwrap();
    assert_eq!(all.all().len(), FILES.len() + 1);
    let mine = all.for_rule("cpu").unwrap();
    assert!(mine.own && mine.name == "our-cache");
    assert_eq!(mine.first_steps(None), [Step { text: "Ask Ann.".to_owned(), call: None }]);
    assert_eq!(mine.section("First calls"), Some("- Ask Ann."));
    assert!(all.by_name("cpu-busy").unwrap().rules.is_empty(), "a rule has one runbook");
    assert!(all.all().is_sorted_by_key(|it| it.name.clone()));
}

#[test]
fn one_with_the_name_of_ours_replaces_it_and_keeps_its_rules() {
    let text = own("disk-full", "", "Call Ann, {warning:disk_full}.").replace('\n', "\r\n");
    let all = Runbooks::with(&[file("disk-full", &text)]).unwrap();
    assert_eq!(all.all().len(), FILES.len());
    let mine = all.for_rule("disk_full").unwrap();
    assert_eq!((mine.own, mine.body.as_str()), (true, "Call Ann, 90 %."));
    assert!(mine.metrics.contains(&"fs.percent".to_owned()) && mine.first_steps(None).is_empty());
    assert!(mine.markdown().contains("`disk_full`"));
}

#[test]
fn what_is_wrong_with_a_file_is_told_all_at_once_with_its_lines() {
    let text = own("Disk", "rules: [disk_ful]\nmetrics: [fs.pct]\n", "One\n\nTwo {warning:none}.");
    let problems = refused("disk", &text);
    let starts: Vec<&str> =
        problems.iter().map(|problem| problem.split(": ").next().unwrap()).collect();
    assert_eq!(starts, ["own/x.md:2", "own/x.md:5", "own/x.md:6", "own/x.md:11"], "{problems:#?}");
    for (problem, word) in problems.iter().zip(["`Disk`", "`disk_ful`", "`fs.pct`", "`none`"]) {
        assert!(problem.contains(word) && problem.contains("; "), "{problem}");
    }
}

#[test]
fn a_bad_form_is_told_with_what_it_should_be() {
    let long = "x".repeat(1_025);
    for (text, words) in [
        (String::new(), "no front matter"),
        ("# Disk\n".to_owned(), "begin with `---`"),
        ("---\nname: a\n".to_owned(), "no front matter"),
        ("---\nname: a\n---\nbody".to_owned(), "title"),
        (own("a", "rule: [cpu]\n", "x"), "own/x.md:5: bad front matter"),
        (own("a", "rules: cpu\n", "x"), "own/x.md:5"),
        (own("a", "", ""), "nothing below the front matter"),
        (own("b", "", "x"), "its file `a`"),
        (own("-a", "", "x"), "is no name"),
        (own("a--b", "", "x"), "is no name"),
        (own("a", "", "x").replace("For us.", &long), "longer than 1024"),
        (own("a", "", "x").replace("Ours", "''"), "the title is empty"),
        (own("a", &format!("rules: [{}]\n", "cpu, ".repeat(41)), "x"), "more than 40 rules"),
    ] {
        let problems = refused("a", &text);
        assert!(problems.iter().any(|problem| problem.contains(words)), "{words}: {problems:?}");
    }
}

#[test]
fn a_rule_with_two_of_an_operators_runbooks_is_told() {
    let [one, two] = ["one", "two"].map(|name| own(name, "rules: [cpu, load]\n", "x"));
    let files = [file("one", &one), File { path: "own/y.md", stem: "two", text: &two }];
    let problems = Runbooks::with(&files).unwrap_err();
    assert_eq!(problems.len(), 2);
    assert_eq!(problems[0].place(), "own/y.md");
    assert!(problems[0].problem.contains("`cpu`") && problems[0].problem.contains("`own/x.md`"));
}

#[test]
fn steps_go_over_several_lines_and_are_bounded() {
    let list = format!(
        "Look first:\n\n1. One\n   more `get_top_processes {{}}`\n2. `not a call`\n10. `z {{{}}}`\n11. Four",
        "z".repeat(1_000)
    );
    let text = own("a", "", &format!("## First calls\n\n{list}"));
    let all = Runbooks::with(&[file("a", &text)]).unwrap();
    let steps = all.by_name("a").unwrap().first_steps(Some("web-1"));
    assert_eq!(steps.len(), STEPS_MAX);
    assert_eq!(steps[0].text, "One more get_top_processes {}");
    assert_eq!(steps[0].call.as_deref(), Some("get_top_processes {}"));
    assert_eq!(steps[1], Step { text: "not a call".to_owned(), call: None });
    assert!(steps[2].text.len() < 300 && steps[2].call.is_none());
}

#[test]
fn numbers_of_the_catalogue_are_not_written_out() {
    // `path` at, over or under a number that is one of its thresholds should be a placeholder.
    for (name, text) in FILES {
        for metric in METRICS {
            let Some(limits) = metric.thresholds else { continue };
            let told = format!("`{}` ", metric.path);
            for (at, _) in text.match_indices(&told) {
                let rest = text[at + told.len()..].split(['.', ',', ';', '\n']).next().unwrap();
                let digits = |c: char| !c.is_ascii_digit();
                let numbers = rest.split(digits).filter_map(|word| word.parse::<f64>().ok());
                let repeated = numbers.into_iter().find(|number| limits.contains(number));
                let flag = metric.unit == crate::metric::Unit::Flag;
                assert!(flag || repeated.is_none(), "{name}: {told}{rest}");
            }
        }
    }
}
