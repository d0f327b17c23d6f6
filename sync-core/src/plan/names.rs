//! Names for ids, so that a sentence says "Quoted" and not "2".

use crate::catalogue::Catalogue;
use crate::ids::{HitStatusId, MemberId, Side, TicketTypeId};
use crate::value::{Obs, Value};
use alloc::format;
use alloc::string::{String, ToString};

/// The catalogue, where there is one; else ids are spoken as they are.
#[derive(Clone, Copy)]
pub(super) struct Names<'a>(pub(super) Option<&'a Catalogue>);

impl Names<'_> {
    /// What a side's field holds.
    pub(super) fn obs(self, side: Side, obs: &Obs<Value>) -> String {
        match obs {
            Obs::NotFetched => "an unread value".into(),
            Obs::Forbidden => "a hidden value".into(),
            Obs::Null => "blank".into(),
            Obs::Value(value) => self.value(side, value),
        }
    }

    /// What a side's field held; nothing is blank.
    pub(super) fn half(self, side: Side, value: Option<&Value>) -> String {
        value.map_or_else(|| "blank".into(), |value| self.value(side, value))
    }

    fn value(self, side: Side, value: &Value) -> String {
        match value {
            Value::Code(code) => self.status(side, code),
            Value::Ref(id) => self.person(side, id),
            value => format!("\"{value}\""),
        }
    }

    /// A status by its id on its side.
    pub(super) fn status(self, side: Side, code: &str) -> String {
        let name = self.0.and_then(|catalogue| match side {
            Side::Halo => Some(&catalogue.statuses.get(&code.parse().ok()?)?.name),
            Side::Hit => Some(&catalogue.hit_statuses.get(&HitStatusId::from(code))?.name),
        });
        quoted(name.map_or(code, |name| name))
    }

    /// A person by their id on their side.
    pub(super) fn person(self, side: Side, id: &str) -> String {
        let name = self.0.and_then(|catalogue| match side {
            Side::Halo => Some(&catalogue.agents.get(&id.parse().ok()?)?.name),
            Side::Hit => Some(&catalogue.members.get(&MemberId::from(id))?.name),
        });
        quoted(name.map_or(id, |name| name))
    }

    /// A ticket type.
    pub(super) fn ticket_type(self, id: TicketTypeId) -> String {
        let name = self.0.and_then(|catalogue| Some(&catalogue.ticket_types.get(&id)?.name));
        name.map_or_else(|| id.to_string(), |name| quoted(name))
    }
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}
