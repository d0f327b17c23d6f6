//! Keys under which names and domains are equal.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use unicode_normalization::UnicodeNormalization as _;

/// The key under which two names of records are equal: compatibility forms unified (NFKC), case folded, punctuation
/// and white space reduced to single spaces, `&` and `+` read as "and". Empty if the name has no letter or digit.
///
/// ```
/// use sync_core::matching::name_key;
/// assert_eq!(name_key("Firewall & Wi-Fi  (Phase 2)"), name_key("FIREWALL and WI FI phase 2"));
/// ```
#[must_use]
pub fn name_key(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut gap = false;
    // Folding case can bring forth characters that compose anew, hence the second pass.
    let folded = name.nfkc().flat_map(char::to_lowercase).nfkc().collect::<String>();
    for c in folded.chars() {
        match c {
            '&' | '+' => {
                push_word(&mut out, "and");
                gap = true;
            }
            // `S.A.` and `SA`, `O'Neill` and `ONeill` are spellings of one name.
            '.' | '\'' | '’' | '`' | '´' => {}
            'ß' => push_char(&mut out, &mut gap, "ss"),
            c if c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c) => {
                push_char(&mut out, &mut gap, c.encode_utf8(&mut [0; 4]));
            }
            _ => gap = true,
        }
    }
    out
}

fn push_char(out: &mut String, gap: &mut bool, text: &str) {
    if core::mem::take(gap) && !out.is_empty() {
        out.push(' ');
    }
    out.push_str(text);
}

fn push_word(out: &mut String, word: &str) {
    if !out.is_empty() {
        out.push(' ');
    }
    out.push_str(word);
}

/// Legal forms that companies write behind their name, or leave out.
const LEGAL_FORMS: &[&str] = &[
    "ab",
    "ag",
    "aps",
    "as",
    "asa",
    "bv",
    "bvba",
    "co",
    "company",
    "corp",
    "corporation",
    "eg",
    "ek",
    "ev",
    "gbr",
    "gmbh",
    "inc",
    "incorporated",
    "kft",
    "kg",
    "kgaa",
    "limited",
    "llc",
    "llp",
    "lp",
    "ltd",
    "mbh",
    "nv",
    "oü",
    "ohg",
    "oy",
    "oyj",
    "plc",
    "pte",
    "pty",
    "sa",
    "sarl",
    "sas",
    "se",
    "sl",
    "spa",
    "srl",
    "sro",
    "ug",
];

/// The key under which two clients' names are equal: [`name_key`] without legal forms at the end, as long as at
/// least two letters remain.
///
/// ```
/// use sync_core::matching::client_name_key;
/// assert_eq!(client_name_key("Müller & Co. KG"), client_name_key("MÜLLER"));
/// assert_eq!(client_name_key("AG"), "ag");
/// ```
#[must_use]
pub fn client_name_key(name: &str) -> String {
    let key = name_key(name);
    let mut words: Vec<&str> = key.split(' ').collect();
    let enough = |words: &[&str]| {
        words.iter().flat_map(|word| word.chars()).filter(|c| c.is_alphabetic()).count() >= 2
    };
    let mut stripped = false;
    while let Some(last) = words.last() {
        let goes = LEGAL_FORMS.contains(last) || (stripped && *last == "and");
        if !goes || !enough(&words[..words.len() - 1]) {
            break;
        }
        words.pop();
        stripped = true;
    }
    words.join(" ")
}

/// Second-level labels under which registries sell names to the public, in country domains.
const PUBLIC_SECOND_LEVELS: &[&str] = &[
    "ac", "co", "com", "edu", "gob", "gouv", "gov", "govt", "id", "mil", "ne", "net", "nom", "or", "org",
    "plc", "sch",
];

/// The registrable domain of a host name, an address or an e-mail address: what a company registered.
///
/// The rule is the common one (two labels, three below a country's public second level such as `co.uk`), not the
/// public suffix list; a wrong answer can only produce or miss a suggestion that a person confirms.
/// Nothing if the text is no domain name.
///
/// ```
/// use sync_core::matching::domain_key;
/// assert_eq!(domain_key("https://www.Acme.co.uk:443/x").as_deref(), Some("acme.co.uk"));
/// assert_eq!(domain_key("info@it.acme.example").as_deref(), Some("acme.example"));
/// assert_eq!(domain_key("localhost"), None);
/// ```
#[must_use]
pub fn domain_key(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    let text = text.split(['/', '?', '#']).next()?;
    let text = text.rsplit('@').next()?;
    let text = text.split(':').next()?.trim_end_matches('.');
    let lower = text.nfkc().flat_map(char::to_lowercase).collect::<String>();
    let labels: Vec<&str> = lower.split('.').collect();
    let fine = |label: &&str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    if labels.len() < 2 || !labels.iter().all(fine) {
        return None;
    }
    let top = labels[labels.len() - 1];
    if top.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let public = top.len() == 2 && PUBLIC_SECOND_LEVELS.contains(&labels[labels.len() - 2]);
    let count = if public { 3 } else { 2 };
    (labels.len() >= count).then(|| labels[labels.len() - count..].join(".").to_string())
}

/// Whether a registrable domain belongs to a provider of mailboxes for anyone. Such a domain says nothing about
/// which client it is.
#[must_use]
pub fn is_freemail(domain: &str) -> bool {
    let name = domain.split('.').next().unwrap_or_default();
    matches!(
        name,
        "gmail"
            | "googlemail"
            | "outlook"
            | "hotmail"
            | "live"
            | "msn"
            | "yahoo"
            | "ymail"
            | "icloud"
            | "aol"
            | "gmx"
            | "web"
            | "proton"
            | "protonmail"
            | "zoho"
            | "mail"
            | "freenet"
            | "onmicrosoft"
            | "bigpond"
            | "btinternet"
            | "comcast"
            | "t-online"
            | "orange"
            | "wanadoo"
            | "free"
            | "laposte"
            | "libero"
            | "bluewin"
            | "verizon"
            | "att"
            | "me"
    )
}
