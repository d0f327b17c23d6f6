//! Batches against every server that can be made of what is not known of Halo's.

use std::sync::{Arc, Mutex};

use halo_client::resource::{BatchOutcome, BatchReport};
use halo_client::schema::Ticket;
use halo_client::serde_json::{Value, json};
use halo_client::test_util::{ManualClock, Recorded, ReplayTransport, Reply, replayed, token};
use halo_client::{Client, Id, New, Patch};
use rest_core::transport::TransportErrorKind;

/// What a server does with an array of writes.
#[derive(Debug, Clone, Copy)]
struct Manners {
    /// Answers all records when asked, or the last one whatever is asked.
    returns_all: bool,
    /// Keeps what stood before a refused record, or nothing of the array.
    keeps_part: bool,
}

const MANNERS: [Manners; 4] = [
    Manners { returns_all: true, keeps_part: true },
    Manners { returns_all: true, keeps_part: false },
    Manners { returns_all: false, keeps_part: true },
    Manners { returns_all: false, keeps_part: false },
];

/// What was written, and what was ever sent, by summary.
#[derive(Default)]
struct Written {
    kept: Vec<String>,
    sent: Vec<String>,
}

/// Runs a call against a server that refuses the summaries `bad`.
fn run<T, F: Future<Output = T>>(
    manners: Manners,
    bad: Vec<String>,
    call: impl FnOnce(Client) -> F,
) -> (T, Written, Vec<Recorded>) {
    let written = Arc::new(Mutex::new(Written::default()));
    let server_side = Arc::clone(&written);
    let clock = ManualClock::new();
    let server = ReplayTransport::with(clock.clone(), move |request| {
        if request.path_and_query().contains("/token") {
            return token();
        }
        let rows: Vec<Value> = halo_client::serde_json::from_str(request.body_text()).expect("an array");
        let mut written = server_side.lock().expect("one thread");
        let before = written.kept.clone();
        let mut replies = Vec::new();
        for row in rows {
            let summary = row["summary"].as_str().expect("a summary").to_owned();
            written.sent.push(summary.clone());
            if bad.contains(&summary) {
                if !manners.keeps_part {
                    written.kept = before;
                }
                return Reply::status(400).header("content-type", "application/json").body(r#""No.""#);
            }
            let id = row["id"].as_i64().unwrap_or(1000 + written.kept.len() as i64);
            written.kept.push(summary.clone());
            replies.push(json!({"id": id, "summary": summary}));
        }
        let all = manners.returns_all && request.path_and_query().contains("returnall=true");
        let reply = if all { Value::Array(replies) } else { replies.pop().expect("a row") };
        Reply::json(reply.to_string())
    });
    let client = replayed(&server, &clock).build().expect("a client");
    let result = clock.block_on(call(client));
    let requests = server.requests();
    drop(server);
    let written = std::mem::take(&mut *written.lock().expect("one thread"));
    (result, written, requests)
}

fn name(place: usize) -> String {
    format!("t{place}")
}

/// What every report must keep to: nothing is said to be written that is not, nor the other way round.
fn check(report: &BatchReport<Ticket>, written: &Written, what: &str) {
    for (place, outcome) in report.outcomes().iter().enumerate() {
        let kept = written.kept.contains(&name(place));
        match outcome {
            BatchOutcome::Applied(saved) => {
                assert!(kept, "{what}: {place} is said to be written");
                let summary = saved.record().get(Ticket::SUMMARY).value();
                assert_eq!(summary, Some(name(place)), "{what}: another record's reply");
            }
            BatchOutcome::Accepted => assert!(kept, "{what}: {place} is said to be written"),
            BatchOutcome::Refused(error) => {
                assert!(!kept, "{what}: {place} is said to be refused");
                assert_eq!(error.message(), "No.");
            }
            BatchOutcome::NotSent(_) => {
                assert!(!written.sent.contains(&name(place)), "{what}: {place} was sent")
            }
            BatchOutcome::Unknown(_) => {}
            other => panic!("{what}: {other:?}"),
        }
    }
}

#[test]
fn no_report_says_more_than_is_known() {
    for manners in MANNERS {
        for records in 0..=5_usize {
            for bad in 0..1_usize << records {
                let bad: Vec<usize> = (0..records).filter(|place| bad >> place & 1 == 1).collect();
                for size in 1..=3 {
                    let what = format!("{manners:?}, {records} records, bad {bad:?}, {size} per request");
                    let names = bad.iter().map(|place| name(*place)).collect::<Vec<_>>();
                    let patches = (0..records)
                        .map(|at| Patch::<Ticket>::of(at as i64 + 1).set(Ticket::SUMMARY, name(at)));

                    let (report, written, _) = run(manners, names.clone(), |client| {
                        let patches = patches.clone();
                        async move { client.tickets().batch().size(size).update(patches).await }
                    });
                    check(&report, &written, &what);
                    let refused: Vec<usize> = report.failures().map(|(place, _)| place).collect();
                    assert_eq!(refused, bad, "{what}: changes get an outcome each");
                    assert!(
                        report.failures().all(|(_, one)| matches!(one, BatchOutcome::Refused(_))),
                        "{what}"
                    );

                    let (report, written, _) = run(manners, names.clone(), |client| {
                        let patches = patches.clone();
                        async move { client.tickets().batch().size(size).keep_together().update(patches).await }
                    });
                    check(&report, &written, &what);
                    assert_eq!(written.sent.len(), dedup(&written.sent), "{what}: nothing is sent twice");

                    let new = (0..records).map(|at| New::<Ticket>::record().set(Ticket::SUMMARY, name(at)));
                    let (report, written, _) = run(manners, names.clone(), |client| async move {
                        client.tickets().batch().size(size).create(new).await
                    });
                    check(&report, &written, &what);
                    assert_eq!(written.sent.len(), dedup(&written.sent), "{what}: nothing is made twice");
                    if size == 1 {
                        assert_eq!(
                            report.failures().count(),
                            bad.len(),
                            "{what}: alone, every outcome is certain"
                        );
                    }
                }
            }
        }
    }
}

fn dedup(names: &[String]) -> usize {
    let mut names = names.to_vec();
    names.sort();
    names.dedup();
    names.len()
}

#[test]
fn requests_are_bounded_and_ask_for_all_replies() {
    let patches: Vec<_> =
        (0..120).map(|at| Patch::<Ticket>::of(at + 1).set(Ticket::SUMMARY, name(at as usize))).collect();
    let (report, _, requests) =
        run(MANNERS[0], Vec::new(), |client| async move { client.tickets().batch().update(patches).await });
    assert_eq!((report.done(), report.requests()), (120, 3));
    assert!(report.outcomes().iter().all(|outcome| outcome.saved().is_some()));
    let asked: Vec<&str> = requests.iter().skip(1).map(Recorded::path_and_query).collect();
    assert_eq!(asked, ["/api/Tickets?returnall=true"; 3]);

    // Long records make short requests.
    let long = "x".repeat(400_000);
    let new: Vec<_> = (0..5).map(|_| New::<Ticket>::record().set(Ticket::SUMMARY, long.as_str())).collect();
    let (report, _, requests) =
        run(MANNERS[0], Vec::new(), |client| async move { client.tickets().batch().create(new).await });
    assert_eq!((report.done(), report.requests()), (5, 3));
    assert!(requests.iter().all(|request| request.body.len() <= 1 << 20));
    // One alone needs no asking for all.
    assert_eq!(requests[3].path_and_query(), "/api/Tickets");
}

/// What becomes of four changes, two per request, when the server answers like this after the first request.
fn after(reply: Reply) -> (BatchReport<Ticket>, usize) {
    let clock = ManualClock::new();
    let server = ReplayTransport::new(clock.clone());
    for reply in [token(), Reply::json(r#"[{"id":1},{"id":2}]"#), reply] {
        server.push(reply);
    }
    let client =
        replayed(&server, &clock).retry(rest_core::retry::RetryPolicy::none()).build().expect("a client");
    let patches = (0..6).map(|at| Patch::<Ticket>::of(at + 1).set(Ticket::SUMMARY, "x"));
    let report = clock.block_on(client.tickets().batch().size(2).update(patches));
    (report, server.requests().len() - 1)
}

#[test]
fn a_batch_ends_where_going_on_could_do_harm() {
    for (reply, unknown) in [
        (Reply::fails(TransportErrorKind::Interrupted), true),
        (Reply::status(500), true),
        (Reply::json("<html>"), true),
        (Reply::fails(TransportErrorKind::Connect), false),
        (Reply::status(429), false),
    ] {
        let what = format!("{reply:?}");
        let (report, requests) = after(reply);
        assert_eq!(requests, 2, "{what}");
        for (place, outcome) in report.outcomes().iter().enumerate() {
            match place {
                0 | 1 => assert!(outcome.is_done(), "{what}: {outcome:?}"),
                2 | 3 if unknown => {
                    assert!(matches!(outcome, BatchOutcome::Unknown(_)), "{what}: {outcome:?}")
                }
                _ => assert!(matches!(outcome, BatchOutcome::NotSent(_)), "{what}: {outcome:?}"),
            }
        }
    }
}

#[test]
fn a_warning_that_is_an_error_refuses_its_record_alone() {
    let clock = ManualClock::new();
    let server = ReplayTransport::new(clock.clone());
    server.push(token());
    server.push(Reply::json(
        r#"[{"id":2},{"id":1,"_warning":"Not allowed","_warning_is_error":true},{"id":3,"_warning":"Hm"}]"#,
    ));
    let client = replayed(&server, &clock).build().expect("a client");
    let patches = (1..=3).map(|id| Patch::<Ticket>::of(id).set(Ticket::SUMMARY, "x"));
    let report = clock.block_on(client.tickets().batch().update(patches));
    let saved: Vec<Option<Id<Ticket>>> =
        report.outcomes().iter().map(|one| one.saved().and_then(|saved| saved.id())).collect();
    assert_eq!(saved, [None, Some(2.into()), Some(3.into())], "replies in another order find their records");
    assert!(matches!(report.outcomes()[0], BatchOutcome::Refused(_)));
    assert_eq!(report.outcomes()[2].saved().and_then(|saved| saved.warning()), Some("Hm"));
    assert_eq!(report.failures().count(), 1);
}

#[test]
fn what_cannot_be_written_as_json_is_not_sent_and_holds_up_nothing() {
    struct Odd;
    impl serde::Serialize for Odd {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("odd"))
        }
    }
    let (report, written, _) = run(MANNERS[0], Vec::new(), |client| async move {
        let good = |at: usize| Patch::<Ticket>::of(at as i64 + 1).set(Ticket::SUMMARY, name(at));
        client.tickets().batch().update([good(0), good(1).set_named("x", Odd), good(2)]).await
    });
    check(&report, &written, "an odd value");
    assert_eq!((report.done(), written.kept), (2, vec![name(0), name(2)]));
    assert!(report.outcomes()[1].error().is_some_and(halo_client::Error::is_configuration));
}
