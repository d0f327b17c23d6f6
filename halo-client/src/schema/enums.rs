//! Numbers with a known meaning, as enums that keep those they do not know.

use std::fmt;

use rest_core::record::FieldValue;
use serde_json::value::RawValue;

/// Writes an enum over numbers: one variant per known number, and `Unknown` for the rest.
macro_rules! open_enum {
    ($($(#[$meta:meta])* pub enum $name:ident {$($(#[$doc:meta])* $variant:ident = $number:literal,)+})+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $variant,)+
            /// A number that we do not know.
            Unknown(i64),
        }

        impl $name {
            /// The number on the wire.
            #[must_use]
            pub const fn number(self) -> i64 {
                match self {
                    $(Self::$variant => $number,)+
                    Self::Unknown(number) => number,
                }
            }
        }

        impl From<i64> for $name {
            fn from(number: i64) -> Self {
                match number {
                    $($number => Self::$variant,)+
                    other => Self::Unknown(other),
                }
            }
        }

        impl From<$name> for i64 {
            fn from(value: $name) -> i64 {
                value.number()
            }
        }

        impl FieldValue for $name {
            fn from_raw(raw: &RawValue) -> Option<Self> {
                i64::from_raw(raw).map(Self::from)
            }
        }

        impl crate::IntoField<i64> for $name {
            fn to_json(&self) -> Result<String, crate::Error> {
                Ok(self.number().to_string())
            }
        }

        impl fmt::Display for $name {
            /// The number.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.number().fmt(f)
            }
        }
    )+};
}

open_enum! {
    /// The kind of a custom field (observed by a public client in production).
    pub enum CustomFieldKind {
        /// A line of text.
        Text = 0,
        /// Lines of text.
        Memo = 1,
        /// One choice.
        SingleSelection = 2,
        /// Several choices.
        MultipleSelection = 3,
        /// A date.
        Date = 4,
        /// A time of day.
        Time = 5,
        /// A box to tick.
        Checkbox = 6,
        /// Text with markup.
        RichText = 10,
    }

    /// What a ticket type is in the terms of ITIL (observed by a public client in production).
    pub enum ItilType {
        /// Something is broken.
        Incident = 1,
        /// A change.
        Change = 2,
        /// Someone asks for something.
        ServiceRequest = 3,
        /// The cause behind incidents.
        Problem = 4,
        /// A request for a quotation.
        QuoteRequest = 20,
        /// Advice, and what is nothing else.
        Advice = 21,
        /// A project.
        Project = 22,
        /// A task of a project.
        ProjectTask = 23,
    }

    /// Who wrote an action (from a description of a public connector).
    pub enum AuthorKind {
        /// An agent.
        Agent = 0,
        /// A user.
        User = 1,
    }

    /// Whether work on a milestone can begin (observed by a public client in production).
    pub enum MilestoneState {
        /// Not begun.
        NotStarted = 0,
        /// Waits for another milestone.
        Locked = 1,
        /// Under way.
        Active = 2,
    }
}
