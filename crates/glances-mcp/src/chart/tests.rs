use std::time::Instant;

use super::*;

const BEGIN: i64 = 1_795_392_000;

fn points(count: i64, step: i64, value: impl Fn(i64) -> f64) -> Vec<Point> {
    (0..count).map(|n| Point { secs: BEGIN + n * step, value: value(n) }).collect()
}

fn chart(series: Vec<Series>, span: i64) -> Chart {
    Chart {
        title: "web-1: cpu.total".to_owned(),
        note: "polls".to_owned(),
        scale: Scale::Percent,
        from: BEGIN,
        until: BEGIN + span,
        zone: TimeZone::UTC,
        series,
        stretch: "lowest to highest",
        usual: Vec::new(),
        usual_is: "usual",
        limits: Vec::new(),
        marks: Vec::new(),
        now: None,
    }
}

fn one(name: &str, points: Vec<Point>) -> Series {
    Series { name: name.to_owned(), points, ..Series::default() }
}

/// Noise from 0 to 1 that is the same at each run, and that no file makes smaller.
fn noise(n: i64) -> f64 {
    let mixed = (n as u64).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((mixed ^ (mixed >> 27)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// The picture as red, green and blue, after checks that hold of every one.
fn looked_at(name: &str, chart: &Chart) -> Vec<[u8; 3]> {
    let began = Instant::now();
    let file = draw(chart).unwrap();
    if let Some(folder) = std::env::var_os("CHARTS") {
        println!("{name}: {} bytes in {:?}", file.len(), began.elapsed());
        std::fs::write(std::path::Path::new(&folder).join(format!("{name}.png")), &file).unwrap();
    }
    assert!(file.len() <= BYTES_MAX, "{name}: {} bytes", file.len());
    let mut decoder = png::Decoder::new(std::io::Cursor::new(&file));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.width, info.height, info.color_type), (WIDTH, HEIGHT, png::ColorType::Rgb));
    pixels.chunks_exact(3).map(|it| [it[0], it[1], it[2]]).collect()
}

fn count(pixels: &[[u8; 3]], ink: [u8; 3]) -> usize {
    // Edges are paler than the ink.
    let near = |a: u8, b: u8| a.abs_diff(b) < 64;
    let is = |it: &&[u8; 3]| it.iter().zip(&ink).all(|(a, b)| near(*a, *b));
    pixels.iter().filter(is).count()
}

const BLUE: [u8; 3] = [31, 95, 208];
const RED: [u8; 3] = [200, 30, 30];
const AMBER: [u8; 3] = [217, 119, 6];
const ROSE: [u8; 3] = [225, 29, 72];

#[test]
fn a_line_its_limits_and_its_marks_are_in_the_picture() {
    let mut it = chart(vec![one("cpu.total", points(360, 10, |n| 30.0 + 20.0 * noise(n)))], 3_600);
    let plain = looked_at("plain", &it);
    assert!(count(&plain, BLUE) > 500);
    assert_eq!((count(&plain, AMBER), count(&plain, ROSE)), (0, 0));
    it.limits = vec![
        Limit { name: "warning", value: 60.0, grave: false },
        Limit { name: "critical", value: 90.0, grave: true },
    ];
    it.marks = vec![it.series[0].points[100]];
    it.usual = points(12, 300, |_| 40.0)
        .into_iter()
        .map(|it| Stretch { secs: it.secs, low: 30.0, high: 50.0 })
        .collect();
    let full = looked_at("full", &it);
    assert!(count(&full, AMBER) > 200 && count(&full, RED) > 200 && count(&full, ROSE) > 20);
    // A limit far away from all values is neither drawn nor named.
    it.limits[1].value = 4_000.0;
    it.marks.clear();
    assert_eq!(count(&looked_at("far", &it), RED), 0);
}

#[test]
fn the_heaviest_picture_is_small_enough() {
    let spiky = |seed: i64| {
        let value = move |n: i64| {
            let spike = if (n + seed) % 7 == 0 { 60.0 } else { 0.0 };
            spike + 40.0 * noise(n * 31 + seed * 977)
        };
        let points = points(500, 172, value);
        let stretches = points.iter().map(|it| Stretch {
            secs: it.secs,
            low: it.value / 2.0,
            high: (it.value * 1.4).min(100.0),
        });
        let stretches = stretches.collect();
        let name = format!("very-long-server-name-{seed}.example.org cpu.total");
        Series { name, points, stretches, ..Series::default() }
    };
    // With eight there are more colours, with three there are stretches beside the lines.
    for series in [12, 3] {
        let mut it = chart((0..series).map(spiky).collect(), 86_400);
        it.usual = it.series[0].stretches.clone();
        let pixels = looked_at(&format!("heaviest-{series}"), &it);
        assert!(count(&pixels, BLUE) > 200);
    }
}

#[test]
fn gaps_are_gaps_and_a_lonely_point_is_seen() {
    let mut broken = points(360, 10, |_| 50.0);
    broken.retain(|it| !(BEGIN + 1_000..BEGIN + 2_600).contains(&it.secs));
    let whole = looked_at("whole", &chart(vec![one("a", points(360, 10, |_| 50.0))], 3_600));
    let gap = looked_at("gap", &chart(vec![one("a", broken)], 3_600));
    let (whole, gap) = (count(&whole, BLUE), count(&gap, BLUE));
    assert!(gap * 10 < whole * 8 && gap * 10 > whole * 3, "{gap} of {whole}");
    let lonely = looked_at("lonely", &chart(vec![one("a", points(1, 10, |_| 50.0))], 3_600));
    let none = Point { secs: BEGIN, value: f64::NAN };
    assert!(count(&lonely, BLUE) > 30);
    assert_eq!(draw(&chart(vec![one("a", vec![none])], 3_600)), Err(ChartError::Empty));
    assert_eq!(draw(&chart(Vec::new(), 3_600)), Err(ChartError::Empty));
    let outside = vec![Point { secs: BEGIN - 10, value: 1.0 }];
    assert_eq!(draw(&chart(vec![one("a", outside)], 3_600)), Err(ChartError::Empty));
}

#[test]
fn extreme_values_and_times_are_drawn() {
    for (name, scale, value) in [
        ("zero", Scale::Bytes("/s"), 0.0),
        ("constant", Scale::Bytes(""), 42e9),
        ("huge", Scale::Decimal("/s"), 9.9e23),
        ("tiny", Scale::Seconds, 1e-7),
        ("below", Scale::Decimal("dBm"), -61.0),
    ] {
        let mut it = chart(vec![one(name, points(60, 60, |_| value))], 3_600);
        it.scale = scale;
        assert!(count(&looked_at(name, &it), BLUE) > 200, "{name}");
    }
    let mut wild =
        chart(vec![one("wild", points(60, 60, |n| if n % 2 == 0 { 1e24 } else { -1e24 }))], 3_600);
    wild.scale = Scale::Seconds;
    looked_at("wild", &wild);
    for span in [1, 30, 600, 86_400, 400 * 86_400] {
        let it = chart(vec![one("a", points(2, 1, |_| 5.0))], span);
        looked_at(&format!("span-{span}"), &it);
    }
    // From the end to the beginning: nothing that stops.
    let mut backwards = chart(vec![one("a", points(2, 1, |_| 5.0))], -3_600);
    backwards.series[0].points.reverse();
    looked_at("backwards", &backwards);
}

#[test]
fn hostile_names_are_cleaned_and_stay_in_their_place() {
    let names = [
        "\u{202e}drowssap\u{1b}[31m\nline",
        "日本語のマウント名/データ",
        "password=hunter2 token=abcdefghijklmnopqrstuvwxyz0123456789",
        "W".repeat(400).leak(),
        "\u{0}\u{7}",
        "e\u{301}\u{301}\u{301}\u{301}",
    ];
    let mut it = chart(names.iter().map(|name| one(name, points(60, 60, noise))).collect(), 3_600);
    it.title = format!("{}\u{202e} {}", names[1], names[3]);
    it.note = names[3].to_owned();
    let pixels = looked_at("hostile", &it);
    // Nothing is written over the frame.
    let column = |x: usize| pixels.iter().skip(x).step_by(WIDTH as usize);
    for x in [1, 2, WIDTH as usize - 3, WIDTH as usize - 2] {
        assert!(column(x).skip(2).take(396).all(|it| it[0] > 200), "column {x}");
    }
    let canvas = canvas::Canvas::new(10, 10).unwrap();
    assert_eq!(canvas.fitted("日a", 12.0, 100.0), "\u{fffd}a");
    assert!(canvas.fitted(names[3], 12.0, 100.0).ends_with("W…"));
    assert_eq!(canvas.fitted("short", 12.0, 100.0), "short");
    assert!(canvas.width(&canvas.fitted(names[3], 12.0, 100.0), 12.0) <= 100.0);
}

#[test]
fn one_picture_is_the_same_each_time() {
    let it = chart(vec![one("a", points(360, 10, |n| 50.0 * noise(n)))], 3_600);
    assert_eq!(draw(&it), draw(&it));
}
