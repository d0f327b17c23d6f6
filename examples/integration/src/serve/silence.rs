//! Whether a webhook is silent: changes that a read found and no delivery told of. Pure: the time is given.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::ids::Side;
use sync_core::plan::{Op, Plan, Why};

use crate::storage::{RecordKey, Told, UnixMs};

/// The records on which people changed something, as a plan has found it.
pub(super) fn changed(plan: &Plan) -> BTreeSet<RecordKey> {
    let of = |op: &Op| {
        let on = |wanted: Side| {
            op.why.iter().any(|why| matches!(why, Why::Changed { side, .. } if *side == wanted))
        };
        let item = op.item.clone().filter(|_| on(Side::Hit)).map(RecordKey::Item);
        let ticket = op.ticket.filter(|_| on(Side::Halo)).map(RecordKey::Ticket);
        item.into_iter().chain(ticket).collect::<Vec<_>>()
    };
    plan.ops.iter().flat_map(of).collect()
}

/// What was found without having been told, and what was told.
#[derive(Debug, Default)]
pub(super) struct Silence {
    /// Found, not told: since when by our clock. Servers' clocks take no part.
    suspects: BTreeMap<RecordKey, UnixMs>,
    /// When a delivery last told of a record.
    heard: BTreeMap<RecordKey, UnixMs>,
    /// How many changes were never told, since the side was last heard of.
    missed: BTreeMap<Side, usize>,
}

impl Silence {
    /// A read has taken up these deliveries.
    pub(super) fn heard(&mut self, told: &Told, now: UnixMs) {
        for key in &told.records {
            self.suspects.remove(key);
            self.heard.insert(key.clone(), now);
        }
        for side in &told.sides {
            self.missed.remove(side);
        }
    }

    /// A read has found changes of these records. Deliveries of the last `grace` count as telling of them.
    pub(super) fn found(&mut self, changed: BTreeSet<RecordKey>, grace: i64, now: UnixMs) {
        self.heard.retain(|_, at| now - *at <= grace);
        for key in changed {
            if !self.heard.contains_key(&key) {
                self.suspects.entry(key).or_insert(now);
            }
        }
    }

    /// How many changes each side has kept silent about for longer than `grace`, since it was last heard of.
    pub(super) fn overdue(&mut self, grace: i64, now: UnixMs) -> &BTreeMap<Side, usize> {
        let missed = &mut self.missed;
        self.suspects.retain(|key, since| {
            let late = now - *since > grace;
            if late {
                *missed.entry(key.side()).or_default() += 1;
            }
            !late
        });
        missed
    }

    /// Forgets a side that is not meant to tell anything.
    pub(super) fn forget(&mut self, side: Side) {
        self.suspects.retain(|key, _| key.side() != side);
        self.missed.remove(&side);
    }
}

#[cfg(test)]
mod tests {
    use sync_core::ids::TicketId;

    use super::*;

    fn keys(ids: &[i64]) -> BTreeSet<RecordKey> {
        ids.iter().map(|id| RecordKey::Ticket(TicketId(*id))).collect()
    }

    fn told(ids: &[i64]) -> Told {
        Told { records: keys(ids), sides: [Side::Halo].into() }
    }

    #[test]
    fn a_change_that_was_told_in_time_is_no_silence() {
        let mut silence = Silence::default();
        // Told before it was found, and found before it was told.
        silence.heard(&told(&[1]), 0);
        silence.found(keys(&[1, 2]), 100, 50);
        silence.heard(&told(&[2]), 120);
        assert!(silence.overdue(100, 1_000).is_empty());
    }

    #[test]
    fn a_change_that_nobody_told_is_counted_once_until_the_side_is_heard_again() {
        let mut silence = Silence::default();
        silence.found(keys(&[1, 2]), 100, 0);
        assert!(silence.overdue(100, 100).is_empty(), "not late yet");
        assert_eq!(silence.overdue(100, 101), &[(Side::Halo, 2)].into());
        assert_eq!(silence.overdue(100, 500), &[(Side::Halo, 2)].into());
        silence.found(keys(&[3]), 100, 500);
        assert_eq!(silence.overdue(100, 601), &[(Side::Halo, 3)].into());
        silence.heard(&told(&[9]), 700);
        assert!(silence.overdue(100, 701).is_empty());
        // What was told long ago does not excuse a later change.
        silence.found(keys(&[9]), 100, 900);
        assert_eq!(silence.overdue(100, 1_001), &[(Side::Halo, 1)].into());
        silence.forget(Side::Halo);
        assert!(silence.overdue(100, 2_000).is_empty());
    }
}
