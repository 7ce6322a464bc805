//! One poll of one server as bytes: which columns of its layout have a value, and the values.
//! Pure; any bytes can be read.

/// The columns that have a value as a bit each, then the values, little-endian.
pub(super) fn pack(values: &[Option<f64>]) -> Vec<u8> {
    let mut bytes = vec![0_u8; values.len().div_ceil(8)];
    for (index, _) in values.iter().enumerate().filter(|(_, value)| value.is_some()) {
        if let Some(byte) = bytes.get_mut(index / 8) {
            *byte |= 1 << (index % 8);
        }
    }
    bytes.extend(values.iter().flatten().flat_map(|value| value.to_le_bytes()));
    bytes
}

/// The values of a row of so many columns; `None` when the bytes are no such row.
pub(super) fn unpack(bytes: &[u8], columns: usize) -> Option<Vec<Option<f64>>> {
    let (bits, rest) = bytes.split_at_checked(columns.div_ceil(8))?;
    let (values, tail) = rest.as_chunks::<8>();
    let mut values = values.iter().map(|value| f64::from_le_bytes(*value));
    let mut row = Vec::with_capacity(columns);
    for index in 0..columns {
        let present = bits.get(index / 8)? >> (index % 8) & 1 == 1;
        row.push(if present { Some(values.next()?) } else { None });
    }
    (values.next().is_none() && tail.is_empty()).then_some(row)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_row_comes_back_as_it_was(
            values in prop::collection::vec(prop::option::of(-1e300_f64..1e300), 0..200)
        ) {
            prop_assert_eq!(unpack(&pack(&values), values.len()), Some(values));
        }

        #[test]
        fn any_bytes_are_a_row_or_none(
            bytes in prop::collection::vec(any::<u8>(), 0..100), columns in 0_usize..100,
        ) {
            if let Some(row) = unpack(&bytes, columns) {
                prop_assert_eq!(row.len(), columns);
            }
        }
    }
}
