//! What every store must do. One function runs all of it against any backend; each backend calls it.

use std::time::Duration;

use sync_core::base::{BaseCell, CreateSpec, Intent, Link};
use sync_core::decision::{Conflict, ConflictKind, Issue, IssueCode, PairingAnswer, Subject};
use sync_core::field::{FieldId, FieldRow};
use sync_core::hash::{Hash128, Hash256};
use sync_core::ids::{AgentId, HaloClientId, ItemId, Kind, PairId, Side, TicketId};
use sync_core::marker::Marker;
use sync_core::value::{Obs, Value};

use super::*;

const NO_WAIT: Duration = Duration::ZERO;

/// Runs the whole suite; `fresh` makes an empty store.
async fn behaves<S, F>(fresh: impl Fn() -> F)
where
    S: Store,
    F: Future<Output = S>,
{
    identity_is_given_once(&fresh().await).await;
    one_holder_at_a_time(&fresh().await).await;
    a_commit_is_all_or_nothing(&fresh().await).await;
    links_come_back_as_they_were(&fresh().await).await;
    a_mark_made_meanwhile_stays(&fresh().await).await;
    deliveries_wait_to_be_taken_up(&fresh().await).await;
    facts_are_replaced(&fresh().await).await;
    intents_outlive_what_they_stand_for(&fresh().await).await;
    conflicts_and_issues_keep_their_age(&fresh().await).await;
    answers_reach_the_planner(&fresh().await).await;
    only_open_things_can_be_decided(&fresh().await).await;
    history_tells_what_happened(&fresh().await).await;
    a_line_is_settled_once(&fresh().await).await;
    the_gate_counts(&fresh().await).await;
    the_serial_tells_stale_plans(&fresh().await).await;
}

pub(in crate::storage) fn link(item: &str, project: i64) -> Link {
    let mut link = Link::new(ItemId::from(item), "c1".into(), HaloClientId(12));
    link.project = Some(TicketId(project));
    let cell = BaseCell { halo: Some(Value::text("a")), hit: None };
    link.base.of_mut(Kind::Project).insert(FieldId::Name, cell);
    link
}

fn conflict(item: &str) -> Conflict {
    let (halo, hit) = (Obs::Value(Value::text("h")), Obs::Value(Value::text("t")));
    Conflict {
        id: Conflict::name(
            &ItemId::from(item),
            Kind::Project,
            FieldId::Name,
            ConflictKind::BothChanged,
            &halo,
            &hit,
        ),
        item: ItemId::from(item),
        ticket: TicketId(7),
        kind: Kind::Project,
        field: FieldId::Name,
        reason: ConflictKind::BothChanged,
        base: None,
        halo,
        hit,
        ways_out: vec![Side::Halo, Side::Hit],
    }
}

async fn identity_is_given_once(store: &impl Store) {
    assert_eq!(store.identity().await.unwrap(), None);
    let ours = |hit: Option<&str>| Identity { halo: "acme".into(), hit: hit.map(Into::into) };
    store.claim(&ours(None), 1).await.unwrap();
    store.claim(&ours(Some("h1")), 1).await.unwrap();
    store.claim(&ours(None), 1).await.unwrap();
    assert_eq!(store.identity().await.unwrap(), Some(ours(Some("h1"))));
    let other_account = store.claim(&ours(Some("h2")), 1).await.unwrap_err();
    let other_tenant = Identity { halo: "contoso".into(), hit: None };
    let other_tenant = store.claim(&other_tenant, 1).await.unwrap_err();
    for error in [other_account, other_tenant] {
        assert!(matches!(error, StoreError::OtherTenant { .. }), "{error}");
    }
    assert_eq!(store.identity().await.unwrap(), Some(ours(Some("h1"))));
}

async fn one_holder_at_a_time(store: &impl Store) {
    let first = store.lease("first", NO_WAIT).await.unwrap();
    let refused = store.lease("second", NO_WAIT).await.unwrap_err();
    assert!(refused.to_string().contains("(first)"), "{refused}");
    drop(first);
    let second = store.lease("second", NO_WAIT).await.unwrap();
    assert!(second.fence > 1);
    // A holder that was taken for dead is fenced off even if its guard still lives.
    let stale = Lease::new(second.fence - 1, Box::new(()));
    let refused = store.commit(&stale, &[Change::PutLink(Box::new(link("i", 1)))], 1).await;
    assert!(matches!(refused, Err(StoreError::LeaseLost)));
    assert_eq!(store.count_links().await.unwrap(), 0);
    let (waited, ()) = tokio::join!(store.lease("third", Duration::from_secs(5)), async move {
        tokio::time::sleep(Duration::from_millis(60)).await;
        drop(second);
    });
    waited.unwrap();
}

async fn a_commit_is_all_or_nothing(store: &impl Store) {
    let lease = store.lease("t", NO_WAIT).await.unwrap();
    let before = store.head().await.unwrap();
    // The second link claims the first one's ticket.
    let changes = [
        Change::MoveCursor { side: Side::Halo, feed: "tickets".into(), value: "2026".into() },
        Change::PutLink(Box::new(link("i1", 7))),
        Change::PutLink(Box::new(link("i2", 7))),
    ];
    let refused = store.commit(&lease, &changes, 1).await.unwrap_err();
    assert!(matches!(refused, StoreError::Refused { .. }), "{refused}");
    assert_eq!(store.count_links().await.unwrap(), 0);
    assert_eq!(store.cursors().await.unwrap(), []);
    assert_eq!(store.head().await.unwrap(), before);
}

async fn links_come_back_as_they_were(store: &impl Store) {
    let lease = store.lease("t", NO_WAIT).await.unwrap();
    let links: Vec<Link> = (0..5).map(|n| link(&format!("i{n}"), 100 + n)).collect();
    // Written in reverse, read in the order of the items.
    let changes: Vec<Change> =
        links.iter().rev().map(|link| Change::PutLink(Box::new(link.clone()))).collect();
    store.commit(&lease, &changes, 1).await.unwrap();
    assert_eq!(store.all_links().await.unwrap(), links);
    assert_eq!(store.links(Some(&links[1].item), 2).await.unwrap(), links[2..4]);
    assert_eq!(store.link_of_ticket(TicketId(103)).await.unwrap().as_ref(), Some(&links[3]));
    // A ticket that a link gave up can be another's at once.
    let mut given_up = links[3].clone();
    given_up.project = None;
    let mut taken = links[4].clone();
    taken.opportunity = Some(TicketId(103));
    let changes = [Change::PutLink(Box::new(given_up)), Change::PutLink(Box::new(taken.clone()))];
    store.commit(&lease, &changes, 2).await.unwrap();
    assert_eq!(store.link_of_ticket(TicketId(103)).await.unwrap(), Some(taken));
    store.commit(&lease, &[Change::RemoveLink(links[0].item.clone())], 3).await.unwrap();
    assert_eq!(store.link(&links[0].item).await.unwrap(), None);
    assert_eq!(store.link_of_ticket(TicketId(100)).await.unwrap(), None);
}

async fn a_mark_made_meanwhile_stays(store: &impl Store) {
    let lease = store.lease("t", NO_WAIT).await.unwrap();
    let key = RecordKey::Item(ItemId::from("i1"));
    let other = RecordKey::Ticket(TicketId(9));
    let mark = |key: &RecordKey| Change::Mark { key: key.clone(), reason: "feed".into() };
    let cursor = Change::MoveCursor { side: Side::Hit, feed: "items".into(), value: "c1".into() };
    store.commit(&lease, &[mark(&key), mark(&other), cursor], 10).await.unwrap();
    let read = store.dirty().await.unwrap();
    assert_eq!(read.iter().map(|dirty| &dirty.key).collect::<Vec<_>>(), [&other, &key]);
    // A webhook arrives between the read and the commit.
    store.receive(&[delivery(None, std::slice::from_ref(&key))], 20).await.unwrap();
    store.take_up(&lease, 20).await.unwrap();
    let clean: Vec<Change> =
        read.iter().map(|dirty| Change::Clean { key: dirty.key.clone(), mark: dirty.mark }).collect();
    store.commit(&lease, &clean, 30).await.unwrap();
    let left = store.dirty().await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!((&left[0].key, left[0].reason.as_str(), left[0].since), (&key, "webhook", 10));
    assert_eq!(store.cursors().await.unwrap()[0].value, "c1");
    let drop = Change::DropCursor { side: Side::Hit, feed: "items".into() };
    store.commit(&lease, &[drop], 40).await.unwrap();
    assert_eq!(store.cursors().await.unwrap(), []);
}

pub(in crate::storage) fn delivery(name: Option<&str>, records: &[RecordKey]) -> Delivery {
    let name = name.map(|name| Hash128::of(name.as_bytes()));
    Delivery { side: Side::Hit, name, records: records.to_vec(), catalogue: false }
}

async fn deliveries_wait_to_be_taken_up(store: &impl Store) {
    let [one, two] = ["i1", "i2"].map(|id| RecordKey::Item(ItemId::from(id)));
    let both = [delivery(Some("a"), std::slice::from_ref(&one)), delivery(None, &[one.clone(), two.clone()])];
    assert_eq!(store.receive(&both, 10).await.unwrap(), [Reception::Stored; 2]);
    // The same name again is a repetition, within one batch as well; without a name nothing is.
    let again = [both[0].clone(), both[1].clone(), delivery(Some("b"), &[]), delivery(Some("b"), &[])];
    let (stored, repeated) = (Reception::Stored, Reception::Repeated);
    assert_eq!(store.receive(&again, 20).await.unwrap(), [repeated, stored, stored, repeated]);
    // Two records and one hint without a record; nothing is dirty yet, and plans stay as they are.
    assert_eq!(store.waiting().await.unwrap(), Waiting { count: 3, since: Some(10) });
    assert_eq!(store.dirty().await.unwrap(), []);
    let head = store.head().await.unwrap();

    let lease = store.lease("t", NO_WAIT).await.unwrap();
    // A mark that asks for more than a webhook does keeps its reason.
    let retry = Change::Mark { key: two.clone(), reason: "retry".into() };
    store.commit(&lease, &[retry], 25).await.unwrap();
    let told = store.take_up(&lease, 30).await.unwrap();
    assert_eq!((told.records.len(), told.sides.len()), (2, 1));
    let dirty = store.dirty().await.unwrap();
    let reasons: Vec<&str> = dirty.iter().map(|dirty| dirty.reason.as_str()).collect();
    assert_eq!(reasons, [WEBHOOK, "retry"]);
    assert_eq!((dirty[0].since, dirty[1].since), (30, 25));
    assert_eq!(store.waiting().await.unwrap(), Waiting::default());
    assert_eq!(store.take_up(&lease, 40).await.unwrap(), Told::default());
    assert_eq!(store.head().await.unwrap(), head);
    // The names are known for a while after, not for ever.
    assert_eq!(store.receive(&both[..1], 50).await.unwrap(), [Reception::Repeated]);
    let week = 7 * 24 * 3_600_000;
    store.take_up(&lease, week).await.unwrap();
    assert_eq!(store.receive(&both[..1], week).await.unwrap(), [Reception::Stored]);

    // What both tenants have is asked for again after a delivery that says so.
    store.commit(&lease, &[Change::KeepCatalogue("{}".into())], week).await.unwrap();
    let clients = Delivery { catalogue: true, ..delivery(None, &[]) };
    store.receive(&[clients], week).await.unwrap();
    assert_eq!(store.catalogue().await.unwrap().as_deref(), Some("{}"));
    store.take_up(&lease, week).await.unwrap();
    assert_eq!(store.catalogue().await.unwrap(), None);

    store.lease("other", NO_WAIT).await.unwrap_err();
    drop(lease);
    let newer = store.lease("newer", NO_WAIT).await.unwrap();
    let old = Lease::new(newer.fence - 1, Box::new(()));
    assert!(matches!(store.take_up(&old, week).await, Err(StoreError::LeaseLost)));
}

async fn facts_are_replaced(store: &impl Store) {
    assert_eq!(store.fact("serve").await.unwrap(), None);
    store.note_fact("serve", "1", 10).await.unwrap();
    store.note_fact("serve", "2", 20).await.unwrap();
    assert_eq!(store.fact("serve").await.unwrap().as_deref(), Some("2"));
}

async fn intents_outlive_what_they_stand_for(store: &impl Store) {
    let lease = store.lease("t", NO_WAIT).await.unwrap();
    let item = ItemId::from("i1");
    let intent = Intent {
        op: Hash128::of(b"op"),
        spec: CreateSpec {
            marker: Marker::for_item(&PairId::from("p"), &item, Kind::Project),
            target: Side::Halo,
            kind: Kind::Project,
            item: Some(item.clone()),
            ticket: None,
            client: "c1".into(),
            halo_client: HaloClientId(12),
            site: None,
            ticket_type: None,
            team: None,
            template: None,
            constants: [("CFx".into(), "\"y\"".into())].into(),
            from_opportunity: None,
        },
        source: FieldRow::new().with(FieldId::Name, Value::text("n")),
        payload: FieldRow::new().with(FieldId::Name, Value::text("n")),
        sent_at: None,
        settle_until: None,
    };
    store.commit(&lease, &[Change::PutIntent(Box::new(intent.clone()))], 1).await.unwrap();
    // The same create decided anew, under another operation, replaces the older intent.
    let intent = Intent { op: Hash128::of(b"again"), ..intent };
    store.commit(&lease, &[Change::PutIntent(Box::new(intent.clone()))], 1).await.unwrap();
    assert_eq!(store.intents().await.unwrap(), std::slice::from_ref(&intent));
    let done = [Change::PutLink(Box::new(link("i1", 5))), Change::RemoveIntent(intent.op)];
    store.commit(&lease, &done, 2).await.unwrap();
    assert_eq!(store.intents().await.unwrap(), []);
}

async fn conflicts_and_issues_keep_their_age(store: &impl Store) {
    let lease = store.lease("t", NO_WAIT).await.unwrap();
    let issue = Issue::new(IssueCode::ClientStopped, Subject::client(&"c1".into()));
    let run = store.begin_run(&lease, "sync", 5).await.unwrap();
    for now in [10, 20] {
        let changes = [
            Change::PutConflict { conflict: Box::new(conflict("i1")), run: Some(run) },
            Change::OpenIssue(Box::new(NewIssue::from(&issue))),
        ];
        store.commit(&lease, &changes, now).await.unwrap();
    }
    let conflicts = store.conflicts().await.unwrap();
    assert_eq!(conflicts.len(), 1);
    assert_eq!((conflicts[0].conflict.clone(), conflicts[0].since), (conflict("i1"), 10));
    let issues = store.issues().await.unwrap();
    assert_eq!((issues[0].since, issues[0].last_seen, issues[0].seen), (10, 20, 2));
    assert_eq!(issues[0].subject, issue.subject);
    // What they are about is said beside them.
    let about = About { item: Some("Firewall".into()), ..About::default() };
    let told = |id| Change::Describe { id, about: Box::new(about.clone()) };
    store.commit(&lease, &[told(conflicts[0].conflict.id), told(issue.id)], 25).await.unwrap();
    assert_eq!(store.conflicts().await.unwrap()[0].about, about);
    assert_eq!(store.issues().await.unwrap()[0].about, about);
    // Putting aside hides a conflict, and marks an issue; a retry takes that back.
    store.decide(&[Answer::Dismiss(conflicts[0].conflict.id), Answer::Dismiss(issue.id)], 30).await.unwrap();
    assert_eq!(store.conflicts().await.unwrap(), []);
    assert!(store.issues().await.unwrap()[0].dismissed);
    store.decide(&[Answer::Retry(issue.id)], 40).await.unwrap();
    assert!(!store.issues().await.unwrap()[0].dismissed);
    // What is over is forgotten, with what was decided about it.
    let over = [Change::CloseIssue(issue.id), Change::RemoveConflict(conflicts[0].conflict.id)];
    store.commit(&lease, &over, 50).await.unwrap();
    assert_eq!(store.issues().await.unwrap(), []);
}

async fn answers_reach_the_planner(store: &impl Store) {
    let lease = store.lease("t", NO_WAIT).await.unwrap();
    let proposal = Hash128::of(b"promote");
    let questions = Questions {
        pairings: vec![PairingQuestion {
            item: Named { id: "i1".into(), name: "Firewall".into() },
            client: Named { id: "c1".into(), name: "Contoso".into() },
            kind: Kind::Project,
            candidates: vec![Named { id: TicketId(7), name: "firewall".into() }],
            suggestion: Some(TicketId(7)),
        }],
        clients: vec![ClientQuestion {
            client: Named { id: "c2".into(), name: "Fabrikam".into() },
            candidates: vec![Named { id: HaloClientId(30), name: "Fabrikam Ltd".into() }],
            suggestion: None,
            reason: "two clients have this name".into(),
        }],
        proposals: vec![Proposal {
            id: proposal,
            sentence: "Create the project.".into(),
            item: Some("i1".into()),
            sort: "promote".into(),
            since: 1,
        }],
    };
    let changes = [
        Change::SetQuestions(Box::new(questions.clone())),
        Change::PutConflict { conflict: Box::new(conflict("i1")), run: None },
    ];
    store.commit(&lease, &changes, 1).await.unwrap();
    assert_eq!(store.questions().await.unwrap(), questions);
    // Asked again later it keeps its age; what is not asked again is gone.
    let fewer = Questions { pairings: Vec::new(), ..questions.clone() };
    store.commit(&lease, &[Change::SetQuestions(Box::new(fewer.clone()))], 9).await.unwrap();
    assert_eq!(store.questions().await.unwrap(), fewer);
    store.commit(&lease, &[Change::SetQuestions(Box::new(questions.clone()))], 9).await.unwrap();
    let id = conflict("i1").id;
    // Twice the same is as once.
    for _ in 0..2 {
        let answers = [
            Answer::Pair("i1".into(), PairingAnswer::Link(TicketId(7))),
            Answer::Import(TicketId(8), PairingAnswer::Ignore),
            Answer::LinkClient("c2".into(), HaloClientId(30)),
            Answer::MatchPerson("m1".into(), AgentId(4)),
            Answer::Resolve(id, Side::Hit),
            Answer::Approve(proposal),
        ];
        store.decide(&answers, 2).await.unwrap();
    }
    assert_eq!(store.questions().await.unwrap(), Questions::default());
    let decisions = store.decisions().await.unwrap();
    assert_eq!(decisions.pairings.get(&ItemId::from("i1")), Some(&PairingAnswer::Link(TicketId(7))));
    assert_eq!(decisions.imports.get(&TicketId(8)), Some(&PairingAnswer::Ignore));
    assert_eq!(decisions.conflicts.get(&id), Some(&Side::Hit));
    assert!(decisions.approvals.contains(&proposal));
    assert_eq!(store.conflicts().await.unwrap()[0].decided, Some(Side::Hit));
    let clients = store.client_links().await.unwrap();
    assert_eq!((clients[0].halo, clients[0].how.as_str()), (HaloClientId(30), "person"));
    assert_eq!(store.people().await.unwrap(), [("m1".into(), AgentId(4))]);
    // The records concerned are looked at again.
    let dirty = store.dirty().await.unwrap();
    assert_eq!(dirty.iter().map(|dirty| dirty.key.id()).collect::<Vec<_>>(), ["8", "i1"]);
    for (before, left) in [(2, 1), (3, 0)] {
        store.commit(&lease, &[Change::LapseApprovals(before)], 3).await.unwrap();
        assert_eq!(store.decisions().await.unwrap().approvals.len(), left);
    }
    store.decide(&[Answer::UnlinkClient("c2".into())], 4).await.unwrap();
    assert_eq!(store.client_links().await.unwrap(), []);
}

async fn only_open_things_can_be_decided(store: &impl Store) {
    let nothing = Hash128::of(b"nothing");
    let answers = [
        Answer::Resolve(nothing, Side::Halo),
        Answer::Approve(nothing),
        Answer::Dismiss(nothing),
        Answer::Retry(nothing),
        Answer::UnlinkClient("c9".into()),
    ];
    for answer in answers {
        let with_a_good_one = [Answer::Pause("trial".into()), answer.clone()];
        let refused = store.decide(&with_a_good_one, 1).await;
        assert!(matches!(refused, Err(StoreError::NotFound { .. })), "{answer:?}");
    }
    // All or nothing holds for decisions too.
    assert_eq!(store.paused().await.unwrap(), None);
    assert_eq!(store.history(&HistoryFilter { limit: 9, ..Default::default() }).await.unwrap(), []);
}

async fn history_tells_what_happened(store: &impl Store) {
    let lease = store.lease("t", NO_WAIT).await.unwrap();
    let run = store.begin_run(&lease, "sync", 5).await.unwrap();
    let op = Hash128::of(b"op");
    let plan = Hash256::of(b"plan");
    let entry = |field, at| HistoryEntry {
        run: Some(run),
        op: Some(op),
        at,
        record: Some(RecordKey::Ticket(TicketId(7))),
        item: Some("i1".into()),
        name: Some("Firewall".into()),
        client: Some("c1".into()),
        action: "update".into(),
        field: Some(field),
        before: Some(Value::text("old")),
        after: None,
        why: "[{\"code\":\"hit_changed\"}]".into(),
        sentence: "Name changes.".into(),
        plan: Some(plan),
        attempt: None,
        outcome: Outcome::Applied,
        detail: None,
    };
    let (name, due) = (entry(FieldId::Name, 6), entry(FieldId::Due, 7));
    let changes = [
        Change::Log(Box::new(name.clone())),
        Change::Log(Box::new(due.clone())),
        Change::EndRun { run, plan: Some(plan), exit: 2, summary: "{}".into() },
    ];
    store.commit(&lease, &changes, 8).await.unwrap();
    let filter = HistoryFilter { op: Some(op), limit: 10, ..Default::default() };
    let rows = store.history(&filter).await.unwrap();
    assert_eq!(rows.iter().map(|row| &row.entry).collect::<Vec<_>>(), [&due, &name]);
    let older = HistoryFilter { before: Some(rows[0].id), item: Some("i1".into()), ..filter };
    assert_eq!(store.history(&older).await.unwrap(), rows[1..]);
    for (client, record, found) in [("c1", 7, 2), ("c2", 7, 0), ("c1", 8, 0)] {
        let record = Some(RecordKey::Ticket(TicketId(record)));
        let filter = HistoryFilter { client: Some(client.into()), record, limit: 10, ..Default::default() };
        assert_eq!(store.history(&filter).await.unwrap().len(), found, "{filter:?}");
    }
    let elsewhere = HistoryFilter { run: Some(run + 1), limit: 10, ..Default::default() };
    assert_eq!(store.history(&elsewhere).await.unwrap(), []);
    let runs = store.runs(5).await.unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!((runs[0].ended_at, runs[0].exit, runs[0].plan), (Some(8), Some(2), Some(plan)));
}

async fn a_line_is_settled_once(store: &impl Store) {
    let lease = store.lease("t", NO_WAIT).await.unwrap();
    let op = Hash128::of(b"op");
    let line = |field, attempt| HistoryEntry {
        run: None,
        op: Some(op),
        at: 6,
        record: None,
        item: None,
        name: None,
        client: None,
        action: "update".into(),
        field: Some(field),
        before: Some(Value::text("old")),
        after: Some(Value::text("sent")),
        why: "[]".into(),
        sentence: "Name changes.".into(),
        plan: None,
        attempt: Some(attempt),
        outcome: Outcome::Unknown,
        detail: None,
    };
    let lines = [line(FieldId::Name, 1), line(FieldId::Name, 2), line(FieldId::Due, 2)];
    let logged: Vec<_> = lines.into_iter().map(|line| Change::Log(Box::new(line))).collect();
    store.commit(&lease, &logged, 6).await.unwrap();
    let one = Settled {
        op,
        attempt: Some(2),
        field: Some((FieldId::Name, Some(Value::text("Sent")))),
        record: Some(RecordKey::Ticket(TicketId(9))),
        outcome: Outcome::Applied,
        detail: None,
    };
    let rest =
        Settled { attempt: None, field: None, record: None, outcome: Outcome::NotApplied, ..one.clone() };
    // What is settled stays as it is, whatever is said of the rest.
    store.commit(&lease, &[Change::Settle(Box::new(one)), Change::Settle(Box::new(rest))], 7).await.unwrap();
    let found = store.history(&HistoryFilter { limit: 9, ..Default::default() }).await.unwrap();
    let told: Vec<_> = found
        .iter()
        .map(|row| (row.entry.outcome, row.entry.after.clone(), row.entry.record.is_some()))
        .collect();
    let sent = || Some(Value::text("sent"));
    let expected = [
        (Outcome::NotApplied, sent(), false),
        (Outcome::Applied, Some(Value::text("Sent")), true),
        (Outcome::NotApplied, sent(), false),
    ];
    assert_eq!(told, expected);
    assert!(found.iter().all(|row| row.entry.before == Some(Value::text("old"))));
}

async fn the_gate_counts(store: &impl Store) {
    let lease = store.lease("t", NO_WAIT).await.unwrap();
    let counting = Issue::new(IssueCode::ClientStopped, Subject::client(&"c1".into()));
    let harmless = Issue::new(IssueCode::HitStatusUnknown, Subject::value("Ideas"));
    let step = GateStep { clean_run: Some(true), creates: 2, halo_edits: 1, hit_edits: 3, promotions: 1 };
    let changes = [
        Change::PutLink(Box::new(link("i1", 1))),
        Change::Gate(step),
        Change::Gate(GateStep { clean_run: Some(true), ..GateStep::default() }),
        Change::OpenIssue(Box::new(NewIssue::from(&counting))),
        Change::OpenIssue(Box::new(NewIssue::from(&harmless))),
    ];
    store.commit(&lease, &changes, 1).await.unwrap();
    let expected = GateFacts {
        links: 1,
        clean_runs: 2,
        creates: 2,
        halo_edits: 1,
        hit_edits: 3,
        promotions: 1,
        blocking_issues: 1,
        opened: None,
        unlocked: None,
    };
    assert_eq!(store.gate().await.unwrap(), expected);
    let missing: Vec<_> = expected.report().needs.into_iter().filter(|need| !need.met).collect();
    let codes: Vec<_> = missing.iter().map(|need| need.need.code()).collect();
    assert_eq!(codes, ["links", "no_issues"]);
    let unclean = Change::Gate(GateStep { clean_run: Some(false), ..GateStep::default() });
    store.commit(&lease, &[unclean], 2).await.unwrap();
    store.decide(&[Answer::Dismiss(counting.id), Answer::UnlockGate("acme".into())], 3).await.unwrap();
    let gate = store.gate().await.unwrap();
    assert_eq!((gate.clean_runs, gate.blocking_issues), (0, 0));
    assert_eq!(gate.unlocked, Some((3, "acme".into())));
    for (passed, now, opened) in [(true, 4, Some(4)), (true, 5, Some(4)), (false, 6, None)] {
        store.note_gate(passed, now).await.unwrap();
        assert_eq!(store.gate().await.unwrap().opened, opened);
    }
}

async fn the_serial_tells_stale_plans(store: &impl Store) {
    let lease = store.lease("t", NO_WAIT).await.unwrap();
    let start = store.head().await.unwrap();
    assert_eq!(start.lineage.len(), 32);
    let settings = || {
        Change::NoteSettings(Box::new(SettingsNote {
            hash: Hash256::of(b"s"),
            text: "{}".into(),
            author: None,
            how: SettingsHow::First,
            file: None,
        }))
    };
    let noted = store.commit(&lease, &[settings()], 1).await.unwrap();
    assert_eq!(noted.serial, start.serial + 1);
    // The same settings again, marks and pauses leave plans as good as they were.
    let marked = Change::Mark { key: RecordKey::Item("i1".into()), reason: "feed".into() };
    store.commit(&lease, &[settings(), marked], 2).await.unwrap();
    store.decide(&[Answer::Pause("trial".into())], 3).await.unwrap();
    assert_eq!(store.paused().await.unwrap(), Some(Paused { since: 3, why: "trial".into() }));
    store.decide(&[Answer::Resume], 4).await.unwrap();
    store.keep_rate_window("[1,2]").await.unwrap();
    assert_eq!(store.rate_window().await.unwrap().as_deref(), Some("[1,2]"));
    assert_eq!(store.head().await.unwrap(), noted);
    assert_eq!(store.settings_versions(9).await.unwrap().len(), 1);
    let answer = Answer::Pair("i1".into(), PairingAnswer::Create);
    assert_eq!(store.decide(&[answer], 5).await.unwrap().serial, noted.serial + 1);
}

#[tokio::test]
async fn sqlite_in_memory_behaves() {
    behaves(|| async { SqliteStore::in_memory(0).await.unwrap() }).await;
}

#[tokio::test]
async fn sqlite_in_a_file_behaves() {
    let directory = tempfile::tempdir().unwrap();
    let count = std::cell::Cell::new(0);
    behaves(|| {
        count.set(count.get() + 1);
        let path = directory.path().join(format!("{}.db", count.get()));
        async move { SqliteStore::open(&path, 0).await.unwrap() }
    })
    .await;
}
