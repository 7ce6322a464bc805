//! Reads the labelled data.

use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use analytics::{Sample, Steps};
use flate2::read::GzDecoder;
use serde_json::Value;

/// A series, or a host with its metrics.
pub(crate) struct Item {
    pub(crate) key: String,
    pub(crate) steps: Steps,
    pub(crate) times: Vec<i64>,
    /// One per metric.
    pub(crate) columns: Vec<Vec<f64>>,
    pub(crate) labels: Labels,
}

/// The incidents, and where to look for them. All in seconds.
pub(crate) struct Labels {
    pub(crate) step: i64,
    pub(crate) from: i64,
    pub(crate) to: i64,
    /// Widened by the tolerance, clipped to `from..=to`.
    pub(crate) windows: Vec<(i64, i64)>,
}

impl Item {
    pub(crate) fn set(&self) -> &str {
        self.key.split('/').next().unwrap_or_default()
    }

    pub(crate) fn samples(&self, column: &[f64]) -> Vec<Sample> {
        let slots = self.times.iter().map(|&at| self.steps.at(at));
        slots.zip(column).map(|(slot, &value)| Sample { slot, value }).collect()
    }

    /// How many samples lie before the labelled part.
    pub(crate) fn training(&self) -> usize {
        self.times.partition_point(|&at| at < self.labels.from)
    }
}

/// All items, in the order of their keys.
pub(crate) fn read(corpus: &Path) -> Result<Vec<Item>, Box<dyn Error>> {
    let labels: Value =
        serde_json::from_reader(BufReader::new(File::open(corpus.join("labels.json"))?))?;
    let all = labels.as_object().ok_or("labels.json is no object")?;
    let mut items = Vec::new();
    for (key, info) in all {
        items.push(item(corpus, key, info).map_err(|err| format!("{key}: {err}"))?);
    }
    items.sort_by(|one: &Item, other| one.key.cmp(&other.key));
    Ok(items)
}

fn item(corpus: &Path, key: &str, info: &Value) -> Result<Item, Box<dyn Error>> {
    let number =
        |name: &str| info.get(name).and_then(Value::as_i64).ok_or_else(|| format!("no {name}"));
    let (step, from, to, tolerance) =
        (number("step")?, number("eval_start")?, number("eval_end")?, number("tolerance")?);
    let pair = |pair: &Value| Some((pair.get(0)?.as_i64()?, pair.get(1)?.as_i64()?));
    let windows = info.get("windows").and_then(Value::as_array).ok_or("no windows")?;
    let mut windows: Vec<(i64, i64)> = windows.iter().filter_map(pair).collect();
    windows.retain(|&(begin, end)| end >= from && begin <= to);
    windows.sort_unstable();
    let widened = windows
        .iter()
        .map(|&(begin, end)| ((begin - tolerance).max(from), (end + tolerance).min(to)));
    let labels = Labels { step, from, to, windows: widened.collect() };
    let file = info.get("file").and_then(Value::as_str).ok_or("no file")?;
    let (times, columns) = table(&corpus.join(file))?;
    let steps =
        u32::try_from(step).ok().and_then(Steps::new).ok_or("step does not divide a day")?;
    Ok(Item { key: key.to_owned(), steps, times, columns, labels })
}

/// Times, and one column per metric.
type Table = (Vec<i64>, Vec<Vec<f64>>);

fn table(path: &Path) -> Result<Table, Box<dyn Error>> {
    let lines = BufReader::new(GzDecoder::new(File::open(path)?)).lines();
    let (mut times, mut columns) = (Vec::new(), Vec::new());
    for line in lines.skip(1) {
        let line = line?;
        let mut fields = line.split(',');
        let time: f64 = fields.next().ok_or("empty line")?.parse()?;
        times.push(time as i64);
        for (at, field) in fields.enumerate() {
            if columns.len() == at {
                columns.push(Vec::new());
            }
            if let Some(column) = columns.get_mut(at) {
                column.push(field.parse().unwrap_or(f64::NAN));
            }
        }
    }
    Ok((times, columns))
}
