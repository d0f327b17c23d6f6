//! The guards of the engine, by name.
//!
//! Each line of defence has a name here, and a test that fails when it is left out: ARCHITECTURE.md has the table.
//! With the feature `ablation`, which is for tests alone, one guard of the calling thread can be switched off;
//! without it every guard is always on and the question costs nothing.

macro_rules! guards {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        /// A line of defence.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Guard {
            $($(#[$doc])* $name,)*
        }

        impl Guard {
            /// All guards.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The stable name.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }
    };
}

guards! {
    /// A create carries a marker, and the marker is searched before and after.
    Marker = "marker";
    /// Hits of a marker search that carry another marker are thrown away: servers ignore filters they do not know.
    ForeignHits = "foreign_hits";
    /// An older create whose reply was lost is waited out before a second one is sent.
    Settle = "settle";
    /// The intent of a create is stored before the create is sent.
    Intent = "intent";
    /// The intent holds the values that were sent and those they came from.
    IntentPayload = "intent_payload";
    /// Creates of earlier runs that the plan no longer wants are followed up.
    Strays = "strays";
    /// Halo is asked for a project of its own right before we create one.
    LastLook = "last_look";
    /// A promotion waits for Halo's own workflow.
    PromotionWait = "promotion_wait";
    /// A record stays dirty until everything about it succeeded.
    StickyDirty = "sticky_dirty";
    /// A value that we sent and that turns up late is no edit.
    LateWrite = "late_write";
    /// Where a write of ours may have been seen and replaced, a person decides and not the field's rule.
    UnseenWrite = "unseen_write";
    /// Waiting begins anew when our clock has gone back.
    ClockBack = "clock_back";
    /// A pending write is forgotten only after the record was re-read past its settle time.
    PendingUntilReread = "pending_until_reread";
    /// The target is read again right before a write, and must still hold what the plan saw.
    VerifyRead = "verify_read";
    /// What the server holds after a write enters the base, not what was sent.
    ReadBack = "read_back";
    /// What both sides held when they last agreed is remembered, per field and side.
    PairBase = "pair_base";
    /// A pair that either table of the map connects is left alone.
    Consistent = "consistent";
    /// An action is repeated only if its note is not there.
    ActionNote = "action_note";
    /// What was not fetched is not blank.
    NotObserved = "not_observed";
    /// Blank overwrites only where the settings say so.
    Blank = "blank";
    /// A one-way field is never written on its source side.
    Direction = "direction";
    /// Closed tickets are not edited and not reopened unasked.
    ClosedTicket = "closed_ticket";
    /// Closing comes after the other fields.
    CloseLast = "close_last";
    /// Start and due are never written out of order.
    DateOrder = "date_order";
    /// Amounts in unequal currencies are not synced.
    Currency = "currency";
    /// One ticket belongs to one item.
    UniqueLink = "unique_link";
    /// A ticket with our marker is never the source of an import.
    OwnImage = "own_image";
    /// A ticket that moved to another client suspends its link.
    ClientMoved = "client_moved";
    /// One look does not prove that a record is gone.
    Evidence = "evidence";
    /// Only a read whose last page was reached says that something is absent.
    CompleteRead = "complete_read";
    /// Absence counts only while another record of the same client is readable.
    Canary = "canary";
    /// Evidence from another scope or filter does not count.
    ScopeHash = "scope_hash";
    /// A read that lacks much of what is linked proves nothing.
    SuspiciousRead = "suspicious_read";
    /// Evidence is withdrawn when the record is read after all.
    Withdrawal = "withdrawal";
    /// A link is forgotten only after a person has agreed.
    AskFirst = "ask_first";
    /// An approval holds for the values it was given for.
    ApprovalBound = "approval_bound";
    /// A decision holds for the values it was made for.
    DecisionBound = "decision_bound";
    /// A decision holds for the reason it was asked for.
    ReasonBound = "reason_bound";
    /// A plan over a limit is blocked as a whole.
    Limits = "limits";
    /// A plan of another state or of other settings is refused.
    Stale = "stale";
    /// A value that alternates is put into quarantine.
    Flap = "flap";
    /// What a server is known to make of texts is taken into account before it is sent one.
    TargetForm = "target_form";
    /// A link back that does not stay is sent a few times and no more.
    LinkBack = "link_back";
}

#[cfg(not(feature = "ablation"))]
#[allow(clippy::inline_always, reason = "it is a constant")]
#[inline(always)]
pub(crate) const fn on(_: Guard) -> bool {
    true
}

#[cfg(feature = "ablation")]
pub(crate) use switch::on;
#[cfg(feature = "ablation")]
pub use switch::without;

#[cfg(feature = "ablation")]
mod switch {
    use super::Guard;
    use core::cell::Cell;

    std::thread_local! {
        static OFF: Cell<Option<Guard>> = const { Cell::new(None) };
    }

    /// Runs something with a guard of this thread switched off, or with all of them on. For tests: nothing that is
    /// shipped has this function.
    pub fn without<T>(guard: Option<Guard>, run: impl FnOnce() -> T) -> T {
        struct Restore(Option<Guard>);
        impl Drop for Restore {
            fn drop(&mut self) {
                OFF.set(self.0);
            }
        }
        let _restore = Restore(OFF.replace(guard));
        run()
    }

    pub(crate) fn on(guard: Guard) -> bool {
        OFF.get() != Some(guard)
    }
}
