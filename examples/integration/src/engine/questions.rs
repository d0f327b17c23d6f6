//! What a plan asks people: which records, clients and people belong together, and what may be done.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::base::Evidence;
use sync_core::field::{FieldId, FieldRow};
use sync_core::ids::{ItemId, MemberId, TicketId};
use sync_core::matching::PersonIssue;
use sync_core::plan::{Plan, Proposal, ProposalKind, SkipReason, explain_proposal};
use sync_core::value::Value;

use super::View;
use crate::storage::{self, ImportQuestion, Named, PairingQuestion, PersonQuestion, Questions};

/// The questions of a plan over a view.
pub(super) fn of(view: &View, plan: &Plan) -> Questions {
    let mut questions = Questions::default();
    for proposal in &plan.proposals {
        match &proposal.kind {
            ProposalKind::Pair { candidates } => {
                questions.pairings.extend(pairing(view, proposal, candidates));
            }
            other => questions.proposals.push(storage::Proposal {
                id: proposal.id,
                sentence: explain_proposal(proposal),
                item: Some(proposal.item.clone()),
                sort: sort(other).to_owned(),
                since: 0,
            }),
        }
    }
    questions.imports = imports(view, plan, &questions.pairings);
    let with_items: BTreeSet<_> = view.snapshot.items.iter().map(|item| &item.client).collect();
    let scope = &view.settings.sync.scope;
    questions.clients = view
        .matches
        .questions(&view.catalogue, |client| scope.contains(client) && with_items.contains(client));
    questions.people = people(view);
    questions
}

/// Whether a ticket that would be imported waits for a person.
#[must_use]
pub fn asks_about_imports(plan: &Plan) -> bool {
    plan.skips.iter().any(|skip| matches!(skip.reason, SkipReason::WaitsForImportPairing(_)))
}

fn pairing(view: &View, proposal: &Proposal, candidates: &[TicketId]) -> Option<PairingQuestion> {
    let item = view.snapshot.item(&proposal.item)?;
    let tickets: Vec<_> = candidates.iter().filter_map(|id| view.snapshot.ticket(*id)).collect();
    let client = view.catalogue.hit_clients.get(&proposal.client);
    Some(PairingQuestion {
        item: Named { id: proposal.item.clone(), name: name(&item.fields) },
        client: Named {
            id: proposal.client.clone(),
            name: client.map(|client| client.name.to_string()).unwrap_or_default(),
        },
        kind: tickets.first()?.kind?,
        candidates: tickets
            .iter()
            .map(|ticket| Named { id: ticket.id, name: name(&ticket.fields) })
            .collect(),
        suggestion: view.candidates.suggestion(&proposal.item),
    })
}

/// The tickets that wait, without those that an item's own question names: that answer serves for both.
fn imports(view: &View, plan: &Plan, asked: &[PairingQuestion]) -> Vec<ImportQuestion> {
    let asked: BTreeSet<TicketId> =
        asked.iter().flat_map(|question| question.candidates.iter().map(|ticket| ticket.id)).collect();
    let waits = plan.skips.iter().filter_map(|skip| match &skip.reason {
        SkipReason::WaitsForImportPairing(items) => Some((skip.ticket?, items)),
        _ => None,
    });
    waits
        .filter(|(ticket, _)| !asked.contains(ticket))
        .filter_map(|(id, items)| {
            let ticket = view.snapshot.ticket(id)?;
            let client = view.directory.hit_client(ticket.client)?;
            let known = view.catalogue.hit_clients.get(client);
            Some(ImportQuestion {
                ticket: Named { id, name: name(&ticket.fields) },
                client: Named {
                    id: client.clone(),
                    name: known.map(|client| client.name.to_string()).unwrap_or_default(),
                },
                kind: ticket.kind?,
                candidates: items.iter().map(|item| named_item(view, item)).collect(),
                suggestion: match &items[..] {
                    [one] if view.candidates.suggestion(one) == Some(id) => Some(one.clone()),
                    _ => None,
                },
            })
        })
        .collect()
}

/// The members who are responsible for items in scope and match no agent.
fn people(view: &View) -> Vec<PersonQuestion> {
    let mut wanted: BTreeMap<MemberId, u64> = BTreeMap::new();
    for item in &view.snapshot.items {
        let member = item.fields.get(FieldId::Responsible).value().and_then(Value::as_member);
        if let Some(member) = member
            && !item.archived
            && view.settings.sync.scope.contains(&item.client)
            && !view.directory.people.contains_key(&member)
        {
            *wanted.entry(member).or_default() += 1;
        }
    }
    wanted.into_iter().map(|(member, items)| person(view, member, items)).collect()
}

fn person(view: &View, member: MemberId, items: u64) -> PersonQuestion {
    let known = view.catalogue.members.get(&member);
    let of_member = view.matches.people.issues.iter().find_map(|issue| match issue {
        PersonIssue::AgentUnusable { hit, halo } if *hit == member => {
            Some((Vec::new(), format!("the agent {halo}, who was named, cannot be responsible")))
        }
        PersonIssue::Ambiguous { hit, halo } if hit.contains(&member) => {
            Some((halo.clone(), "several people share the e-mail address".to_owned()))
        }
        _ => None,
    });
    let (agents, reason) = of_member.unwrap_or_else(|| {
        let why = match known {
            Some(known) if !known.active => "is not active in HumanizeIT",
            Some(known) if known.email.is_none() => "has no e-mail address in HumanizeIT",
            _ => "no agent has this e-mail address",
        };
        (Vec::new(), why.to_owned())
    });
    let agent = |id| {
        let known = view.catalogue.agents.get(&id);
        Named { id, name: known.map(|agent| agent.name.to_string()).unwrap_or_default() }
    };
    PersonQuestion {
        member: Named { name: known.map(|member| member.name.to_string()).unwrap_or_default(), id: member },
        candidates: agents.into_iter().map(agent).collect(),
        items,
        reason,
    }
}

fn named_item(view: &View, id: &ItemId) -> Named<ItemId> {
    let item = view.snapshot.item(id);
    Named { id: id.clone(), name: item.map(|item| name(&item.fields)).unwrap_or_default() }
}

fn name(row: &FieldRow) -> String {
    match row.get(FieldId::Name).value() {
        Some(Value::Text(name)) => name.to_string(),
        _ => String::new(),
    }
}

const fn sort(kind: &ProposalKind) -> &'static str {
    match kind {
        ProposalKind::Promote { .. } => "promote",
        ProposalKind::CloseWon => "close_won",
        ProposalKind::Unlink { evidence: Evidence::Merged(_), .. } => "relink",
        ProposalKind::Unlink { .. } => "unlink",
        _ => "other",
    }
}
