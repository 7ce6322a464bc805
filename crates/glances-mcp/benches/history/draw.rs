//! What one picture takes, by what is in it: nothing but drawing.

use std::time::Instant;

use glances_mcp::chart::{Chart, Limit, Point, Scale, Series, Stretch, draw};
use jiff::tz::TimeZone;

use super::{BEGIN, millis};

/// Pictures of one row.
const DRAWN: usize = 200;

/// Name, series, points of each, and whether all the rest is there as well.
const TABLE: &[(&str, i64, i64, bool)] = &[
    ("one calm series, 360 points, with what is usual, limits and marks", 1, 360, true),
    ("three series of 360 points", 3, 360, false),
    ("the heaviest: eight spiky series of 500 points", 8, 500, false),
];

pub(crate) fn run() {
    println!("| picture | p50 ms | p99 ms | bytes |");
    println!("|---|---|---|---|");
    for (name, series, points, rest) in TABLE {
        let chart = chart(*series, *points, *rest);
        let (mut times, mut bytes) = (Vec::new(), 0);
        for _ in 0..DRAWN {
            let started = Instant::now();
            bytes = std::hint::black_box(draw(&chart)).unwrap().len();
            times.push(started.elapsed());
        }
        let (half, most) = (millis(&mut times, 0.5), millis(&mut times, 0.99));
        println!("| {name} | {half:.1} | {most:.1} | {bytes} |");
    }
}

fn chart(series: i64, points: i64, rest: bool) -> Chart {
    let (from, step) = (BEGIN as i64, 86_400 / points);
    let noise = |n: i64| (n.wrapping_mul(2_654_435_761).rem_euclid(1_000)) as f64 / 1_000.0;
    let value = |one: i64, n: i64| {
        let day = 20.0 * (n as f64 / points as f64 * std::f64::consts::TAU).sin();
        let spike = if rest || (n + one) % 7 != 0 { 0.0 } else { 40.0 };
        35.0 + day + spike + 5.0 * noise(n * 31 + one * 977)
    };
    let line = |one: i64| Series {
        name: format!("server-{one}"),
        points: (0..points)
            .map(|n| Point { secs: from + n * step, value: value(one, n) })
            .collect(),
        ..Series::default()
    };
    let usual = |n: i64| {
        let value = value(0, n);
        Stretch { secs: from + n * step, low: value - 8.0, high: value + 8.0 }
    };
    let limit = |name, value, grave| Limit { name, value, grave };
    Chart {
        title: "server-0: cpu.total".to_owned(),
        note: "means of 5 minutes".to_owned(),
        scale: Scale::Percent,
        from,
        until: from + 86_400,
        zone: TimeZone::UTC,
        series: (0..series).map(line).collect(),
        stretch: "lowest to highest",
        usual: if rest { (0..points).map(usual).collect() } else { Vec::new() },
        limits: vec![limit("warning", 85.0, false), limit("critical", 95.0, true)],
        marks: if rest {
            vec![Point { secs: from + 50 * step, value: value(0, 50) }]
        } else {
            Vec::new()
        },
        now: None,
    }
}
