//! Many rows of one server as one compressed block: a column for each number of each series,
//! lossless, with a checksum. Pure; any bytes can be read.
//!
//! Layout, numbers little-endian: magic, version, CRC-32 of what follows; counts of rows, columns
//! and patterns, length of the times; the times; the patterns (which rows have a value, as bits;
//! plugins that are polled together share one); the directory (series, field, pattern, length of
//! each column); the columns. Times and columns are compressed by `pco`, which halves what Gorilla
//! (Pelkonen et al. 2015) needs for values like these.

use pco::{
    ChunkConfig,
    standalone::{simple_compress, simple_decompress_into},
};

const MAGIC: [u8; 2] = *b"gb";
const VERSION: u8 = 1;
/// Rows of one block: a day at one a second.
const ROWS_MAX: usize = 86_400;
/// Columns of one block: as many series as one server has at most, with four numbers each.
const COLUMNS_MAX: usize = 80_000;
/// Effort of the compression, 0 to 12: more costs much time and gains 2 %.
const EFFORT: usize = 4;

/// One number of one series over the rows of a block.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Column {
    /// Number of the series among those of its server.
    pub(super) series: u32,
    /// Which number of the series, as an index into the fields of the level.
    pub(super) field: u8,
    /// As many as there are rows.
    pub(super) values: Vec<Option<f64>>,
}

/// What a block holds of the series that were asked for.
#[derive(Debug, PartialEq)]
pub(super) struct Block {
    pub(super) secs: Vec<i64>,
    pub(super) columns: Vec<Column>,
}

/// Packs rows. `None` when there are too many, or none.
pub(super) fn pack(secs: &[i64], columns: &[Column]) -> Option<Vec<u8>> {
    if secs.is_empty() || secs.len() > ROWS_MAX || columns.len() > COLUMNS_MAX {
        return None;
    }
    let config = ChunkConfig::default().with_compression_level(EFFORT);
    let times = simple_compress(secs, &config).ok()?;
    let mut patterns: Vec<Vec<u8>> = Vec::new();
    let (mut directory, mut data) = (Vec::new(), Vec::new());
    for column in columns {
        let bits = bits_of(&column.values, secs.len());
        let pattern = patterns.iter().position(|known| *known == bits).unwrap_or_else(|| {
            patterns.push(bits);
            patterns.len() - 1
        });
        let values: Vec<f64> = column.values.iter().copied().flatten().collect();
        let packed = simple_compress(&values, &config).ok()?;
        directory.extend(column.series.to_le_bytes());
        directory.push(column.field);
        directory.extend(u32::try_from(pattern).ok()?.to_le_bytes());
        directory.extend(u32::try_from(packed.len()).ok()?.to_le_bytes());
        data.extend(packed);
    }
    let mut body = Vec::with_capacity(directory.len() + data.len() + times.len() + 64);
    for count in [secs.len(), columns.len(), patterns.len(), times.len()] {
        body.extend(u32::try_from(count).ok()?.to_le_bytes());
    }
    body.extend(times);
    patterns.iter().for_each(|bits| body.extend(bits));
    body.extend(directory);
    body.extend(data);
    let mut block = MAGIC.to_vec();
    block.push(VERSION);
    block.extend(crc32fast::hash(&body).to_le_bytes());
    block.extend(body);
    Some(block)
}

/// Reads the columns of the wanted series. `None` when the bytes are no block, or damaged.
pub(super) fn unpack(bytes: &[u8], wanted: impl Fn(u32) -> bool) -> Option<Block> {
    let mut head = Reader(bytes);
    if head.take(2)? != MAGIC || head.take(1)? != [VERSION] {
        return None;
    }
    let checksum = head.number()?;
    if crc32fast::hash(head.0) != checksum {
        return None;
    }
    let mut body = Reader(head.0);
    let rows = body.count(ROWS_MAX)?;
    let columns = body.count(COLUMNS_MAX)?;
    let patterns = body.count(columns)?;
    let times = body.count(bytes.len())?;
    let mut secs = vec![0_i64; rows];
    if !simple_decompress_into(body.take(times)?, &mut secs).ok()?.finished {
        return None;
    }
    let width = rows.div_ceil(8);
    let bits = body.take(width.checked_mul(patterns)?)?;
    let mut directory = Reader(body.take(columns.checked_mul(DIRECTORY_ROW)?)?);
    let mut found = Vec::new();
    for _ in 0..columns {
        let series = directory.number()?;
        let field = *directory.take(1)?.first()?;
        let pattern = directory.count(patterns.checked_sub(1)?)?;
        let length = directory.count(bytes.len())?;
        let packed = body.take(length)?;
        if wanted(series) {
            let bits = bits.get(pattern * width..(pattern + 1) * width)?;
            found.push(Column { series, field, values: values_of(bits, packed, rows)? });
        }
    }
    Some(Block { secs, columns: found })
}

/// Bytes of one row of the directory: series, field, pattern, length.
const DIRECTORY_ROW: usize = 4 + 1 + 4 + 4;

fn bits_of(values: &[Option<f64>], rows: usize) -> Vec<u8> {
    let mut bits = vec![0_u8; rows.div_ceil(8)];
    for (index, _) in values.iter().take(rows).enumerate().filter(|(_, value)| value.is_some()) {
        if let Some(byte) = bits.get_mut(index / 8) {
            *byte |= 1 << (index % 8);
        }
    }
    bits
}

fn values_of(bits: &[u8], packed: &[u8], rows: usize) -> Option<Vec<Option<f64>>> {
    let present = |row: usize| bits.get(row / 8).is_some_and(|byte| byte >> (row % 8) & 1 == 1);
    let mut values = vec![0.0_f64; (0..rows).filter(|row| present(*row)).count()];
    let progress = simple_decompress_into(packed, &mut values).ok()?;
    if progress.n_processed != values.len() || !progress.finished {
        return None;
    }
    let mut values = values.into_iter();
    Some((0..rows).map(|row| if present(row) { values.next() } else { None }).collect())
}

/// Reads bytes from the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(front)
    }

    fn number(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    /// A number that is at most `most`.
    fn count(&mut self, most: usize) -> Option<usize> {
        usize::try_from(self.number()?).ok().filter(|count| *count <= most)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn column(series: u32, values: Vec<Option<f64>>) -> Column {
        Column { series, field: 0, values }
    }

    #[test]
    fn a_block_comes_back_as_it_was() {
        let secs: Vec<i64> = (0..720).map(|n| 1_700_000_000 + n * 10).collect();
        let columns = vec![
            column(1, (0..720).map(|n| Some(f64::from(n % 100))).collect()),
            column(2, (0..720).map(|n| (n % 3 == 0).then_some(1e15)).collect()),
            column(3, vec![None; 720]),
        ];
        let bytes = pack(&secs, &columns).unwrap();
        assert_eq!(
            unpack(&bytes, |_| true),
            Some(Block { secs: secs.clone(), columns: columns.clone() })
        );
        let one = unpack(&bytes, |series| series == 2).unwrap();
        assert_eq!(one.columns, columns[1..2]);
    }

    #[test]
    fn a_damaged_byte_is_noticed() {
        let secs: Vec<i64> = (0..50).collect();
        let columns = [column(7, (0..50).map(|n| Some(f64::from(n))).collect())];
        let whole = pack(&secs, &columns).unwrap();
        for index in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[index] ^= 0x55;
            assert_eq!(unpack(&damaged, |_| true), None, "byte {index}");
        }
        for end in 0..whole.len() {
            assert_eq!(unpack(&whole[..end], |_| true), None, "cut at {end}");
        }
    }

    #[test]
    fn nothing_and_too_much_are_no_block() {
        assert_eq!(pack(&[], &[]), None);
        assert_eq!(pack(&vec![0; ROWS_MAX + 1], &[]), None);
    }

    proptest! {
        #[test]
        fn any_values_come_back(
            rows in prop::collection::vec(
                (any::<i64>(), prop::option::of(any::<f64>()), prop::option::of(-1e3_f64..1e3)), 1..120)
        ) {
            let secs: Vec<i64> = rows.iter().map(|row| row.0).collect();
            let columns = [
                column(0, rows.iter().map(|row| row.1).collect()),
                column(9, rows.iter().map(|row| row.2).collect()),
            ];
            let block = unpack(&pack(&secs, &columns).unwrap(), |_| true).unwrap();
            prop_assert_eq!(&block.secs, &secs);
            for (one, other) in block.columns.iter().zip(&columns) {
                // Bits, since NaN equals nothing.
                let bits = |column: &Column| -> Vec<Option<u64>> {
                    column.values.iter().map(|value| value.map(f64::to_bits)).collect()
                };
                prop_assert_eq!(bits(one), bits(other));
            }
        }

        #[test]
        fn any_bytes_behind_a_right_checksum_are_a_block_or_none(
            body in prop::collection::vec(any::<u8>(), 0..300)
        ) {
            let mut bytes = MAGIC.to_vec();
            bytes.push(VERSION);
            bytes.extend(crc32fast::hash(&body).to_le_bytes());
            bytes.extend(&body);
            let _ = unpack(&bytes, |_| true);
        }
    }
}
