//! When two values of the two sides mean the same, and what a value becomes on the other side.

use crate::catalogue::Directory;
use crate::guard::{self, Guard};
use crate::ids::{HitStatusId, Side, TicketTypeId};
use crate::learn::TargetForm;
use crate::settings::{FieldRule, HitTarget, StatusHow, StatusMap, StatusTarget};
use crate::value::Value;

/// What a value becomes on the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mapped {
    /// This value, or blank.
    To(Option<Value>),
    /// Known, and meant to have no counterpart.
    Ignored,
    /// It has no counterpart.
    Unmapped,
}

/// The mapping of one field.
#[derive(Clone, Copy, Debug)]
pub enum Relation<'a> {
    /// Both sides hold the same.
    Same,
    /// Texts, of which each server may make something when it is sent them.
    Text {
        /// What Halo makes of them.
        halo: Option<TargetForm>,
        /// What HIT makes of them.
        hit: Option<TargetForm>,
    },
    /// Statuses, by the map of the ticket's type. Without a map every status is unmapped.
    Status {
        /// The ticket type.
        ticket_type: TicketTypeId,
        /// Its map.
        map: Option<&'a StatusMap>,
    },
    /// People, by the directory.
    People(&'a Directory),
}

/// Whether a value counts as blank on a side: nothing, an empty text, and on Halo's side also zero, since Halo shows
/// an amount that nobody entered as 0 (observed by public clients of the API).
#[must_use]
pub fn is_blank(side: Side, value: Option<&Value>) -> bool {
    match value {
        None => true,
        Some(Value::Text(text)) => text.is_empty(),
        Some(Value::Rich(rich)) => rich.text.is_empty(),
        Some(Value::Money(money)) => side == Side::Halo && money.minor == 0,
        Some(Value::Minutes(minutes)) => side == Side::Halo && *minutes == 0,
        Some(_) => false,
    }
}

impl Relation<'_> {
    /// The mapping of a field whose values are the same on both sides, but for what its rule declares.
    #[must_use]
    pub const fn of_values(rule: FieldRule) -> Self {
        match (rule.halo_form, rule.hit_form) {
            (None, None) => Self::Same,
            (halo, hit) => Self::Text { halo, hit },
        }
    }

    /// Whether the pair needs no write: either value leads to the other, or both are blank.
    #[must_use]
    pub fn consistent(&self, halo: Option<&Value>, hit: Option<&Value>) -> bool {
        if is_blank(Side::Halo, halo) && is_blank(Side::Hit, hit) {
            return true;
        }
        let (Some(halo), Some(hit)) = (halo, hit) else { return false };
        match self {
            Self::Same => match (halo, hit) {
                // A side that holds plain text only says nothing about formatting.
                (Value::Rich(a), Value::Rich(b)) => {
                    a.text == b.text && (a.html_hash == b.html_hash || a.is_plain() || b.is_plain())
                }
                _ => halo == hit,
            },
            Self::Text { .. } => {
                halo == hit
                    || self.stored(Side::Hit, halo).as_ref() == Some(hit)
                    || self.stored(Side::Halo, hit).as_ref() == Some(halo)
            }
            Self::Status { map, .. } => match (map, halo.as_halo_status(), hit.as_hit_status()) {
                (Some(map), Some(halo), Some(hit)) if !guard::on(Guard::Consistent) => {
                    matches!(map.to_halo.get(&hit), Some(StatusTarget::To { status, .. }) if *status == halo)
                }
                (Some(map), Some(halo), Some(hit)) => map.consistent(halo, &hit),
                _ => false,
            },
            Self::People(directory) => match (halo.as_agent(), hit.as_member()) {
                (Some(agent), Some(member)) => directory.people.get(&member) == Some(&agent),
                _ => false,
            },
        }
    }

    /// What the value of one side becomes on the other, given what that one holds: if the pair is consistent
    /// already, exactly what it holds.
    #[must_use]
    pub fn put(&self, from: Side, value: Option<&Value>, old: Option<&Value>) -> Mapped {
        let consistent = match from {
            Side::Halo => self.consistent(value, old),
            Side::Hit => self.consistent(old, value),
        };
        if consistent { Mapped::To(old.cloned()) } else { self.map(from, value) }
    }

    /// What the value of one side becomes on the other, regardless of what that one holds.
    #[must_use]
    pub fn map(&self, from: Side, value: Option<&Value>) -> Mapped {
        match self {
            Self::Same => Mapped::To(if is_blank(from, value) { None } else { value.cloned() }),
            Self::Text { .. } => {
                let value = value.filter(|value| !is_blank(from, Some(value)));
                Mapped::To(value.map(|sent| self.stored(from.other(), sent).unwrap_or_else(|| sent.clone())))
            }
            Self::Status { map, .. } => {
                let Some((map, value)) = map.zip(value) else { return Mapped::Unmapped };
                map_status(map, from, value)
            }
            Self::People(directory) => {
                let Some(value) = value else { return Mapped::To(None) };
                let found = match from {
                    Side::Halo => value.as_agent().and_then(|a| directory.member(a)).map(Value::member),
                    Side::Hit => {
                        value.as_member().and_then(|m| directory.people.get(&m)).copied().map(Value::agent)
                    }
                };
                found.map_or(Mapped::Unmapped, |value| Mapped::To(Some(value)))
            }
        }
    }

    /// What a side makes of a text that it is sent, where that is known.
    pub(crate) fn stored(&self, side: Side, sent: &Value) -> Option<Value> {
        let (Self::Text { halo, hit }, Value::Text(text)) = (self, sent) else { return None };
        let form = match side {
            Side::Halo => halo,
            Side::Hit => hit,
        };
        let form = form.filter(|_| guard::on(Guard::TargetForm))?;
        Some(Value::text(form.apply(text)))
    }

    /// How Halo's status is written for a HIT status.
    #[must_use]
    pub fn how(&self, hit: &HitStatusId) -> Option<StatusHow> {
        match self {
            Self::Status { map: Some(map), .. } => match map.to_halo.get(hit)? {
                StatusTarget::To { how, .. } => Some(*how),
                StatusTarget::Ignore => None,
            },
            _ => None,
        }
    }
}

fn map_status(map: &StatusMap, from: Side, value: &Value) -> Mapped {
    match from {
        Side::Halo => match value.as_halo_status().and_then(|status| map.to_hit.get(&status)) {
            Some(HitTarget::To(status)) => Mapped::To(Some(Value::hit_status(status))),
            Some(HitTarget::Ignore) => Mapped::Ignored,
            None => Mapped::Unmapped,
        },
        Side::Hit => match value.as_hit_status().and_then(|status| map.to_halo.get(&status)) {
            Some(StatusTarget::To { status, .. }) => Mapped::To(Some(Value::halo_status(*status))),
            Some(StatusTarget::Ignore) => Mapped::Ignored,
            None => Mapped::Unmapped,
        },
    }
}
