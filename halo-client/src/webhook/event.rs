//! What a webhook can be told of.

use std::fmt;

/// A kind of event, by Halo's number (`eventno`).
///
/// Halo does not publish the list; the constants are the numbers that public clients use against real servers.
/// Any other number works with [`Event::number`].
///
/// ```
/// use halo_client::webhook::Event;
///
/// assert_eq!(Event::TICKET_STATUS_CHANGED.to_string(), "ticket status changed (76)");
/// assert_eq!(Event::number(70).get(), 70);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Event(i64);

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident = $number:literal $words:literal;)+) => {
        impl Event {
            $($(#[$doc])* pub const $name: Event = Event($number);)+

            /// What it is called here, if it is one of the constants.
            pub fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some($words),)+
                    _ => None,
                }
            }
        }
    };
}

events! {
    /// A ticket of any kind was made. Two public clients.
    NEW_TICKET = 3 "new ticket";
    /// A ticket's user changed it. One public client.
    TICKET_UPDATED_BY_USER = 19 "ticket updated by user";
    /// A ticket was closed. One public client.
    TICKET_CLOSED = 39 "ticket closed";
    /// A ticket changed. One public client, in production.
    TICKET_UPDATED = 61 "ticket updated";
    /// A ticket has another status. One public client.
    TICKET_STATUS_CHANGED = 76 "ticket status changed";
    /// A ticket was deleted. One public client.
    TICKET_DELETED = 1072 "ticket deleted";
}

impl Event {
    /// The event with this number.
    pub const fn number(eventno: i64) -> Event {
        Event(eventno)
    }

    /// Its number.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} ({})", self.0),
            None => write!(f, "event {}", self.0),
        }
    }
}
