//! Nothing that a server, or somebody who claims to be one, sends makes the client panic: generated bodies, and those that
//! fuzzing found worth keeping.

use proptest::prelude::*;

#[allow(unreachable_pub, reason = "a crate of its own for the fuzz targets")]
#[path = "../../fuzz/checks.rs"]
mod checks;

/// Names that the readers look for, beside any others.
fn name() -> impl Strategy<Value = String> {
    const KNOWN: &[&str] = &[
        "id",
        "data",
        "next_cursor",
        "type",
        "occurred_at",
        "item_id",
        "version",
        "errors",
        "code",
        "title",
        "detail",
        "client_id",
        "name",
        "status_id",
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
        prop::sample::select(&["12.0", "-0", "1e400", "99999999999999999999", "1E5"][..])
            .prop_map(str::to_owned),
        prop::sample::select(&["2026-10-06T05:04:29.23Z", "2026-13-40", "2026-02-29", "12", "true", ""][..])
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
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_answer_is_read_or_refused(first in any::<u8>(), body in body()) {
        let mut data = vec![first];
        data.extend(body);
        checks::answers(&data);
    }

    #[test]
    fn any_delivery_is_read_or_refused(signature in "[ -~]{0,80}", body in body()) {
        checks::webhooks(&body);
        let mut data = signature.into_bytes();
        data.push(b'\n');
        data.extend(body);
        checks::webhooks(&data);
    }
}

type Target = (&'static str, fn(&[u8]));

#[test]
fn what_fuzzing_found_holds() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus");
    let targets: [Target; 2] = [("answers", checks::answers), ("webhooks", checks::webhooks)];
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
