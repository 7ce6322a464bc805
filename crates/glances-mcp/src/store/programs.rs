//! The top programs of a moment as text: one short JSON row each, since a list a minute takes more
//! room than all samples. Pure.

use serde::{Deserialize, Serialize};

use super::Program;

/// Name, CPU, memory, I/O (whole bytes), number of processes.
#[derive(Serialize)]
struct Row<'a>(&'a str, Option<f64>, Option<u64>, Option<Whole>, u32);

/// A number that is written without a fraction when it has none.
#[derive(Serialize)]
#[serde(untagged)]
enum Whole {
    Whole(u64),
    Other(f64),
}

/// Beyond this a number of 64 bits has no fraction anyway, and may be none that is whole.
const WHOLE_MAX: f64 = 9e15;

impl Whole {
    fn of(value: f64) -> Self {
        if value.fract() == 0.0 && (0.0..WHOLE_MAX).contains(&value) {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "whole and within bounds"
            )]
            return Self::Whole(value as u64);
        }
        Self::Other(value)
    }
}

#[derive(Deserialize)]
struct Kept(String, Option<f64>, Option<u64>, Option<f64>, u32);

pub(super) fn pack(top: &[Program]) -> String {
    let row = |it: &Program| {
        let io = it.io_bytes_per_second.map(Whole::of);
        // A name is text and numbers are numbers: nothing here cannot be written.
        serde_json::to_string(&Row(&it.name, it.cpu_percent, it.memory_bytes, io, it.processes))
    };
    let rows: Vec<String> = top.iter().filter_map(|it| row(it).ok()).collect();
    format!("[{}]", rows.join(","))
}

/// `None` when the text is no such list.
pub(super) fn unpack(text: &str) -> Option<Vec<Program>> {
    let kept: Vec<Kept> = serde_json::from_str(text).ok()?;
    let program = |Kept(name, cpu_percent, memory_bytes, io_bytes_per_second, processes)| Program {
        name,
        cpu_percent,
        memory_bytes,
        io_bytes_per_second,
        processes,
    };
    Some(kept.into_iter().map(program).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(name: &str) -> Program {
        Program {
            name: name.to_owned(),
            cpu_percent: Some(12.5),
            memory_bytes: None,
            io_bytes_per_second: Some(4_096.0),
            processes: 3,
        }
    }

    #[test]
    fn a_list_comes_back_as_it_was_in_less_than_half_the_room() {
        let top = vec![program("postgres"), program("odd \"name\", v1.0, 2"), program("")];
        let text = pack(&top);
        assert_eq!(unpack(&text), Some(top.clone()));
        assert!(text.len() * 2 < serde_json::to_string(&top).unwrap().len(), "{text}");
    }

    #[test]
    fn what_is_no_list_is_none() {
        assert_eq!(unpack("{}"), None);
        assert_eq!(unpack("[[1]]"), None);
    }
}
