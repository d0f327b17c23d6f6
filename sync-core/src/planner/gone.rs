//! Records that are gone. Absence proves nothing; evidence leads to a proposal; nothing is ever deleted.

use super::LinkPlan;
use super::context::{Context, issue, skip_item};
use super::link::local_op;
use crate::base::{Evidence, Link};
use crate::decision::{IssueCode, Subject};
use crate::evidence::lacks_too_much;
use crate::guard::{self, Guard};
use crate::ids::{Kind, Side};
use crate::plan::{Diagnostic, DiagnosticCode, OpKind, Proposal, ProposalKind, SkipReason, Why};

/// Plans what follows from evidence that a record of the link is gone. True if the link takes no further part.
pub(super) fn plan_gone(context: &Context<'_>, link: &Link, out: &mut LinkPlan) -> bool {
    let mut stops = false;
    for kind in Kind::ALL {
        let Some(id) = link.ticket(kind) else { continue };
        let Some(evidence) = evidence(context, link, Some(kind)) else { continue };
        // A deleted opportunity whose project leads is of no interest any more, but is still not forgotten unasked.
        let leads = link.leading() == Some(kind);
        stops |= leads;
        let instead = match evidence {
            Evidence::Merged(into) => Some(into),
            _ => None,
        };
        let proposal = ProposalKind::Unlink { evidence: evidence.clone(), instead };
        let name = Proposal::name(&proposal, link, Some(id), None);
        if context.input.decisions.approvals.contains(&name) || !guard::on(Guard::AskFirst) {
            unlink(link, kind, evidence, out);
            continue;
        }
        out.proposals.push(Proposal {
            id: name,
            kind: proposal,
            item: link.item.clone(),
            client: link.client.clone(),
            ticket: Some(id),
        });
        if leads {
            issue(out, IssueCode::RecordGone, Subject::item(&link.item).with_ticket(id, kind));
            skip_item(out, &link.item, Some(kind), SkipReason::RecordGone(Side::Halo));
        }
    }
    if let Some(evidence) = evidence(context, link, None) {
        stops = true;
        let proposal = ProposalKind::Unlink { evidence: evidence.clone(), instead: None };
        let name = Proposal::name(&proposal, link, None, None);
        if context.input.decisions.approvals.contains(&name) || !guard::on(Guard::AskFirst) {
            for kind in Kind::ALL.into_iter().filter(|kind| link.ticket(*kind).is_some()) {
                unlink(link, kind, evidence.clone(), out);
            }
        } else {
            out.proposals.push(Proposal {
                id: name,
                kind: proposal,
                item: link.item.clone(),
                client: link.client.clone(),
                ticket: None,
            });
            issue(out, IssueCode::RecordGone, Subject::item(&link.item));
            skip_item(out, &link.item, None, SkipReason::RecordGone(Side::Hit));
        }
    }
    stops
}

/// Evidence that holds now: what the record itself says, or what the runtime has gathered, unless the record was
/// read after all (then the evidence is withdrawn).
fn evidence(context: &Context<'_>, link: &Link, what: Option<Kind>) -> Option<Evidence> {
    match what {
        Some(kind) => {
            if let Some(ticket) = link.ticket(kind).and_then(|id| context.ticket(id)) {
                match (ticket.merged_into, ticket.deleted) {
                    (Some(into), _) => return Some(Evidence::Merged(into)),
                    (None, true) => return Some(Evidence::Flag),
                    (None, false) if guard::on(Guard::Withdrawal) => return None,
                    (None, false) => {}
                }
            }
        }
        None => {
            if context.item(&link.item).is_some() && guard::on(Guard::Withdrawal) {
                return None;
            }
        }
    }
    let interval = context.input.settings.sync.absence_interval_ms;
    link.gone
        .iter()
        .filter(|(of, _)| *of == what)
        .map(|(_, evidence)| evidence)
        .filter(|evidence| !matches!(evidence, Evidence::Absent { .. }) || !suspicious(context))
        .filter(|evidence| match evidence {
            // Another scope or filter makes records vanish that are still there.
            Evidence::Absent { scope, .. } => {
                *scope == context.digests().scope || !guard::on(Guard::ScopeHash)
            }
            _ => true,
        })
        .find(|evidence| evidence.is_enough(interval))
        .cloned()
}

fn unlink(link: &Link, kind: Kind, evidence: Evidence, out: &mut LinkPlan) {
    let op_kind = OpKind::Unlink { kind, evidence: evidence.clone() };
    let mut op = local_op(op_kind, Some(&link.item), &link.client, link.ticket(kind));
    op.why = alloc::vec![Why::Gone { evidence }, Why::Approved];
    out.ops.push(op.named());
}

/// Whether the read misses so much of what is linked that it is the read that is broken.
fn suspicious(context: &Context<'_>) -> bool {
    let complete = |full: bool, missing: usize, all: usize| full && lacks_too_much(missing, all);
    let (mut tickets, mut tickets_missing, mut items, mut items_missing) = (0, 0, 0, 0);
    // Of a link that has ended nothing is missed.
    for link in context.links.values().filter(|link| link.leading().is_some()) {
        items += 1;
        for id in [link.opportunity, link.project].into_iter().flatten() {
            tickets += 1;
            tickets_missing += usize::from(context.ticket(id).is_none());
        }
        items_missing += usize::from(context.item(&link.item).is_none());
    }
    let snapshot = context.input.snapshot;
    complete(matches!(snapshot.halo, crate::record::Coverage::Full { .. }), tickets_missing, tickets)
        || complete(matches!(snapshot.hit, crate::record::Coverage::Full { .. }), items_missing, items)
}

/// Says once that deletions were not considered.
pub(super) fn note_suspicious_reads(context: &Context<'_>, out: &mut LinkPlan) {
    if suspicious(context) {
        issue(out, IssueCode::ReadSuspicious, Subject::default());
        out.diags.push(Diagnostic {
            code: DiagnosticCode::DeletesNotConsidered,
            item: None,
            ticket: None,
            field: None,
            detail: "a complete read lacks many linked records".into(),
        });
    }
}
