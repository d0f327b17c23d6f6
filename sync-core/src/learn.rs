//! Learned normalisers: what servers make of the texts they are sent.
//!
//! Every confirmed write whose stored text is not the sent one is remembered in its link. Once three links show the
//! same habit of a side and field, a complete plan says so and proposes to declare it in the field's rule.
//!
//! What the server holds is read back in any case. A declared form is needed where there is no reply to read: a text that
//! was cut looks like an edit by a person once the reply of its write is lost, and a change behind the cut is sent again
//! and again, since the server holds the same as before.

use crate::base::Link;
use crate::field::FieldId;
use crate::ids::{Kind, Side};
use crate::value::Value;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

/// How many links must show a habit.
pub const ENOUGH: usize = 3;

/// What was sent to a field, and what the server stored instead.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct StoredForm {
    /// The side that was written to.
    pub side: Side,
    /// The kind of ticket of the pair.
    pub kind: Kind,
    /// The field.
    pub field: FieldId,
    /// What was sent.
    pub sent: Box<str>,
    /// What was stored.
    pub stored: Box<str>,
}

impl StoredForm {
    /// The pair, if both are texts and the server changed the one that was sent.
    #[must_use]
    pub fn of(side: Side, kind: Kind, field: FieldId, sent: &Value, stored: &Value) -> Option<Self> {
        let text = |value: &Value| match value {
            Value::Text(text) => Some(text.clone()),
            Value::Rich(rich) => Some(rich.text.clone()),
            _ => None,
        };
        let (sent, stored) = (text(sent)?, text(stored)?);
        (sent != stored).then_some(Self { side, kind, field, sent, stored })
    }
}

/// A habit of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TargetForm {
    /// The first letter becomes a capital.
    FirstUpper,
    /// All letters become capitals.
    Upper,
    /// All letters become small.
    Lower,
    /// Every word begins with a capital.
    Title,
    /// Runs of white space become one space, and none is left at the ends.
    Spaces,
    /// The text is cut after so many characters: Unicode scalar values, of the composed text. White space that is then
    /// left at its end is no part of it.
    Cut(u32),
}

impl TargetForm {
    /// What a text becomes, in [one spelling](crate::text::canonical_line) as everything that is read back. Applying it
    /// twice is the same as once.
    #[must_use]
    pub fn apply(self, text: &str) -> String {
        let capital = |word: &str| -> String {
            let mut chars = word.chars();
            chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
        };
        let text = crate::text::canonical_line(text);
        let stored = match self {
            Self::FirstUpper => capital(&text),
            Self::Upper => text.to_uppercase(),
            Self::Lower => text.to_lowercase(),
            Self::Title => {
                let words: Vec<String> = text.split(' ').map(capital).collect();
                words.join(" ")
            }
            Self::Spaces => text,
            Self::Cut(most) => text.chars().take(most as usize).collect(),
        };
        crate::text::canonical_line(&stored)
    }

    /// The habits that explain a pair.
    #[must_use]
    pub fn explaining(sent: &str, stored: &str) -> Vec<Self> {
        let left = stored.chars().count();
        let is_cut = left < sent.chars().count();
        let cut = u32::try_from(left).ok().filter(|_| is_cut).map(Self::Cut);
        [Self::FirstUpper, Self::Upper, Self::Lower, Self::Title, Self::Spaces]
            .into_iter()
            .chain(cut)
            .filter(|form| form.explains(sent, stored))
            .collect()
    }

    /// Whether the habit explains what became of a text. A server that cuts texts may also spell them in its own way,
    /// which no form needs to say.
    #[must_use]
    pub fn explains(self, sent: &str, stored: &str) -> bool {
        let made = self.apply(sent);
        match self {
            Self::Cut(_) => Value::text(made).is_spelling_of(&Value::text(stored)),
            _ => made == stored,
        }
    }

    /// How to declare it, for a person; nothing for a field of which it cannot be declared.
    pub(crate) fn advice(self, side: Side, kind: Kind, field: FieldId) -> String {
        if !Self::can_be_declared(field) {
            return String::new();
        }
        let when = match self {
            Self::Cut(_) => "if it always does",
            _ => "if it always does, and only for what is linked first or after the database was lost",
        };
        let (side, code) = (side.code(), self.code());
        alloc::format!("; {when}, say so: {side}_form = \"{code}\" for {} under [sync.{kind}]", field.code())
    }

    /// Whether the settings may say it of the field: of the name alone, whose spelling everybody knows.
    pub(crate) fn can_be_declared(field: FieldId) -> bool {
        field == FieldId::Name
    }

    /// The stable code, as in settings: a word, and for a cut the number of characters (`cut:50`).
    #[must_use]
    pub fn code(self) -> String {
        match self {
            Self::FirstUpper => "first_upper".into(),
            Self::Upper => "upper".into(),
            Self::Lower => "lower".into(),
            Self::Title => "title".into(),
            Self::Spaces => "spaces".into(),
            Self::Cut(most) => alloc::format!("cut:{most}"),
        }
    }

    /// The form with a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        let cut = || Some(Self::Cut(code.strip_prefix("cut:")?.parse().ok().filter(|most| *most > 0)?));
        [Self::FirstUpper, Self::Upper, Self::Lower, Self::Title, Self::Spaces]
            .into_iter()
            .find(|form| form.code() == code)
            .or_else(cut)
    }

    /// What the server does, for a sentence.
    #[must_use]
    pub fn sentence(self) -> String {
        match self {
            Self::FirstUpper => "makes the first letter a capital".into(),
            Self::Upper => "stores capitals only".into(),
            Self::Lower => "stores small letters only".into(),
            Self::Title => "begins every word with a capital".into(),
            Self::Spaces => "takes out white space that it thinks superfluous".into(),
            Self::Cut(most) => alloc::format!("cuts the text after {most} characters"),
        }
    }
}

/// A habit that enough links show.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Learned {
    /// The side.
    pub side: Side,
    /// The kind of ticket of the pairs.
    pub kind: Kind,
    /// The field.
    pub field: FieldId,
    /// The habit.
    pub form: TargetForm,
    /// How many links show it.
    pub cases: usize,
}

/// The habits that at least [`ENOUGH`] links show, and that no link of the field contradicts: a single pair that the
/// habit does not explain means that it is something else, or somebody.
#[must_use]
pub fn learned<'a>(links: impl IntoIterator<Item = &'a Link>) -> Vec<Learned> {
    let mut fields: BTreeMap<(Side, Kind, FieldId), Vec<&StoredForm>> = BTreeMap::new();
    for stored in links.into_iter().flat_map(|link| &link.stored) {
        fields.entry((stored.side, stored.kind, stored.field)).or_default().push(stored);
    }
    let mut out = Vec::new();
    for ((side, kind, field), pairs) in fields {
        let explains = |form: &TargetForm| pairs.iter().all(|pair| form.explains(&pair.sent, &pair.stored));
        if pairs.len() < ENOUGH {
            continue;
        }
        // What one text shows too little of, as a cut that fell on a space, another may show.
        let form =
            pairs.iter().flat_map(|pair| TargetForm::explaining(&pair.sent, &pair.stored)).find(explains);
        out.extend(form.map(|form| Learned { side, kind, field, form, cases: pairs.len() }));
    }
    out
}

/// What a server made of a text, although the settings say something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken<'a> {
    pub(crate) form: TargetForm,
    pub(crate) stored: &'a StoredForm,
}

/// The first case of each side, kind and field whose declared form is not what the server does, or no longer.
pub(crate) fn broken<'a>(
    links: impl IntoIterator<Item = &'a Link>,
    declared: impl Fn(Kind, FieldId, Side) -> Option<TargetForm>,
) -> Vec<Broken<'a>> {
    let mut out: BTreeMap<(Side, Kind, FieldId), Broken<'a>> = BTreeMap::new();
    for stored in links.into_iter().flat_map(|link| &link.stored) {
        let Some(form) = declared(stored.kind, stored.field, stored.side) else { continue };
        if !form.explains(&stored.sent, &stored.stored) {
            out.entry((stored.side, stored.kind, stored.field)).or_insert(Broken { form, stored });
        }
    }
    out.into_values().collect()
}
