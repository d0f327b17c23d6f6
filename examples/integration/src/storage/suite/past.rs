//! What was done, and what it proves.

use super::*;

pub(super) async fn history_tells_what_happened(store: &impl Store) {
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

pub(super) async fn a_line_is_settled_once(store: &impl Store) {
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

pub(super) async fn the_gate_counts(store: &impl Store) {
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
