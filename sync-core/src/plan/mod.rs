//! The plan: a file that says everything that would be done, and why, before anything is done.

pub mod canonical;
mod explain;
mod head;
mod left;
mod limits;
mod lines;
mod names;
mod op;
mod verify;
mod why;

pub use canonical::{BadPlan, parse, plan_hash, to_canonical_json};
pub use explain::{explain, explain_named, explain_op, explain_op_named};
pub use head::{Counts, LimitHit, LimitName, PlanHead, Verdict};
pub use left::{Proposal, ProposalKind, Skip, SkipReason};
pub use limits::{check_limits, count};
pub use lines::{explain_conflict, explain_conflict_named, explain_issue, explain_proposal, explain_skip};
pub(crate) use op::UNNAMED;
pub use op::{Adoption, Op, OpKind, Precond, Rank, StatusMove};
pub use verify::{Stale, verify};
pub use why::{Diagnostic, DiagnosticCode, Why};

use crate::decision::{Conflict, Issue};
use alloc::vec::Vec;

/// What a run would do. Equal inputs give equal bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// What the plan was made from.
    pub head: PlanHead,
    /// Operations in the order in which they are to be executed.
    pub ops: Vec<Op>,
    /// Fields that wait for a person.
    pub conflicts: Vec<Conflict>,
    /// What is not done, and why.
    pub skips: Vec<Skip>,
    /// What a person should look at.
    pub issues: Vec<Issue>,
    /// What waits for an approval.
    pub proposals: Vec<Proposal>,
    /// Observations about the run itself.
    pub diags: Vec<Diagnostic>,
}

impl Plan {
    /// Whether there is nothing to do: no write, and nothing to remember either.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// Whether a server would be written to.
    #[must_use]
    pub fn writes(&self) -> bool {
        self.ops.iter().any(|op| op.kind.is_write())
    }

    /// The operation of that name.
    #[must_use]
    pub fn op(&self, id: crate::decision::OpId) -> Option<&Op> {
        self.ops.iter().find(|op| op.id == id)
    }
}
