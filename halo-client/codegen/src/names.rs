//! From wire names to Rust names.

use std::collections::BTreeMap;

/// `displayName` and `client_id` as `DISPLAY_NAME` and `CLIENT_ID`; leading underscores dropped.
fn constant(wire: &str) -> String {
    let mut out = String::new();
    let chars: Vec<char> = wire.trim_start_matches('_').chars().collect();
    for (index, &c) in chars.iter().enumerate() {
        if !c.is_ascii_alphanumeric() {
            if !out.ends_with('_') {
                out.push('_');
            }
            continue;
        }
        let after_lower =
            index > 0 && (chars[index - 1].is_ascii_lowercase() || chars[index - 1].is_ascii_digit());
        let ends_acronym = index > 0
            && chars[index - 1].is_ascii_uppercase()
            && chars.get(index + 1).is_some_and(char::is_ascii_lowercase);
        if c.is_ascii_uppercase() && (after_lower || ends_acronym) && !out.ends_with('_') {
            out.push('_');
        }
        out.push(c.to_ascii_uppercase());
    }
    let out = out.trim_end_matches('_').to_owned();
    if out.is_empty() || out.starts_with(|c: char| c.is_ascii_digit()) { format!("N{out}") } else { out }
}

/// One constant name per property, in the order given. Where two properties would share a name, the
/// plainer property keeps it and the other gets underscores in front.
pub fn constants<'a>(properties: impl Iterator<Item = &'a String>) -> BTreeMap<String, String> {
    let mut wires: Vec<&String> = properties.collect();
    wires.sort_by_key(|wire| (wire.starts_with('_'), wire.chars().any(|c| c.is_ascii_uppercase()), *wire));
    let mut taken = std::collections::BTreeSet::new();
    let mut names = BTreeMap::new();
    for wire in wires {
        let mut name = constant(wire);
        while !taken.insert(name.clone()) {
            name.insert(0, '_');
        }
        names.insert(wire.clone(), name);
    }
    names
}

/// `Mailchimp_Links` as `MailchimpLinks`.
pub fn type_name(halo: &str) -> String {
    let mut out = String::new();
    for part in halo.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty()) {
        let mut chars = part.chars();
        if let Some(first) = chars.next() {
            out.push(first.to_ascii_uppercase());
            out.push_str(chars.as_str());
        }
    }
    out
}

/// The builder method of a query parameter, or the client's method of a resource.
pub fn method(wire: &str) -> String {
    let name = constant(wire).to_ascii_lowercase();
    match name.as_str() {
        "type" | "use" | "match" | "ref" | "mod" | "static" | "box" | "move" | "where" | "in" | "for" => {
            format!("{name}_")
        }
        // What the builders call otherwise.
        "list" | "get" | "send" | "param" | "new" | "row_as" | "rows_as" => format!("{name}_"),
        _ => name,
    }
}

/// `Journey` as `Journeys`, for the collection. What is no countable noun stays.
pub fn plural(name: &str) -> String {
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    let uncountable =
        ["Info", "Data", "Details", "Software", "News", "Health", "Control", "Cache", "History"];
    if ends(&uncountable) || (ends(&["s"]) && !ends(&["ss", "us"])) {
        name.to_owned()
    } else if ends(&["ss", "us", "ch", "sh", "x"]) {
        format!("{name}es")
    } else if let Some(stem) =
        name.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'i', 'o', 'u', 'A', 'Q']))
    {
        format!("{stem}ies")
    } else {
        format!("{name}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_names_become_constants() {
        for (wire, name) in [
            ("client_id", "CLIENT_ID"),
            ("displayName", "DISPLAY_NAME"),
            ("tenantID", "TENANT_ID"),
            ("HTMLBody", "HTML_BODY"),
            ("_warning", "WARNING"),
            ("2endtag", "N2ENDTAG"),
            ("dynamic_SQL_field", "DYNAMIC_SQL_FIELD"),
        ] {
            assert_eq!(constant(wire), name);
        }
    }

    #[test]
    fn two_wire_names_never_share_a_constant() {
        let wires = ["_id".to_owned(), "alertID".to_owned(), "alertId".to_owned(), "id".to_owned()];
        let names = constants(wires.iter());
        assert_eq!(names["id"], "ID");
        assert_eq!(names["_id"], "_ID");
        assert_eq!(names["alertID"], "ALERT_ID");
        assert_eq!(names["alertId"], "_ALERT_ID");
    }

    #[test]
    fn collections_are_plural() {
        for (one, many) in [
            ("Journey", "Journeys"),
            ("Currency", "Currencies"),
            ("ServiceStatus", "ServiceStatuses"),
            ("Address", "Addresses"),
            ("Tags", "Tags"),
            ("Tax", "Taxes"),
            ("VersionInfo", "VersionInfo"),
            ("JiraDetails", "JiraDetails"),
        ] {
            assert_eq!(plural(one), many);
        }
    }

    #[test]
    fn schema_names_become_types() {
        assert_eq!(type_name("NHD_Identity_Application"), "NHDIdentityApplication");
        assert_eq!(type_name("Mailchimp_Links"), "MailchimpLinks");
    }
}
