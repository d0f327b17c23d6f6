//! All fields of one pair of records: decide each, then make operations of the outcomes.

use super::LinkPlan;
use super::context::{Context, issue};
use super::payload::{amount_fits, status_row};
use super::writes::{Pair, Write, Writes, in_order, status_rank};
use crate::base::{BaseCell, BaseRow, Link, Overwritten, PendingWrite};
use crate::decision::{Conflict, ConflictId, ConflictKind, IssueCode, Subject};
use crate::field::FieldId;
use crate::guard::{self, Guard};
use crate::hash::Hasher;
use crate::ids::{Kind, Side, StatusId};
use crate::kernel::{Cell, Decided, Outcome, decide, keep, ways_out};
use crate::plan::{Diagnostic, DiagnosticCode, Op, OpKind, Rank, Skip, SkipReason, StatusMove, Why};
use crate::record::{HaloTicket, HitItem};
use crate::settings::{Direction, FieldRule, StatusHow};
use crate::value::{Obs, Value};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;

/// One item against one ticket.
pub(super) struct PairOf<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) link: &'a Link,
    pub(super) item: &'a HitItem,
    pub(super) ticket: &'a HaloTicket,
    pub(super) kind: Kind,
    /// What both held when they last agreed.
    pub(super) base: &'a BaseRow,
    /// Why the item's status is not written to Halo, if it is not (promotion under way, went back).
    pub(super) status_held: Option<SkipReason>,
}

struct Outcomes {
    rebase: BTreeMap<FieldId, Why>,
    /// Writes that passed all guards.
    halo: Writes,
    hit: Writes,
    waiting: Vec<FieldId>,
}

impl PairOf<'_> {
    pub(super) fn plan(&self, out: &mut LinkPlan) {
        let mut all = Outcomes {
            rebase: BTreeMap::new(),
            halo: BTreeMap::new(),
            hit: BTreeMap::new(),
            waiting: Vec::new(),
        };
        for field in FieldId::ALL {
            self.field(field, &mut all, out);
        }
        self.dates(&mut all, out);
        self.assemble(all, out);
    }

    fn field(&self, field: FieldId, all: &mut Outcomes, out: &mut LinkPlan) {
        let Some(rule) = self.context.active_rule(self.kind, field) else { return };
        let (halo, hit) = (self.ticket.fields.get(field), self.item.fields.get(field));
        if field.is_money() && self.currency_stops(field, halo, hit, out) {
            return;
        }
        if field == FieldId::Status && rule.direction.to_halo() && self.status_unknown(hit, out) {
            return;
        }
        let pending: Vec<_> = self.link.pending_for(self.kind, field).collect();
        let outcome = self.after_template(field, decide(&self.view(field, rule, &pending)));
        if let Some(held) = self.held(field, &outcome) {
            return self.skip(field, held, out);
        }
        match outcome {
            Outcome::Nothing => {}
            Outcome::Rebase(why) => {
                all.rebase.insert(field, why);
            }
            Outcome::Skip(reason) => self.skip(field, reason, out),
            Outcome::Conflict(reason) => self.conflict(field, reason, all, out),
            Outcome::Write { side, value, why } => {
                self.guarded_write(field, side, value, why, false, all, out);
            }
        }
    }

    /// What a template put in place of a value that the create had sent is put back, once and before anything else is
    /// made of it; whoever has changed it since is not overruled.
    fn after_template(&self, field: FieldId, outcome: Outcome) -> Outcome {
        let of_field = |lost: &&Overwritten| lost.kind == self.kind && lost.field == field;
        let (Some(lost), Some(now)) =
            (self.link.overwritten.iter().find(of_field), self.ticket.fields.get(field).seen())
        else {
            return outcome;
        };
        let why = Why::TemplateOverwrote { field };
        match outcome {
            Outcome::Nothing | Outcome::Skip(SkipReason::Direction) if now == lost.held.as_ref() => {
                Outcome::Write { side: Side::Halo, value: Some(lost.sent.clone()), why }
            }
            Outcome::Nothing => Outcome::Rebase(why),
            other => other,
        }
    }

    /// Everything the decision about a field depends on.
    fn view<'b>(&'b self, field: FieldId, rule: FieldRule, pending: &'b [&'b PendingWrite]) -> Cell<'b> {
        let answer = |reason| self.answer(field, reason);
        Cell {
            field,
            rule,
            relation: self.context.relation(field, self.ticket.ticket_type),
            base: self.base.get(&field).filter(|_| guard::on(Guard::PairBase)),
            halo: self.ticket.fields.get(field),
            hit: self.item.fields.get(field),
            pending,
            decided: Decided {
                both_changed: answer(ConflictKind::BothChanged),
                first_link: answer(ConflictKind::FirstLink),
                blank: answer(ConflictKind::BlankAgainstValue),
            },
            stamps: [self.ticket.last_update, self.item.last_update],
        }
    }

    /// The side that a person decided to keep in this conflict.
    fn answer(&self, field: FieldId, reason: ConflictKind) -> Option<Side> {
        let decisions = &self.context.input.decisions.conflicts;
        if decisions.is_empty() {
            return None;
        }
        decisions.get(&self.conflict_name(field, reason)).copied()
    }

    fn conflict_name(&self, field: FieldId, reason: ConflictKind) -> ConflictId {
        let (halo, hit) = (self.ticket.fields.get(field), self.item.fields.get(field));
        let name = Conflict::name(&self.link.item, self.kind, field, reason, halo, hit);
        if reason != ConflictKind::Flapping {
            return name;
        }
        // The same values come up in every quarantine, and a decision holds for one of them.
        let rings = self.link.flap.iter().filter(|ring| ring.kind == self.kind && ring.field == field);
        let turn: u32 = rings.map(|ring| ring.released).fold(0, u32::saturating_add);
        let mut h = Hasher::new("quarantine");
        h.bytes(&name.0).number(i64::from(turn));
        h.finish()
    }

    /// While a promotion is under way the opportunity's status is nobody's business any more; after going back,
    /// Halo's own changes still count.
    fn held(&self, field: FieldId, outcome: &Outcome) -> Option<SkipReason> {
        let held = self.status_held.as_ref().filter(|_| field == FieldId::Status)?;
        let promoting = *held != SkipReason::WentBack;
        let applies = match outcome {
            Outcome::Nothing | Outcome::Rebase(_) => false,
            Outcome::Write { side: Side::Halo, .. } => true,
            Outcome::Skip(SkipReason::Unmapped { side, .. }) => *side == Side::Hit || promoting,
            Outcome::Write { .. } | Outcome::Conflict(_) | Outcome::Skip(_) => promoting,
        };
        applies.then(|| held.clone())
    }

    fn currency_stops(
        &self,
        field: FieldId,
        halo: &Obs<Value>,
        hit: &Obs<Value>,
        out: &mut LinkPlan,
    ) -> bool {
        let settings = &self.context.input.settings.project;
        let of_ticket = self.ticket.currency.is_none_or(|c| Some(c) == settings.halo_currency)
            && halo
                .value()
                .and_then(Value::as_money)
                .is_none_or(|m| Some(m.currency) == settings.halo_currency);
        let of_item = hit.value().is_none_or(|value| amount_fits(self.context, self.item, value));
        if (self.context.money && of_ticket && of_item) || !guard::on(Guard::Currency) {
            return false;
        }
        let nothing = crate::kernel::is_blank(Side::Halo, halo.value())
            && crate::kernel::is_blank(Side::Hit, hit.value());
        if !nothing {
            self.skip(field, SkipReason::CurrencyUnequal, out);
            let subject = if self.context.money {
                Subject::item(&self.link.item).with_ticket(self.ticket.id, self.kind)
            } else {
                Subject::default()
            };
            issue(out, IssueCode::CurrencyUnequal, subject);
        }
        true
    }

    /// A status without any rule waits, whatever Halo does: the item carries a decision that nobody has explained yet.
    fn status_unknown(&self, hit: &Obs<Value>, out: &mut LinkPlan) -> bool {
        let Some(status) = hit.value().and_then(Value::as_hit_status) else { return false };
        let settings = self.context.input.settings;
        let mapped = settings.status.values().any(|map| map.to_halo.contains_key(&status));
        if mapped || settings.create_rule(&status).is_some() {
            return false;
        }
        issue(out, IssueCode::HitStatusUnknown, Subject::value(status.as_str()));
        self.skip(FieldId::Status, SkipReason::UnknownStatus(status), out);
        true
    }

    fn skip(&self, field: FieldId, reason: SkipReason, out: &mut LinkPlan) {
        if let SkipReason::Unmapped { side, value } = &reason
            && field == FieldId::Status
        {
            let code = match side {
                Side::Halo => IssueCode::HaloStatusUnmapped,
                Side::Hit => IssueCode::HitStatusUnmapped,
            };
            issue(out, code, Subject::value(format!("{value} (type {})", self.ticket.ticket_type)));
        }
        out.skips.push(Skip {
            item: Some(self.link.item.clone()),
            ticket: Some(self.ticket.id),
            kind: Some(self.kind),
            field: Some(field),
            reason,
        });
    }

    fn conflict(&self, field: FieldId, reason: ConflictKind, all: &mut Outcomes, out: &mut LinkPlan) {
        let (halo, hit) = (self.ticket.fields.get(field).clone(), self.item.fields.get(field).clone());
        let id = self.conflict_name(field, reason);
        all.waiting.push(field);
        if self.context.input.decisions.dismissed.contains(&id) {
            return self.skip(field, SkipReason::Dismissed, out);
        }
        // Several lines cannot take one number, whoever decides; the other side can always be kept.
        let ways_out = match reason {
            ConflictKind::ManyBudgetLines => alloc::vec![Side::Hit],
            ConflictKind::DateOrder => Vec::new(),
            _ => match self.context.active_rule(self.kind, field) {
                Some(rule) => ways_out(&self.view(field, rule, &[])),
                None => Vec::new(),
            },
        };
        out.conflicts.push(Conflict {
            id,
            item: self.link.item.clone(),
            ticket: self.ticket.id,
            kind: self.kind,
            field,
            reason,
            base: self.base.get(&field).cloned(),
            halo,
            hit,
            ways_out,
        });
    }

    /// `released` lets a write through although its field is in quarantine: a person has decided.
    #[allow(clippy::too_many_arguments, reason = "two call sites, both in this file")]
    fn guarded_write(
        &self,
        field: FieldId,
        side: Side,
        value: Option<Value>,
        why: Why,
        released: bool,
        all: &mut Outcomes,
        out: &mut LinkPlan,
    ) {
        let decided = matches!(why, Why::Decided { .. });
        let stop = match side {
            Side::Halo => self.stops_halo(field, value.as_ref(), decided),
            Side::Hit => {
                if self.item.budget_lines.of(field) > 1 {
                    if self.answer(field, ConflictKind::ManyBudgetLines) == Some(Side::Hit) {
                        all.rebase.insert(field, Why::Decided { field, keep: Side::Hit });
                        return;
                    }
                    return self.conflict(field, ConflictKind::ManyBudgetLines, all, out);
                }
                None
            }
        };
        if let Some(reason) = stop {
            if reason == SkipReason::TicketClosed {
                let subject =
                    Subject::item(&self.link.item).with_ticket(self.ticket.id, self.kind).with_field(field);
                issue(out, IssueCode::EditForClosed, subject);
            }
            return self.skip(field, reason, out);
        }
        if !released && self.flaps(field, side, value.as_ref()) {
            return self.quarantine(field, side, all, out);
        }
        let mut reasons = alloc::vec![why];
        if field == FieldId::Status {
            let from = match side {
                Side::Halo => self.item.fields.get(field).value(),
                Side::Hit => self.ticket.fields.get(field).value(),
            };
            if let (Some(from), Some(to)) = (from, value.as_ref()) {
                reasons.push(status_row(self.ticket.ticket_type, side.other(), from, to));
            }
        }
        let writes = match side {
            Side::Halo => &mut all.halo,
            Side::Hit => &mut all.hit,
        };
        writes.insert(field, Write { value, why: reasons });
    }

    /// Something keeps changing the value back: nothing is written until a person decides, and the decision holds
    /// for this quarantine.
    fn quarantine(&self, field: FieldId, side: Side, all: &mut Outcomes, out: &mut LinkPlan) {
        if let (Some(side), Some(rule)) =
            (self.answer(field, ConflictKind::Flapping), self.context.active_rule(self.kind, field))
        {
            return match keep(&self.view(field, rule, &[]), side) {
                Outcome::Write { side, value, why } => {
                    self.guarded_write(field, side, value, why, true, all, out);
                }
                Outcome::Rebase(why) => {
                    all.rebase.insert(field, why);
                }
                Outcome::Skip(reason) => self.skip(field, reason, out),
                Outcome::Nothing | Outcome::Conflict(_) => {}
            };
        }
        let subject = Subject::item(&self.link.item).with_ticket(self.ticket.id, self.kind).with_field(field);
        issue(out, IssueCode::Flapping, subject);
        let now = match side {
            Side::Halo => self.ticket.fields.get(field),
            Side::Hit => self.item.fields.get(field),
        };
        let now = now.value().map_or_else(|| "blank".into(), |value| format!("\"{value}\""));
        let suspect = match (side, field) {
            (Side::Halo, FieldId::Status) => "a workflow step, an approval or a ticket rule in Halo",
            (Side::Halo, FieldId::Responsible) => "an assignment rule or a workflow step in Halo",
            (Side::Halo, _) => "a ticket rule, a template or another integration in Halo",
            (Side::Hit, _) => "another integration or a rule in HIT",
        };
        out.diags.push(Diagnostic {
            code: DiagnosticCode::Flapping,
            item: Some(self.link.item.clone()),
            ticket: Some(self.ticket.id),
            field: Some(field),
            detail: format!("{now} keeps coming back in {}; look for {suspect}", side.name()).into(),
        });
        self.conflict(field, ConflictKind::Flapping, all, out);
    }

    fn stops_halo(&self, field: FieldId, value: Option<&Value>, decided: bool) -> Option<SkipReason> {
        if field == FieldId::Status
            && let Some(now) = self.not_offered()
        {
            return Some(SkipReason::ActionNotOffered(now));
        }
        if self.ticket.priced == Some(true) && (field.is_money() || self.until_quoted(field)) {
            return Some(SkipReason::Priced);
        }
        if field == FieldId::Hours && self.ticket.computed_hours {
            return Some(SkipReason::Computed);
        }
        if field == FieldId::Responsible
            && let Some(agent) = value.and_then(Value::as_agent)
            && !super::payload::may_be_responsible(self.context, self.ticket.ticket_type, agent)
        {
            return Some(SkipReason::Unmapped { side: Side::Hit, value: format!("{agent}").into() });
        }
        // Nothing is reopened unasked; a person's decision is asking.
        (self.ticket.closed
            && guard::on(Guard::ClosedTicket)
            && !self.context.input.settings.sync.write_closed
            && !decided)
            .then_some(SkipReason::TicketClosed)
    }

    /// The present status, if the workflow does not offer the action there.
    fn not_offered(&self) -> Option<StatusId> {
        let StatusHow::Action(outcome) = self.how()? else { return None };
        let ticket_type = self.context.input.catalogue.ticket_types.get(&self.ticket.ticket_type)?;
        let offered_in = &ticket_type.outcomes.get(&outcome)?.from;
        self.ticket.status().filter(|now| !offered_in.is_empty() && !offered_in.contains(now))
    }

    fn until_quoted(&self, field: FieldId) -> bool {
        let direction = self.context.input.settings.rule(self.kind, field).direction;
        matches!(direction, Direction::HitToHalo { until_quoted: true })
    }

    fn how(&self) -> Option<StatusHow> {
        let relation = self.context.relation(FieldId::Status, self.ticket.ticket_type);
        relation.how(&self.item.status()?)
    }

    fn flaps(&self, field: FieldId, side: Side, value: Option<&Value>) -> bool {
        guard::on(Guard::Flap)
            && self.link.flap.iter().any(|ring| {
                ring.side == side && ring.kind == self.kind && ring.field == field && ring.would_flap(value)
            })
    }

    /// Start and due move together, and never out of order.
    fn dates(&self, all: &mut Outcomes, out: &mut LinkPlan) {
        let group = [FieldId::Start, FieldId::Due];
        for (this, other) in [(group[0], group[1]), (group[1], group[0])] {
            if all.waiting.contains(&other) {
                for writes in [&mut all.halo, &mut all.hit] {
                    if writes.remove(&this).is_some() {
                        self.skip(this, SkipReason::Group(other), out);
                    }
                }
            }
        }
        for side in [Side::Halo, Side::Hit] {
            let writes = match side {
                Side::Halo => &all.halo,
                Side::Hit => &all.hit,
            };
            let row = match side {
                Side::Halo => &self.ticket.fields,
                Side::Hit => &self.item.fields,
            };
            let after = |field| match writes.get(&field) {
                Some(write) => write.value.clone(),
                None => row.get(field).value().cloned(),
            };
            let (Some(Value::Date(start)), Some(Value::Date(due))) =
                (after(FieldId::Start), after(FieldId::Due))
            else {
                continue;
            };
            if start > due && guard::on(Guard::DateOrder) {
                let written: Vec<FieldId> =
                    group.into_iter().filter(|field| writes.contains_key(field)).collect();
                for field in written {
                    match side {
                        Side::Halo => all.halo.remove(&field),
                        Side::Hit => all.hit.remove(&field),
                    };
                    self.conflict(field, ConflictKind::DateOrder, all, out);
                }
            }
        }
    }

    fn assemble(&self, mut all: Outcomes, out: &mut LinkPlan) {
        if !all.rebase.is_empty() {
            let mut op = self.pair().op(Rank::Local, OpKind::Rebase { kind: self.kind });
            op.base = all.rebase.keys().filter_map(|field| Some((*field, self.cell(*field)?))).collect();
            op.why = all.rebase.into_values().collect();
            out.ops.push(op.named());
        }
        let status = all.halo.remove(&FieldId::Status);
        self.status(status, &mut all.halo, out);
        if !all.hit.is_empty() {
            out.ops.push(self.update(Side::Hit, all.hit));
        }
    }

    fn status(&self, status: Option<Write>, halo: &mut Writes, out: &mut LinkPlan) {
        let Some(status) = status else {
            if !halo.is_empty() {
                out.ops.push(self.update(Side::Halo, core::mem::take(halo)));
            }
            return;
        };
        let how = self.how().unwrap_or(StatusHow::Set);
        let pair = self.pair();
        let moves = pair.moves(self.context, status.value.as_ref().and_then(Value::as_halo_status));
        // One write instead of two, where the order among them does not matter.
        if how == StatusHow::Set && moves == StatusMove::Between && !halo.is_empty() {
            halo.insert(FieldId::Status, status);
            out.ops.push(self.update(Side::Halo, core::mem::take(halo)));
            return;
        }
        let mut op = pair.op(status_rank(moves), OpKind::StatusWrite { kind: self.kind, how, moves });
        let write = BTreeMap::from([(FieldId::Status, status)]);
        pair.fill(&mut op, Side::Halo, write, |field| self.until_quoted(field));
        let mut update = (!halo.is_empty()).then(|| self.update(Side::Halo, core::mem::take(halo)));
        let op = in_order(moves, op, &mut update);
        out.ops.extend(update);
        out.ops.push(op);
    }

    fn update(&self, side: Side, writes: Writes) -> Op {
        self.pair().update(side, writes, |field| self.until_quoted(field))
    }

    const fn pair(&self) -> Pair<'_> {
        Pair { link: self.link, item: self.item, ticket: self.ticket, kind: self.kind }
    }

    fn cell(&self, field: FieldId) -> Option<BaseCell> {
        let halo = self.ticket.fields.get(field).seen()?.cloned();
        let hit = self.item.fields.get(field).seen()?.cloned();
        Some(BaseCell { halo, hit })
    }
}
