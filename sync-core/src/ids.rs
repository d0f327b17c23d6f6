//! Identities of records on both sides. Text ids belong to HumanizeIT, number ids to HaloPSA.
//!
//! Number ids are written to JSON as text (so that they can be map keys in JSON and TOML and survive readers
//! that hold numbers in floats) and are read back from text or from a whole number.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(Box<str>);

        impl $name {
            /// Wraps the text as it is.
            pub fn new(text: impl Into<Box<str>>) -> Self {
                Self(text.into())
            }

            /// The text of the id.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl From<i64> for $name {
            fn from(id: i64) -> Self {
                Self(id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = core::num::ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0.to_string())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(NumberVisitor).map(Self)
            }
        }
    };
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number, or a whole number as text")
    }

    fn visit_i64<E: de::Error>(self, v: i64) -> Result<i64, E> {
        Ok(v)
    }

    fn visit_u64<E: de::Error>(self, v: u64) -> Result<i64, E> {
        i64::try_from(v).map_err(|_| E::custom("id out of range"))
    }

    fn visit_str<E: de::Error>(self, v: &str) -> Result<i64, E> {
        v.parse().map_err(|_| E::invalid_value(de::Unexpected::Str(v), &self))
    }
}

/// Serde helper: a signed number that is written as text, for amounts that may exceed what a float holds.
pub(crate) mod as_text {
    use super::NumberVisitor;
    use alloc::string::ToString;
    use serde::{Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(v: &i64, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&v.to_string())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<i64, D::Error> {
        d.deserialize_any(NumberVisitor)
    }
}

text_id! {
    /// A roadmap item of HumanizeIT. A [`crate::base::Link`] is known by the id of its item.
    ItemId
}
text_id! {
    /// A client as HumanizeIT knows it.
    HitClientId
}
text_id! {
    /// A status of a roadmap item. An open set: unknown ones are kept as they are.
    HitStatusId
}
text_id! {
    /// A team member of HumanizeIT.
    MemberId
}
text_id! {
    /// The pair of tenants that are kept in step: one Halo tenant and one HIT account. Part of every marker.
    PairId
}
number_id! {
    /// A Halo ticket (opportunity, project or any other `Faults` record).
    TicketId
}
number_id! {
    /// A client (`Area`) of Halo. Id 1 is the unassigned client, see [`HaloClientId::UNASSIGNED`].
    HaloClientId
}
number_id! {
    /// A site of a Halo client.
    SiteId
}
number_id! {
    /// A ticket type (`RequestType`) of Halo.
    TicketTypeId
}
number_id! {
    /// A ticket status (`TStatus`) of Halo.
    StatusId
}
number_id! {
    /// An agent (`Uname`) of Halo. Id 1 is the unassigned agent, see [`AgentId::UNASSIGNED`].
    AgentId
}
number_id! {
    /// A team of Halo.
    TeamId
}
number_id! {
    /// An outcome (`TOutcome`) of Halo: the kind of an action.
    OutcomeId
}
number_id! {
    /// A ticket template of Halo.
    TemplateId
}

impl HaloClientId {
    /// Halo's stand-in for "no client" (observed by public clients of the API).
    pub const UNASSIGNED: Self = Self(1);
}

impl AgentId {
    /// Halo's stand-in for "no agent" (observed by public clients of the API).
    pub const UNASSIGNED: Self = Self(1);
}

/// One of the two systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// HaloPSA.
    Halo,
    /// HumanizeIT.
    Hit,
}

impl Side {
    /// The other system.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Halo => Self::Hit,
            Self::Hit => Self::Halo,
        }
    }

    /// The name a person reads.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Halo => "Halo",
            Self::Hit => "HIT",
        }
    }

    /// The stable code: `halo` or `hit`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Halo => "halo",
            Self::Hit => "hit",
        }
    }
}

/// What a ticket is for the roadmap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A ticket of a sales type.
    Opportunity,
    /// A ticket of a project type.
    Project,
}

impl Kind {
    /// Both kinds, in order.
    pub const ALL: [Self; 2] = [Self::Opportunity, Self::Project];

    /// The name a person reads, and the stable code.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opportunity => "opportunity",
            Self::Project => "project",
        }
    }

    /// The name of several.
    pub(crate) const fn plural(self) -> &'static str {
        match self {
            Self::Opportunity => "opportunities",
            Self::Project => "projects",
        }
    }

    /// The other kind.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Opportunity => Self::Project,
            Self::Project => Self::Opportunity,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
