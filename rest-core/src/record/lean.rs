//! The macro that writes lean row structs.

/// Writes a lean row struct: its fields, its tolerant `Deserialize`, and its [`Schema`](crate::record::Schema).
///
/// Every field becomes `pub name: Option<Type>`. A field of an unexpected kind reads `None` and is listed by
/// [`Record::oddities`](crate::record::Record::oddities); a missing or null one reads `None`; of a key that
/// stands twice the last one counts that is not null. Only something that is not an object fails.
///
/// A field is `name: Type = "key"`, with `| "alias"` for other names in answers (the first name wins over
/// its aliases), and with `via function` to read it by a function `fn(&RawValue) -> Option<Type>` instead
/// of by [`FieldValue`](crate::record::FieldValue), for sentinels and formats. What such a function refuses
/// counts as odd unless `FieldValue` can read it.
///
/// ```
/// use rest_core::record::{FieldValue, Record};
/// use serde_json::value::RawValue;
///
/// fn real_id(raw: &RawValue) -> Option<i64> {
///     i64::from_raw(raw).filter(|id| *id > 0)
/// }
///
/// rest_core::lean! {
///     /// An order.
///     pub struct Order as "order" {
///         /// Its number.
///         id: i64 = "id" | "order_id",
///         /// Who ordered; none when the server writes 0.
///         customer: i64 = "customer_id" via real_id,
///         /// Whether it was paid.
///         paid: bool = "paid",
///     }
/// }
///
/// let order: Record<Order> = Record::parse(r#"{"order_id": "7", "customer_id": 0, "paid": "maybe"}"#)?;
/// assert_eq!(order.value().id, Some(7));
/// assert_eq!(order.value().customer, None);
/// assert_eq!(order.value().paid, None);
/// assert_eq!(order.oddities().iter().map(|odd| odd.field).collect::<Vec<_>>(), ["paid"]);
/// # Ok::<(), rest_core::decode::DecodeError>(())
/// ```
#[macro_export]
macro_rules! lean {
    ($(
        $(#[$meta:meta])*
        $vis:vis struct $name:ident as $label:literal {$(
            $(#[$field_meta:meta])*
            $field:ident : $type:ty = $key:literal $(| $alias:literal)* $(via $reader:path)?
        ),* $(,)?}
    )+) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        #[non_exhaustive]
        $vis struct $name {$(
            $(#[$field_meta])*
            pub $field: ::core::option::Option<$type>,
        )*}

        impl $crate::record::Schema for $name {
            const NAME: &'static str = $label;
            const LEAN: &'static [$crate::record::FieldCheck] = &[$(
                $crate::record::FieldCheck::new($key, &[$($alias),*], |raw| {
                    <$type as $crate::record::FieldValue>::from_raw(raw).is_none()
                }),
            )*];
        }

        impl<'de> $crate::record::private::serde::de::Deserialize<'de> for $name {
            fn deserialize<D>(deserializer: D) -> ::core::result::Result<Self, D::Error>
            where
                D: $crate::record::private::serde::de::Deserializer<'de>,
            {
                struct RowVisitor;
                impl<'de> $crate::record::private::serde::de::Visitor<'de> for RowVisitor {
                    type Value = $name;
                    fn expecting(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                        f.write_str(concat!("an object (", $label, ")"))
                    }
                    fn visit_map<A>(self, mut map: A) -> ::core::result::Result<$name, A::Error>
                    where
                        A: $crate::record::private::serde::de::MapAccess<'de>,
                    {
                        #[allow(unused_mut)]
                        let mut row = <$name as ::core::default::Default>::default();
                        while let Some(key) = map.next_key::<$crate::record::private::Key<'de>>()? {
                            match &*key.0 {
                                $(
                                    $key => {
                                        let raw = map.next_value::<&'de $crate::record::private::RawValue>()?;
                                        if raw.get() != "null" {
                                            row.$field = $crate::lean!(@read raw, $type $(, $reader)?);
                                        }
                                    }
                                    // A guard, because a reader cannot repeat along with the aliases.
                                    other if [$($alias),*].contains(&other) => {
                                        let raw = map.next_value::<&'de $crate::record::private::RawValue>()?;
                                        if row.$field.is_none() {
                                            row.$field = $crate::lean!(@read raw, $type $(, $reader)?);
                                        }
                                    }
                                )*
                                _ => {
                                    map.next_value::<$crate::record::private::serde::de::IgnoredAny>()?;
                                }
                            }
                        }
                        Ok(row)
                    }
                }
                deserializer.deserialize_map(RowVisitor)
            }
        }
    )+};
    (@read $raw:ident, $type:ty) => {
        if $raw.get() == "null" { None } else { <$type as $crate::record::FieldValue>::from_raw($raw) }
    };
    (@read $raw:ident, $type:ty, $reader:path) => {
        if $raw.get() == "null" { None } else { $reader($raw) }
    };
}
