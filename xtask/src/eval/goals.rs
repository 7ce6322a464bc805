//! The goals, and how far we are from each.

use super::bars;
use super::page::{Table, digits, mean, raw_f1, share};
use super::rows::{Row, Rows, Share};

/// What a goal asks for, what we have, and whether that is enough.
struct Goal {
    what: String,
    goal: String,
    ours: String,
    met: bool,
}

/// The goals as a table.
pub(super) fn goals(rows: &Rows) -> String {
    let mut table = Table::new(&["what", "goal", "ours", "met"]);
    for Goal { what, goal, ours, met } in all_goals(rows) {
        table.row(&[what, goal, ours, if met { "yes" } else { "**no**" }.to_owned()]);
    }
    table.0
}

fn all_goals(rows: &Rows) -> Vec<Goal> {
    let mut goals = raw_goals(rows);
    goals.extend(policy_goals(rows));
    for (rule, precision, recall) in [("critical", 0.99, 0.75), ("warning", 0.95, 0.88)] {
        let Some(row) = rows.find("thresholds", "0.98", rule) else { continue };
        let (p, r, delay) =
            (row.precision().share(), row.recall().share(), row.number("delay_min"));
        goals.push(Goal {
            what: format!("threshold alerts, {rule}"),
            goal: format!("P ≥ {precision} at R ≥ {recall}, delay ≤ 10 min"),
            ours: format!("P {}, R {}, {delay:.0} min", share(p), share(r)),
            met: p >= precision && r >= recall && delay <= 10.0,
        });
    }
    for (horizon, name) in [("24", "24 h"), ("168", "7 d")] {
        let Some(row) = rows.find("forecast", horizon, "ALL") else { continue };
        let (error, in_80, in_95) =
            (row.number("relative"), row.number("in_80"), row.number("in_95"));
        goals.push(Goal {
            what: format!("forecast, {name}"),
            goal: "error ≤ .78, 80 % covers .75-.85, 95 % covers .92-.97, none fails".to_owned(),
            ours: format!(
                "{}, {}, {}, {} fail",
                share(error),
                share(in_80),
                share(in_95),
                row.number("failed")
            ),
            met: error <= 0.78
                && (0.75..=0.85).contains(&in_80)
                && (0.92..=0.97).contains(&in_95)
                && row.number("failed") == 0.0,
        });
    }
    if let Some(row) = rows.find("compare", "asd", "") {
        let (wrong, found) = (Share::of(row, "false", "trials"), Share::of(row, "found", "trials"));
        goals.push(Goal {
            what: "comparison of calm days".to_owned(),
            goal: "≤ .01 false, ≥ .95 of +20 % found".to_owned(),
            ours: format!("{} false, {} found", share(wrong.share()), share(found.share())),
            met: wrong.share() <= 0.01 && found.share() >= 0.95,
        });
    }
    goals.extend(change_goals(rows));
    goals.extend(exhaustion_goals(rows));
    goals.extend(quiet_goals(rows));
    goals.extend(usual_goal(rows));
    goals.extend(incident_goals(rows));
    goals
}

fn raw_goals(rows: &Rows) -> Vec<Goal> {
    let ours = raw_f1(rows, "best, daily");
    let at_least = ours.iter().zip(bars::PROTOTYPE_F1).filter(|(ours, bar)| **ours >= *bar).count();
    let mean = mean(&ours);
    vec![Goal {
        what: "event F1 of the raw score".to_owned(),
        goal: format!(
            "at least the prototype on {} of 6 sets, mean ≥ {}",
            bars::RAW_SETS_GOAL,
            bars::RAW_MEAN_GOAL
        ),
        ours: format!("{at_least} of 6, mean {}", share(mean)),
        met: at_least >= bars::RAW_SETS_GOAL && mean >= bars::RAW_MEAN_GOAL,
    }]
}

fn policy_goals(rows: &Rows) -> Vec<Goal> {
    let goal = |&(set, precision, recall, severity): &(&str, f64, f64, &str)| {
        let row = rows.find("policy", set, severity)?;
        let (p, r) = (row.precision(), row.recall());
        let wanted = recall * bars::RECALL_GOAL;
        Some(Goal {
            what: format!("one policy, {set} ({severity})"),
            goal: format!("P ≥ {precision} at R ≥ {wanted:.3}"),
            ours: format!("P {}, R {}", share(p.share()), share(r.share())),
            met: p.share() >= precision && r.share() >= wanted,
        })
    };
    bars::POLICY_GOALS.iter().filter_map(goal).collect()
}

fn change_goals(rows: &Rows) -> Vec<Goal> {
    let steps = |row: Row<'_>, deviations: f64| {
        let mut steps = row.rows("steps").filter(|it| it.number("deviations") == deviations);
        steps.next().map_or(f64::NAN, |it| it.number("found") / row.number("series"))
    };
    let mut goals = Vec::new();
    if let Some(row) = rows.find("changes", "asd", "") {
        let (wrong, found) = (row.number("false") / row.number("series"), steps(row, 1.5));
        goals.push(Goal {
            what: "change points, ASD".to_owned(),
            goal: "≤ .03 false a month, ≥ .93 of steps of 1.5 deviations".to_owned(),
            ours: format!("{} false, {} found", share(wrong), share(found)),
            met: wrong <= 0.03 && found >= 0.93,
        });
    }
    if let Some(row) = rows.find("changes", "smd", "") {
        let found = steps(row, 3.0);
        goals.push(Goal {
            what: "change points, SMD".to_owned(),
            goal: "≥ .50 of steps of 3 deviations".to_owned(),
            ours: format!("{} found", share(found)),
            met: found >= 0.5,
        });
    }
    goals
}

fn exhaustion_goals(rows: &Rows) -> Vec<Goal> {
    let Some(row) = rows.find("exhaustion", "all five", "") else { return Vec::new() };
    let (covered, wrong) = (Share::of(row, "covered", "disks"), Share::of(row, "false", "calm"));
    let width = row.number("width_days") / bars::EXHAUSTION_WIDTH_DAYS;
    vec![Goal {
        what: "time to exhaustion".to_owned(),
        goal: "90 % interval covers .90-.99, false ≤ .04, half the width".to_owned(),
        ours: format!(
            "covers {}, {} false, {} of the width",
            share(covered.share()),
            share(wrong.share()),
            digits(width, 2)
        ),
        met: (0.9..=0.99).contains(&covered.share()) && wrong.share() <= 0.04 && width <= 0.5,
    }]
}

fn incident_goals(rows: &Rows) -> Option<Goal> {
    let unusual = || rows.table("incidents").filter(|row| !row.truth("usual"));
    let sum = |key: &str| unusual().map(|row| row.number(key)).sum::<f64>();
    let told = Share { part: sum("told"), whole: sum("traced") };
    (told.whole > 0.0).then(|| Goal {
        what: "scripted incidents, told by `detect_anomalies` or `what_changed`".to_owned(),
        goal: "≥ .95 of those that leave a trace".to_owned(),
        ours: format!(
            "{} of {}, {} (≥ {})",
            told.part,
            told.whole,
            share(told.share()),
            share(told.at_least())
        ),
        met: told.share() >= 0.95,
    })
}

fn quiet_goals(rows: &Rows) -> Vec<Goal> {
    let Some(row) = rows.table("quiet").next() else { return Vec::new() };
    let (critical, days) = (
        Share::of(row, "critical", "server_days").share() * 100.0,
        Share::of(row, "days_with_alert", "server_days").share(),
    );
    vec![Goal {
        what: "calm days of a simulated fleet".to_owned(),
        goal: "≤ 1 critical alert in 100 server-days, ≤ .05 of them with any".to_owned(),
        ours: format!("{critical:.2} critical, {} with any", share(days)),
        met: critical <= 1.0 && days <= 0.05,
    }]
}

/// Nights of a new job that are news.
const NEWS_NIGHTS: usize = 3;

/// A goal of our own: what is told of nothing costs trust.
fn usual_goal(rows: &Rows) -> Option<Goal> {
    let row = rows.table("usual").next()?;
    let told = Share::of(row, "false", "server_days").share();
    let late = row.rows("nights").skip(NEWS_NIGHTS);
    let late = late.fold(Share { part: 0.0, whole: 0.0 }, |sum, night| Share {
        part: sum.part + night.at(0),
        whole: sum.whole + night.at(1),
    });
    Some(Goal {
        what: "`detect_anomalies` of calm days (our own goal)".to_owned(),
        goal: "≤ .10 moments a server-day, ≤ .05 of a job's nights after the third".to_owned(),
        ours: format!("{} a day, {} of {} nights", share(told), late.part, late.whole),
        met: told <= 0.1 && late.share() <= 0.05,
    })
}
