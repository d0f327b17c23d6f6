//! What a field holds, and why it may hold nothing.

use crate::hash::{Hash128, Hasher};
use crate::ids::{AgentId, HitStatusId, MemberId, StatusId};
use alloc::boxed::Box;
use alloc::string::ToString;
use core::fmt;
use core::str::FromStr;

/// What was observed of a field. Only [`Obs::Null`] and [`Obs::Value`] take part in merging: "not fetched" and
/// "not allowed to see" are never taken for blank.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Obs<T> {
    /// The read did not carry this field (a list row, a partial reply).
    #[default]
    NotFetched,
    /// The server refused to show this field.
    Forbidden,
    /// The field was read and is blank.
    Null,
    /// The field was read and holds this.
    Value(T),
}

impl<T> Obs<T> {
    /// The value, if one was observed.
    #[must_use]
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }

    /// Whether the field was really read (blank or not).
    #[must_use]
    pub const fn is_seen(&self) -> bool {
        matches!(self, Self::Null | Self::Value(_))
    }

    /// What was seen: `None` if nothing was, `Some(None)` for blank.
    #[must_use]
    pub const fn seen(&self) -> Option<Option<&T>> {
        match self {
            Self::Null => Some(None),
            Self::Value(value) => Some(Some(value)),
            Self::NotFetched | Self::Forbidden => None,
        }
    }

    /// Turns a value that was read (`None` = blank) into an observation.
    #[must_use]
    pub fn from_seen(seen: Option<T>) -> Self {
        seen.map_or(Self::Null, Self::Value)
    }
}

/// A currency: three upper-case letters of ISO 4217. Which codes exist is not checked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// The text is not a currency code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a currency is three letters, such as EUR")]
pub struct BadCurrency;

impl Currency {
    /// The code, upper-case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// How many decimals an amount of this currency has by ISO 4217: 2, except the few with 0 or 3.
    #[must_use]
    pub fn decimals(self) -> u8 {
        match &self.0 {
            b"JPY" | b"KRW" | b"VND" | b"CLP" | b"ISK" | b"PYG" | b"UGX" | b"XAF" | b"XOF" | b"XPF"
            | b"RWF" | b"KMF" | b"DJF" | b"GNF" | b"BIF" | b"VUV" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }
}

impl FromStr for Currency {
    type Err = BadCurrency;

    fn from_str(text: &str) -> Result<Self, BadCurrency> {
        let bytes: [u8; 3] = text.trim().as_bytes().try_into().map_err(|_| BadCurrency)?;
        let bytes = bytes.map(|b| b.to_ascii_uppercase());
        bytes.iter().all(u8::is_ascii_uppercase).then_some(Self(bytes)).ok_or(BadCurrency)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Currency({})", self.as_str())
    }
}

impl serde::Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = alloc::string::String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// An amount in minor units (cents) of a currency. Never a float, never converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Money {
    /// Minor units; written to JSON as text.
    #[serde(with = "crate::ids::as_text")]
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

/// The amount is not a plain decimal number, or has more decimals than its currency, or is out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an amount of this currency")]
pub struct BadAmount;

impl Money {
    /// Reads the text of a JSON number (`1250`, `1250.5`, `-3.00`, `1.25e3`) as an amount of a currency.
    ///
    /// # Errors
    /// [`BadAmount`] if the text is no number, does not fit, or has non-zero digits beyond the currency's decimals.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, BadAmount> {
        let text = text.trim();
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| BadAmount)?),
            None => (text, 0),
        };
        let (negative, digits) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let count = whole.len() + fraction.len();
        if whole.is_empty()
            || count > 40
            || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit())
        {
            return Err(BadAmount);
        }
        // Position of the decimal point, in minor units, counted from the left of all digits.
        let point = i64::try_from(whole.len()).map_err(|_| BadAmount)?
            + i64::from(exponent)
            + i64::from(currency.decimals());
        let mut minor: i64 = 0;
        for (place, digit) in whole.bytes().chain(fraction.bytes()).enumerate() {
            let digit = i64::from(digit - b'0');
            if i64::try_from(place).map_err(|_| BadAmount)? < point {
                minor = minor.checked_mul(10).and_then(|m| m.checked_add(digit)).ok_or(BadAmount)?;
            } else if digit != 0 {
                return Err(BadAmount);
            }
        }
        if minor != 0 {
            for _ in i64::try_from(count).map_err(|_| BadAmount)?..point {
                minor = minor.checked_mul(10).ok_or(BadAmount)?;
            }
        }
        Ok(Self { minor: if negative { -minor } else { minor }, currency })
    }

    /// The amount as a JSON number text, with the currency's decimals: `1250.50`.
    #[must_use]
    pub fn to_number_text(self) -> alloc::string::String {
        let decimals = usize::from(self.currency.decimals());
        let sign = if self.minor < 0 { "-" } else { "" };
        let digits = self.minor.unsigned_abs().to_string();
        if decimals == 0 {
            return alloc::format!("{sign}{digits}");
        }
        let padded = alloc::format!("{digits:0>width$}", width = decimals + 1);
        let (whole, fraction) = padded.split_at(padded.len() - decimals);
        alloc::format!("{sign}{whole}.{fraction}")
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.to_number_text(), self.currency)
    }
}

/// Formatted text: equal if the normalised text and the digest of the sanitised HTML are equal.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Rich {
    /// The normalised plain text (see [`crate::text`]).
    pub text: Box<str>,
    /// Digest of the sanitised HTML; the digest of the empty text if the side holds plain text only.
    pub html_hash: Hash128,
    /// The sanitised HTML to write, where known. Takes no part in comparing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<Box<str>>,
}

impl PartialEq for Rich {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.html_hash == other.html_hash
    }
}

impl Eq for Rich {}

impl PartialOrd for Rich {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Rich {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        (&self.text, &self.html_hash).cmp(&(&other.text, &other.html_hash))
    }
}

impl core::hash::Hash for Rich {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        (&self.text, &self.html_hash).hash(state);
    }
}

impl Rich {
    /// A text without formatting: `text` must be normalised already.
    #[must_use]
    pub fn plain(text: impl Into<Box<str>>) -> Self {
        Self { text: text.into(), html_hash: Hash128::of(b""), html: None }
    }

    /// A formatted text: both parts must be normalised and sanitised already.
    #[must_use]
    pub fn html(text: impl Into<Box<str>>, html: impl Into<Box<str>>) -> Self {
        let html = html.into();
        Self { text: text.into(), html_hash: Hash128::of(html.as_bytes()), html: Some(html) }
    }

    /// Whether the side holds plain text only.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.html_hash == Hash128::of(b"")
    }
}

/// A field's value in its own side's domain, canonical by construction. No floats.
///
/// Statuses and people are texts of the id on their own side (a Halo status 12 is `Code("12")`), so that unknown
/// ones survive a round trip.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Value {
    /// Plain text, normalised by [`crate::text`].
    Text(Box<str>),
    /// Formatted text.
    Rich(Box<Rich>),
    /// A status, by its id on its side.
    Code(Box<str>),
    /// A person or another record, by its id on its side.
    Ref(Box<str>),
    /// A civil date: no time, no zone.
    Date(jiff::civil::Date),
    /// An amount of money.
    Money(Money),
    /// A duration in whole minutes.
    Minutes(i64),
    /// Yes or no.
    Bool(bool),
}

impl Value {
    /// A plain text that is normalised already.
    #[must_use]
    pub fn text(text: impl Into<Box<str>>) -> Self {
        Self::Text(text.into())
    }

    /// A status of Halo.
    #[must_use]
    pub fn halo_status(status: StatusId) -> Self {
        Self::Code(status.to_string().into())
    }

    /// A status of HIT.
    #[must_use]
    pub fn hit_status(status: &HitStatusId) -> Self {
        Self::Code(status.as_str().into())
    }

    /// An agent of Halo.
    #[must_use]
    pub fn agent(agent: AgentId) -> Self {
        Self::Ref(agent.to_string().into())
    }

    /// A team member of HIT.
    #[must_use]
    pub fn member(member: &MemberId) -> Self {
        Self::Ref(member.as_str().into())
    }

    /// The Halo status this is, if it is one.
    #[must_use]
    pub fn as_halo_status(&self) -> Option<StatusId> {
        match self {
            Self::Code(code) => code.parse().ok(),
            _ => None,
        }
    }

    /// The HIT status this is, if it is one.
    #[must_use]
    pub fn as_hit_status(&self) -> Option<HitStatusId> {
        match self {
            Self::Code(code) => Some(HitStatusId::new(code.clone())),
            _ => None,
        }
    }

    /// The agent this is, if it is one.
    #[must_use]
    pub fn as_agent(&self) -> Option<AgentId> {
        match self {
            Self::Ref(id) => id.parse().ok(),
            _ => None,
        }
    }

    /// The team member this is, if it is one.
    #[must_use]
    pub fn as_member(&self) -> Option<MemberId> {
        match self {
            Self::Ref(id) => Some(MemberId::new(id.clone())),
            _ => None,
        }
    }

    /// The amount this is, if it is one.
    #[must_use]
    pub const fn as_money(&self) -> Option<Money> {
        match self {
            Self::Money(money) => Some(*money),
            _ => None,
        }
    }

    /// Whether this is the value that was sent, or another spelling of it: servers trim texts and change their case
    /// and their white space.
    #[must_use]
    pub fn is_spelling_of(&self, sent: &Self) -> bool {
        let key = |text: &str| crate::text::comparable(text).to_lowercase();
        match (self, sent) {
            (Self::Text(now), Self::Text(sent)) => key(now) == key(sent),
            (Self::Rich(now), Self::Rich(sent)) => key(&now.text) == key(&sent.text),
            _ => self == sent,
        }
    }

    /// Feeds the value into a digest.
    pub fn digest_into(&self, hasher: &mut Hasher) {
        match self {
            Self::Text(text) => hasher.number(1).text(text),
            Self::Rich(rich) => hasher.number(2).text(&rich.text).bytes(&rich.html_hash.0),
            Self::Code(code) => hasher.number(3).text(code),
            Self::Ref(id) => hasher.number(4).text(id),
            Self::Date(date) => hasher.number(5).number(
                i64::from(date.year()) * 10_000 + i64::from(date.month()) * 100 + i64::from(date.day()),
            ),
            Self::Money(money) => hasher.number(6).number(money.minor).text(money.currency.as_str()),
            Self::Minutes(minutes) => hasher.number(7).number(*minutes),
            Self::Bool(yes) => hasher.number(8).number(i64::from(*yes)),
        };
    }
}

impl fmt::Display for Value {
    /// What a person reads in an explanation. Long texts are cut.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Text(text) | Self::Code(text) | Self::Ref(text) => text,
            Self::Rich(rich) => &rich.text,
            Self::Date(date) => return write!(f, "{date}"),
            Self::Money(money) => return write!(f, "{money}"),
            Self::Minutes(minutes) => return write!(f, "{}:{:02} h", minutes / 60, (minutes % 60).abs()),
            Self::Bool(yes) => return f.write_str(if *yes { "yes" } else { "no" }),
        };
        let mut short = text.chars();
        for c in short.by_ref().take(60) {
            write!(f, "{}", if c.is_control() { ' ' } else { c })?;
        }
        if short.next().is_some() { f.write_str("...") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eur() -> Currency {
        "eur".parse().unwrap()
    }

    #[test]
    fn money_is_read_from_number_text() {
        for (text, minor) in [
            ("1250", 125_000),
            ("1250.5", 125_050),
            ("-3.00", -300),
            ("1.25e3", 125_000),
            ("12500e-1", 125_000),
            ("0.10", 10),
            ("5e-2", 5),
            ("0", 0),
            ("0e30", 0),
            ("12.3400", 1234),
        ] {
            assert_eq!(Money::parse(text, eur()), Ok(Money { minor, currency: eur() }), "{text}");
        }
        for text in ["", "x", ".5", "1.005", "1e-3", "99999999999999999999", "NaN", "1,5", "--1", "1e99"] {
            assert_eq!(Money::parse(text, eur()), Err(BadAmount), "{text}");
        }
        assert_eq!(Money::parse("1250", "JPY".parse().unwrap()).unwrap().minor, 1250);
        assert!(Money::parse("0.5", "JPY".parse().unwrap()).is_err());
    }

    #[test]
    fn money_text_round_trips() {
        for (minor, text) in [(125_050, "1250.50"), (-5, "-0.05"), (0, "0.00"), (100, "1.00")] {
            let money = Money { minor, currency: eur() };
            assert_eq!(money.to_number_text(), text);
            assert_eq!(Money::parse(text, eur()), Ok(money));
        }
    }

    #[test]
    fn values_survive_json() {
        let values = [
            Value::text("a"),
            Value::Rich(Box::new(Rich::html("a", "<b>a</b>"))),
            Value::halo_status(StatusId(12)),
            Value::Date(jiff::civil::date(2026, 2, 28)),
            Value::Money(Money { minor: i64::MIN, currency: eur() }),
            Value::Minutes(90),
            Value::Bool(true),
        ];
        for value in values {
            let json = serde_json::to_string(&value).unwrap();
            assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), value, "{json}");
        }
    }
}
