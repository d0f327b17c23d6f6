//! Finding out that a system does not answer any more.
//!
//! Each record in turn would tell it as slowly as a request may take, with all its repetitions.

use std::collections::BTreeMap;

use sync_core::exec::{Reject, RejectClass};
use sync_core::ids::Side;

use super::halo::HaloSide;
use super::hit::HitSide;
use super::stop::Stop;
use crate::exit::Failure;

/// After how many failures in a row it is found out whether a system is there at all. If it is not, what is under way
/// ends: the next question would fare no better. If it is, the records themselves are the trouble, and the next ones may do.
const OUTAGE: u32 = 3;

/// How often in a row a question to each system has failed.
#[derive(Default)]
pub(super) struct Outages(BTreeMap<Side, u32>);

impl Outages {
    /// Takes notice of an answer, or of none; whether there were too many failures in a row, whose count begins anew.
    pub(super) fn heard(&mut self, side: Side, answered: bool) -> bool {
        let count = self.0.entry(side).or_default();
        *count = if answered { 0 } else { *count + 1 };
        let many = *count >= OUTAGE;
        if many {
            *count = 0;
        }
        many
    }
}

/// Whether a refusal says something about the record; that of a system which is down or has no time does not.
pub(super) const fn is_answer(reject: &Reject) -> bool {
    !matches!(reject.class, RejectClass::Unavailable | RejectClass::Throttled)
}

/// Whether a system answers the simplest of questions.
pub(super) async fn is_there(halo: &HaloSide, hit: &HitSide, side: Side, stop: &Stop) -> bool {
    let asked = async {
        match side {
            Side::Halo => halo.client().agents().me().await.err(),
            Side::Hit => hit.api().account().await.err(),
        }
    };
    // Nobody waits for it after the end was asked for.
    let failed = stop.unless(asked).await.flatten();
    !failed.is_some_and(|error| {
        error.is_connect() || error.is_timeout() || error.is_server() || error.is_throttled()
    })
}

/// A system that does not answer any more, as a failure with a way out.
pub(crate) fn not_answering(side: Side) -> Failure {
    let what = format!("{} does not answer as it should", side.name());
    Failure::other("not_answering", what, "run the command again later; it goes on where it stopped")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_in_a_row_are_counted_for_each_side_and_an_answer_begins_anew() {
        let mut outages = Outages::default();
        assert!(!outages.heard(Side::Halo, false));
        assert!(!outages.heard(Side::Halo, false));
        // What the other side says is no answer of this one.
        assert!(!outages.heard(Side::Hit, true));
        assert!(outages.heard(Side::Halo, false));
        assert!(!outages.heard(Side::Halo, false), "found out a moment ago");
        assert!(!outages.heard(Side::Hit, false));
        assert!(!outages.heard(Side::Hit, false));
        assert!(!outages.heard(Side::Hit, true));
        assert!(!outages.heard(Side::Hit, false));
    }

    #[test]
    fn a_refusal_is_an_answer() {
        for (class, answer) in [
            (RejectClass::Forbidden, true),
            (RejectClass::NotFound, true),
            (RejectClass::Invalid, true),
            (RejectClass::Unavailable, false),
            (RejectClass::Throttled, false),
        ] {
            assert_eq!(is_answer(&Reject::new(class, "x")), answer, "{class:?}");
        }
    }
}
