//! The chain of what operators did: each entry's hash is over the entry and the hash before it, so
//! that none can be changed, put in or taken out without every later hash being another. Pure.
//!
//! Whoever can write the whole database can write a whole new chain; only a copy of the last hash
//! kept elsewhere tells then.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The name under which [`Ends`] are kept.
pub(super) const KEPT_AS: &str = "audit";
/// The hash before the first entry of all.
const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Something that an operator did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// When, seconds since the epoch.
    pub secs: i64,
    /// Who.
    pub principal: String,
    /// What, as a word.
    pub action: String,
    /// What it was done to.
    pub target: String,
    /// What was said with it, encoded; may be empty.
    pub detail: String,
    /// What came of it, as a word.
    pub outcome: String,
}

/// An entry in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number: 1 is the first, each next one is one more.
    pub seq: i64,
    /// The entry.
    pub entry: AuditEntry,
    /// SHA-256 of the hash before it and of all of it, 64 hexadecimal digits.
    pub hash: String,
}

/// Where the chain begins and ends: what is before its first entry and its last one. Kept beside
/// it in the same transaction, so that entries missing at either end are found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ends {
    /// Number and hash of the last entry that was forgotten for its age; 0 for none.
    pub before: (i64, String),
    /// Number and hash of the last entry.
    pub last: (i64, String),
}

impl Default for Ends {
    fn default() -> Self {
        let start = (0, GENESIS.to_owned());
        Self { before: start.clone(), last: start }
    }
}

impl Ends {
    /// As they were kept; those of an empty chain when nothing that can be read was.
    pub(super) fn of(kept: Option<&str>) -> Self {
        kept.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// As they are kept.
    pub(super) fn to_keep(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Puts the next entry at the end.
    pub(super) fn append(&mut self, entry: &AuditEntry) -> AuditRow {
        let seq = self.last.0.saturating_add(1);
        let hash = link(&self.last.1, seq, entry);
        self.last = (seq, hash.clone());
        AuditRow { seq, entry: entry.clone(), hash }
    }
}

/// The hash of an entry. Every text goes in with its length before it, so that no two entries are
/// the same bytes.
fn link(before: &str, seq: i64, entry: &AuditEntry) -> String {
    let AuditEntry { secs, principal, action, target, detail, outcome } = entry;
    let mut digest = Sha256::new();
    digest.update(before.as_bytes());
    digest.update(seq.to_be_bytes());
    digest.update(secs.to_be_bytes());
    for text in [principal, action, target, detail, outcome] {
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text.as_bytes());
    }
    let mut hash = String::with_capacity(GENESIS.len());
    for byte in digest.finalize() {
        let _ = write!(hash, "{byte:02x}");
    }
    hash
}

/// Where a chain is not what was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// An entry is not there, or one is there that was not written.
    #[error("audit entry {expected} is missing")]
    Missing {
        /// The number that comes next.
        expected: i64,
    },
    /// An entry is not what was written, or the one before it is not.
    #[error("audit entry {seq} was changed, or one before it")]
    Changed {
        /// Its number.
        seq: i64,
    },
}

/// Checks a chain from its beginning to its end; `rows` are all entries in order.
///
/// # Errors
/// The first place where it is not what was written.
pub fn verify<'a>(ends: &Ends, rows: impl IntoIterator<Item = &'a AuditRow>) -> Result<(), Broken> {
    let (mut last, mut hash) = ends.before.clone();
    for row in rows {
        let expected = last.saturating_add(1);
        if row.seq != expected {
            return Err(Broken::Missing { expected });
        }
        if row.hash != link(&hash, row.seq, &row.entry) {
            return Err(Broken::Changed { seq: row.seq });
        }
        (last, hash) = (row.seq, row.hash.clone());
    }
    match last.cmp(&ends.last.0) {
        std::cmp::Ordering::Less => Err(Broken::Missing { expected: last.saturating_add(1) }),
        std::cmp::Ordering::Equal if hash == ends.last.1 => Ok(()),
        std::cmp::Ordering::Equal | std::cmp::Ordering::Greater => {
            Err(Broken::Changed { seq: last })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: i64) -> AuditEntry {
        AuditEntry {
            secs: 1_000 + number,
            principal: "ann".to_owned(),
            action: "silence".to_owned(),
            target: format!("web-{number}"),
            detail: "{}".to_owned(),
            outcome: "done".to_owned(),
        }
    }

    fn chain(count: i64) -> (Ends, Vec<AuditRow>) {
        let mut ends = Ends::default();
        let rows = (0..count).map(|number| ends.append(&entry(number))).collect();
        (ends, rows)
    }

    #[test]
    fn a_chain_as_it_was_written_is_whole_and_so_is_an_empty_one() {
        let (ends, rows) = chain(5);
        assert_eq!(rows.iter().map(|row| row.seq).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        assert_eq!(verify(&ends, &rows), Ok(()));
        assert_eq!(verify(&Ends::default(), &[]), Ok(()));
        assert_eq!(Ends::of(Some(&ends.to_keep())), ends);
    }

    #[test]
    fn the_hash_is_that_of_the_bytes_that_are_documented() {
        let (_, rows) = chain(1);
        let mut bytes = GENESIS.as_bytes().to_vec();
        bytes.extend(1_i64.to_be_bytes());
        bytes.extend(1_000_i64.to_be_bytes());
        for text in ["ann", "silence", "web-0", "{}", "done"] {
            bytes.extend((text.len() as u64).to_be_bytes());
            bytes.extend(text.bytes());
        }
        let hash: String =
            Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(rows[0].hash, hash);
    }

    type Change = fn(&mut AuditEntry);

    #[test]
    fn any_changed_field_is_found_at_its_entry() {
        let changes: [Change; 6] = [
            |it| it.secs += 1,
            |it| it.principal.push('x'),
            |it| it.action.clear(),
            |it| it.target = "web-9".to_owned(),
            |it| it.detail.push(' '),
            |it| it.outcome = "refused".to_owned(),
        ];
        for change in changes {
            for index in 0..4 {
                let (ends, mut rows) = chain(4);
                change(&mut rows[index].entry);
                let seq = rows[index].seq;
                assert_eq!(verify(&ends, &rows), Err(Broken::Changed { seq }));
            }
        }
    }

    #[test]
    fn an_entry_that_was_removed_is_found_wherever_it_was() {
        for index in 0..4 {
            let (ends, mut rows) = chain(4);
            let expected = rows.remove(index).seq;
            assert_eq!(verify(&ends, &rows), Err(Broken::Missing { expected }), "{index}");
        }
    }

    #[test]
    fn a_removed_entry_is_found_also_when_the_others_are_numbered_anew() {
        let (ends, mut rows) = chain(4);
        rows.remove(1);
        (1..).zip(&mut rows).for_each(|(seq, row)| row.seq = seq);
        assert_eq!(verify(&ends, &rows), Err(Broken::Changed { seq: 2 }));
    }

    #[test]
    fn texts_that_move_from_one_field_to_the_next_are_another_entry() {
        let (ends, mut rows) = chain(1);
        rows[0].entry.principal = "an".to_owned();
        rows[0].entry.action = "nsilence".to_owned();
        assert_eq!(verify(&ends, &rows), Err(Broken::Changed { seq: 1 }));
    }

    #[test]
    fn an_entry_that_was_put_in_is_found() {
        let (ends, mut rows) = chain(3);
        let mut longer = ends.clone();
        rows.push(longer.append(&entry(9)));
        assert_eq!(verify(&ends, &rows), Err(Broken::Changed { seq: 4 }));
    }
}
