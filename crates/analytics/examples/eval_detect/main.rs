//! How right the detectors are on labelled data, which are not part of this project.
//!
//! ```text
//! cargo run --release -p analytics --example eval_detect -- FOLDER [OUT]
//! ```
//!
//! FOLDER holds `corpus/labels.json` and `corpus/<set>/*.csv.gz`. With OUT, the numbers of the tables
//! are written to `OUT/detect.jsonl`, and detections as JSON lines, one file per rule, for an
//! independent scorer. Without FOLDER nothing is evaluated, and it says so.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a report for the terminal")]

mod anomalies;
mod changes;
mod corpus;
mod events;
mod thresholds;

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args_os().skip(1).map(PathBuf::from);
    let Some(folder) = args.next().filter(|folder| folder.join("corpus/labels.json").is_file())
    else {
        eprintln!("NOT EVALUATED: give the folder that holds corpus/labels.json");
        return Ok(());
    };
    let out = args.next();
    if let Some(out) = &out {
        std::fs::create_dir_all(out)?;
    }
    let corpus = corpus::read(&folder.join("corpus"))?;
    let mut rows = Vec::new();
    anomalies::report(&corpus, out.as_deref(), &mut rows)?;
    thresholds::report(&corpus, &mut rows);
    changes::report(&corpus, &mut rows);
    if let Some(out) = &out {
        let mut file = BufWriter::new(File::create(out.join("detect.jsonl"))?);
        rows.iter().try_for_each(|row: &Value| writeln!(file, "{row}"))?;
    }
    Ok(())
}

/// Lower end of the 95 % Wilson interval of a share.
fn wilson(hits: usize, of: usize) -> f64 {
    if of == 0 {
        return f64::NAN;
    }
    let (n, z) = (of as f64, 1.96_f64);
    let share = hits as f64 / n;
    let spread = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    (share + z * z / (2.0 * n) - spread) / (1.0 + z * z / n)
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { f64::NAN } else { part as f64 / whole as f64 }
}
