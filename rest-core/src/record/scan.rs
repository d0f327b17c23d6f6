//! Finding keys in the text of one JSON object, without building a tree.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A key, borrowed unless it holds escapes. Used by code that the `lean!` macro writes.
#[derive(Debug)]
pub struct Key<'a>(pub Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E: Error>(self, key: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(key)))
            }
            fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

/// Calls `entry` with every key; it takes the value or not, and says whether to look on.
struct Walk<F>(F);

impl<'de, F: FnMut(Cow<'de, str>, Peek<'_, 'de>)> Visitor<'de> for Walk<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(Key(key)) = map.next_key()? {
            let mut taken: Option<&'de RawValue> = None;
            let mut wanted = false;
            self.0(key.clone(), Peek::Ask(&mut wanted));
            if wanted {
                taken = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
            if let Some(raw) = taken {
                self.0(key, Peek::Take(raw));
            }
        }
        Ok(())
    }
}

enum Peek<'a, 'de> {
    Ask(&'a mut bool),
    Take(&'de RawValue),
}

fn walk<'de>(text: &'de str, entry: impl FnMut(Cow<'de, str>, Peek<'_, 'de>)) {
    // The text was read as an object before; should it not be one, no key is found.
    let _ = serde_json::Deserializer::from_str(text).deserialize_map(Walk(entry));
}

/// The value of the first of these names that is there; `name` goes before its aliases.
///
/// Of a key that stands twice, the last one counts, as in every other reader of JSON; but a null says nothing where
/// another one, or another name, says something. Lean rows are read by the same rule.
pub(crate) fn find<'de>(text: &'de str, name: &str, aliases: &[&str]) -> Option<&'de RawValue> {
    let rank = |key: &str| {
        if key == name { Some(0) } else { aliases.iter().position(|alias| *alias == key).map(|at| at + 1) }
    };
    let mut found: Option<(usize, &'de RawValue)> = None;
    walk(text, |key, peek| {
        let Some(rank) = rank(&key) else { return };
        match peek {
            Peek::Ask(wanted) => {
                *wanted = found.is_none_or(|(best, held)| rank <= best || is_null(held));
            }
            Peek::Take(raw) => {
                if found.is_none() || !is_null(raw) {
                    found = Some((rank, raw));
                }
            }
        }
    });
    found.map(|(_, raw)| raw)
}

fn is_null(raw: &RawValue) -> bool {
    raw.get() == "null"
}

/// Every key and value.
pub(crate) fn entries(text: &str) -> Vec<(String, &RawValue)> {
    let mut entries = Vec::new();
    walk(text, |key, peek| match peek {
        Peek::Ask(wanted) => *wanted = true,
        Peek::Take(raw) => entries.push((key.into_owned(), raw)),
    });
    entries
}

/// Accepts an object and reads nothing of it.
pub(crate) fn any_object<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    struct AnyObject;
    impl<'de> Visitor<'de> for AnyObject {
        type Value = ();
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
            while map.next_entry::<Key<'de>, IgnoredAny>()?.is_some() {}
            Ok(())
        }
    }
    deserializer.deserialize_map(AnyObject)
}
