//! Scores the shipped forecasts, dates of exhaustion and comparisons on labelled data.
//!
//! ```text
//! cargo run --release -p analytics --example eval_forecast -- FOLDER OUT
//! ```
//!
//! FOLDER holds `corpus_forecast/hourly.jsonl.gz`, `corpus/labels.json` and `corpus/**.csv.gz`;
//! it is not part of the project. What is not there is skipped, loudly. The numbers of the tables
//! go to `OUT/forecast.jsonl`, and forecasts to `OUT/forecasts.jsonl`, one JSON object a line, in the
//! form that `score_forecast.py` reads.

#![expect(clippy::print_stdout, reason = "a program whose output is its tables")]

mod days;
mod disks;
mod forecasts;

use std::{
    error::Error,
    fs::File,
    io::{BufWriter, Read, Write},
    path::Path,
};

use serde_json::Value;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("the folder of the labelled data is missing")?;
    let folder = Path::new(&folder);
    let out = arguments.next().ok_or("the folder of the results is missing")?;
    let out = Path::new(&out);
    std::fs::create_dir_all(out)?;
    let mut rows = Vec::new();

    match read(&folder.join("corpus_forecast/hourly.jsonl.gz")) {
        Ok(series) => forecasts::evaluate(&series, &out.join("forecasts.jsonl"), &mut rows)?,
        Err(error) => println!("SKIPPED: forecasts ({error})"),
    }
    disks::evaluate(&mut rows);
    println!("SKIPPED: noise of virtual machines (azure_vm_noise is not part of the folder)");
    println!("SKIPPED: dependencies (petshop is not part of the folder)");
    match read(&folder.join("corpus/labels.json")) {
        Ok(labels) => {
            for set in ["asd", "smd"] {
                let (labels, corpus) = (serde_json::from_str(&labels)?, folder.join("corpus"));
                rows.extend(days::evaluate(set, &labels, &corpus)?);
            }
        }
        Err(error) => println!("SKIPPED: days ({error})"),
    }
    let mut file = BufWriter::new(File::create(out.join("forecast.jsonl"))?);
    rows.iter().try_for_each(|row: &Value| writeln!(file, "{row}"))?;
    Ok(())
}

/// The text of a file, unpacked when its name ends in `gz`.
fn read(path: &Path) -> Result<String> {
    let mut file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut text = String::new();
    if path.extension().is_some_and(|ending| ending == "gz") {
        flate2::read::GzDecoder::new(file).read_to_string(&mut text)?;
    } else {
        file.read_to_string(&mut text)?;
    }
    Ok(text)
}

/// The mean, or NaN of nothing.
fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / count(values.len())
}

/// The share that is true, or NaN of nothing.
fn share(truths: &[bool]) -> f64 {
    count(truths.iter().filter(|truth| **truth).count()) / count(truths.len())
}

/// Wilson's 95 % bounds of a share.
fn wilson(truths: &[bool]) -> (f64, f64) {
    const Z: f64 = 1.96;
    let (n, p) = (count(truths.len()), share(truths));
    let middle = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    (middle - half, middle + half)
}

#[expect(clippy::cast_precision_loss, reason = "lengths stay far below 2^53")]
fn count(n: usize) -> f64 {
    n as f64
}
