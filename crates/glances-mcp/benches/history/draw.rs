//! What one picture takes, by what is in it: nothing but drawing.

use std::time::Instant;

use glances_mcp::chart::{Chart, Limit, Point, Scale, Series, Stretch, draw};
use jiff::tz::TimeZone;

use super::{BEGIN, millis};

/// Pictures of one row.
const DRAWN: usize = 200;

/// Name, series, points of each, and whether they are calm, with all the rest; else they are noise.
const TABLE: &[(&str, i64, i64, bool)] = &[
    ("one calm series of 288 points, with what is usual, limits and a mark", 1, 288, true),
    ("noise: three series of 360 points with stretches beside them", 3, 360, false),
    ("noise: eight series of 500 points", 8, 500, false),
];

pub(crate) fn run() {
    println!("| picture | p50 ms | p99 ms | bytes |");
    println!("|---|---|---|---|");
    for (name, series, points, calm) in TABLE {
        let chart = chart(*series, *points, *calm);
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

fn chart(series: i64, points: i64, calm: bool) -> Chart {
    let (from, step) = (BEGIN as i64, 86_400 / points);
    let value = |one: i64, n: i64| {
        let noise = noise(n * 31 + one * 977);
        let day = 20.0 * (n as f64 / points as f64 * std::f64::consts::TAU).sin();
        let spike = if (n + one) % 7 == 0 { 60.0 } else { 0.0 };
        if calm { 35.0 + day + 3.0 * noise } else { 40.0 * noise + spike }
    };
    let line = |one: i64| {
        let point = |n: i64| Point { secs: from + n * step, value: value(one, n) };
        let points: Vec<Point> = (0..points).map(point).collect();
        let beside =
            |it: &Point| Stretch { secs: it.secs, low: it.value / 2.0, high: it.value * 1.4 };
        let stretches = if calm { Vec::new() } else { points.iter().map(beside).collect() };
        Series { name: format!("server-{one}"), points, stretches, ..Series::default() }
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
        usual: if calm { (0..points).map(usual).collect() } else { Vec::new() },
        usual_is: "usual",
        limits: vec![limit("warning", 85.0, false), limit("critical", 95.0, true)],
        marks: if calm {
            vec![Point { secs: from + 50 * step, value: value(0, 50) }]
        } else {
            Vec::new()
        },
        now: None,
    }
}

/// From 0 to 1, the same at each run; no file makes it smaller.
fn noise(n: i64) -> f64 {
    let mixed = (n as u64).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((mixed ^ (mixed >> 27)) >> 11) as f64 / (1_u64 << 53) as f64
}
