//! Rows of one server on their way into a block: brought together by time, and made coarser. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Level, Point, Span,
    block::{Block, Column},
    coarser,
    level::{Field, rounded},
};

/// Mantissa of a mean, bits: an error of two millionths at most, which is less than that of what it
/// is made of. What follows is noise of the division, and does not compress.
const MEAN_BITS: u32 = 18;

/// Rows of one level with their numbers by column. Of two rows of a second the first counts.
pub(super) struct Rows {
    level: Level,
    secs: Vec<i64>,
    seen: BTreeSet<i64>,
    /// By series a list for each field; lists may be shorter than there are rows.
    columns: BTreeMap<u32, Vec<Vec<Option<f64>>>>,
}

impl Rows {
    pub(super) fn new(level: Level) -> Self {
        Self { level, secs: Vec::new(), seen: BTreeSet::new(), columns: BTreeMap::new() }
    }

    pub(super) fn level(&self) -> Level {
        self.level
    }

    pub(super) fn len(&self) -> usize {
        self.secs.len()
    }

    /// The series that have a value.
    pub(super) fn series(&self) -> Vec<u32> {
        self.columns.keys().copied().collect()
    }

    /// The first second and the last.
    pub(super) fn ends(&self) -> Option<(i64, i64)> {
        Some((*self.seen.first()?, *self.seen.last()?))
    }

    /// How many numbers there are.
    pub(super) fn cells(&self) -> usize {
        self.columns.values().flatten().map(|list| list.iter().flatten().count()).sum()
    }

    /// Adds a row: its cells are those of each series of the layout, field by field.
    pub(super) fn add_row(&mut self, secs: i64, layout: &[u32], cells: &[Option<f64>]) {
        if !self.seen.insert(secs) {
            return;
        }
        let at = self.secs.len();
        self.secs.push(secs);
        let fields = self.level.fields().len();
        for (series, cells) in layout.iter().zip(cells.chunks(fields)) {
            if cells.iter().all(Option::is_none) {
                continue;
            }
            let lists = self.columns.entry(*series).or_insert_with(|| vec![Vec::new(); fields]);
            for (list, cell) in lists.iter_mut().zip(cells) {
                list.resize(at, None);
                list.push(*cell);
            }
        }
    }

    /// Adds what was sealed.
    pub(super) fn add_block(&mut self, block: &Block) {
        let at = self.secs.len();
        let new: Vec<usize> = block
            .secs
            .iter()
            .enumerate()
            .filter(|(_, secs)| self.seen.insert(**secs))
            .map(|(index, _)| index)
            .collect();
        self.secs.extend(new.iter().filter_map(|index| block.secs.get(*index)));
        let fields = self.level.fields().len();
        for column in &block.columns {
            let of = &column.values;
            if new.iter().all(|index| of.get(*index).copied().flatten().is_none()) {
                continue;
            }
            let lists =
                self.columns.entry(column.series).or_insert_with(|| vec![Vec::new(); fields]);
            if let Some(list) = lists.get_mut(usize::from(column.field)) {
                list.resize(at, None);
                list.extend(new.iter().map(|index| of.get(*index).copied().flatten()));
            }
        }
    }

    /// Rows of a coarser level, of those that lie in a span.
    pub(super) fn coarser(&self, level: Level, span: Span) -> Self {
        let fields = level.fields();
        let mut steps: BTreeMap<i64, Vec<(u32, Point)>> = BTreeMap::new();
        let mut order: Vec<usize> = (0..self.secs.len()).collect();
        order.sort_by_key(|index| self.secs.get(*index).copied());
        for (series, lists) in &self.columns {
            let points: Vec<Point> = order
                .iter()
                .filter_map(|index| {
                    let secs = self.secs.get(*index).filter(|secs| span.holds(**secs))?;
                    let read = |field: usize| lists.get(field)?.get(*index).copied().flatten();
                    Point::of(*secs, self.level, read)
                })
                .collect();
            for point in coarser(&points, level.step_secs()) {
                steps.entry(point.secs).or_default().push((*series, point));
            }
        }
        let mut rows = Self::new(level);
        for (secs, points) in steps {
            let layout: Vec<u32> = points.iter().map(|(series, _)| *series).collect();
            let cells: Vec<Option<f64>> = points
                .iter()
                .flat_map(|(_, point)| fields.iter().map(|field| kept(point, *field)))
                .collect();
            rows.add_row(secs, &layout, &cells);
        }
        rows
    }

    /// The times in order, and the columns.
    pub(super) fn into_columns(mut self) -> (Vec<i64>, Vec<Column>) {
        let rows = self.secs.len();
        let mut order: Vec<usize> = (0..rows).collect();
        order.sort_by_key(|index| self.secs.get(*index).copied());
        let sorted = self.secs.is_sorted();
        self.secs.sort_unstable();
        let mut columns = Vec::with_capacity(self.columns.len());
        for (series, lists) in self.columns {
            for (field, mut values) in (0_u8..).zip(lists) {
                values.resize(rows, None);
                if !sorted {
                    values =
                        order.iter().map(|index| values.get(*index).copied().flatten()).collect();
                }
                columns.push(Column { series, field, values });
            }
        }
        (self.secs, columns)
    }
}

/// The number that a coarser level keeps; a mean has no more digits than what it is made of.
fn kept(point: &Point, field: Field) -> Option<f64> {
    let value = point.field(field)?;
    match field {
        // A mean of equal values is that value, without the noise of the division.
        Field::Mean if point.min == Some(point.max) => Some(point.max),
        Field::Mean if point.count > 1 => Some(rounded(value, MEAN_BITS)),
        _ => Some(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(rows: &[(i64, f64)]) -> Rows {
        let mut all = Rows::new(Level::Raw);
        rows.iter().for_each(|(secs, value)| all.add_row(*secs, &[4], &[Some(*value)]));
        all
    }

    #[test]
    fn of_two_rows_of_a_second_the_first_counts_and_the_order_is_that_of_time() {
        let mut rows = raw(&[(20, 2.0), (10, 1.0), (20, 9.0)]);
        let (secs, columns) = raw(&[(5, 0.5), (10, 7.0), (30, 3.0)]).into_columns();
        rows.add_block(&Block { secs, columns });
        assert_eq!((rows.len(), rows.ends(), rows.cells()), (4, Some((5, 30)), 4));
        let (secs, columns) = rows.into_columns();
        assert_eq!(secs, [5, 10, 20, 30]);
        assert_eq!(columns[0].values, [0.5, 1.0, 2.0, 3.0].map(Some));
    }

    #[test]
    fn series_that_come_late_or_go_early_have_gaps() {
        let mut rows = raw(&[(10, 1.0)]);
        rows.add_row(20, &[4, 7], &[None, Some(2.0)]);
        assert_eq!(rows.series(), [4, 7]);
        let (_, columns) = rows.into_columns();
        assert_eq!(columns[0].values, [Some(1.0), None]);
        assert_eq!(columns[1].values, [None, Some(2.0)]);
    }

    #[test]
    fn coarser_rows_are_those_of_the_span_alone() {
        let rows = raw(&[(610, 4.0), (10, 1.0), (300, 3.0), (20, 2.0)]);
        let steps = rows.coarser(Level::FiveMinutes, Span { from: 0, to: 600 });
        let (secs, columns) = steps.into_columns();
        assert_eq!(secs, [0, 300]);
        let numbers: Vec<_> = columns.iter().map(|column| column.values.clone()).collect();
        // Mean, largest, count.
        assert_eq!(numbers, [[1.5, 3.0], [2.0, 3.0], [2.0, 1.0]].map(|list| list.map(Some)));
    }

    #[test]
    fn the_mean_of_equal_values_is_that_value() {
        let rows = raw(&[(0, 87.3), (60, 87.3), (120, 87.3)]);
        let steps = rows.coarser(Level::Hour, Span { from: 0, to: 3_600 });
        let (_, columns) = steps.into_columns();
        assert_eq!(columns[0].values, [Some(87.3)]);
    }
}
