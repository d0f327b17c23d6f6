//! Step 12: the gate opens, and a burst of items meets the limits.

use serde_json::json;
use sync_core::decision::PairingAnswer;
use sync_core::field::FieldId;
use sync_core::gate::{GateNeed, GateNeedName};
use sync_core::ids::{ItemId, TicketId};
use sync_core::plan::{OpKind, Verdict};
use sync_core::value::Value;

use super::Story;
use super::days::{open_opportunities, open_projects};
use super::tell::count;
use crate::engine::Reach;
use crate::exit::Failure;
use crate::storage::Answer;

/// How many items the burst has.
const BURST: usize = 60;
/// What each of them is called.
const NAME: &str = "Phishing-resistant sign-in";

/// How many edits people make on each side in a day.
const EDITS: usize = 20;

impl Story {
    pub(super) async fn global(&mut self) -> Result<(), Failure> {
        self.tell.step("The gate opens: all clients, and a burst of 60 items with one name");
        self.settle().await?;
        // A poll that finds nothing to do proves nothing; a complete read over all links does.
        self.tell.command("halo-hit sync --full");
        for _ in 0..2 {
            drop(self.desk.sync_after(Reach::Everything).await?);
        }
        self.tell.say(
            "Twice, since two clean runs in a row are asked for: a poll that finds nothing does not count, a complete \
             read does.",
        );
        let (report, _) = self.desk.app.gate().await?;
        let (met, missing): (Vec<&GateNeed>, Vec<&GateNeed>) = report.needs.iter().partition(|need| need.met);
        let seen = met.iter().map(|need| match need.need {
            GateNeedName::NoIssues => format!("open issues {}", need.have),
            other => format!("{} {}", other.code().replace('_', " "), need.have),
        });
        self.tell.command("halo-hit gate");
        self.tell.good(format!("seen on validation clients: {}.", seen.collect::<Vec<_>>().join(", ")));
        for need in missing {
            self.tell.bad(format!("missing: {}", need.sentence()));
        }
        if !report.open {
            let missing: Vec<String> = self
                .desk
                .app
                .store
                .issues()
                .await?
                .iter()
                .filter(|issue| issue.blocks_gate && !issue.dismissed)
                .map(|issue| issue.sentence.clone())
                .collect();
            return Err(Failure::other(
                "demo_gate_closed",
                format!("the gate to global scope stayed closed ({})", missing.join("; ")),
                "please report this, with the seed",
            ));
        }
        self.desk.choices.global = true;
        self.desk.write().await?;
        self.desk.connect().await?;
        self.pair_in_bulk().await?;
        self.burst().await?;
        self.blocked_and_released().await?;
        self.working_day().await
    }

    /// People at work on all clients, in both systems.
    async fn working_day(&mut self) -> Result<(), Failure> {
        let looked = self.desk.plan(Reach::Changes).await?;
        let named = open_opportunities(&looked, "Qualified");
        let dated = open_projects(&looked);
        drop(looked);
        let rename = |(place, (item, _)): (usize, &(ItemId, TicketId))| json!({"side": "hit", "item_id": item.as_str(), "set": {"name": format!("Reworded after review {}", place + 1)}});
        let move_date = |(place, (_, ticket)): (usize, &(ItemId, TicketId))| {
            let date = format!("2027-{:02}-15T17:00:00", 1 + place % 12);
            json!({"side": "halo", "ticket_id": ticket.0, "set": {"targetdate": date}, "by": "Ivan Petrenko"})
        };
        let names = named.iter().rev().take(EDITS).enumerate().map(rename);
        let edits: Vec<_> = names.chain(dated.iter().rev().take(EDITS).enumerate().map(move_date)).collect();
        let before = self.control.counts().await?;
        self.control.edits(json!(edits)).await?;
        self.settle().await?;
        let after = self.control.counts().await?;
        self.tell.say(format!(
            "A day's work on all clients: people change {} in both systems; {} carry them over.",
            count(after.people_field_changes - before.people_field_changes, "field", "fields"),
            count(after.updates() - before.updates(), "update", "updates")
        ));
        Ok(())
    }

    /// What `pair all link --client` and `pair all link` accept: the clear suggestions, and nothing else.
    async fn pair_in_bulk(&mut self) -> Result<(), Failure> {
        drop(self.desk.plan(Reach::Changes).await?);
        let clients = self.desk.app.store.questions().await?.clients;
        let clear: Vec<Answer> = clients
            .iter()
            .filter_map(|question| Some(Answer::LinkClient(question.client.id.clone(), question.suggestion?)))
            .collect();
        self.desk.answer(&clear).await?;
        drop(self.desk.plan(Reach::Changes).await?);
        let pairings = self.desk.app.store.questions().await?.pairings;
        let twins: Vec<Answer> = pairings
            .iter()
            .filter_map(|question| {
                Some(Answer::Pair(question.item.id.clone(), PairingAnswer::Link(question.suggestion?)))
            })
            .collect();
        self.desk.answer(&twins).await?;
        self.tell.say(format!(
            "Paired in bulk: {} and {} with one clear counterpart. Waiting for a person: {}, {}.",
            count(clear.len(), "client", "clients"),
            count(twins.len(), "item", "items"),
            count(clients.len() - clear.len(), "client", "clients"),
            count(pairings.len() - twins.len(), "item", "items")
        ));
        Ok(())
    }

    /// A Smart Score rule fills the roadmaps of the linked clients.
    async fn burst(&mut self) -> Result<(), Failure> {
        let looked = self.desk.plan(Reach::Changes).await?;
        let view = &looked.view;
        let usable = |halo| {
            let client = view.catalogue.halo_clients.get(halo);
            client.is_some_and(|of| !of.inactive && !of.stopped && of.site_for_create().is_some())
        };
        let clients: Vec<String> = view
            .directory
            .clients
            .iter()
            .filter(|(_, halo)| usable(halo))
            .map(|(hit, _)| hit.to_string())
            .collect();
        drop(looked);
        let qualified = self.desk.choices.creating("opportunity").unwrap_or_default();
        let edits: Vec<_> = clients
            .iter()
            .cycle()
            .take(BURST)
            .map(|client| {
                let create = json!({"client_id": client, "name": NAME, "status_id": qualified, "origin": "smart_score"});
                json!({"side": "hit", "create": create, "by": "Smart Score"})
            })
            .collect();
        self.control.edits(json!(edits)).await.map(drop)
    }

    async fn blocked_and_released(&mut self) -> Result<(), Failure> {
        let looked = self.desk.plan(Reach::Changes).await?;
        let before = self.control.counts().await?;
        let same = looked.planned.plan.ops.iter().filter(|op| {
            matches!(op.kind, OpKind::Create(_))
                && matches!(op.set.get(FieldId::Name).value(), Some(Value::Text(name)) if &**name == NAME)
        });
        let (same, creates) = (same.count(), looked.planned.plan.head.counts.creates());
        self.tell.say(format!("First global plan: {creates} creates, {same} of them \"{NAME}\"."));
        if let Verdict::Blocked(hits) = &looked.planned.plan.head.verdict
            && let Some(hit) = hits.first()
        {
            self.tell.bad(format!(
                "blocked: {} (and {})",
                hit.sentence(),
                count(hits.len() - 1, "more limit", "more limits")
            ));
        }
        let refused = match self.desk.apply(&looked, None).await {
            Err(refused) => refused,
            Ok(_) => {
                return Err(Failure::other(
                    "demo_not_blocked",
                    "the limits did not hold",
                    "please report this",
                ));
            }
        };
        let after = self.control.counts().await?;
        self.tell.say(format!(
            "sync: refused with code {} ({}); written: {}.",
            refused.exit().number(),
            refused.code(),
            after.writes() - before.writes()
        ));
        let hash = looked.planned.hash;
        let short: String = hash.to_string().chars().take(12).collect();
        self.tell.command(&format!("halo-hit apply --lift-limits {short}..."));
        self.desk.apply(&looked, Some(hash)).await?;
        drop(looked);
        let done = self.control.counts().await?;
        self.tell.say(format!(
            "For this plan alone: {} tickets made, {} duplicates, customer e-mails {}.",
            done.halo.creates - before.halo.creates,
            done.duplicates(),
            done.customer_emails
        ));
        let reviewed = self.settle().await?;
        if reviewed > 0 {
            let differences = count(reviewed, "difference", "differences");
            self.tell.say(format!("{differences} of records just paired went through one review."));
        }
        Ok(())
    }
}
