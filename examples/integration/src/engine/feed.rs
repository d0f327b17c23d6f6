//! How far each side's feed of changes was read.
//!
//! A feed is asked for everything changed since a bound, and the bound is a stamp of the *server*: our clock takes no
//! part. Each read reaches back a little behind the last one, because a server may show a change later than its stamp
//! says; what was met there already, with the same stamp, is not news.
//!
//! Pages come in the order of ids and not at once: a record that was read at first can change while the rest is read,
//! and only the stamps of what was read later tell how late it has become. So the bound never passes the moment at
//! which reading began. That moment by the server's clock is not known, but it is no earlier than what had been seen
//! before, nor than the newest stamp less the time that reading took.

use std::collections::BTreeMap;

use sync_core::stamp::{ClockId, Stamp};

/// A bound and what was seen around it.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Feed {
    /// What changed up to here was seen, in milliseconds of the server's clock.
    bound: i64,
    /// What was seen within the overlap: the record's id and its stamp.
    around: BTreeMap<String, i64>,
}

impl Feed {
    /// Reads a stored cursor. One that cannot be read is none: the next read is a full one.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The text to store.
    pub(super) fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// From when to ask.
    pub(super) const fn since(&self, clock: ClockId, overlap_ms: i64) -> Stamp {
        Stamp { clock, unix_ms: self.bound.saturating_sub(overlap_ms) }
    }

    /// Whether a record with this stamp was met before. A record without a stamp is always news.
    pub(super) fn knows(&self, id: &str, stamp: Option<Stamp>) -> bool {
        stamp.is_some_and(|stamp| self.around.get(id) == Some(&stamp.unix_ms))
    }

    /// The cursor after these records were read as well, which took `took_ms` from the first request to the last reply.
    pub(super) fn after<'a>(
        &self,
        read: impl Iterator<Item = (String, Option<Stamp>)> + 'a,
        overlap_ms: i64,
        took_ms: i64,
    ) -> Self {
        let mut next = self.clone();
        // What had been seen before this read began had happened by then.
        next.bound = next.bound.max(self.around.values().copied().max().unwrap_or(i64::MIN));
        for (id, stamp) in read {
            if let Some(stamp) = stamp {
                next.bound = next.bound.max(stamp.unix_ms.saturating_sub(took_ms));
                next.around.insert(id, stamp.unix_ms);
            }
        }
        let edge = next.bound.saturating_sub(overlap_ms);
        next.around.retain(|_, stamp| *stamp >= edge);
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, at: i64) -> (String, Option<Stamp>) {
        (id.to_owned(), Some(Stamp::halo(at)))
    }

    #[test]
    fn what_was_met_in_the_overlap_is_no_news_until_it_changes_again() {
        let feed =
            Feed::default().after([row("a", 1_000), row("b", 900), row("old", 10)].into_iter(), 500, 0);
        assert_eq!(feed.since(ClockId::Halo, 500).unix_ms, 500);
        assert!(feed.knows("a", Some(Stamp::halo(1_000))));
        assert!(!feed.knows("a", Some(Stamp::halo(1_001))), "changed again");
        assert!(!feed.knows("old", Some(Stamp::halo(10))), "outside of the overlap nothing is remembered");
        assert!(!feed.knows("c", None));
    }

    #[test]
    fn the_bound_never_goes_back() {
        let feed = Feed::default().after([row("a", 1_000)].into_iter(), 500, 0);
        assert_eq!(feed.after(std::iter::empty(), 500, 0), feed);
        assert_eq!(feed.after([row("b", 400)].into_iter(), 500, 0).since(ClockId::Halo, 0).unix_ms, 1_000);
    }

    #[test]
    fn an_edit_during_a_long_read_is_asked_for_again() {
        // Read for 200 s from 1 000 s on. Ticket 5 came first and is edited at 1 030 s; ticket 9990 is edited at
        // 1 190 s, and then read.
        let read = [row("5", 900_000), row("9990", 1_190_000)];
        let feed = Feed::default().after(read.into_iter(), 120_000, 200_000);
        assert!(feed.since(ClockId::Halo, 0).unix_ms <= 1_000_000, "no later than reading began");
        assert!(!feed.knows("5", Some(Stamp::halo(1_030_000))));
        // The next read asks for what happened meanwhile, and need not ask for it again.
        let next = feed.after([row("5", 1_030_000)].into_iter(), 120_000, 500);
        assert_eq!(next.since(ClockId::Halo, 0).unix_ms, 1_190_000);
        assert!(next.knows("9990", Some(Stamp::halo(1_190_000))), "met, and not news the next time");
    }

    #[test]
    fn the_text_is_read_back_and_nonsense_is_none() {
        let feed = Feed::default().after([row("a", 1_000)].into_iter(), 500, 0);
        assert_eq!(Feed::from_text(&feed.to_text()), Some(feed));
        assert_eq!(Feed::from_text("2026-01-01"), None);
    }
}
