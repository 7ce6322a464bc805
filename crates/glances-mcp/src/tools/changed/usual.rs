//! What is usual at an hour: a move that was there on other days as well is none.

use std::collections::BTreeMap;

use super::{
    super::{Context, ToolError},
    series::{Found, Moved, RHYTHM_SECS_MIN, Time},
};
use crate::{
    model::HostName,
    render,
    store::{Level, SeriesName, Span, coarser},
};

/// Moves that are compared with earlier days.
const USUAL_MOVES_MAX: usize = 500;
/// Days before that say what is usual at this hour, and how many of them are needed.
const USUAL_DAYS: i64 = 7;
const USUAL_DAYS_KNOWN_MIN: usize = 3;
/// On so many of them it had been there as well: one may have been an incident.
const USUAL_TIMES_MIN: usize = 2;
/// Part of the shift that counts as being there.
const USUAL_SHARE: f64 = 0.7;
/// A rhythm is early or late by so much.
const USUAL_NEAR_SECS: i64 = 3_600;

const DAY_SECS: i64 = 86_400;

/// What earlier days said.
#[derive(Clone, Copy, Default)]
pub(super) struct Usual {
    /// Moves that were left out.
    pub(super) moves: usize,
    /// Moves of which it is not known.
    pub(super) unknown: usize,
}

/// Leaves out what was there at this hour on other days as well.
pub(super) async fn leave_out(
    cx: &Context,
    found: &mut Found,
    time: &Time,
    notes: &mut Vec<String>,
) -> Result<Usual, ToolError> {
    // A longer window has its days in it.
    if time.window.secs() > RHYTHM_SECS_MIN {
        return Ok(Usual::default());
    }
    let mut moved = std::mem::take(&mut found.moved);
    moved.sort_by(|a, b| b.strength().total_cmp(&a.strength()));
    let mut days: Vec<Vec<Vec<f64>>> = vec![Vec::new(); moved.len()];
    let compared = moved.len().min(USUAL_MOVES_MAX);
    for back in 1..=USUAL_DAYS {
        // One question a server: of all its moves, over the time that holds them all.
        let mut by_host: BTreeMap<&HostName, Vec<usize>> = BTreeMap::new();
        for (index, one) in moved.iter().enumerate().take(compared) {
            by_host.entry(&one.host).or_default().push(index);
        }
        let asked = by_host.iter().map(|(host, indices)| {
            let names = indices.iter().filter_map(|index| Some(moved.get(*index)?.series.clone()));
            ((*host).clone(), names.collect::<Vec<SeriesName>>())
        });
        let spans = moved.iter().take(compared).map(|one| usual_span(one, time, back));
        let Some(whole) =
            spans.reduce(|a, b| Span { from: a.from.min(b.from), to: a.to.max(b.to) })
        else {
            break;
        };
        let past = cx.query.past(&cx.principal, asked.collect(), whole, Level::FiveMinutes).await?;
        let places = by_host.values().flatten();
        for (place, one) in places.zip(past) {
            let Some((moved, days)) = moved.get(*place).zip(days.get_mut(*place)) else { continue };
            let span = usual_span(moved, time, back);
            let near: Vec<_> = one.points.into_iter().filter(|it| span.holds(it.secs)).collect();
            let means = coarser(&near, Level::FiveMinutes.step_secs());
            days.push(means.iter().map(|point| point.mean).collect());
        }
    }
    let mut usual = Usual::default();
    for (one, days) in moved.into_iter().zip(&days) {
        match is_usual(&one, days) {
            Some(true) => usual.moves += 1,
            verdict => {
                usual.unknown += usize::from(verdict.is_none());
                found.moved.push(one);
            }
        }
    }
    if usual.unknown > 0 {
        notes.push(format!(
            "what is usual at this hour is known from {USUAL_DAYS_KNOWN_MIN} days of history on; of \
             {} there is less",
            render::count(usual.unknown, "move")
        ));
    }
    Ok(usual)
}

/// The time that says of a move what was usual so many days before.
fn usual_span(moved: &Moved, time: &Time, days: i64) -> Span {
    let until = moved.until.unwrap_or(time.window.to);
    let back = days * DAY_SECS;
    Span { from: moved.at - USUAL_NEAR_SECS - back, to: until + USUAL_NEAR_SECS - back }
}

/// Whether a move is usual at this hour, given the means of 5 minutes of earlier days; `None` when
/// too few days are known.
fn is_usual(moved: &Moved, days: &[Vec<f64>]) -> Option<bool> {
    let shift = moved.after - moved.before;
    // A day that was always there did not move: what came back to it is told.
    let reached = |day: &Vec<f64>| {
        let way = |value: &f64| (value - moved.before) / shift;
        day.iter().any(|value| way(value) >= USUAL_SHARE)
            && day.iter().any(|value| way(value) <= 1.0 - USUAL_SHARE)
    };
    let known: Vec<&Vec<f64>> = days.iter().filter(|day| !day.is_empty()).collect();
    let times = known.iter().filter(|day| reached(day)).count();
    (known.len() >= USUAL_DAYS_KNOWN_MIN).then_some(times >= USUAL_TIMES_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::history::metric_of;

    fn moved(before: f64, after: f64) -> Moved {
        Moved {
            host: HostName::parse("web-1").unwrap(),
            series: "cpu.total".into(),
            metric: metric_of("cpu.total").unwrap(),
            at: 0,
            until: None,
            before,
            after,
            effect: 9.0,
            values: 30,
        }
    }

    #[test]
    fn a_move_that_two_days_made_as_well_is_usual() {
        let up = moved(20.0, 80.0);
        let (calm, busy) = (vec![20.0, 21.0, 19.0], vec![20.0, 75.0, 20.0]);
        let days = |of: &[&Vec<f64>]| of.iter().map(|day| (*day).clone()).collect::<Vec<_>>();
        assert_eq!(is_usual(&up, &days(&[&calm, &busy, &busy])), Some(true));
        assert_eq!(is_usual(&up, &days(&[&calm, &busy, &calm])), Some(false), "one incident");
        assert_eq!(is_usual(&up, &days(&[&busy, &busy, &Vec::new()])), None, "two days");
    }

    #[test]
    fn the_end_of_an_incident_is_no_usual_day() {
        let back = moved(80.0, 20.0);
        assert_eq!(is_usual(&back, &vec![vec![20.0, 21.0, 19.0]; 7]), Some(false));
    }
}
