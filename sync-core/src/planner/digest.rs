//! Row digests: which records differ from those with which their link was last clean, by merging sorted lists.
//!
//! The lists hold nothing but keys and 128-bit digests, so a million links fit into little memory and are compared at
//! the speed of memory. Only the records named by the result need to be loaded and planned.

use crate::hash::{Hash128, Hasher};
use crate::ids::{ItemId, TicketId};
use core::cmp::Ordering;

/// One row: a key, and the digest of the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<K> {
    /// The key by which the list is sorted.
    pub key: K,
    /// The digest of the record, as two words.
    pub digest: [u64; 2],
}

impl<K> Row<K> {
    /// A row.
    #[must_use]
    pub const fn new(key: K, digest: Hash128) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = digest.0;
        let digest =
            [u64::from_le_bytes([a, b, c, d, e, f, g, h]), u64::from_le_bytes([i, j, k, l, m, n, o, p])];
        Self { key, digest }
    }
}

/// Rows of tickets are sorted by their id.
pub type TicketRow = Row<TicketId>;

/// Items have texts as ids; their rows are sorted by a number of 128 bits made from it.
pub type ItemRow = Row<u128>;

/// What a link costs in memory at most: its item and both tickets, in the clean list and in the one that was read.
const _: () = assert!(2 * size_of::<ItemRow>() + 4 * size_of::<TicketRow>() <= 200);

/// The key of an item's row.
#[must_use]
pub fn item_key(item: &ItemId) -> u128 {
    let mut h = Hasher::new("item-key");
    h.text(item.as_str());
    u128::from_le_bytes(h.finish().0)
}

/// How a record differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// In both lists, with another digest.
    Changed,
    /// Only in the list that was read.
    New,
    /// Only in the list of the base. What that means depends on the coverage of the read.
    Missing,
}

/// Compares what was last clean with what was read; both sorted by key, each key once. Calls `found` for every
/// difference in order of the key, and returns the number of equal rows.
pub fn compare<K: Ord + Copy>(
    clean: &[Row<K>],
    read: &[Row<K>],
    mut found: impl FnMut(K, Difference),
) -> usize {
    let (mut equal, mut at, mut to) = (0, 0, 0);
    loop {
        // The common case: the same records on both sides, in step.
        let run = clean[at..]
            .iter()
            .zip(&read[to..])
            .take_while(|(a, b)| a.key == b.key && a.digest == b.digest)
            .count();
        equal += run;
        at += run;
        to += run;
        let (Some(a), Some(b)) = (clean.get(at), read.get(to)) else { break };
        match a.key.cmp(&b.key) {
            Ordering::Equal => {
                found(a.key, Difference::Changed);
                at += 1;
                to += 1;
            }
            Ordering::Less => {
                found(a.key, Difference::Missing);
                at += 1;
            }
            Ordering::Greater => {
                found(b.key, Difference::New);
                to += 1;
            }
        }
    }
    for row in &clean[at..] {
        found(row.key, Difference::Missing);
    }
    for row in &read[to..] {
        found(row.key, Difference::New);
    }
    equal
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    #[test]
    fn keys_of_items_differ_and_stay() {
        let key = |id: &str| item_key(&ItemId::from(id));
        assert_ne!(key("a"), key("b"));
        assert_eq!(key("a"), key("a"));
    }

    proptest! {
        /// The merge finds exactly what a lookup in maps finds.
        #[test]
        fn finds_what_maps_find(a: BTreeMap<u8, u8>, b: BTreeMap<u8, u8>) {
            let rows = |map: &BTreeMap<u8, u8>| -> Vec<Row<u8>> {
                map.iter().map(|(k, v)| Row { key: *k, digest: [u64::from(*v), 0] }).collect()
            };
            let mut got = Vec::new();
            let equal = compare(&rows(&a), &rows(&b), |key, difference| got.push((key, difference)));
            let mut want = Vec::new();
            let keys: alloc::collections::BTreeSet<u8> = a.keys().chain(b.keys()).copied().collect();
            let mut same = 0;
            for key in keys {
                match (a.get(&key), b.get(&key)) {
                    (Some(x), Some(y)) if x == y => same += 1,
                    (Some(_), Some(_)) => want.push((key, Difference::Changed)),
                    (Some(_), None) => want.push((key, Difference::Missing)),
                    _ => want.push((key, Difference::New)),
                }
            }
            prop_assert_eq!(got, want);
            prop_assert_eq!(equal, same);
        }
    }
}
