//! From what was read to a plan: the whole set, or one link.

mod context;
mod create;
pub mod digest;
mod fields;
mod gone;
mod import;
mod input;
mod link;
mod payload;
mod promote;
pub mod undo;
mod writes;

pub use input::{Digests, PlanInput};

use crate::base::{CleanMark, Link};
use crate::decision::{Conflict, Issue};
use crate::hash::{Hash128, Hash256, Hasher};
use crate::ids::{ItemId, Kind, Side, TicketId};
use crate::plan::{self, Diagnostic, DiagnosticCode, Op, Plan, PlanHead, Proposal, Skip};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use context::Context;

/// What is to be done about one link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkPlan {
    /// Operations, in no particular order.
    pub ops: Vec<Op>,
    /// Fields that wait for a person.
    pub conflicts: Vec<Conflict>,
    /// What is not done, and why.
    pub skips: Vec<Skip>,
    /// What a person should look at.
    pub issues: Vec<Issue>,
    /// What waits for an approval.
    pub proposals: Vec<Proposal>,
    /// Observations.
    pub diags: Vec<Diagnostic>,
}

impl LinkPlan {
    /// Whether the link is completely clean: nothing to do, nothing left out, nothing waiting.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.ops.is_empty()
            && self.conflicts.is_empty()
            && self.skips.is_empty()
            && self.issues.is_empty()
            && self.proposals.is_empty()
            && self.diags.is_empty()
    }
}

/// Plans everything that was read, or only the items of [`PlanInput::only`].
///
/// Deterministic: the order of links, intents and candidates does not matter, and adding an unrelated record changes
/// no other operation. O(n log n) in what was read.
#[must_use]
pub fn plan(input: &PlanInput<'_>) -> Plan {
    let context = Context::new(input);
    let rules = context.digests().rules;
    let mut out = LinkPlan::default();
    let mut looked_at = 0;
    let mut unchanged = 0;
    for link in context.links.values() {
        if input.only.is_some_and(|only| !only.contains(&link.item)) {
            continue;
        }
        // One that has ended, and whose item is no longer linked, is none.
        let linked = u64::from(link.leading().is_some());
        looked_at += linked;
        if clean_now(&context, rules, link) {
            unchanged += linked;
            continue;
        }
        let before = sizes(&out);
        link::plan_link(&context, link, &mut out);
        unchanged += linked * u64::from(sizes(&out) == before);
    }
    create::plan_creates(&context, &mut out);
    create::keep_one_claim(&mut out);
    import::plan_imports(&context, &mut out);
    gone::note_suspicious_reads(&context, &mut out);
    promote::note_missing_recipe(&context, &mut out);
    if input.only.is_none() {
        out.diags.extend(habits(input));
    }
    let mut plan = assemble(input, &context, out);
    plan.head.counts.links = looked_at;
    plan.head.counts.links_total = input.links_total.max(linked(input));
    plan.head.counts.unchanged = unchanged;
    plan.head.counts = plan::count(&plan);
    plan.head.verdict = plan::check_limits(&plan, input.settings);
    plan
}

/// How many links of the input have a ticket.
fn linked(input: &PlanInput<'_>) -> u64 {
    input.links.iter().filter(|link| link.leading().is_some()).count() as u64
}

/// What servers make of texts, once enough links show it, and where that is not what the settings say.
fn habits(input: &PlanInput<'_>) -> impl Iterator<Item = Diagnostic> {
    let declared = |kind, field, side| {
        let rule = input.settings.rule(kind, field);
        match side {
            Side::Halo => rule.halo_form,
            Side::Hit => rule.hit_form,
        }
    };
    let note = |side: Side, field, says: &str, advice: &str| Diagnostic {
        code: DiagnosticCode::Normalised,
        item: None,
        ticket: None,
        field: Some(field),
        detail: alloc::format!("{} {says}{advice}", side.name()).into(),
    };
    let learned = crate::learn::learned(input.links)
        .into_iter()
        .filter(move |habit| declared(habit.kind, habit.field, habit.side) != Some(habit.form));
    let learned = learned.map(move |habit| {
        let (kinds, form) = (habit.kind.plural(), habit.form);
        let says = alloc::format!("{} ({} {kinds} show it)", form.sentence(), habit.cases);
        let advice = form.advice(habit.side, habit.kind, habit.field);
        note(habit.side, habit.field, &says, &advice)
    });
    let broken = crate::learn::broken(input.links, declared).into_iter().map(move |broken| {
        let says = alloc::format!(
            "made \"{}\" of \"{}\", although the settings say that it {}",
            broken.stored.stored,
            broken.stored.sent,
            broken.form.sentence()
        );
        let advice = alloc::format!(
            "; correct or take out {}_form under [sync.{}.{}]",
            broken.stored.side.code(),
            broken.stored.kind,
            broken.stored.field.code()
        );
        note(broken.stored.side, broken.stored.field, &says, &advice)
    });
    learned.chain(broken)
}

/// Plans one link, whether or not it is in [`PlanInput::links`].
#[must_use]
pub fn plan_one(input: &PlanInput<'_>, link: &Link) -> LinkPlan {
    let context = Context::new(input);
    let mut out = LinkPlan::default();
    link::plan_link(&context, link, &mut out);
    out
}

/// Unlinked tickets that would be imported, or that are offered as the counterpart of an item, although nobody has
/// looked whether they are our own: neither their marker nor their external links were read. To be read in detail
/// before planning; a ticket that stays unread is not imported, with the reason.
#[must_use]
pub fn unread_sources(input: &PlanInput<'_>) -> Vec<TicketId> {
    if !input.settings.sync.import.enabled && input.candidates.by_ticket.is_empty() {
        return Vec::new();
    }
    import::unread_sources(&Context::new(input)).into_iter().collect()
}

/// The marks of the links of the input that are completely clean, for the runtime to store with them: a link whose
/// rows still have these digests is not opened by the next plan.
#[must_use]
pub fn clean_marks(input: &PlanInput<'_>) -> Vec<(ItemId, CleanMark)> {
    let context = Context::new(input);
    let rules = context.digests().rules;
    let mut marks = Vec::new();
    for link in context.links.values() {
        // What was clean with these very rows and rules is still.
        if let Some(clean) = link.clean
            && clean_now(&context, rules, link)
        {
            marks.push((link.item.clone(), clean));
            continue;
        }
        let mut out = LinkPlan::default();
        link::plan_link(&context, link, &mut out);
        if out.is_clean()
            && link.pending.is_empty()
            && let Some(mark) = mark_of(&context, rules, link)
        {
            marks.push((link.item.clone(), mark));
        }
    }
    marks
}

fn clean_now(context: &Context<'_>, rules: Hash256, link: &Link) -> bool {
    link.clean.is_some_and(|clean| {
        clean.rules == rules
            && link.pending.is_empty()
            && link.gone.is_empty()
            && !context.has_news_of(link)
            && mark_of(context, rules, link) == Some(clean)
    })
}

fn mark_of(context: &Context<'_>, rules: Hash256, link: &Link) -> Option<CleanMark> {
    let item = context.item(&link.item)?.digest();
    let ticket = |kind: Kind| match link.ticket(kind) {
        None => Some(None),
        Some(id) => Some(Some(context.ticket(id)?.digest())),
    };
    Some(CleanMark { rules, item, opportunity: ticket(Kind::Opportunity)?, project: ticket(Kind::Project)? })
}

const fn sizes(out: &LinkPlan) -> [usize; 6] {
    [
        out.ops.len(),
        out.conflicts.len(),
        out.skips.len(),
        out.issues.len(),
        out.proposals.len(),
        out.diags.len(),
    ]
}

fn assemble(input: &PlanInput<'_>, context: &Context<'_>, out: LinkPlan) -> Plan {
    let LinkPlan { mut ops, mut conflicts, mut skips, issues, mut proposals, mut diags } = out;
    ops.sort_by(|a, b| order(a).cmp(&order(b)));
    conflicts.sort_by(|a, b| (&a.item, a.kind, a.field).cmp(&(&b.item, b.kind, b.field)));
    skips.sort();
    skips.dedup();
    // One line per code and subject, whoever came across it.
    let issues: BTreeMap<_, _> = issues
        .into_iter()
        .filter(|issue| !input.decisions.dismissed.contains(&issue.id))
        .map(|issue| ((issue.code, issue.subject.clone()), issue))
        .collect();
    proposals.sort_by(|a, b| (&a.item, a.id).cmp(&(&b.item, b.id)));
    diags.sort();
    diags.dedup();
    let head = PlanHead {
        format: PlanHead::FORMAT,
        pair: input.pair.clone(),
        base: input.head.clone(),
        settings_hash: context.digests().settings,
        rules_hash: context.digests().rules,
        scope_hash: context.digests().scope,
        global: input.settings.sync.scope.is_global(),
        halo: input.snapshot.halo.clone(),
        hit: input.snapshot.hit.clone(),
        snapshot_hash: snapshot_hash(context),
        complete: input.only.is_none(),
        counts: plan::Counts::default(),
        verdict: plan::Verdict::Ok,
    };
    Plan { head, ops, conflicts, skips, issues: issues.into_values().collect(), proposals, diags }
}

type Order<'a> =
    (plan::Rank, &'a crate::ids::HitClientId, Option<&'a ItemId>, i64, Kind, &'static str, Hash128);

/// Ranks first: what an operation depends on always has a lower rank, so the order is one of execution.
fn order(op: &Op) -> Order<'_> {
    let ticket = op.ticket.map_or(i64::MAX, |ticket| ticket.0);
    (op.rank, &op.client, op.item.as_ref(), ticket, op.kind.pair_kind(), op.kind.code(), op.id)
}

fn snapshot_hash(context: &Context<'_>) -> Hash128 {
    let mut h = Hasher::new("snapshot");
    for ticket in &context.input.snapshot.tickets {
        h.bytes(&ticket.digest().0);
    }
    for item in &context.input.snapshot.items {
        h.bytes(&item.digest().0);
    }
    h.finish()
}
