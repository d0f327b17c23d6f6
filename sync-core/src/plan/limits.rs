//! Limits: what a plan adds up to, against what one run may do.

use super::head::{Counts, LimitHit, LimitName, Verdict};
use super::op::{Adoption, OpKind, StatusMove};
use super::{Op, Plan};
use crate::field::FieldId;
use crate::guard::{self, Guard};
use crate::ids::{Kind, Side};
use crate::settings::Settings;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Adds up the operations of a plan. `links`, `links_total` and `unchanged` are left as they are in the head.
#[must_use]
pub fn count(plan: &Plan) -> Counts {
    let mut c = Counts {
        links: plan.head.counts.links,
        links_total: plan.head.counts.links_total,
        unchanged: plan.head.counts.unchanged,
        conflicts: plan.conflicts.len() as u64,
        skips: plan.skips.len() as u64,
        issues: plan.issues.len() as u64,
        proposals: plan.proposals.len() as u64,
        ..Counts::default()
    };
    for op in &plan.ops {
        count_op(op, &mut c);
    }
    c
}

fn count_op(op: &Op, c: &mut Counts) {
    match &op.kind {
        OpKind::Rebase { .. } => c.rebases += 1,
        OpKind::Adopt { how, .. } => {
            c.adoptions += 1;
            c.promotions += u64::from(*how == Adoption::Promotion);
        }
        OpKind::Create(spec) => {
            match spec.target {
                Side::Halo => c.creates_halo += 1,
                Side::Hit => c.creates_hit += 1,
            }
            c.promotions += u64::from(spec.from_opportunity.is_some());
        }
        OpKind::Update { side, .. } => {
            match side {
                Side::Halo => c.updates_halo += 1,
                Side::Hit => c.updates_hit += 1,
            }
            c.fields += op.set.len() as u64;
        }
        OpKind::StatusWrite { moves, .. } => {
            c.updates_halo += 1;
            c.fields += 1;
            c.closes += u64::from(*moves == StatusMove::Close);
        }
        OpKind::Promote { .. } => {
            c.updates_halo += 1;
            c.promotions += 1;
        }
        OpKind::CloseWon { .. } => {
            c.updates_halo += 1;
            c.closes += 1;
        }
        OpKind::LinkBack { .. } => c.link_backs += 1,
        OpKind::AwaitProject | OpKind::EndAwait | OpKind::Unlink { .. } => {}
    }
}

/// Compares a plan with the limits in force. A plan over any limit is blocked as a whole.
#[must_use]
pub fn check_limits(plan: &Plan, settings: &Settings) -> Verdict {
    if !guard::on(Guard::Limits) {
        return Verdict::Ok;
    }
    let counts = count(plan);
    let limits = settings.sync.limits;
    let mut hits = Vec::new();
    let mut check = |limit, planned: u64, allowed: u64| {
        if planned > allowed {
            hits.push(LimitHit { limit, client: None, planned, allowed });
        }
    };
    check(LimitName::Creates, counts.creates(), u64::from(limits.creates));
    if !settings.sync.scope.is_global() {
        check(LimitName::CreatesValidating, counts.creates(), u64::from(limits.creates_validating));
    }
    let share = counts.links_total.saturating_mul(u64::from(limits.updates_percent)) / 100;
    check(LimitName::Updates, counts.updates(), share.max(u64::from(limits.updates)));
    check(LimitName::Promotions, counts.promotions, u64::from(limits.promotions));
    check(LimitName::Closes, counts.closes, u64::from(limits.closes));
    check(LimitName::Deletes, counts.deletes, u64::from(limits.deletes));
    let mut per_client = BTreeMap::new();
    for op in &plan.ops {
        if matches!(op.kind, OpKind::Create(_)) {
            *per_client.entry(&op.client).or_insert(0_u64) += 1;
        }
    }
    let allowed = u64::from(limits.creates_per_client);
    for (client, planned) in per_client {
        if planned > allowed {
            let client = Some(client.clone());
            hits.push(LimitHit { limit: LimitName::CreatesPerClient, client, planned, allowed });
        }
    }
    hits.sort();
    if hits.is_empty() { Verdict::Ok } else { Verdict::Blocked(hits) }
}

/// Whether an operation writes the field on the side, for tests and summaries.
impl Op {
    /// Whether the operation writes this field of this kind of pair on this side.
    #[must_use]
    pub fn touches(&self, side: Side, kind: Kind, field: FieldId) -> bool {
        self.kind.side() == Some(side)
            && self.kind.pair_kind() == kind
            && *self.set.get(field) != crate::value::Obs::NotFetched
    }
}
