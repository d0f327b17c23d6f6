//! Reports, run and read while they arrive.

use halo_client::report::Run;
use halo_client::schema::Report;
use halo_client::test_util::{ManualClock, Recorded, ReplayTransport, Reply, replayed, token};
use halo_client::{Client, Error, Patch};

/// Runs a report against these answers; gives the values of its rows, the error that ended them, and what was
/// asked.
fn run(
    replies: impl IntoIterator<Item = Reply>,
    report: impl FnOnce(&Client) -> Run,
) -> (Vec<i64>, Option<Error>, Vec<Recorded>) {
    let clock = ManualClock::new();
    let server = ReplayTransport::new(clock.clone());
    server.push(token());
    for reply in replies {
        server.push(reply);
    }
    let client = replayed(&server, &clock).build().expect("a client");
    let (rows, error) = clock.block_on(async {
        let mut values = Vec::new();
        let mut rows = match report(&client).stream().await {
            Ok(rows) => rows,
            Err(error) => return (values, Some(error)),
        };
        while let Some(row) = rows.next().await {
            match row {
                Ok(row) => values.push(row.get_named("n").value().expect("a number")),
                Err(error) if error.is_bad_record() => values.push(-1),
                Err(error) => {
                    assert!(rows.next().await.is_none(), "nothing comes after an error");
                    return (values, Some(error));
                }
            }
        }
        (values, None)
    });
    (rows, error, server.requests().split_off(1))
}

fn saved(client: &Client) -> Run {
    client.reports().run(350)
}

#[test]
fn a_saved_report_is_run_and_read_row_by_row() {
    let body = r#"{"id":350,"report":{"rows":[{"n":1},"odd",{"n":2}],"load_error":"","loaded":true}}"#;
    for body in [body.to_owned(), format!("[{body}]")] {
        let (rows, error, asked) = run([Reply::json(body)], |client| saved(client).client_id(12));
        assert_eq!((rows, error.map(|error| error.to_string())), (vec![1, -1, 2], None));
        assert_eq!(asked[0].path_and_query(), "/api/Report/350?loadreport=true&client_id=12");
    }
}

#[test]
fn queries_and_changed_settings_are_run_and_not_saved() {
    let empty = || Reply::json(r#"{"report":{"rows":[]}}"#);
    let (rows, error, asked) = run([empty()], |client| client.reports().query("select \"n\""));
    assert!(rows.is_empty() && error.is_none());
    assert_eq!((asked[0].method.as_str(), asked[0].path_and_query()), ("POST", "/api/Report"));
    assert_eq!(asked[0].body_text(), r#"[{"sql":"select \"n\"","_loadreportonly":true}]"#);

    let settings = Patch::<Report>::of(350).set(Report::REPORTINGPERIOD, 7);
    let (_, _, asked) = run([empty()], |client| client.reports().run_with(&settings));
    assert_eq!(asked[0].body_text(), r#"[{"id":350,"reportingperiod":7,"_loadreportonly":true}]"#);
}

#[test]
fn a_failure_that_is_answered_with_success_is_an_error_with_a_code() {
    // Before the rows, behind them, or without any.
    for (body, before) in [
        (r#"{"report":{"load_error":"Invalid column name 'x'.","rows":[]}}"#, 0),
        (r#"{"report":{"rows":[{"n":1}],"loaded":false,"load_error":"Invalid column name 'x'."}}"#, 1),
        (r#"{"report":{"rows":null,"load_error":"Invalid column name 'x'."}}"#, 0),
    ] {
        let (rows, error, _) = run([Reply::json(body)], saved);
        let error = error.expect("a failure");
        assert_eq!(
            (rows.len(), error.code(), error.message()),
            (before, Some("report_load_error"), "Invalid column name 'x'.")
        );
        assert!(error.is_invalid() && !error.is_outcome_unknown());
        assert_eq!(error.endpoint(), Some("/Report/{id}"));
    }
    let (_, error, _) = run([Reply::json(r#"{"id":350,"report":null}"#)], saved);
    assert_eq!(error.expect("not run").code(), Some("report_not_loaded"));
}

#[test]
fn a_failures_reason_and_a_bad_row_show_no_secrets() {
    let redacting = |client: &Client| {
        client.http().redact("s3cr3t-value");
        saved(client)
    };
    let body = r#"{"report":{"load_error":"Login\r\nfailed: s3cr3t-value, password=hunter2;","rows":[]}}"#;
    let (_, error, _) = run([Reply::json(body)], redacting);
    assert_eq!(error.expect("a failure").message(), "Login failed: [redacted], password=[redacted];");

    let clock = ManualClock::new();
    let server = ReplayTransport::new(clock.clone());
    server.push(token());
    server.push(Reply::json(r#"{"report":{"rows":["s3cr3t-value"]}}"#));
    let client = replayed(&server, &clock).build().expect("a client");
    client.http().redact("s3cr3t-value");
    let error = clock.block_on(saved(&client).all()).expect_err("a bad row");
    assert_eq!((error.is_bad_record(), error.body()), (true, Some("\"[redacted]\"")));
}

#[test]
fn what_is_no_whole_report_is_not_taken_for_one() {
    let page = Reply::status(200).header("content-type", "text/html").body("<html>");
    for reply in [page, Reply::json("<html>"), Reply::json(r#""No.""#)] {
        let (rows, error, _) = run([reply], saved);
        assert!(rows.is_empty() && error.expect("no report").is_decode());
    }
    let body = r#"{"report":{"rows":[{"n":1},{"n":2}]}}"#;
    let (rows, error, _) = run([Reply::json(&body[..body.len() - 3])], saved);
    assert!(rows == [1, 2] && error.expect("cut off").is_decode());
    let (rows, error, _) = run([Reply::json(body).breaks_after(28)], saved);
    assert_eq!((rows, error.expect("broken").kind()), (vec![1], rest_core::error::ErrorKind::Interrupted));
    let (rows, error, _) = run([Reply::json(body)], |client| saved(client).cap(20));
    assert!(rows.is_empty() && error.expect("too large").is_body_too_large());
}

#[test]
fn a_report_may_take_a_minute_and_a_query_is_repeated_as_the_read_that_it_is() {
    let minute = std::time::Duration::from_secs(60);
    let slow = Reply::json(r#"{"report":{"rows":[{"n":1}]}}"#).after(minute);
    let (rows, error, _) = run([slow], saved);
    assert_eq!((rows, error.map(|error| error.to_string())), (vec![1], None));

    let replies = [Reply::status(503), Reply::json(r#"{"report":{"rows":[{"n":1}]}}"#)];
    let (rows, error, asked) = run(replies, |client| client.reports().query("select 1"));
    assert_eq!((rows, error.map(|error| error.to_string()), asked.len()), (vec![1], None, 2));
}

#[test]
fn a_report_that_takes_too_long_is_not_run_again() {
    let minutes = std::time::Duration::from_secs(300);
    for slow in [Reply::status(504), Reply::json("{}").after(minutes)] {
        let again = Reply::json(r#"{"report":{"rows":[{"n":1}]}}"#);
        let (rows, error, asked) = run([slow, again], saved);
        let error = error.expect("too slow");
        assert!(rows.is_empty() && !error.is_outcome_unknown(), "{error}");
        assert_eq!((asked.len(), error.attempts()), (1, 1), "{error}");
    }
    // What never reached the report is tried again.
    let kind = rest_core::transport::TransportErrorKind::Connect;
    for passing in [Reply::status(502), Reply::status(429), Reply::fails(kind)] {
        let (rows, _, asked) = run([passing, Reply::json(r#"{"report":{"rows":[{"n":1}]}}"#)], saved);
        assert_eq!((rows, asked.len()), (vec![1], 2));
    }
}

#[test]
fn rows_of_your_own() {
    #[derive(serde::Deserialize)]
    struct Row {
        n: u32,
    }
    let clock = ManualClock::new();
    let server = ReplayTransport::new(clock.clone());
    server.push(token());
    server.push(Reply::json(r#"{"report":{"rows":[{"n":1,"more":"x"},{"n":2}]}}"#));
    let client = replayed(&server, &clock).build().expect("a client");
    let rows = clock.block_on(saved(&client).rows_as::<Row>().all()).expect("rows");
    assert_eq!(rows.iter().map(|row| row.value().n).collect::<Vec<_>>(), [1, 2]);
}
