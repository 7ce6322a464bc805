use super::*;

fn threshold(metric: &str) -> Threshold {
    let metric = metric.to_owned();
    Threshold { metric, warning: 80.0, critical: 90.0, ..Threshold::default() }
}

fn problems(threshold: Threshold) -> String {
    let problems = Rules::new(&[threshold], Defaults::Ours).err().unwrap();
    let RuleProblem { key, problem, fix, .. } = &problems[0];
    format!("{key}: {problem}; {fix}")
}

fn rules_of<'r>(rules: &'r Rules, path: &str) -> Vec<&'r str> {
    let judged = rules.sources.iter().find(|it| it.source.path() == path).unwrap();
    judged.rules.iter().map(|rule| &*rule.name).collect()
}

#[test]
fn a_threshold_goes_before_the_built_in_rule_and_one_with_an_item_before_one_without() {
    let one_server = Threshold { servers: vec!["web-*".to_owned()], ..threshold("fs.percent") };
    let own = [
        threshold("disk"),
        one_server,
        threshold("fs.percent[/data/*]"),
        threshold("fs.percent[/]"),
    ];
    let rules = Rules::new(&own, Defaults::Ours).ok().unwrap();
    assert_eq!(
        rules_of(&rules, "fs.percent"),
        ["fs.percent[/]", "fs.percent[/data/*]", "fs.percent", "disk", "disk_full"]
    );
    assert_eq!(rules_of(&rules, "mem.percent"), ["memory"]);
}

#[test]
fn what_is_wrong_with_a_threshold_is_said_with_what_is_possible() {
    for (wrong, expected) in [
        (threshold("cpu.totl"), "metric: no metric `cpu.totl`; did you mean `cpu.total`?"),
        (
            Threshold { unit: Some("GB".into()), ..threshold("mem.percent") },
            "unit: `GB` is no unit of `mem.percent`, which is in percent; use one of `%`",
        ),
        (Threshold { servers: vec!["x:y".into()], ..threshold("cpu") }, "servers: "),
    ] {
        let told = problems(wrong);
        assert!(told.starts_with(expected), "{told}");
    }
}

#[test]
fn units_are_converted_for_all_numbers_of_a_threshold() {
    let own = Threshold {
        warning: 2.0,
        critical: 1.0,
        careful: Some(4.0),
        clear: Some(8.0),
        unit: Some("GiB".into()),
        ..threshold("mem.available")
    };
    let (_, rule) = of_threshold(&own).ok().unwrap();
    let limits: Vec<f64> = rule.levels.iter().filter_map(|level| level.limit).collect();
    let gib = 1_073_741_824.0;
    assert_eq!(limits, [4.0 * gib, 2.0 * gib, gib]);
    assert_eq!((rule.clear, rule.side), (Some(8.0 * gib), Side::Below));
}

#[test]
fn patience_is_as_many_minutes_of_a_third_more() {
    let told = |secs| {
        let (pace, mut raise) = patience(secs);
        let breaches = (1..=64).find(|_| raise.push(true)).unwrap();
        (pace, breaches)
    };
    assert_eq!(told(0), (Pace::Sample, 1));
    assert_eq!(told(1), (Pace::Mean(60), 1));
    assert_eq!(told(600), (Pace::Mean(60), 10));
    assert_eq!(told(48 * 60), (Pace::Mean(60), 48));
    assert_eq!(told(3_600), (Pace::Mean(120), 30));
    assert_eq!(told(86_400), (Pace::Mean(1_800), 48));
    let (_, mut ten) = patience(600);
    let raised = (0..14).any(|at| ten.push(at % 4 != 3));
    assert!(raised, "ten of fourteen are enough");
}
