use super::*;

crate::lean! {
    /// A row.
    struct Row as "row" {
        /// Its id.
        id: i64 = "id" | "row_id",
        /// Its name.
        name: String = "name",
    }
}

fn record(text: &str) -> Record<Row> {
    Record::parse(text).unwrap()
}

#[test]
fn tells_absent_null_value_and_odd_apart() {
    const F: Field<Row, i64> = Field::new("f");
    assert_eq!(record("{}").get(F), Seen::Absent);
    assert_eq!(record(r#"{"f":null}"#).get(F), Seen::Null);
    assert_eq!(record(r#"{"f":"12.0"}"#).get(F), Seen::Value(12));
    assert!(matches!(record(r#"{"f":{"x":1}}"#).get(F), Seen::Odd(raw) if raw.get() == r#"{"x":1}"#));
}

#[test]
fn a_name_goes_before_its_aliases_wherever_it_stands() {
    const F: Field<Row, i64> = Field::with_aliases("id", &["row_id"]);
    for text in [r#"{"id":1,"row_id":2}"#, r#"{"row_id":2,"id":1}"#] {
        assert_eq!(record(text).get(F), Seen::Value(1));
        assert_eq!(record(text).value().id, Some(1));
    }
    assert_eq!(record(r#"{"row_id":2}"#).get(F), Seen::Value(2));
    assert_eq!(record(r#"{"row_\u0069d":3}"#).get(F), Seen::Value(3), "escaped keys are keys");
    assert_eq!(record(r#"{"id":1,"id":5}"#).value().id, Some(5), "of a doubled key the last counts");
    assert_eq!(record(r#"{"id":1,"id":5}"#).get(F), Seen::Value(5));
}

#[test]
fn a_null_says_nothing_where_another_name_or_another_value_says_something() {
    const F: Field<Row, i64> = Field::with_aliases("id", &["row_id"]);
    for text in [
        r#"{"id":5,"id":null}"#,
        r#"{"id":null,"id":5}"#,
        r#"{"id":null,"row_id":5}"#,
        r#"{"row_id":5,"id":null}"#,
        r#"{"id":5,"row_id":null,"row_id":6}"#,
    ] {
        assert_eq!(record(text).get(F), Seen::Value(5), "{text}");
        assert_eq!(record(text).value().id, Some(5), "{text}");
    }
    assert_eq!(record(r#"{"id":null,"row_id":null}"#).get(F), Seen::Null);
    // The last one counts even if it cannot be read, and both readers say so.
    let row = record(r#"{"id":5,"id":[1]}"#);
    assert!(row.get(F).is_odd() && row.value().id.is_none());
    assert_eq!(row.oddities().len(), 1);
}

#[test]
fn an_odd_field_does_not_lose_the_row() {
    let row = record(r#"{"id":[1],"name":"n"}"#);
    assert_eq!(row.value(), &Row { id: None, name: Some("n".into()) });
    assert_eq!(row.oddities().len(), 1);
    assert!(Record::<Row>::parse("[1]").is_err());
    assert!(Record::<Row>::parse(r#"{"id":1"#).is_err());
}

#[test]
fn records_nest() {
    const CHILDREN: Field<Row, Vec<Record<Row>>> = Field::new("children");
    let row = record(r#"{"children":[{"id":1},{"id":2}]}"#);
    let children = row.get(CHILDREN).value().unwrap();
    assert_eq!(children.iter().map(|child| child.value().id).collect::<Vec<_>>(), [Some(1), Some(2)]);
}

#[test]
fn keeps_the_raw_text() {
    let row: Record<Untyped> = Record::parse(" {\"a\" : 1.10} ").unwrap();
    assert_eq!(row.raw().get(), "{\"a\" : 1.10}");
    assert_eq!(row.get_raw("a").unwrap().get(), "1.10");
    assert_eq!(row.entries().len(), 1);
}

#[test]
fn zone_less_times_and_points_in_time_are_not_mixed_up() {
    fn read<V: FieldValue>(text: &str) -> Option<V> {
        V::from_raw(&RawValue::from_string(text.to_owned()).unwrap())
    }
    use jiff::{Timestamp, civil};
    assert!(read::<civil::DateTime>(r#""2026-10-06T05:04:29.23""#).is_some());
    assert!(read::<civil::DateTime>(r#""2026-10-06T05:04:29Z""#).is_none());
    assert!(read::<civil::DateTime>(r#""2026-10-06T05:04:29+01:00""#).is_none());
    assert_eq!(read(r#""2026-10-06""#), Some(civil::date(2026, 10, 6)));
    assert_eq!(read(r#""2026-10-06T00:00:00""#), Some(civil::date(2026, 10, 6)));
    assert!(read::<civil::Date>(r#""2026-10-06T05:00:00""#).is_none());
    assert!(read::<Timestamp>(r#""2026-10-06T05:04:29+01:00""#).is_some());
    assert!(read::<Timestamp>(r#""2026-10-06T05:04:29""#).is_none());
}

#[test]
fn strings_and_flags_are_read_from_their_text() {
    fn read<V: FieldValue>(text: &str) -> Option<V> {
        V::from_raw(&RawValue::from_string(text.to_owned()).unwrap())
    }
    assert_eq!(read::<String>(r#""a\nb""#).as_deref(), Some("a\nb"));
    assert_eq!(read::<String>("12"), None);
    assert_eq!(read::<bool>("1"), Some(true));
    assert_eq!(read::<bool>(r#""false""#), Some(false));
    assert_eq!(read::<bool>("2"), None);
    assert_eq!(read::<u8>("256"), None);
    assert_eq!(read::<i64>("-0"), Some(0));
    assert_eq!(read::<i64>("9223372036854775807"), Some(i64::MAX));
    assert_eq!(read::<i64>("9223372036854775808"), None);
    assert_eq!(read::<i64>("1e999999999"), None);
}
