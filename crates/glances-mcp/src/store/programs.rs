//! The top programs of a moment as text, one short JSON row each; and many moments as one block, which
//! takes a sixth of that. Pure.
//!
//! A block is a table of names and a block of numbers ([`block`]) whose rows are the entries of all
//! lists, program by program: what one program uses moves little from minute to minute. Layout,
//! numbers little-endian: magic, version, CRC-32 of what follows; length of the names; the names, each
//! behind its length; the block.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Program, Programs,
    block::{self, Column, Reader, write_varint},
};
use crate::model::HostName;

const MAGIC: [u8; 2] = *b"gp";
const VERSION: u8 = 1;
/// Columns of an entry: the name's number, CPU, memory, I/O, processes.
const COLUMNS: usize = 5;
/// Entries of one block: more lists than are sealed together have, with room for hostile ones.
const ENTRIES_MAX: usize = 80_000;

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

/// How many of these lists, from the first on, fit into one block.
pub(super) fn fitting(lists: &[Programs]) -> usize {
    let entries = lists.iter().scan(0_usize, |entries, list| {
        *entries = entries.saturating_add(list.top.len());
        Some(*entries)
    });
    entries.take_while(|entries| *entries <= ENTRIES_MAX).count()
}

/// Packs lists of one server. A list without programs is not kept. `None` when there is none, or too
/// much in them.
pub(super) fn pack_block(lists: &[Programs]) -> Option<Vec<u8>> {
    let mut by_name: BTreeMap<&str, Vec<(i64, &Program)>> = BTreeMap::new();
    for list in lists {
        for program in &list.top {
            by_name.entry(&program.name).or_default().push((list.secs, program));
        }
    }
    let (mut names, mut secs) = (Vec::new(), Vec::new());
    let mut columns: [Vec<Option<f64>>; COLUMNS] = Default::default();
    for (number, (name, entries)) in (0_u32..).zip(by_name) {
        write_varint(&mut names, u32::try_from(name.len()).ok()?);
        names.extend(name.as_bytes());
        for (at, program) in entries {
            secs.push(at);
            #[expect(clippy::cast_precision_loss, reason = "bytes stay below 2^53")]
            let row = [
                Some(f64::from(number)),
                program.cpu_percent,
                program.memory_bytes.map(|bytes| bytes as f64),
                program.io_bytes_per_second,
                Some(f64::from(program.processes)),
            ];
            columns.iter_mut().zip(row).for_each(|(column, cell)| column.push(cell));
        }
    }
    let column = |(series, values)| Column { series, field: 0, values };
    let columns: Vec<Column> = (0_u32..).zip(columns).map(column).collect();
    let numbers = block::pack(&secs, &columns)?;
    let mut body = Vec::with_capacity(names.len() + numbers.len() + 8);
    body.extend(u32::try_from(names.len()).ok()?.to_le_bytes());
    body.extend(names);
    body.extend(numbers);
    let mut bytes = MAGIC.to_vec();
    bytes.push(VERSION);
    bytes.extend(crc32fast::hash(&body).to_le_bytes());
    bytes.extend(body);
    Some(bytes)
}

/// The lists of a block in time order, each by name. `None` when the bytes are no block, or damaged.
pub(super) fn unpack_block(host: &HostName, bytes: &[u8]) -> Option<Vec<Programs>> {
    let mut head = Reader(bytes);
    if head.take(2)? != MAGIC || head.take(1)? != [VERSION] {
        return None;
    }
    let checksum = head.number()?;
    if crc32fast::hash(head.0) != checksum {
        return None;
    }
    let length = usize::try_from(head.number()?).ok()?;
    let mut text = Reader(head.take(length)?);
    let mut names = Vec::new();
    while !text.0.is_empty() {
        let length = usize::try_from(text.varint()?).ok()?;
        names.push(std::str::from_utf8(text.take(length)?).ok()?);
    }
    let numbers = block::unpack(head.0, |_| true)?;
    let columns: [Column; COLUMNS] = numbers.columns.try_into().ok()?;
    let mut lists: BTreeMap<i64, Vec<Program>> = BTreeMap::new();
    for (row, secs) in numbers.secs.iter().enumerate() {
        let [name, cpu_percent, memory, io_bytes_per_second, processes] =
            columns.each_ref().map(|column| column.values.get(row).copied().flatten());
        lists.entry(*secs).or_default().push(Program {
            name: (*names.get(whole(name?)?)?).to_owned(),
            cpu_percent,
            memory_bytes: memory.and_then(whole).map(|bytes| bytes as u64),
            io_bytes_per_second,
            processes: u32::try_from(whole(processes?)?).ok()?,
        });
    }
    let list = |(secs, top)| Programs { host: host.clone(), secs, top };
    Some(lists.into_iter().map(list).collect())
}

fn whole(value: f64) -> Option<usize> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole and within bounds"
    )]
    ((0.0..WHOLE_MAX).contains(&value) && value.fract() == 0.0).then_some(value as usize)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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

    fn lists(count: i64, of: impl Fn(i64) -> Vec<Program>) -> Vec<Programs> {
        let host = HostName::parse("web-1").unwrap();
        let list = |n| Programs { host: host.clone(), secs: 1_700_000_000 + n * 60, top: of(n) };
        (0..count).map(list).collect()
    }

    fn unpacked(bytes: &[u8]) -> Option<Vec<Programs>> {
        unpack_block(&HostName::parse("web-1").unwrap(), bytes)
    }

    #[test]
    fn a_day_of_lists_comes_back_as_it_was_in_a_sixth_of_the_room() {
        let day = lists(480, |n| {
            let one = |name: &str, n: i64| Program {
                name: name.to_owned(),
                cpu_percent: Some((n * 37 % 113) as f64 / 10.0),
                memory_bytes: Some(200 << 20 | (n as u64 / 9) << 18),
                io_bytes_per_second: (n % 3 == 0).then_some((n * 31 % 97 * 4_096) as f64),
                processes: 1 + u32::from(n % 5 == 0),
            };
            let rare = (n % 50 == 7).then(|| one(&format!("job \"{}\"", n / 50), n));
            let all = ["java", "nginx", "postgres"].map(|name| one(name, n));
            rare.into_iter().chain(all).collect()
        });
        let text: usize = day.iter().map(|list| pack(&list.top).len()).sum();
        let block = pack_block(&day).unwrap();
        assert!(block.len() * 6 < text, "{} of {text}", block.len());
        let found = unpacked(&block).unwrap();
        assert_eq!(found.len(), day.len());
        for (one, other) in found.iter().zip(day) {
            let mut top = other.top;
            top.sort_by(|a, b| a.name.cmp(&b.name));
            assert_eq!((one.secs, &one.top), (other.secs, &top));
        }
    }

    #[test]
    fn a_damaged_byte_of_a_block_is_noticed() {
        let whole = pack_block(&lists(20, |_| vec![program("java"), program("nginx")])).unwrap();
        for index in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[index] ^= 0x55;
            assert_eq!(unpacked(&damaged), None, "byte {index}");
            assert_eq!(unpacked(&whole[..index]), None, "cut at {index}");
        }
    }

    #[test]
    fn nothing_is_no_block_and_too_much_goes_into_several() {
        assert_eq!(pack_block(&lists(3, |_| Vec::new())), None);
        let large = lists(3, |_| vec![program("x"); ENTRIES_MAX / 2]);
        assert_eq!(fitting(&large), 2);
        assert!(pack_block(&large[..2]).is_some() && pack_block(&large).is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_behind_a_right_checksum_are_a_block_or_none(
            body in prop::collection::vec(any::<u8>(), 0..200)
        ) {
            let mut bytes = MAGIC.to_vec();
            bytes.push(VERSION);
            bytes.extend(crc32fast::hash(&body).to_le_bytes());
            bytes.extend(&body);
            let _ = unpacked(&bytes);
        }
    }
}
