//! Nothing that a server sends makes the client panic, and what is read is what was sent: generated bodies, and those
//! that fuzzing found worth keeping.

use proptest::prelude::*;

#[allow(unreachable_pub, reason = "a crate of its own for the fuzz targets")]
#[path = "../../fuzz/checks.rs"]
mod checks;

/// Names that the readers look for, beside any others.
fn name() -> impl Strategy<Value = String> {
    const KNOWN: &[&str] = &[
        "id",
        "tickets",
        "record_count",
        "summary",
        "client_id",
        "status_id",
        "dateoccurred",
        "last_update",
        "lastupdate",
        "customfields",
        "value",
        "name",
        "oppvalue",
        "hasbeenclosed",
        "ticket",
        "ticket_id",
        "object_id",
        "event",
        "error",
        "error_description",
        "Message",
        "message",
        "ModelState",
        "ClassName",
        "access_token",
        "expires_in",
        "_warning",
        "_warning_is_error",
        "site_id",
        "budgets",
        "deleted",
    ];
    prop_oneof![4 => prop::sample::select(KNOWN).prop_map(str::to_owned), 1 => any::<String>()]
}

/// JSON values as servers send them and as they should not.
fn json() -> impl Strategy<Value = String> {
    let text = |text: &str| serde_json::Value::from(text).to_string();
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<i64>().prop_map(|value| value.to_string()),
        any::<f64>()
            .prop_filter("JSON has no others", |value| value.is_finite())
            .prop_map(|value| format!("{value:e}")),
        prop::sample::select(
            &["12.0", "-0", "1e400", "0.30000000000000004", "99999999999999999999", "1E5"][..]
        )
        .prop_map(str::to_owned),
        prop::sample::select(
            &["1900-01-01T00:00:00", "2026-10-06T05:04:29.23", "2026-13-40", "12", " 12 ", "true"][..]
        )
        .prop_map(text),
        any::<String>().prop_map(move |value| text(&value)),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(|all| format!("[{}]", all.join(","))),
            prop::collection::vec((name(), inner), 0..8).prop_map(|all| {
                let pairs = all
                    .iter()
                    .map(|(name, value)| format!("{}:{value}", serde_json::Value::from(name.as_str())));
                format!("{{{}}}", pairs.collect::<Vec<_>>().join(","))
            }),
        ]
    })
}

/// A body: JSON, JSON that was damaged on its way, or anything.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let damaged = (json(), any::<prop::sample::Index>(), any::<u8>(), any::<bool>()).prop_map(
        |(text, at, byte, cut)| {
            let mut bytes = text.into_bytes();
            let at = at.index(bytes.len());
            if cut {
                bytes.truncate(at)
            } else {
                bytes[at] = byte
            }
            bytes
        },
    );
    prop_oneof![3 => json().prop_map(String::into_bytes), 2 => damaged, 1 => prop::collection::vec(any::<u8>(), 0..200)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_body_is_read_or_refused(body in body()) {
        checks::records(&body);
        checks::webhooks(&body);
        checks::numbers(&body);
        checks::dates(&body);
    }

    #[test]
    fn any_refusal_becomes_an_error(first in any::<u8>(), body in body()) {
        let mut data = vec![first];
        data.extend(body);
        checks::errors(&data);
    }

    #[test]
    fn a_proof_may_be_anything(proof in "[ -~]{0,80}", body in body()) {
        let mut data = proof.into_bytes();
        data.push(b'\n');
        data.extend(body);
        checks::webhooks(&data);
    }
}

type Target = (&'static str, fn(&[u8]));

#[test]
fn what_fuzzing_found_holds() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus");
    let targets: [Target; 5] = [
        ("records", checks::records),
        ("dates", checks::dates),
        ("numbers", checks::numbers),
        ("errors", checks::errors),
        ("webhooks", checks::webhooks),
    ];
    for (target, check) in targets {
        let files = std::fs::read_dir(format!("{folder}/{target}")).expect("a corpus for each target");
        let mut count = 0;
        for file in files {
            check(&std::fs::read(file.expect("a file").path()).expect("readable"));
            count += 1;
        }
        assert!(count > 0, "{target} has no corpus");
    }
}
