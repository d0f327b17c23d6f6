//! The plan file: canonical JSON in the manner of RFC 8785. Keys are sorted, there is no white space, numbers are
//! whole and small, ids and amounts are texts. Equal plans are equal bytes. The file holds the plan's own hash, so that
//! an edit is noticed wherever it was made.

use super::Plan;
use super::head::PlanHead;
use crate::hash::Hash256;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde::Serialize;
use serde_json::Value;

/// The text is not a plan file that this crate can read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadPlan {
    /// Not JSON, or not the shape of a plan.
    #[error("this is not a plan file: {0}")]
    Unreadable(String),
    /// A plan of another format.
    #[error("this plan file has format {0}, this program reads format {known}; plan again", known = PlanHead::FORMAT)]
    Format(u64),
    /// Readable, but not the bytes that this crate writes: edited by hand or by a tool.
    #[error("this plan file was changed after it was written; plan again")]
    Edited,
}

/// The key under which the file holds the hash of everything else in it.
const HASH: &str = "hash";

/// The bytes of the plan file: the plan, and its [`plan_hash`] under the key `hash`.
#[must_use]
pub fn to_canonical_json(plan: &Plan) -> Vec<u8> {
    let mut out = Vec::new();
    // As in `canonical`: our types serialise without errors.
    if let Ok(mut file) = serde_json::to_value(plan) {
        if let Value::Object(entries) = &mut file {
            entries.insert(HASH.to_string(), Value::String(plan_hash(plan).to_string()));
        }
        write(&file, &mut out);
    }
    out
}

/// SHA-256 of the plan as canonical JSON: its name. The plan file without its key `hash` are those bytes.
#[must_use]
pub fn plan_hash(plan: &Plan) -> Hash256 {
    Hash256::of(&canonical(plan))
}

/// Reads a plan file.
///
/// # Errors
/// [`BadPlan`], also if the bytes are not exactly those that [`to_canonical_json`] writes for what was read, apart
/// from white space at the end (the hash in the file among them), or if an operation is not what its name says.
pub fn parse(bytes: &[u8]) -> Result<Plan, BadPlan> {
    #[derive(serde::Deserialize)]
    struct Probe {
        head: ProbeHead,
    }
    #[derive(serde::Deserialize)]
    struct ProbeHead {
        format: u64,
    }
    let bytes = bytes.trim_ascii_end();
    let unreadable = |error: serde_json::Error| BadPlan::Unreadable(error.to_string());
    let probe: Probe = serde_json::from_slice(bytes).map_err(unreadable)?;
    if probe.head.format != u64::from(PlanHead::FORMAT) {
        return Err(BadPlan::Format(probe.head.format));
    }
    let mut file: Value = serde_json::from_slice(bytes).map_err(unreadable)?;
    if let Value::Object(entries) = &mut file {
        entries.remove(HASH);
    }
    let plan: Plan = serde_json::from_value(file).map_err(unreadable)?;
    // The bytes hold the hash of what was written: what was read must have the same one.
    let honest = to_canonical_json(&plan) == bytes && plan.ops.iter().all(|op| op.name() == op.id);
    if honest { Ok(plan) } else { Err(BadPlan::Edited) }
}

/// SHA-256 of anything of ours, as JSON. Our types write their fields in one order and their maps sorted, so that
/// equal values are equal bytes without the sorting that a file needs.
pub(crate) fn hash_of<T: Serialize>(value: &T) -> Hash256 {
    Hash256::of(&serde_json::to_vec(value).unwrap_or_default())
}

/// Canonical JSON of anything of ours. Our types serialise without errors: every map key is a text or an id, and
/// nothing holds a float; should a type break that, the bytes are empty and no two plans agree with their hash.
pub(crate) fn canonical<T: Serialize>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    if let Ok(value) = serde_json::to_value(value) {
        write(&value, &mut out);
    }
    out
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(yes) => out.extend_from_slice(if *yes { b"true" } else { b"false" }),
        Value::Number(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write(item, out);
            }
            out.push(b']');
        }
        Value::Object(map) => {
            // RFC 8785 sorts keys by UTF-16 units.
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push(b'{');
            for (at, (key, item)) in entries.into_iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_text(key, out);
                out.push(b':');
                write(item, out);
            }
            out.push(b'}');
        }
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for c in text.chars() {
        match c {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\u{8}' => out.extend_from_slice(b"\\b"),
            '\t' => out.extend_from_slice(b"\\t"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\u{c}' => out.extend_from_slice(b"\\f"),
            '\r' => out.extend_from_slice(b"\\r"),
            c if c < ' ' => out.extend_from_slice(alloc::format!("\\u{:04x}", u32::from(c)).as_bytes()),
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_and_texts_are_escaped_as_the_rfc_says() {
        let value = serde_json::json!({"\u{20ac}": 1, "a": {"z": "\u{1}\n\"\\/", "b": null}, "\r": true, "1": [1, 2]});
        assert_eq!(
            String::from_utf8(canonical(&value)).unwrap(),
            "{\"\\r\":true,\"1\":[1,2],\"a\":{\"b\":null,\"z\":\"\\u0001\\n\\\"\\\\/\"},\"\u{20ac}\":1}"
        );
    }

    #[test]
    fn a_plan_survives_and_an_edit_is_noticed() {
        let plan = Plan::default();
        let bytes = to_canonical_json(&plan);
        assert_eq!(parse(&bytes).unwrap(), plan);
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(
            parse(text.replace("\"complete\":false", "\"complete\": false").as_bytes()),
            Err(BadPlan::Edited)
        );
        assert_eq!(parse(text.replace("\"format\":1", "\"format\":9").as_bytes()), Err(BadPlan::Format(9)));
        assert!(matches!(parse(b"{}"), Err(BadPlan::Unreadable(_))));
        assert!(matches!(parse(b"\xff"), Err(BadPlan::Unreadable(_))));
    }
}
