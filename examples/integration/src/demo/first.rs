//! Steps 5 to 7: pairing, the preview, the first apply.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use sync_core::decision::{Conflict, PairingAnswer};
use sync_core::field::FieldId;
use sync_core::hash::Hash256;
use sync_core::ids::{Side, TicketId};
use sync_core::plan::{OpKind, Skip, SkipReason, Verdict, explain_op_named, explain_skip};
use sync_core::value::Value;

use super::Story;
use super::control::Counts;
use super::desk::Looked;
use super::tell::count;
use crate::engine::Reach;
use crate::exit::Failure;
use crate::storage::{Answer, ClientQuestion, OpenConflict, PairingQuestion};

/// How many examples of a list are shown.
const SHOWN: usize = 3;
/// How many runs may be needed until nothing is left to do.
const PATIENCE: usize = 6;

impl Story {
    pub(super) async fn pairing(&mut self) -> Result<(), Failure> {
        self.tell.step("Pairing: what is there on both sides is linked, not made again");
        // The namesakes' domains were taken away since both systems were read as a whole.
        let looked = self.desk.plan(Reach::Everything).await?;
        let questions = self.desk.app.store.questions().await?;
        let mut answers = Vec::new();
        for question in &questions.clients {
            let names: Vec<String> =
                question.candidates.iter().map(|halo| format!("{} ({})", halo.name, halo.id)).collect();
            self.tell.item(format!(
                "client \"{}\" ({}): {}: {}",
                question.client.name,
                question.client.id,
                question.reason,
                names.join(" / ")
            ));
            answers.extend(persons_choice(&looked, question));
        }
        drop(looked);
        self.desk.answer(&answers).await?;
        self.tell.say(format!(
            "Left for a person, who answers: {}. (The demo had removed both domains, which tell them apart.)",
            spoken(&answers)
        ));

        drop(self.desk.plan(Reach::Changes).await?);
        let questions = self.desk.app.store.questions().await?;
        let (clear, ambiguous): (Vec<_>, Vec<_>) =
            questions.pairings.iter().partition(|question| question.suggestion.is_some());
        self.tell.say(format!(
            "Items with a hand-made twin in Halo: {} suggested, {} ambiguous:",
            clear.len(),
            ambiguous.len()
        ));
        for question in clear.iter().take(SHOWN).chain(ambiguous.iter().take(1)) {
            let ids: Vec<String> = question.candidates.iter().map(|ticket| ticket.id.to_string()).collect();
            let sort = if question.suggestion.is_some() { "suggested" } else { "ambiguous" };
            self.tell.item(format!(
                "\"{}\" ({}) = {} {}? {sort}",
                question.item.name,
                question.item.id,
                question.kind.name(),
                ids.join(" or ")
            ));
        }
        let answers = pair_each(&questions.pairings);
        self.desk.answer(&answers).await?;
        self.tell.say("A person accepts the suggestions, and names a ticket where it is ambiguous.");
        Ok(())
    }

    pub(super) async fn preview_and_apply(&mut self) -> Result<(), Failure> {
        self.tell.step("Preview: what would be done and why, before anything is written");
        let before = self.control.counts().await?;
        let looked = self.desk.plan(Reach::Changes).await?;
        self.preview(&looked, &before);

        self.tell.step("Apply: the first writes");
        let start = self.control.log_end().await?;
        let lifted = self.limits(&looked);
        self.desk.apply(&looked, lifted).await?;
        drop(looked);
        let after = self.control.counts().await?;
        self.tell.say(format!(
            "The servers count {} creates, {} link-backs, {} updates, {} customer e-mails.",
            after.halo.creates - before.halo.creates,
            after.halo.link_backs + after.hit.link_backs - before.halo.link_backs - before.hit.link_backs,
            after.updates() - before.updates(),
            after.customer_emails
        ));
        self.show_made(start).await?;
        let reviewed = self.settle().await?;
        self.tell.say(format!(
            "On first link blanks are filled; {} went into one review, in which a person kept Halo's values.",
            count(reviewed, "difference", "differences")
        ));
        let ops = self.desk.plan(Reach::Everything).await?.planned.plan.ops.len();
        self.tell
            .good(format!("Planned once more over everything: {}.", count(ops, "operation", "operations")));
        Ok(())
    }

    fn preview(&mut self, looked: &Looked, before: &Counts) {
        let plan = &looked.planned.plan;
        let counts = &plan.head.counts;
        self.tell.say(format!(
            "{} creates, {} links to existing tickets, {} updates, {} link-backs, {} deletes. Customer e-mails \
             counted so far: {}.",
            counts.creates(),
            counts.adoptions,
            counts.updates(),
            counts.link_backs,
            counts.deletes,
            before.customer_emails
        ));
        let create = plan.ops.iter().find(|op| matches!(op.kind, OpKind::Create(_)));
        if let Some(op) = create {
            self.tell.item(explain_op_named(op, &looked.view.catalogue));
        }
        let creates = plan.ops.iter().filter(|op| matches!(op.kind, OpKind::Create(_)));
        let mut money = [0_i64; 2];
        for op in creates {
            for (place, field) in [FieldId::BudgetOnce, FieldId::BudgetMonthly].into_iter().enumerate() {
                if let Some(Value::Money(amount)) = op.set.get(field).value() {
                    money[place] += amount.minor;
                }
            }
        }
        let currency = looked.view.settings.project.halo_currency;
        let currency = currency.map(|currency| currency.to_string()).unwrap_or_default();
        self.tell.say(format!(
            "Money in these creates: {currency} {} once, {currency} {} a month.",
            amount(money[0]),
            amount(money[1])
        ));
        self.tell.say("What will not sync, and why:");
        for (why, count) in skips(&plan.skips).into_iter().take(5) {
            self.tell.item(format!("{count} x {why}"));
        }
        let elsewhere = plan.skips.iter().filter(|skip| skip.reason == SkipReason::OutOfScope).count();
        self.tell.item(format!("{elsewhere} items of clients that do not take part yet"));
    }

    /// What a person says who meets the limits: that this very plan may pass. Nothing, where it is within them.
    fn limits(&mut self, looked: &Looked) -> Option<Hash256> {
        let Verdict::Blocked(hits) = &looked.planned.plan.head.verdict else { return None };
        for hit in hits {
            self.tell.bad(format!("blocked: {}", hit.sentence()));
        }
        self.tell.say("A person has looked at the plan, and lifts the limits for it alone.");
        Some(looked.planned.hash)
    }

    /// The tickets made since, as Halo itself shows them to anybody with a token.
    async fn show_made(&mut self, since: u64) -> Result<(), Failure> {
        let made = self.control.made_since(since).await?;
        let (token, _) = self.control.token().await?;
        for id in made.iter().take(SHOWN) {
            let path = format!("/Tickets/{id}?includedetails=true");
            let ticket = self.control.halo(&token, &path).await?;
            let word = |name: &str| ticket[name].as_str().unwrap_or_default().to_owned();
            let value = ticket["oppvalue_oneoff"].as_f64().filter(|_| ticket["oppvalue_oneoff"] != 0.0);
            let value = value.map_or(String::new(), |value| format!(", once {value}"));
            self.tell.item(format!(
                "GET /Tickets/{id}: \"{}\", {}{value}",
                word("summary"),
                word("status_name")
            ));
        }
        Ok(())
    }

    /// Syncs until nothing is left to do. Differences of records just linked go to a person, who keeps Halo's values;
    /// answers how many these were.
    pub(super) async fn settle(&mut self) -> Result<usize, Failure> {
        let mut reviewed = 0;
        for _ in 0..PATIENCE {
            let (looked, _) = self.desk.sync().await?;
            let quiet = looked.planned.plan.ops.is_empty();
            drop(looked);
            let decided = self.review().await?;
            reviewed += decided;
            if quiet && decided == 0 {
                break;
            }
        }
        Ok(reviewed)
    }

    /// A person looks through the differences of records just linked.
    async fn review(&mut self) -> Result<usize, Failure> {
        let open = self.desk.app.store.conflicts().await?;
        let mut answers = Vec::new();
        let mut reviewed = 0;
        // A decision about values that cannot be taken over leaves them where they are.
        let waits = |open: &&OpenConflict| open.decided.is_none() || open.conflict.ways_out.is_empty();
        for conflict in open.iter().filter(waits).map(|open| &open.conflict) {
            if conflict.ways_out.is_empty() {
                self.by_hand(conflict).await?;
                reviewed += 1;
                continue;
            }
            let keep = match conflict.ways_out.contains(&Side::Halo) {
                true => Side::Halo,
                false => Side::Hit,
            };
            self.decided(conflict, keep).await?;
            answers.push(Answer::Resolve(conflict.id, keep));
        }
        self.desk.answer(&answers).await?;
        Ok(reviewed + answers.len())
    }

    /// Where neither value can be taken over, as for dates out of order, somebody corrects Halo's by hand.
    async fn by_hand(&mut self, conflict: &Conflict) -> Result<(), Failure> {
        let field = match conflict.field {
            FieldId::Start => "startdate",
            _ => "targetdate",
        };
        let Some(Value::Date(date)) = conflict.hit.value() else { return Ok(()) };
        let set = json!({ field: format!("{date}T17:00:00") });
        let edit = json!([{"side": "halo", "ticket_id": conflict.ticket.0, "set": set, "by": "Hannah Moss"}]);
        self.control.edits(edit).await.map(drop)
    }
}

/// What a person answers who knows both clients: namesakes are told apart by their age, so the older of one side is
/// the older of the other.
fn persons_choice(looked: &Looked, question: &ClientQuestion) -> Option<Answer> {
    use sync_core::matching::ClientIssue;
    let place = looked.view.matches.clients.issues.iter().find_map(|issue| match issue {
        ClientIssue::Ambiguous { hit, .. } => hit.iter().position(|id| *id == question.client.id),
        _ => None,
    });
    let last = question.candidates.len().checked_sub(1)?;
    let candidate = &question.candidates[place.unwrap_or(0).min(last)];
    Some(Answer::LinkClient(question.client.id.clone(), question.suggestion.unwrap_or(candidate.id)))
}

/// The suggestions, and for ambiguous items the first ticket that no other item was given; a new one where none is left.
fn pair_each(questions: &[PairingQuestion]) -> Vec<Answer> {
    let mut given: BTreeSet<TicketId> = questions.iter().filter_map(|question| question.suggestion).collect();
    let answers = questions.iter().map(|question| {
        let free = || question.candidates.iter().map(|ticket| ticket.id).find(|id| !given.contains(id));
        let answer = question.suggestion.or_else(free).map_or(PairingAnswer::Create, PairingAnswer::Link);
        if let PairingAnswer::Link(ticket) = answer {
            given.insert(ticket);
        }
        Answer::Pair(question.item.id.clone(), answer)
    });
    answers.collect()
}

fn spoken(answers: &[Answer]) -> String {
    let pairs = answers.iter().filter_map(|answer| match answer {
        Answer::LinkClient(hit, halo) => Some(format!("{hit} is Halo's {halo}")),
        _ => None,
    });
    pairs.collect::<Vec<_>>().join(", ")
}

/// What is left out within the scope, by its reason, the most frequent first.
fn skips(skips: &[Skip]) -> Vec<(String, usize)> {
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for skip in skips.iter().filter(|skip| skip.reason != SkipReason::OutOfScope) {
        let nobody = Skip { item: None, ticket: None, field: None, ..skip.clone() };
        *found.entry(explain_skip(&nobody).replace("A record ", "")).or_default() += 1;
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    found
}

/// Minor units with two decimals, as all the demo's money has.
fn amount(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}
