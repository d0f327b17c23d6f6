//! Steps 8 to 10: a won deal, a conflict, a new status.

use serde_json::json;
use sync_core::base::Link;
use sync_core::decision::Conflict;
use sync_core::field::FieldId;
use sync_core::ids::{ItemId, Side, TicketId};
use sync_core::plan::{OpKind, explain_conflict_named, explain_issue, explain_op_named};

use super::Story;
use super::choices::Names;
use super::desk::Looked;
use super::tell::count;
use crate::engine::Reach;
use crate::exit::Failure;
use crate::storage::{Answer, HistoryFilter};

/// What nobody has told the settings about.
const NEW_STATUS: (&str, &str) = ("st_board_vote", "Custom: board vote");

/// What the vCIO thinks of next.
const MORE: [&str; 4] =
    ["Printer fleet renewal", "Remote access review", "Door camera upgrade", "Archive of old mailboxes"];

impl Story {
    pub(super) async fn won(&mut self) -> Result<(), Failure> {
        self.tell.step("Halo's day: sales wins a deal, and Halo's own workflow makes the project");
        self.plenty().await?;
        let looked = self.desk.plan(Reach::Changes).await?;
        let Some((item, opportunity)) = open_opportunities(&looked, "Qualified").into_iter().next() else {
            return Err(nothing_to_show("an open opportunity"));
        };
        let names = Names(&looked.view.catalogue);
        let won = names.halo(self.desk.choices.create_type(0)?, "Won")?;
        drop(looked);
        let before = self.control.counts().await?;
        let start = self.control.log_end().await?;
        let edit = json!([{"side": "halo", "ticket_id": opportunity.0, "set": {"status_id": won.0}, "by": "Diego Fuentes"}]);
        self.control.edits(edit).await?;
        let made = self.control.product_made_since(start).await?;
        let made: Vec<String> = made.iter().map(ToString::to_string).collect();
        self.tell.say(format!(
            "Diego sets opportunity {opportunity} to Won; the workflow makes project {}.",
            made.join(", ")
        ));
        let (looked, _) = self.desk.sync().await?;
        self.show_writes(&looked, 1);
        drop(looked);
        drop(self.desk.plan(Reach::Changes).await?);
        let proposals = self.desk.app.store.questions().await?.proposals;
        let mine: Vec<_> =
            proposals.iter().filter(|proposal| proposal.item.as_ref() == Some(&item)).collect();
        let mut approved = Vec::new();
        for proposal in mine {
            self.tell.item(format!("waits: {}", proposal.sentence));
            approved.push(Answer::Approve(proposal.id));
        }
        self.desk.answer(&approved).await?;
        let reviewed = self.settle().await?;
        let link = self.desk.app.store.link(&item).await?;
        let after = self.control.counts().await?;
        let project = link.and_then(|link| link.project).map_or("none".to_owned(), |id| id.to_string());
        self.tell.good(format!(
            "Approved: item {item} now has opportunity {opportunity} and project {project}, adopted. Tickets made by \
             the sync meanwhile: {}; duplicates: {}.",
            after.halo.creates - before.halo.creates,
            after.duplicates()
        ));
        if reviewed > 0 {
            let differences = count(reviewed, "difference", "differences");
            self.tell.say(format!("{differences} of project and item: reviewed, Halo's value kept."));
        }
        self.ordinary_edits().await
    }

    /// The vCIO plans more where this world has too few open opportunities for what follows.
    async fn plenty(&mut self) -> Result<(), Failure> {
        let have = open_opportunities(&self.desk.plan(Reach::Changes).await?, "Qualified").len();
        let more = &MORE[have.min(MORE.len())..];
        if more.is_empty() {
            return Ok(());
        }
        let before = self.control.counts().await?;
        self.plan_items(more).await?;
        self.settle().await?;
        let made = self.control.counts().await?.halo.creates - before.halo.creates;
        self.tell.say(format!(
            "First the vCIO qualifies {}; the sync makes {}.",
            count(more.len(), "more item", "more items"),
            count(made, "opportunity", "opportunities")
        ));
        Ok(())
    }

    /// A date moves in Halo, a name changes in HumanizeIT.
    async fn ordinary_edits(&mut self) -> Result<(), Failure> {
        let looked = self.desk.plan(Reach::Changes).await?;
        let project = open_projects(&looked).into_iter().next();
        let renamed = open_opportunities(&looked, "Qualified").into_iter().next();
        drop(looked);
        let mut edits = Vec::new();
        if let Some((_, project)) = project {
            let set = json!({"targetdate": "2027-06-30T17:00:00"});
            edits.push(json!({"side": "halo", "ticket_id": project.0, "set": set, "by": "Hannah Moss"}));
        }
        if let Some((item, _)) = &renamed {
            let set = json!({"name": "Phased rollout, agreed with the board"});
            edits.push(json!({"side": "hit", "item_id": item.as_str(), "set": set}));
        }
        self.control.edits(json!(edits)).await?;
        self.tell.say("Hannah moves a date in Halo, the vCIO renames an item; both cross over:");
        let (looked, _) = self.desk.sync().await?;
        self.show_writes(&looked, 2);
        drop(looked);
        self.settle().await.map(drop)
    }

    pub(super) async fn conflict(&mut self) -> Result<(), Failure> {
        self.tell.step("A conflict: both sides change the same status, a person decides");
        let looked = self.desk.plan(Reach::Changes).await?;
        let Some((item, ticket)) = open_opportunities(&looked, "Qualified").into_iter().last() else {
            return Err(nothing_to_show("an open opportunity"));
        };
        let names = Names(&looked.view.catalogue);
        let quoted = names.halo(self.desk.choices.create_type(0)?, "Quote Sent")?;
        let recommended = names.hit("Recommended")?;
        drop(looked);
        let before = self.control.counts().await?;
        let halo = json!({"side": "halo", "ticket_id": ticket.0, "set": {"status_id": quoted.0}, "by": "Maya Lindgren"});
        let hit =
            json!({"side": "hit", "item_id": item.as_str(), "set": {"status_id": recommended.as_str()}});
        self.control.edits(json!([halo, hit])).await?;
        self.tell.say("Maya sends a quote in Halo while the vCIO puts the item back to Recommended.");
        let (looked, _) = self.desk.sync().await?;
        let after = self.control.counts().await?;
        let mut answers = Vec::new();
        for conflict in looked.planned.plan.conflicts.iter().filter(|conflict| conflict.item == item) {
            self.tell.item(explain_conflict_named(conflict, &looked.view.catalogue));
            self.decided(conflict, Side::Halo).await?;
            answers.push(Answer::Resolve(conflict.id, Side::Halo));
        }
        drop(looked);
        self.tell.say(format!("Written meanwhile: {}.", after.writes() - before.writes()));
        self.tell.command("halo-hit issues resolve ID --keep halo");
        self.desk.answer(&answers).await?;
        let (looked, _) = self.desk.sync().await?;
        self.show_writes(&looked, 1);
        drop(looked);
        let filter = HistoryFilter { item: Some(item.clone()), limit: 50, ..HistoryFilter::default() };
        let rows = self.desk.app.store.history(&filter).await?;
        let update = rows.iter().find(|row| row.entry.field.is_some() && row.entry.run.is_some());
        self.explained = update.and_then(|row| row.entry.op);
        self.settle().await?;
        let shown = self.control.hit(&format!("/roadmap-items/{item}")).await?;
        self.tell.good(format!("GET /roadmap-items/{item}: status_id {}.", shown["status_id"]));
        Ok(())
    }

    pub(super) async fn new_status(&mut self) -> Result<(), Failure> {
        self.tell.step("A new HumanizeIT status: one item waits, the rest flows");
        let looked = self.desk.plan(Reach::Changes).await?;
        let open = open_opportunities(&looked, "Qualified");
        drop(looked);
        let [(waits, _), (flows, _), ..] = &open[..] else {
            return Err(nothing_to_show("two open opportunities"));
        };
        let (id, name) = NEW_STATUS;
        let edits = json!([
            {"side": "hit", "create_status": {"id": id, "name": name, "class": "other"}},
            {"side": "hit", "item_id": waits.as_str(), "set": {"status_id": id}},
            {"side": "hit", "item_id": flows.as_str(), "set": {"name": "Second phase, after the audit"}},
        ]);
        self.control.edits(edits).await?;
        self.tell.say(format!(
            "The account gets the status \"{name}\" (invented here); item {waits} moves to it, and item {flows} is \
             renamed."
        ));
        let (looked, _) = self.desk.sync().await?;
        let told =
            looked.planned.plan.issues.iter().filter(|issue| issue.subject.value.as_deref() == Some(id));
        for issue in told {
            self.tell.item(format!("waits: {}", explain_issue(issue)));
        }
        self.show_writes(&looked, 1);
        drop(looked);
        // A person gives it its rows.
        self.desk.choices.ignore(id);
        self.desk.write().await?;
        let looked = self.desk.plan(Reach::Everything).await?;
        let left =
            looked.planned.plan.issues.iter().filter(|issue| issue.subject.value.as_deref() == Some(id));
        let left = left.count();
        self.desk.apply(&looked, None).await?;
        drop(looked);
        let left = count(left, "issue", "issues");
        self.tell.good(format!("A person gives it a row (ignored): {left} about it left."));
        Ok(())
    }

    /// Says what a run has written, from its plan.
    pub(super) fn show_writes(&mut self, looked: &Looked, most: usize) {
        let writes = looked
            .planned
            .plan
            .ops
            .iter()
            .filter(|op| matches!(op.kind, OpKind::Update { .. } | OpKind::StatusWrite { .. }));
        for op in writes.take(most) {
            let sentence = explain_op_named(op, &looked.view.catalogue);
            // Why is said where it is not plain from the line before; `history explain` says it always.
            let what = sentence.split(", because").next().unwrap_or_default();
            self.tell.item(format!("{}.", what.trim_end_matches('.')));
        }
    }

    /// Tells the servers' judge that a person gave up the other side's value.
    pub(super) async fn decided(&self, conflict: &Conflict, keep: Side) -> Result<(), Failure> {
        let word = word(conflict.field);
        let decision = match keep {
            Side::Halo => json!({"side": "hit", "decision": {"id": conflict.item.as_str(), "field": word}}),
            Side::Hit => json!({"side": "halo", "decision": {"id": conflict.ticket.0, "field": word}}),
        };
        self.control.edits(json!([decision])).await.map(drop)
    }
}

/// Linked opportunities that are open, without a project, in the Halo status of this name.
pub(super) fn open_opportunities(looked: &Looked, status: &str) -> Vec<(ItemId, TicketId)> {
    let view = &looked.view;
    let fits = |link: &&Link| {
        let ticket = link.opportunity.and_then(|id| view.snapshot.ticket(id));
        let item = view.snapshot.item(&link.item);
        let named = ticket.and_then(|ticket| ticket.status()).and_then(|id| view.catalogue.statuses.get(&id));
        link.project.is_none()
            && item.is_some_and(|item| {
                !item.archived
                    && item.status().is_some_and(|id| {
                        view.catalogue.hit_statuses.get(&id).is_some_and(|of| &*of.name == "Qualified")
                    })
            })
            && ticket.is_some_and(|ticket| !ticket.closed)
            && named.is_some_and(|of| &*of.name == status)
    };
    view.links.iter().filter(fits).filter_map(|link| Some((link.item.clone(), link.opportunity?))).collect()
}

/// Linked projects that are open.
pub(super) fn open_projects(looked: &Looked) -> Vec<(ItemId, TicketId)> {
    let view = &looked.view;
    let open = |id: TicketId| view.snapshot.ticket(id).is_some_and(|ticket| !ticket.closed);
    let links = view.links.iter().filter(|link| link.opportunity.is_none());
    links.filter_map(|link| Some((link.item.clone(), link.project.filter(|id| open(*id))?))).collect()
}

/// A field in the words of the servers' judge.
const fn word(field: FieldId) -> &'static str {
    match field {
        FieldId::Name => "name",
        FieldId::Description => "description",
        FieldId::Status => "status",
        FieldId::Responsible => "responsible",
        FieldId::Start => "start",
        FieldId::Due => "due",
        FieldId::BudgetOnce => "one-time money",
        FieldId::BudgetMonthly | FieldId::BudgetAnnual => "recurring money",
        FieldId::Hours => "hours",
        FieldId::LinkBack => "link",
    }
}

pub(super) fn nothing_to_show(what: &str) -> Failure {
    Failure::other(
        "demo_world_differs",
        format!("this world has not {what} to go on with"),
        "take another seed",
    )
}
