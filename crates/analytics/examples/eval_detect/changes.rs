//! Change points on hourly server metrics: false ones on calm weeks, and how many of the steps that
//! are put in at three fifths, or in the middle, are found within a day.

use analytics::{change_points, mad_sigma, median};

use serde_json::{Value, json};

use crate::corpus::Item;
use crate::ratio;

const HOUR_SECS: i64 = 3_600;
const DAY_HOURS: usize = 24;

pub(crate) fn report(items: &[Item], rows: &mut Vec<Value>) {
    println!("\n## change points, hourly");
    println!(
        "set   series  false a series  with any | step of 1.5: found, others | of 3 | of 3 in the middle"
    );
    for set in ["asd", "smd"] {
        let hosts = items.iter().filter(|item| item.set() == set);
        let series: Vec<Vec<f64>> = hosts
            .flat_map(|item| item.columns.iter().filter_map(move |column| hourly(item, column)))
            .collect();
        let count = series.len() as f64;
        let calm: Vec<usize> = series
            .iter()
            .map(|hours| change_points(hours, DAY_HOURS).map_or(0, |found| found.len()))
            .collect();
        let with_any = calm.iter().filter(|changes| **changes > 0).count();
        print!(
            "{set:5} {count:6} {:15.2} {:9.2}",
            calm.iter().sum::<usize>() as f64 / count,
            with_any as f64 / count,
        );
        let mut steps = Vec::new();
        for (deviations, place) in [(1.5, 0.6), (3.0, 0.6), (3.0, 0.5)] {
            let (mut found, mut others) = (0, 0);
            for hours in &series {
                let (hit, extra) = stepped(hours, deviations, place);
                found += usize::from(hit);
                others += extra;
            }
            print!(" | {:.2} {:.2}", ratio(found, series.len()), ratio(others, series.len()));
            steps.push(json!({"deviations": deviations, "place": place, "found": found}));
        }
        println!();
        rows.push(json!({
            "table": "changes", "set": set, "series": series.len(),
            "false": calm.iter().sum::<usize>(), "with_any": with_any, "steps": steps,
        }));
    }
}

/// Whether a step of so many deviations is found, and how many others are.
fn stepped(hours: &[f64], deviations: f64, place: f64) -> (bool, usize) {
    let at = (hours.len() as f64 * place) as usize;
    let size = deviations * mad_sigma(&without_profile(hours)).unwrap_or(0.0);
    let moved: Vec<f64> =
        (0..).zip(hours).map(|(hour, value)| value + if hour >= at { size } else { 0.0 }).collect();
    let found = change_points(&moved, DAY_HOURS).unwrap_or_default();
    let hit = found.iter().any(|change| change.at.abs_diff(at) <= DAY_HOURS);
    (hit, found.len() - usize::from(hit))
}

fn without_profile(hours: &[f64]) -> Vec<f64> {
    let profile: Vec<f64> = (0..DAY_HOURS)
        .map(|hour| {
            let same: Vec<f64> = hours.iter().copied().skip(hour).step_by(DAY_HOURS).collect();
            median(&same).unwrap_or(0.0)
        })
        .collect();
    hours.iter().zip(profile.iter().cycle()).map(|(value, usual)| value - usual).collect()
}

/// Hourly means of the part before the labels; `None` with a missing hour, a flat series, or one
/// whose commonest value fills 30 %.
fn hourly(item: &Item, column: &[f64]) -> Option<Vec<f64>> {
    let first = item.times.first()? / HOUR_SECS;
    let mut sums: Vec<(f64, u32)> = Vec::new();
    for (at, value) in item.times.iter().zip(column).take(item.training()) {
        let hour = usize::try_from(at / HOUR_SECS - first).ok()?;
        sums.resize(sums.len().max(hour + 1), (0.0, 0));
        let (sum, count) = sums.get_mut(hour)?;
        *sum += if value.is_finite() { *value } else { 0.0 };
        *count += 1;
    }
    let mean = |&(sum, count): &(f64, u32)| (count > 0).then(|| sum / f64::from(count));
    let hours: Vec<f64> = sums.iter().map(mean).collect::<Option<_>>()?;
    let mut sorted: Vec<f64> = hours.iter().map(|value| (value * 1e9).round()).collect();
    sorted.sort_by(f64::total_cmp);
    let commonest = sorted.chunk_by(|one, next| one == next).map(<[f64]>::len).max()?;
    let mean = hours.iter().sum::<f64>() / hours.len() as f64;
    let variance =
        hours.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / hours.len() as f64;
    (variance.sqrt() > 1e-6 && (commonest as f64) < 0.3 * hours.len() as f64).then_some(hours)
}
