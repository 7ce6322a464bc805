//! Many rows of one server as one compressed block: a column for each number of each series,
//! lossless, with a checksum. Pure; any bytes can be read.
//!
//! Layout, numbers little-endian: magic, version, CRC-32 of what follows; counts of rows, columns
//! and patterns, lengths of the times and of the directory; the times; the patterns (which rows have
//! a value, as bits; plugins that are polled together share one); the directory (of each column the
//! series, the field with the way it is packed, the pattern, and the length where it has one); the
//! columns. Times and columns are compressed by `pco`, which halves what Gorilla (Pelkonen et al.
//! 2015) needs for values like these. Version 1 had directory rows of a fixed width, and packed
//! every column.

use pco::{
    ChunkConfig,
    standalone::{simple_compress, simple_decompress_into},
};

const MAGIC: [u8; 2] = *b"gb";
const VERSION: u8 = 2;
/// The version before, of which databases are full.
const VERSION_FIXED: u8 = 1;
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

/// How the values of a column are packed: two bits above those of the field.
#[derive(Clone, Copy, PartialEq)]
enum Packing {
    /// By `pco`.
    Packed,
    /// One value, eight bytes: most of what a machine tells never changes.
    Constant,
    /// As the column before, of the same series: nothing.
    Repeated,
}

impl Packing {
    const ALL: [Self; 3] = [Self::Packed, Self::Constant, Self::Repeated];
    const FIELD_BITS: u32 = 6;

    fn with(self, field: u8) -> Option<u8> {
        (field >> Self::FIELD_BITS == 0).then_some((self as u8) << Self::FIELD_BITS | field)
    }

    fn read(byte: u8) -> Option<(Self, u8)> {
        let packing = Self::ALL.get(usize::from(byte >> Self::FIELD_BITS))?;
        Some((*packing, byte & ((1 << Self::FIELD_BITS) - 1)))
    }
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
    let mut before: Option<(u32, usize, Vec<f64>)> = None;
    for column in columns {
        let bits = bits_of(&column.values, secs.len());
        let pattern = patterns.iter().position(|known| *known == bits).unwrap_or_else(|| {
            patterns.push(bits);
            patterns.len() - 1
        });
        let values: Vec<f64> = column.values.iter().copied().flatten().collect();
        let last = before.as_ref().map_or(0, |(series, ..)| *series);
        let packing = packing(column.series, pattern, &values, before.as_ref());
        write_varint(&mut directory, column.series.wrapping_sub(last));
        directory.push(packing.with(column.field)?);
        write_varint(&mut directory, u32::try_from(pattern).ok()?);
        match packing {
            Packing::Packed => {
                let packed = simple_compress(&values, &config).ok()?;
                write_varint(&mut directory, u32::try_from(packed.len()).ok()?);
                data.extend(packed);
            }
            Packing::Constant => data.extend(values.first()?.to_le_bytes()),
            Packing::Repeated => {}
        }
        before = Some((column.series, pattern, values));
    }
    let mut body = Vec::with_capacity(directory.len() + data.len() + times.len() + 64);
    for count in [secs.len(), columns.len(), patterns.len(), times.len(), directory.len()] {
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

/// How a column is packed best, by what stands before it: its series, pattern and values.
fn packing(
    series: u32,
    pattern: usize,
    values: &[f64],
    before: Option<&(u32, usize, Vec<f64>)>,
) -> Packing {
    // Bits, since NaN equals nothing and -0 equals 0.
    let same = |one: &f64, other: &f64| one.to_bits() == other.to_bits();
    let repeated = before.is_some_and(|(of, with, what)| {
        (*of, *with) == (series, pattern)
            && what.iter().zip(values).all(|(one, other)| same(one, other))
    });
    match values.first() {
        _ if repeated => Packing::Repeated,
        Some(first) if values.iter().all(|value| same(first, value)) => Packing::Constant,
        _ => Packing::Packed,
    }
}

/// Reads the columns of the wanted series. `None` when the bytes are no block, or damaged.
pub(super) fn unpack(bytes: &[u8], wanted: impl Fn(u32) -> bool) -> Option<Block> {
    let mut head = Reader(bytes);
    if head.take(2)? != MAGIC {
        return None;
    }
    let entry: fn(&mut Reader<'_>, u32) -> Option<Entry> = match *head.take(1)?.first()? {
        VERSION => Entry::read,
        VERSION_FIXED => Entry::read_fixed,
        _ => return None,
    };
    let fixed = bytes.get(2) == Some(&VERSION_FIXED);
    let checksum = head.number()?;
    if crc32fast::hash(head.0) != checksum {
        return None;
    }
    let mut body = Reader(head.0);
    let rows = body.count(ROWS_MAX)?;
    let columns = body.count(COLUMNS_MAX)?;
    let patterns = body.count(columns)?;
    let times = body.count(bytes.len())?;
    let length = if fixed { columns * FIXED_ENTRY } else { body.count(bytes.len())? };
    let mut secs = vec![0_i64; rows];
    if !simple_decompress_into(body.take(times)?, &mut secs).ok()?.finished {
        return None;
    }
    let width = rows.div_ceil(8);
    let bits = body.take(width.checked_mul(patterns)?)?;
    let mut directory = Reader(body.take(length)?);
    let mut found: Vec<Column> = Vec::new();
    let mut series = 0;
    for _ in 0..columns {
        let entry = entry(&mut directory, series)?;
        series = entry.series;
        let packed = body.take(entry.length)?;
        if !wanted(series) {
            continue;
        }
        let bits = bits.get(entry.pattern.checked_mul(width)?..)?.get(..width)?;
        let values = match entry.packing {
            Packing::Packed => values_of(bits, packed, rows)?,
            Packing::Constant => {
                let value = f64::from_le_bytes(packed.try_into().ok()?);
                (0..rows).map(|row| is_set(bits, row).then_some(value)).collect()
            }
            Packing::Repeated => {
                found.last().filter(|before| before.series == series)?.values.clone()
            }
        };
        found.push(Column { series, field: entry.field, values });
    }
    Some(Block { secs, columns: found })
}

/// What the directory says of a column.
struct Entry {
    series: u32,
    field: u8,
    packing: Packing,
    pattern: usize,
    length: usize,
}

/// Bytes of one entry of the directory of version 1: series, field, pattern, length.
const FIXED_ENTRY: usize = 4 + 1 + 4 + 4;

impl Entry {
    fn read(directory: &mut Reader<'_>, before: u32) -> Option<Self> {
        let series = before.wrapping_add(directory.varint()?);
        let (packing, field) = Packing::read(*directory.take(1)?.first()?)?;
        let pattern = usize::try_from(directory.varint()?).ok()?;
        let length = match packing {
            Packing::Packed => usize::try_from(directory.varint()?).ok()?,
            Packing::Constant => 8,
            Packing::Repeated => 0,
        };
        Some(Self { series, field, packing, pattern, length })
    }

    fn read_fixed(directory: &mut Reader<'_>, _: u32) -> Option<Self> {
        let series = directory.number()?;
        let field = *directory.take(1)?.first()?;
        let pattern = usize::try_from(directory.number()?).ok()?;
        let length = usize::try_from(directory.number()?).ok()?;
        Some(Self { series, field, packing: Packing::Packed, pattern, length })
    }
}

fn bits_of(values: &[Option<f64>], rows: usize) -> Vec<u8> {
    let mut bits = vec![0_u8; rows.div_ceil(8)];
    for (index, _) in values.iter().take(rows).enumerate().filter(|(_, value)| value.is_some()) {
        if let Some(byte) = bits.get_mut(index / 8) {
            *byte |= 1 << (index % 8);
        }
    }
    bits
}

fn is_set(bits: &[u8], row: usize) -> bool {
    bits.get(row / 8).is_some_and(|byte| byte >> (row % 8) & 1 == 1)
}

fn values_of(bits: &[u8], packed: &[u8], rows: usize) -> Option<Vec<Option<f64>>> {
    let present = |row: usize| is_set(bits, row);
    let mut values = vec![0.0_f64; (0..rows).filter(|row| present(*row)).count()];
    let progress = simple_decompress_into(packed, &mut values).ok()?;
    if progress.n_processed != values.len() || !progress.finished {
        return None;
    }
    let mut values = values.into_iter();
    Some((0..rows).map(|row| if present(row) { values.next() } else { None }).collect())
}

/// Seven bits a byte, the lowest first; the eighth says that more follow.
pub(super) fn write_varint(bytes: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    #[expect(clippy::cast_possible_truncation, reason = "seven bits")]
    bytes.push(number as u8);
}

/// Reads bytes from the front.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(front)
    }

    pub(super) fn number(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    pub(super) fn varint(&mut self) -> Option<u32> {
        let mut number = 0_u32;
        for shift in (0..u32::BITS).step_by(7) {
            let byte = *self.take(1)?.first()?;
            number |= u32::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
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
    fn what_never_changes_and_what_repeats_takes_a_few_bytes() {
        let secs: Vec<i64> = (0..480).map(|n| 1_700_000_000 + n * 60).collect();
        let noise: Vec<Option<f64>> =
            (0..480).map(|n| Some(f64::from(n * 7_919 % 997) / 7.0)).collect();
        let of =
            |field, values: &[Option<f64>]| Column { series: 5, field, values: values.to_vec() };
        let constant = vec![Some(-0.0); 480];
        let one = pack(&secs, &[of(0, &noise)]).unwrap();
        let columns = [of(0, &noise), of(1, &noise), of(2, &constant), of(3, &constant)];
        let four = pack(&secs, &columns).unwrap();
        assert!(four.len() - one.len() <= 20, "{} {}", one.len(), four.len());
        assert_eq!(unpack(&four, |_| true).unwrap().columns, columns);
        // The same values of another series stand by themselves, since it may be asked for alone.
        let other = Column { series: 6, ..of(0, &noise) };
        let two = pack(&secs, &[of(0, &noise), other.clone()]).unwrap();
        assert_eq!(unpack(&two, |series| series == 6).unwrap().columns, [other]);
    }

    #[test]
    fn numbers_of_any_size_come_back() {
        for number in [0, 1, 127, 128, 16_383, 16_384, u32::MAX] {
            let mut bytes = Vec::new();
            write_varint(&mut bytes, number);
            let mut reader = Reader(&bytes);
            assert_eq!((reader.varint(), reader.0.len()), (Some(number), 0));
        }
        assert_eq!(Reader(&[0x80; 9]).varint(), None, "without an end");
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
            for version in [VERSION, VERSION_FIXED] {
                let mut bytes = MAGIC.to_vec();
                bytes.push(version);
                bytes.extend(crc32fast::hash(&body).to_le_bytes());
                bytes.extend(&body);
                let _ = unpack(&bytes, |_| true);
            }
        }
    }
}
