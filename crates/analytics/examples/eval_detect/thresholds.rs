//! Threshold alerts on noise: one-minute metrics of servers, a limit inside normal load that the
//! centred 15-minute median exceeds 2 % of the time. True are the episodes in which that median,
//! seen with hindsight, stays at or above the limit for 10 minutes.

use analytics::{Debounce, MOfN, Rule, Side, clear_limit, median, quantile};

use serde_json::{Value, json};

use crate::corpus::Item;
use crate::{ratio, wilson};

const MINUTE_SECS: i64 = 60;
const HALF_WINDOW: usize = 7;
const EPISODE_MINUTES: usize = 10;
const MERGE_MINUTES: usize = 30;
const SLACK_MINUTES: usize = 5;

struct Signal<'a> {
    values: &'a [f64],
    limit: f64,
    usual: f64,
    /// First and last minute.
    episodes: Vec<(usize, usize)>,
}

pub(crate) fn report(items: &[Item], rows: &mut Vec<Value>) {
    for above in [0.98, 0.95, 0.99] {
        let machines = items.iter().filter(|item| item.set() == "smd");
        let signals: Vec<Signal<'_>> = machines
            .flat_map(|item| {
                item.columns.iter().filter_map(move |column| signal(item, column, above))
            })
            .collect();
        let episodes: usize = signals.iter().map(|signal| signal.episodes.len()).sum();
        println!(
            "\n## thresholds at the {above} quantile: {episodes} episodes in {} signals",
            signals.len()
        );
        println!("rule                        P     >=    R     false a day  delay");
        let rule = |m, n, minutes| {
            move |signal: &Signal<'_>| {
                let clear = clear_limit(Side::Above, signal.limit, signal.usual, 0.0);
                let shipped = Rule::critical(Side::Above, signal.limit, clear);
                let raise = MOfN::new(m, n).unwrap_or(shipped.raise);
                Rule { raise, clear_hold_secs: minutes * MINUTE_SECS, ..shipped }
            }
        };
        let shipped = |rule: fn(Side, f64, f64) -> Rule| {
            move |signal: &Signal<'_>| {
                rule(
                    Side::Above,
                    signal.limit,
                    clear_limit(Side::Above, signal.limit, signal.usual, 0.0),
                )
            }
        };
        let mut line = |name: &str, found: Found| {
            found.print(name);
            rows.push(found.row(name, above));
        };
        line("instant", judged(&signals, rule(1, 1, 1)));
        line("9 of 10, clear 30 min", judged(&signals, rule(9, 10, 30)));
        line("12 of 15, clear 30 min", judged(&signals, rule(12, 15, 30)));
        line("12 of 17, clear 30 min", judged(&signals, rule(12, 17, 30)));
        line("warning (10 of 14, 30)", judged(&signals, shipped(Rule::warning)));
        line("critical (11 of 15, 45)", judged(&signals, shipped(Rule::critical)));
    }
}

fn signal<'a>(item: &Item, column: &'a [f64], above: f64) -> Option<Signal<'a>> {
    let values = column.get(..item.training())?;
    let mut distinct: Vec<i64> = values.iter().map(|value| (value * 1e3).round() as i64).collect();
    distinct.sort_unstable();
    distinct.dedup();
    (distinct.len() >= 50).then_some(())?;
    let centred: Vec<f64> =
        (0..values.len())
            .filter_map(|at| {
                median(values.get(
                    at.saturating_sub(HALF_WINDOW)..(at + HALF_WINDOW + 1).min(values.len()),
                )?)
            })
            .collect();
    let (limit, usual) = (quantile(&centred, above)?, median(&centred)?);
    (limit - usual >= 0.02).then_some(())?;
    let mut episodes: Vec<(usize, usize)> = Vec::new();
    let mut from = 0;
    for run in centred.chunk_by(|one, next| (*one >= limit) == (*next >= limit)) {
        let to = from + run.len() - 1;
        if run.first().is_some_and(|value| *value >= limit) && run.len() >= EPISODE_MINUTES {
            match episodes.last_mut() {
                Some((_, end)) if from - *end < MERGE_MINUTES => *end = to,
                Some(_) | None => episodes.push((from, to)),
            }
        }
        from = to + 1;
    }
    Some(Signal { values, limit, usual, episodes })
}

/// What a rule found.
#[derive(Default)]
struct Found {
    right: usize,
    wrong: usize,
    found: usize,
    episodes: usize,
    minutes: usize,
    delays: Vec<f64>,
}

impl Found {
    fn days(&self) -> f64 {
        self.minutes as f64 / 1_440.0
    }

    fn delay(&self) -> f64 {
        median(&self.delays).unwrap_or(f64::NAN)
    }

    fn print(&self, name: &str) {
        let Self { right, wrong, found, episodes, .. } = *self;
        println!(
            "{name:27} {:.3} {:.3} {:.3} {:11.4} {:6.0}",
            ratio(right, right + wrong),
            wilson(right, right + wrong),
            ratio(found, episodes),
            wrong as f64 / self.days(),
            self.delay(),
        );
    }

    fn row(&self, name: &str, above: f64) -> Value {
        json!({
            "table": "thresholds", "set": above.to_string(), "rule": name, "right": self.right,
            "false": self.wrong, "found": self.found, "incidents": self.episodes,
            "days": self.days(), "delay_min": self.delay(),
        })
    }
}

fn judged(signals: &[Signal<'_>], rule: impl Fn(&Signal<'_>) -> Rule) -> Found {
    let mut all = Found::default();
    for signal in signals {
        let mut seen = vec![false; signal.episodes.len()];
        for (from, to) in alerts(signal.values, rule(signal)) {
            let mut first = None;
            for (&(begin, end), seen) in signal.episodes.iter().zip(&mut seen) {
                if !*seen && begin <= to + SLACK_MINUTES && end + SLACK_MINUTES >= from {
                    *seen = true;
                    first.get_or_insert(begin);
                }
            }
            match first {
                Some(begin) => {
                    all.right += 1;
                    all.delays.push(from.saturating_sub(begin) as f64);
                }
                None => all.wrong += 1,
            }
        }
        all.found += seen.iter().filter(|seen| **seen).count();
        all.episodes += seen.len();
        all.minutes += signal.values.len();
    }
    all
}

/// First and last minute of each alert.
fn alerts(values: &[f64], rule: Rule) -> Vec<(usize, usize)> {
    let mut debounce = Debounce::new(rule);
    let mut alerts: Vec<(usize, usize)> = Vec::new();
    let mut was_up = false;
    for (minute, value) in values.iter().enumerate() {
        let is_up = debounce.step(minute as i64 * MINUTE_SECS, Some(*value)).is_up();
        match (was_up, is_up, alerts.last_mut()) {
            (false, true, _) => alerts.push((minute, minute)),
            (true, _, Some((_, end))) => *end = minute,
            (true, _, None) | (false, false, _) => {}
        }
        was_up = is_up;
    }
    alerts
}
