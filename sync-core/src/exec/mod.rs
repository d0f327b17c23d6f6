//! Carrying out a plan, without input or output of its own.
//!
//! [`Exec`] says what to do next ([`Exec::poll`]) and is told what came of it ([`Exec::on`]). One step is open at a
//! time; `poll` repeats it until its event arrives, and an event that does not belong to the open step is an error.
//! The runtime does the talking, the storing and the waiting, and may stop anywhere: everything that matters is in
//! the journal before it is needed, so that a new plan from the journal and a fresh read goes on where this one
//! ended. A stopped `Exec` is thrown away, never resumed.
//!
//! How one operation goes:
//!
//! * **Update**: read the target again; if it no longer holds what the plan saw, leave the operation out; store what
//!   is about to be sent ([`crate::base::PendingWrite`]); write; take what the server now holds from its reply, or
//!   read it; commit it as the new base, and forget the pending write, in one transaction.
//! * **Create**: store the intent with its payload; search the marker; create with the marker in the same call;
//!   commit the link. If the marker is found, the record is adopted. An older create whose reply was lost is waited
//!   out first.
//! * **Unknown outcome** (the reply was lost): nothing is repeated. The pending write or the intent stays, the record
//!   stays dirty, and the next run looks.
//!
//! No write exists without its journal entry: the calls that a [`Step`] carries cannot be made elsewhere.
//!
//! ```compile_fail
//! use sync_core::{base::Intent, exec::{CreateCall, Persisted}};
//! // A create can not be made by hand: its fields are private and it has no constructor.
//! fn forge(intent: Persisted<Box<Intent>>) -> CreateCall { CreateCall { intent } }
//! ```
//! ```compile_fail
//! use sync_core::{base::Intent, exec::CreateCall};
//! // Nor from an intent that was not stored.
//! fn forge(intent: Intent) -> CreateCall { CreateCall::from(intent) }
//! ```
//! ```compile_fail
//! use sync_core::exec::Persisted;
//! // Nor can anyone but the executor say that something was stored.
//! let stored = Persisted(7);
//! ```

mod call;
mod create;
mod journal;
mod link_back;
mod local;
mod machine;
mod protocol;
mod settle;
mod write;

pub use call::{CreateCall, LinkBackCall, Persisted, StatusCall, StatusWay, UpdateCall};
pub use journal::{Commit, DirtyMark, History, JournalEntry, JournalView, LinkChange, Memory, NewLink};
pub use machine::Exec;
pub use protocol::{
    Duplicate, Event, MarkerHit, MarkerQuery, NoteQuery, OpReport, OpResult, Outcome, ProtocolError, Record,
    RecordKey, Reject, RejectClass, Report, Step,
};
