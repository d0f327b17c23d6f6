//! One custom field of many records, against a server that deletes the custom fields that a write leaves out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use halo_client::resource::{BatchOutcome, BatchReport};
use halo_client::schema::{FieldInfo, Ticket};
use halo_client::serde_json::{Value, from_str, json};
use halo_client::test_util::{ManualClock, Recorded, ReplayTransport, Reply, replayed, token};
use halo_client::{Client, Id};

type Store = Arc<Mutex<BTreeMap<i64, Value>>>;

/// Tickets with two custom fields and much else.
fn tickets(count: i64) -> Store {
    let ticket = |id: i64| {
        json!({"id": id, "summary": format!("Ticket {id}"), "status_id": 1, "last_update": "2026-10-06T05:04:29",
        "customfields": [
            {"id": 90, "name": "CFOwner", "label": "Owner", "type": 3, "value": ["a", id]},
            {"id": 91, "name": "CFReviewed", "label": "Reviewed", "type": 0, "value": null},
        ]})
    };
    Arc::new(Mutex::new((1..=count).map(|id| (id, ticket(id))).collect()))
}

/// Answers reads of details, and writes that replace the custom fields of known names; refuses these ids.
fn respond(store: &Store, refused: &[i64], request: &Recorded) -> Reply {
    if request.path_and_query().contains("/token") {
        return token();
    }
    let mut store = store.lock().expect("one thread");
    let (path, query) = request.path_and_query().split_once('?').unwrap_or((request.path_and_query(), ""));
    if request.method == "GET" {
        let id: i64 = path.rsplit('/').next().and_then(|id| id.parse().ok()).expect("an id");
        let Some(mut ticket) = store.get(&id).cloned() else { return Reply::status(404) };
        if !query.contains("includedetails=true") {
            ticket.as_object_mut().expect("an object").remove("customfields");
        }
        return Reply::json(ticket.to_string());
    }
    let rows: Vec<Value> = from_str(request.body_text()).expect("an array");
    let mut replies = Vec::new();
    for row in rows {
        let id = row["id"].as_i64().expect("an id");
        if refused.contains(&id) {
            return Reply::status(400).body(r#""This ticket is locked""#);
        }
        let ticket = store.get_mut(&id).expect("known");
        for (name, value) in row.as_object().expect("an object") {
            if name != "customfields" {
                ticket[name] = value.clone();
                continue;
            }
            let known = ticket["customfields"].as_array().expect("fields").clone();
            let kept = known.into_iter().filter_map(|mut field| {
                let mut rows = value.as_array().expect("fields").iter();
                let sent = rows.find(|sent| sent["id"] == field["id"] || sent["name"] == field["name"])?;
                field["value"] = sent["value"].clone();
                Some(field)
            });
            ticket["customfields"] = kept.collect();
        }
        replies.push(ticket.clone());
    }
    Reply::json(
        if query.contains("returnall=true") {
            Value::Array(replies)
        } else {
            replies.pop().expect("a record")
        }
        .to_string(),
    )
}

fn run<F: Future<Output = BatchReport<Ticket>>>(
    store: &Store,
    refused: &[i64],
    call: impl FnOnce(Client) -> F,
) -> (BatchReport<Ticket>, Vec<Recorded>) {
    let clock = ManualClock::new();
    let (held, refused) = (Arc::clone(store), refused.to_vec());
    let server = ReplayTransport::with(clock.clone(), move |request| respond(&held, &refused, request));
    let client = replayed(&server, &clock).build().expect("a client");
    let report = clock.block_on(call(client));
    (report, server.requests().split_off(1))
}

/// What a store should look like after this field of these records was set.
fn expected(
    count: i64,
    ids: impl IntoIterator<Item = i64>,
    index: usize,
    value: &Value,
) -> BTreeMap<i64, Value> {
    let mut all = tickets(count).lock().expect("one thread").clone();
    for id in ids {
        all.get_mut(&id).expect("known")["customfields"][index]["value"] = value.clone();
    }
    all
}

#[test]
fn one_field_of_500_tickets_and_nothing_else() {
    let store = tickets(500);
    let (report, requests) = run(&store, &[], |client| async move {
        client.tickets().set_custom_field("cfreviewed", "yes").on(1..=500).await
    });
    assert_eq!((report.done(), report.failures().count()), (500, 0));
    assert!(report.outcomes().iter().all(|outcome| matches!(outcome, BatchOutcome::Applied(_))));
    assert_eq!(*store.lock().expect("one thread"), expected(500, 1..=500, 1, &json!("yes")));
    let writes = requests.iter().filter(|request| request.method == "POST").count();
    assert_eq!((requests.len(), writes), (550, 50));
    assert_eq!(usize::try_from(report.requests()).expect("few"), requests.len());
}

#[test]
fn a_second_run_writes_nothing() {
    let store = tickets(12);
    let set = |client: Client| async move { client.tickets().set_custom_field(90, ["b"]).on(1..=12).await };
    run(&store, &[], set);
    assert_eq!(*store.lock().expect("one thread"), expected(12, 1..=12, 0, &json!(["b"])));
    let (report, requests) = run(&store, &[], set);
    assert!(report.outcomes().iter().all(|outcome| matches!(outcome, BatchOutcome::Unchanged)));
    assert!(requests.iter().all(|request| request.method == "GET"));
}

#[test]
fn each_ticket_that_is_missing_or_refused_has_its_own_outcome() {
    let store = tickets(7);
    let key: Id<FieldInfo> = 91.into();
    let ids = [1, 2, 99, 3, 4, 5, 6, 7];
    let (report, _) =
        run(
            &store,
            &[3],
            |client| async move { client.tickets().set_custom_field(key, 4).size(4).on(ids).await },
        );
    for (id, outcome) in ids.iter().zip(report.outcomes()) {
        match id {
            99 => assert!(
                matches!(outcome, BatchOutcome::NotSent(error) if error.is_not_found()),
                "{outcome:?}"
            ),
            3 => assert!(
                matches!(outcome, BatchOutcome::Refused(error) if error.message() == "This ticket is locked"),
                "{outcome:?}"
            ),
            _ => assert!(outcome.is_done(), "{id}: {outcome:?}"),
        }
    }
    assert_eq!(*store.lock().expect("one thread"), expected(7, [1, 2, 4, 5, 6, 7], 1, &json!(4)));
}

#[test]
fn a_name_that_halo_ignores_is_found_out() {
    let store = tickets(3);
    let (report, _) = run(&store, &[], |client| async move {
        client.tickets().set_custom_field("CFReveiwed", "yes").on([1, 2, 3]).await
    });
    for outcome in report.outcomes() {
        let error = outcome.error().expect("not taken");
        assert_eq!(error.code(), Some("custom_field_not_taken"));
        assert!(error.to_string().contains("CFReveiwed"), "{error}");
    }
    assert_eq!(*store.lock().expect("one thread"), expected(3, [], 0, &Value::Null));
}

#[test]
fn a_name_that_halo_ignores_is_found_out_although_only_the_last_record_is_answered() {
    for (name, done) in [("CFReveiwed", 0), ("CFReviewed", 25)] {
        let store = tickets(25);
        let held = Arc::clone(&store);
        let clock = ManualClock::new();
        let server = ReplayTransport::with(clock.clone(), move |request| {
            let mut alone = request.clone();
            alone.uri = request.uri.to_string().replace("returnall", "unknown").parse().expect("an address");
            respond(&held, &[], &alone)
        });
        let client = replayed(&server, &clock).build().expect("a client");
        let report = clock.block_on(client.tickets().set_custom_field(name, "yes").on(1..=25));
        assert_eq!(report.done(), done, "{name}");
        let reads = server.requests().iter().filter(|request| request.method == "GET").count();
        // Those that hold it are believed; of those that do not, each is looked at.
        assert_eq!(reads, if done == 0 { 47 } else { 25 }, "{name}");
    }
}

#[test]
fn a_reply_that_lists_none_is_no_proof_and_the_record_is_read_again() {
    let record = r#"{"id":1,"customfields":[]}"#;
    let kept = r#"{"id":1,"customfields":[{"id":91,"name":"CFReviewed","value":"yes"}]}"#;
    for (now, taken) in [(record, false), (kept, true)] {
        let clock = ManualClock::new();
        let server = ReplayTransport::new(clock.clone());
        for reply in [token(), Reply::json(record), Reply::json(record), Reply::json(now)] {
            server.push(reply);
        }
        let client = replayed(&server, &clock).build().expect("a client");
        let report = clock.block_on(client.tickets().set_custom_field("CFReviewed", "yes").on([1]));
        assert_eq!((report.outcomes()[0].is_done(), server.unused()), (taken, 0));
    }
}

#[test]
fn a_detail_without_custom_fields_is_left_alone() {
    let store: Store =
        Arc::new(Mutex::new(BTreeMap::from([(1, json!({"id": 1, "summary": "no fields shown"}))])));
    let (report, requests) =
        run(
            &store,
            &[],
            |client| async move { client.tickets().set_custom_field("CFReviewed", 1).on([1]).await },
        );
    assert!(matches!(&report.outcomes()[0], BatchOutcome::NotSent(error) if error.is_configuration()));
    assert!(requests.iter().all(|request| request.method == "GET"));
}

#[test]
fn every_route_whose_records_have_custom_fields_can() {
    let clock = ManualClock::new();
    let server = ReplayTransport::with(clock.clone(), |request| {
        if request.path_and_query().contains("/token") {
            token()
        } else if request.method == "GET" {
            Reply::json(r#"{"id":5,"customfields":[]}"#)
        } else {
            Reply::json(r#"{"id":5}"#)
        }
    });
    let client = replayed(&server, &clock).build().expect("a client");
    clock.block_on(async {
        assert_eq!(client.clients().set_custom_field("CFTier", "gold").on([5]).await.done(), 1);
        assert_eq!(client.assets().set_custom_field("CFTier", "gold").on([5]).await.done(), 1);
        assert_eq!(client.invoices().set_custom_field("CFTier", "gold").on([5]).await.done(), 1);
        assert_eq!(client.quotations().set_custom_field(7, "gold").on([5]).await.done(), 1);
    });
    let bodies: Vec<String> = server
        .requests()
        .iter()
        .filter(|one| one.method == "POST")
        .skip(1)
        .map(|one| format!("{} {}", one.path_and_query(), one.body_text()))
        .collect();
    assert_eq!(
        bodies,
        [
            r#"/api/Client [{"id":5,"customfields":[{"name":"CFTier","value":"gold"}]}]"#,
            r#"/api/Asset [{"id":5,"customfields":[{"name":"CFTier","value":"gold"}]}]"#,
            r#"/api/Invoice [{"id":5,"customfields":[{"name":"CFTier","value":"gold"}]}]"#,
            r#"/api/Quotation [{"id":5,"customfields":[{"id":7,"value":"gold"}]}]"#,
        ]
    );
}
