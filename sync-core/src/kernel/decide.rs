//! The decision table.

use super::relation::{Mapped, Relation, is_blank};
use crate::base::{BaseCell, PendingWrite};
use crate::decision::ConflictKind;
use crate::field::FieldId;
use crate::guard::{self, Guard};
use crate::ids::Side;
use crate::plan::{SkipReason, Why};
use crate::settings::{Blank, ConflictRule, Direction, FieldRule, FirstLink};
use crate::stamp::Stamp;
use crate::value::{Obs, Value};
use alloc::vec::Vec;

/// Everything the decision about one field depends on.
#[derive(Clone, Copy, Debug)]
pub struct Cell<'a> {
    /// The field.
    pub field: FieldId,
    /// Its rule.
    pub rule: FieldRule,
    /// Its mapping.
    pub relation: Relation<'a>,
    /// What both held when they last agreed; nothing on a first link.
    pub base: Option<&'a BaseCell>,
    /// What Halo holds.
    pub halo: &'a Obs<Value>,
    /// What HIT holds.
    pub hit: &'a Obs<Value>,
    /// Pending writes of this field, of both sides.
    pub pending: &'a [&'a PendingWrite],
    /// What a person decided, for exactly these values.
    pub decided: Decided,
    /// When each record was changed last, by its own server: Halo, HIT. For [`ConflictRule::Newest`].
    pub stamps: [Option<Stamp>; 2],
}

/// The side that a person decided to keep, by the reason they were asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decided {
    /// For [`ConflictKind::BothChanged`].
    pub both_changed: Option<Side>,
    /// For [`ConflictKind::FirstLink`].
    pub first_link: Option<Side>,
    /// For [`ConflictKind::BlankAgainstValue`].
    pub blank: Option<Side>,
}

/// What is to be done about one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing.
    Nothing,
    /// Remember the present pair as agreed.
    Rebase(Why),
    /// Write to a side.
    Write {
        /// The side to write to.
        side: Side,
        /// The value, or blank.
        value: Option<Value>,
        /// Why.
        why: Why,
    },
    /// A person must decide.
    Conflict(ConflictKind),
    /// Not done, with the reason.
    Skip(SkipReason),
}

/// Decides about one field.
#[must_use]
pub fn decide(cell: &Cell<'_>) -> Outcome {
    if cell.rule.direction == Direction::Off {
        return Outcome::Nothing;
    }
    if cell.rule.direction == Direction::OnCreate && cell.base.is_some() {
        return Outcome::Nothing;
    }
    let Some(halo) = seen(cell.halo) else { return Outcome::Skip(SkipReason::NotObserved(Side::Halo)) };
    let Some(hit) = seen(cell.hit) else { return Outcome::Skip(SkipReason::NotObserved(Side::Hit)) };
    let pair = Pair { cell, halo, hit };
    if cell.relation.consistent(halo, hit) {
        return match cell.base {
            // Two blanks need no memory: whoever fills one makes a change.
            None if is_blank(Side::Halo, halo) && is_blank(Side::Hit, hit) => Outcome::Nothing,
            None => Outcome::Rebase(Why::FirstLinkEqual { field: cell.field }),
            Some(base) if base.halo.as_ref() != halo || base.hit.as_ref() != hit => {
                Outcome::Rebase(Why::Agreed { field: cell.field })
            }
            Some(_) => Outcome::Nothing,
        };
    }
    match cell.base {
        None => pair.first_link(),
        Some(base) => pair.merge(base),
    }
}

/// What follows if a person keeps a side, whatever the table says.
#[must_use]
pub fn keep(cell: &Cell<'_>, side: Side) -> Outcome {
    let (Some(halo), Some(hit)) = (cell.halo.seen(), cell.hit.seen()) else { return Outcome::Nothing };
    Pair { cell, halo, hit }.decided(side)
}

/// The sides that a person can keep: those whose value the other side can take, and those that the direction does
/// not send to the other, which accepts the difference.
#[must_use]
pub fn ways_out(cell: &Cell<'_>) -> Vec<Side> {
    let possible = |side: &Side| !matches!(keep(cell, *side), Outcome::Skip(_) | Outcome::Nothing);
    [Side::Halo, Side::Hit].into_iter().filter(possible).collect()
}

fn seen(obs: &Obs<Value>) -> Option<Option<&Value>> {
    match obs.seen() {
        None if !guard::on(Guard::NotObserved) => Some(None),
        seen => seen,
    }
}

/// Both sides were seen, and they are not consistent.
struct Pair<'a> {
    cell: &'a Cell<'a>,
    halo: Option<&'a Value>,
    hit: Option<&'a Value>,
}

impl Pair<'_> {
    const fn value(&self, side: Side) -> Option<&Value> {
        match side {
            Side::Halo => self.halo,
            Side::Hit => self.hit,
        }
    }

    fn may_write(&self, side: Side) -> bool {
        if !guard::on(Guard::Direction) {
            return true;
        }
        match side {
            Side::Halo => self.cell.rule.direction.to_halo(),
            Side::Hit => self.cell.rule.direction.to_hit(),
        }
    }

    fn merge(&self, base: &BaseCell) -> Outcome {
        let field = self.cell.field;
        // Our own write that arrived late looks like an edit, and is none.
        let echo = |side: Side| {
            let now = self.value(side);
            let ours = |sent: Option<&Value>| match (now, sent) {
                (Some(now), Some(sent)) => now.is_spelling_of(sent),
                (now, sent) => now == sent,
            };
            guard::on(Guard::LateWrite)
                && self.cell.pending.iter().any(|p| p.side == side && ours(p.sent.as_ref()))
        };
        let moved = |side: Side| base.side(side).as_ref() != self.value(side);
        let late = |side: Side| moved(side) && echo(side);
        let (a, b) = match (late(Side::Halo), late(Side::Hit)) {
            (true, false) if !moved(Side::Hit) => return self.reassert(Side::Halo),
            (false, true) if !moved(Side::Halo) => return self.reassert(Side::Hit),
            (true, false) => (false, true),
            (false, true) => (true, false),
            // Both look like ours: no telling which is older, so both count as edits.
            (true, true) | (false, false) => (moved(Side::Halo), moved(Side::Hit)),
        };
        match (a, b) {
            (false, false) => Outcome::Nothing,
            (true, false) => self.one_changed(Side::Halo, base),
            (false, true) => self.one_changed(Side::Hit, base),
            (true, true) => {
                // Of a field that goes one way, the owner wins.
                match (self.may_write(Side::Halo), self.may_write(Side::Hit)) {
                    (true, false) => self.one_changed(Side::Hit, base),
                    (false, true) => self.one_changed(Side::Halo, base),
                    (false, false) => Outcome::Nothing,
                    (true, true) => self.both_changed(field),
                }
            }
        }
    }

    fn reassert(&self, side: Side) -> Outcome {
        self.write(side, Why::LateWriteSeen { field: self.cell.field, side })
    }

    fn one_changed(&self, source: Side, base: &BaseCell) -> Outcome {
        let why = Why::Changed {
            field: self.cell.field,
            side: source,
            was: base.side(source).clone(),
            now: self.value(source).cloned(),
        };
        self.write(source.other(), why)
    }

    fn both_changed(&self, field: FieldId) -> Outcome {
        if let Some(keep) = self.cell.decided.both_changed {
            return self.decided(keep);
        }
        let rule = self.cell.rule.conflict;
        let winner = match rule {
            ConflictRule::Manual => None,
            ConflictRule::HaloWins => Some(Side::Halo),
            ConflictRule::HitWins => Some(Side::Hit),
            ConflictRule::Newest { tolerance_ms } => self.newest(tolerance_ms),
        };
        let Some(winner) = winner else { return Outcome::Conflict(ConflictKind::BothChanged) };
        if self.blank_stands_in_the_way(winner) {
            return match self.cell.decided.blank {
                Some(keep) => self.decided(keep),
                None => Outcome::Conflict(ConflictKind::BlankAgainstValue),
            };
        }
        if self.may_have_seen(winner) && !matches!(rule, ConflictRule::Newest { .. }) {
            return Outcome::Conflict(ConflictKind::BothChanged);
        }
        self.write(winner.other(), Why::BothChanged { field, winner, rule })
    }

    /// Whether the winner's value was sent to the other side by a write whose result nobody saw: whoever entered what
    /// is there now may have seen it, and then knew better. The rule is about changes that knew nothing of each other.
    fn may_have_seen(&self, winner: Side) -> bool {
        self.was_sent(winner, |_| true)
    }

    /// The same where no earlier agreement says whether anything was entered since: what the other side holds is not what
    /// the write was to replace.
    fn was_replaced(&self, winner: Side) -> bool {
        let now = self.value(winner.other());
        self.was_sent(winner, |pending| pending.before.seen().is_some_and(|before| before != now))
    }

    fn was_sent(&self, winner: Side, which: impl Fn(&PendingWrite) -> bool) -> bool {
        let loser = winner.other();
        let sent = |pending: &&PendingWrite| {
            let (halo, hit) = match loser {
                Side::Halo => (pending.sent.as_ref(), self.hit),
                Side::Hit => (self.halo, pending.sent.as_ref()),
            };
            pending.side == loser && self.cell.relation.consistent(halo, hit) && which(pending)
        };
        guard::on(Guard::UnseenWrite) && self.cell.pending.iter().copied().any(|pending| sent(&pending))
    }

    /// The side of the later change. The stamps come from two clocks, so the tolerance must cover their difference.
    fn newest(&self, tolerance_ms: u32) -> Option<Side> {
        let [halo, hit] = self.cell.stamps;
        let lead = halo?.unix_ms.saturating_sub(hit?.unix_ms);
        if lead.unsigned_abs() <= u64::from(tolerance_ms) {
            return None;
        }
        Some(if lead > 0 { Side::Halo } else { Side::Hit })
    }

    fn first_link(&self) -> Outcome {
        let field = self.cell.field;
        if let Some(keep) = self.cell.decided.first_link {
            return self.decided(keep);
        }
        // A HIT status that this type does not know waits: whichever way it went, it would be a guess.
        if matches!(self.cell.relation, Relation::Status { .. })
            && self.cell.relation.map(Side::Hit, self.hit) == Mapped::Unmapped
        {
            return self.unmapped(Side::Hit);
        }
        let direction = self.cell.rule.direction;
        let blank = |side: Side| is_blank(side, self.value(side));
        if direction == Direction::OnCreate {
            // Assigning an existing ticket is re-assigning it to Halo, which is a right that creating does not need.
            let fills = field != FieldId::Responsible && self.cell.rule.first_link == FirstLink::FillBlanks;
            return if blank(Side::Halo) && fills {
                self.write(Side::Halo, Why::FirstLinkFilled { field, from: Side::Hit })
            } else {
                Outcome::Rebase(Why::FirstLinkRule { field, from: Side::Halo })
            };
        }
        match self.cell.rule.first_link {
            FirstLink::Manual => Outcome::Conflict(ConflictKind::FirstLink),
            FirstLink::FillBlanks => {
                if blank(Side::Halo) && direction.on_create() {
                    self.write(Side::Halo, Why::FirstLinkFilled { field, from: Side::Hit })
                } else if blank(Side::Hit) && direction.to_hit() {
                    self.write(Side::Hit, Why::FirstLinkFilled { field, from: Side::Halo })
                } else if blank(Side::Halo) || blank(Side::Hit) {
                    Outcome::Skip(SkipReason::Direction)
                } else {
                    Outcome::Conflict(ConflictKind::FirstLink)
                }
            }
            FirstLink::Policy => {
                // Once the rule's value may have been seen on the other side, what is entered there knows better.
                let unseen = |side: &Side| !self.was_replaced(*side);
                let from = match (self.may_write(Side::Halo), self.may_write(Side::Hit)) {
                    (true, false) => Some(Side::Hit),
                    (false, true) => Some(Side::Halo),
                    _ => match self.cell.rule.conflict {
                        ConflictRule::HaloWins => Some(Side::Halo).filter(unseen),
                        ConflictRule::HitWins => Some(Side::Hit).filter(unseen),
                        ConflictRule::Newest { tolerance_ms } => self.newest(tolerance_ms),
                        ConflictRule::Manual => None,
                    },
                };
                match from {
                    Some(from) => self.write(from.other(), Why::FirstLinkRule { field, from }),
                    None => Outcome::Conflict(ConflictKind::FirstLink),
                }
            }
        }
    }

    /// A person keeps one side: it is written to the other, or, where the direction forbids that, the difference is
    /// accepted.
    fn decided(&self, keep: Side) -> Outcome {
        let why = Why::Decided { field: self.cell.field, keep };
        if !self.may_write(keep.other()) {
            return Outcome::Rebase(why);
        }
        match self.cell.relation.put(keep, self.value(keep), self.value(keep.other())) {
            Mapped::To(value) => Outcome::Write { side: keep.other(), value, why },
            Mapped::Ignored => Outcome::Rebase(why),
            Mapped::Unmapped => self.unmapped(keep),
        }
    }

    fn blank_stands_in_the_way(&self, source: Side) -> bool {
        guard::on(Guard::Blank)
            && self.cell.rule.blank == Blank::NeverOverwrites
            && is_blank(source, self.value(source))
            && !is_blank(source.other(), self.value(source.other()))
    }

    /// Writes the other side's value to `side`, if the direction, the blank rule and the mapping allow it.
    fn write(&self, side: Side, why: Why) -> Outcome {
        let source = side.other();
        // Filling a blank of Halo on linking is the create that did not happen.
        let filling = side == Side::Halo && matches!(why, Why::FirstLinkFilled { .. });
        let allowed = self.may_write(side) || (filling && self.cell.rule.direction.on_create());
        if !allowed {
            return Outcome::Skip(SkipReason::Direction);
        }
        if self.blank_stands_in_the_way(source) {
            return Outcome::Skip(SkipReason::Blank(source));
        }
        match self.cell.relation.put(source, self.value(source), self.value(side)) {
            Mapped::To(value) => Outcome::Write { side, value, why },
            Mapped::Ignored => {
                Outcome::Skip(SkipReason::IgnoredStatus { side: source, value: self.spoken(source) })
            }
            Mapped::Unmapped => self.unmapped(source),
        }
    }

    fn unmapped(&self, side: Side) -> Outcome {
        Outcome::Skip(SkipReason::Unmapped { side, value: self.spoken(side) })
    }

    fn spoken(&self, side: Side) -> alloc::boxed::Box<str> {
        match self.value(side) {
            Some(Value::Code(text) | Value::Ref(text)) => text.clone(),
            Some(value) => alloc::format!("{value}").into(),
            None => "".into(),
        }
    }
}
