use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

crate::lean! {
    /// A row.
    struct Row as "row" {
        /// Its id.
        id: i64 = "id",
    }
}

#[derive(Debug, serde::Deserialize)]
struct Strict {
    id: i64,
}

#[derive(Debug, serde::Deserialize)]
#[allow(dead_code)]
struct Demanding {
    missing: i64,
}

const SHAPE: Shape = Shape::rows(&["rows"]).with_total(&["record_count"]).with_next(&["next"]);

fn ids(page: &Page<Record<Row>>) -> Vec<Option<i64>> {
    page.rows.iter().map(|row| row.as_ref().ok().and_then(|row| row.value().id)).collect()
}

fn lean(body: &str) -> Page<Record<Row>> {
    read(body.as_bytes(), &SHAPE).unwrap()
}

#[test]
fn reads_envelopes_and_bare_arrays_alike() {
    for body in [
        r#"[{"id":1},{"id":2}]"#,
        r#" { "other": [1], "rows" : [ {"id":1} , {"id":2} ] } "#,
        r#"{"ro\u0077s":[{"id":1},{"id":2}]}"#,
        r#"{"unnamed":[{"id":1},{"id":2}],"numbers":[1,2],"none":[]}"#,
    ] {
        assert_eq!(ids(&lean(body)), [Some(1), Some(2)], "{body}");
    }
}

#[test]
fn reads_counters_in_every_notation() {
    let page = lean(r#"{"record_count":12.0,"rows":[],"next":"abc"}"#);
    assert_eq!((page.total, page.next.as_deref()), (Some(12), Some("abc")));
    let page = lean(r#"{"record_count":"3","rows":null,"next":null}"#);
    assert_eq!((page.total, page.next, page.rows.len()), (Some(3), None, 0));
    assert_eq!(lean(r#"{"record_count":0}"#).rows.len(), 0);
}

#[test]
fn an_empty_list_has_no_rows_whatever_other_arrays_stand_beside_it() {
    for body in [
        r#"{"record_count":0,"rows":null,"columns":[{"id":1,"name":"x"}]}"#,
        r#"{"record_count":0,"columns":[{"id":1,"name":"x"}]}"#,
        r#"{"columns":[{"id":1,"name":"x"}],"rows":null}"#,
        r#"{"columns":[{"id":1,"name":"x"}],"record_count":"0"}"#,
    ] {
        assert_eq!(ids(&lean(body)), [], "{body}");
    }
}

#[test]
fn pages_are_told_apart_by_ids_where_there_are_any() {
    let digest = |rows: &str| lean(&format!(r#"{{"rows":[{rows}]}}"#)).digest;
    // The same rows, although a value moves.
    for (one, two) in [
        (r#"{"id":1,"left":9},{"id":2,"left":8}"#, r#"{"id":1,"left":7},{"id":2,"left":6}"#),
        (r#"{"left":9,"id":"a"}"#, r#"{"left":7,"id":"a"}"#),
        (r#"{"id":1,"left":9}"#, r#"{"id":1.0,"left":7}"#),
    ] {
        assert_eq!(digest(one), digest(two), "{one}");
    }
    let strict = |left: u8| {
        let body = format!(r#"{{"rows":[{{"id":1,"left":{left}}},{{"id":2,"left":{left}}}]}}"#);
        read::<Row, Demanding>(body.as_bytes(), &SHAPE).unwrap().digest
    };
    assert_eq!(strict(1), strict(2), "rows that cannot be read have ids too");
    // Other rows, though their ids say nothing.
    for (one, two) in [
        (r#"{"id":1},{"id":2}"#, r#"{"id":3},{"id":4}"#),
        (r#"{"id":1},{"id":3}"#, r#"{"id":1},{"id":2},{"id":3}"#),
        (r#"{"id":0,"n":1},{"id":0,"n":2}"#, r#"{"id":0,"n":3},{"id":0,"n":4}"#),
        (r#"{"id":"0","n":1}"#, r#"{"id":"0","n":2}"#),
        (r#"{"id":null,"n":1}"#, r#"{"id":null,"n":2}"#),
        (r#"{"id":"","n":1}"#, r#"{"id":"","n":2}"#),
        (r#"{"id":-1,"n":1},{"id":-1,"n":2}"#, r#"{"id":-1,"n":3},{"id":-1,"n":4}"#),
        (r#"{"n":1}"#, r#"{"n":2}"#),
        ("1", "2"),
    ] {
        assert_ne!(digest(one), digest(two), "{one}");
    }
}

#[test]
fn a_bad_row_keeps_its_place_and_the_others_are_read() {
    let page = read::<Row, Strict>(br#"{"rows":[{"id":1},{"id":"x"},7,null,{"id":2}]}"#, &SHAPE).unwrap();
    let seen: Vec<_> = page.rows.iter().map(|row| row.as_ref().ok().map(|row| row.value().id)).collect();
    assert_eq!(seen, [Some(1), None, None, None, Some(2)]);
    let bad = page.rows[1].as_ref().unwrap_err();
    assert_eq!((bad.index(), bad.raw(), bad.cause().path()), (1, r#"{"id":"x"}"#, "id"));
    assert!(bad.clone().into_error().is_bad_record());
}

#[test]
fn a_bad_row_as_an_error_shows_no_secret_and_no_control_character() {
    let row = "{\"id\":\"x\",\r\n\"basic_password\":\"hunter2\",\"note\":\"\\u001b of s3cr3t-value\"}";
    let client = crate::client::HttpClient::builder("https://api.example.com".parse().unwrap())
        .transport(crate::test_util::ReplayTransport::new(crate::test_util::ManualClock::new()))
        .clock(crate::test_util::ManualClock::new())
        .redact("s3cr3t-value")
        .build()
        .unwrap();
    let page = read::<Row, Strict>(format!("[{row}]").as_bytes(), &SHAPE).unwrap().redacted_by(&client);
    let bad = page.rows.into_iter().next().unwrap().unwrap_err();
    assert_eq!(bad.raw(), row);
    let error = bad.into_error();
    assert_eq!(
        error.body(),
        Some(r#"{"id":"x", "basic_password":"[redacted]","note":"\u001b of [redacted]"}"#)
    );
    // Of a page that no client is known of, too, except for what only a client knows.
    let bad = BadRow::new(0, DecodeError::new("odd").at("s3cr3t-value\n"), row).into_error();
    assert!(!bad.body().unwrap().contains("hunter2") && !bad.body().unwrap().contains('\n'));
    let bad =
        BadRow::new(0, DecodeError::new("odd").at("s3cr3t-value\n"), row).redacted_by(&client).into_error();
    assert_eq!(bad.to_string(), "row 0: odd at [redacted]");
}

#[test]
fn a_broken_page_is_an_error_as_a_whole() {
    for body in [
        "",
        "<html>",
        "5",
        r#"{"rows":[{"id":1}"#,
        r#"{"rows":[{"id":1},]}"#,
        r#"{"rows":[{"id":1} {"id":2}]}"#,
        r#"{"rows":[{"id":1}]} x"#,
        r#"{"rows":[{"id":1}],}"#,
        r#"{"a":[{}],"b":[{}]}"#,
        r#"{"message":"no list"}"#,
        r#"[,]"#,
    ] {
        assert!(read::<Row, Row>(body.as_bytes(), &SHAPE).is_err(), "{body}");
    }
}

#[test]
fn a_single_record_may_come_in_an_array() {
    let one = |body: &str| read_one::<Row, Row>(body.as_bytes()).map(|row| row.value().id);
    assert_eq!(one(r#"{"id":1}"#).unwrap(), Some(1));
    assert_eq!(one(r#" [ {"id":1} ] "#).unwrap(), Some(1));
    assert!(one("[]").is_err());
    assert!(one(r#"[{"id":1},{"id":2}]"#).is_err());
    assert!(one("").is_err());
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::from),
        "[\"\\\\\\]\\[{},: \n]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-z\"\\\\]{0,3}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    /// The walk agrees with serde_json about every row, whatever stands around and in them.
    #[test]
    fn agrees_with_a_full_parse(rows in proptest::collection::vec(any_json(), 0..6), around in any_json(), pretty: bool) {
        let whole = json!({"before": around, "rows": rows, "after": around, "record_count": rows.len()});
        let text = if pretty { serde_json::to_string_pretty(&whole) } else { serde_json::to_string(&whole) }.unwrap();
        let page = read::<Row, Row>(text.as_bytes(), &SHAPE).unwrap();
        prop_assert_eq!(page.rows.len(), rows.len());
        prop_assert_eq!(page.total, Some(rows.len() as u64));
        for (row, expected) in page.rows.iter().zip(&rows) {
            prop_assert_eq!(row.is_ok(), expected.is_object());
            let raw = row.as_ref().map_or_else(|bad| bad.raw(), |row| row.raw_text());
            prop_assert_eq!(&serde_json::from_str::<Value>(raw).unwrap(), expected);
        }
    }

    /// Whatever bytes come, reading ends, and a page is only read from what serde_json reads too.
    #[test]
    fn accepts_only_json(body in "[\\[\\]{}:,\"a0-9 \\\\]{0,24}") {
        let read = read::<Row, Row>(body.as_bytes(), &SHAPE);
        if read.is_ok() {
            prop_assert!(serde_json::from_str::<Value>(&body).is_ok(), "{}", body);
        }
    }
}
