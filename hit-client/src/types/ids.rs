//! Identifiers: opaque texts that the server hands out, one type per kind of record.

use std::fmt;

/// Declares one identifier type: an opaque, cheap to compare text.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        ///
        /// Opaque: the text has no meaning beyond equality. Compared byte by byte.
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// Wraps a text that the server handed out, as it is.
            pub fn new(id: impl Into<Box<str>>) -> Self {
                Self(id.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.into())
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id.into())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                Ok(Self(String::deserialize(d)?.into()))
            }
        }
    )+};
}

ids! {
    /// Names an account.
    AccountId;
    /// Names a client of the MSP.
    ClientId;
    /// Names a roadmap item.
    ItemId;
    /// Names a status of roadmap items.
    StatusId;
    /// Names a team member, that is a user of the MSP.
    TeamMemberId;
    /// Names a budget line within its item.
    BudgetLineId;
    /// Names a Service Catalogue template.
    TemplateId;
    /// Names a webhook.
    WebhookId;
    /// Names a webhook delivery; the same in every retry of it.
    EventId;
}

/// How often a record was changed, as the server counts. Sent back as a precondition of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Version(pub i64);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
