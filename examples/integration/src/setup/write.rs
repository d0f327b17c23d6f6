//! The configuration file as the setup writes it: every value with its name behind it, and what the setup does not ask
//! about carried over from the file that was there.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use sync_core::catalogue::Catalogue;
use sync_core::ids::{HitStatusId, Kind, StatusId};
use sync_core::settings::{CreateRule, HitTarget, Scope, StatusHow, StatusTarget};
use toml_edit::{DocumentMut, Item, Key, TableLike, Value};

use super::Draft;

/// Tables that the setup writes as a whole: what an older file says in them is replaced, not carried over.
const WHOLE: [&str; 9] = [
    "scope",
    "project_settings.opportunity",
    "project_settings.project",
    "project_settings.clients",
    "project_settings.people",
    "sync.create",
    "sync.promotion.won_status",
    "sync.promotion.won_values",
    "status_map",
];

/// The text of the file.
pub(super) fn text(draft: &Draft, catalogue: &Catalogue) -> String {
    let mut file = File { text: String::new(), catalogue };
    file.connection(draft);
    file.scope(draft);
    for kind in Kind::ALL {
        file.kind(draft, kind);
    }
    file.pairs(draft);
    file.create_rules(draft);
    file.promotion(draft);
    file.maps(draft);
    file.text
}

/// What is written, line by line. Writing into a text cannot fail.
struct File<'a> {
    text: String,
    catalogue: &'a Catalogue,
}

impl File<'_> {
    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// A table, with what it is about above it.
    fn table(&mut self, about: &str, name: &str) {
        let _ = write!(self.text, "\n# {about}\n[{name}]\n");
    }

    fn value(&mut self, key: &str, value: impl Into<Value>, name: &str) {
        let mut line = format!("{} = {}", Key::new(key), value.into());
        if !name.is_empty() {
            // One column for the names, unless the value is long.
            line = format!("{line:<34} # {}", harmless(name));
        }
        self.line(&line);
    }

    fn connection(&mut self, draft: &Draft) {
        self.line("# The configuration of halo-hit, written by `halo-hit setup`. Ids stand where both systems have ids; the name");
        self.line("# behind each is a comment. halo-hit.example.toml shows every key with its default. Secrets do not stand here:");
        self.line("# they come from HALO_HIT_HALO_SECRET and HALO_HIT_HIT_KEY, or from files that these with _FILE behind them name.");
        self.line("format = 1");
        self.table("HaloPSA: Configuration > Integrations > HaloPSA API.", "halo");
        self.value("resource_server", &*draft.resource_server, "Resource Server");
        self.value("authorisation_server", &*draft.authorisation_server, "Authorisation Server");
        if let Some(tenant) = &draft.tenant {
            self.value("tenant", tenant.as_str(), "Tenant");
        }
        self.value("client_id", &*draft.client_id, "Client ID");
        self.value("time_zone", &*draft.time_zone, "the zone of Halo's days");
        self.value("currency", &*draft.halo_currency, "the currency of Halo's amounts");
        let account = format!("HumanizeIT: the account {}.", harmless(&draft.account));
        self.table(&account, "hit");
        self.value("base_url", &*draft.base_url, "");
        self.value("currency", &*draft.hit_currency, "the currency of HumanizeIT's amounts");
        if draft.built_in_sync_is_off {
            self.value("built_in_sync_is_off", true, "said by a person; it cannot be read");
        }
    }

    fn scope(&mut self, draft: &Draft) {
        self.table("Which clients take part. `halo-hit gate` tells when all may.", "scope");
        match &draft.settings.sync.scope {
            Scope::Global => self.value("global", true, ""),
            Scope::Validation(clients) if clients.is_empty() => {
                self.line("validation_clients = []");
            }
            Scope::Validation(clients) => {
                self.line("validation_clients = [");
                for id in clients {
                    let name = self
                        .catalogue
                        .hit_clients
                        .get(id)
                        .map_or("unknown", |client| &client.name)
                        .to_owned();
                    let item = format!("    {},", Value::from(id.as_str()));
                    self.line(&format!("{item:<34} # {}", harmless(&name)));
                }
                self.line("]");
            }
        }
    }

    fn kind(&mut self, draft: &Draft, kind: Kind) {
        let of = draft.settings.kind(kind);
        let Some(create) = of.create_type else { return };
        let has = self.catalogue;
        let type_name =
            |id| has.ticket_types.get(id).map_or_else(|| "unknown".to_owned(), |of| of.name.to_string());
        self.table(&format!("New {kind} tickets."), &format!("project_settings.{kind}"));
        self.value("create_type", create.0, &type_name(&create));
        if !of.followed.is_empty() {
            let ids: Value = of.followed.iter().map(|id| id.0).collect();
            let names: Vec<String> = of.followed.iter().map(type_name).collect();
            self.value("followed_types", ids, &names.join(", "));
        }
        if let Some(agent) = of.default_agent {
            let name = has.agents.get(&agent).map_or("unknown", |agent| &agent.name);
            self.value("default_agent", agent.0, name);
        }
        if let Some(team) = of.team {
            self.value("team", team.0, has.teams.get(&team).map_or("unknown", |team| team));
        }
        if let Some(template) = of.template {
            self.value("template", template.0, "");
        }
        if !of.constants.is_empty() {
            self.table(
                "Fields that Halo demands for a new ticket of this type.",
                &format!("project_settings.{kind}.required_values"),
            );
            let required = has.ticket_types.get(&create).map(|of| of.required.clone()).unwrap_or_default();
            for (name, text) in &of.constants {
                let label = required.get(name).map_or("", |label| label);
                let label = if label == &**name { "" } else { label };
                self.value(name, toml_of(text), label);
            }
        }
    }

    fn pairs(&mut self, draft: &Draft) {
        let has = self.catalogue;
        let project = &draft.settings.project;
        if !project.clients.is_empty() {
            self.table("Clients that belong together: HumanizeIT id = Halo id.", "project_settings.clients");
            for (hit, halo) in &project.clients {
                let name = has.halo_clients.get(halo).map_or("unknown", |client| &client.name);
                self.value(hit.as_str(), halo.0, name);
            }
        }
        if !project.people.is_empty() {
            self.table("People that belong together: HumanizeIT id = Halo agent.", "project_settings.people");
            for (member, agent) in &project.people {
                let name = has.agents.get(agent).map_or("unknown", |agent| &agent.name);
                self.value(member.as_str(), agent.0, name);
            }
        }
    }

    fn create_rules(&mut self, draft: &Draft) {
        self.table("What an unlinked item becomes, by its HumanizeIT status.", "sync.create");
        for (status, rule) in &draft.settings.sync.create {
            let name = self.hit_name(status);
            self.value(status.as_str(), rule_word(*rule), &name);
        }
    }

    fn promotion(&mut self, draft: &Draft) {
        let rule = &draft.settings.sync.promotion;
        let Some(won) = &rule.won else { return };
        self.table("An approved item closes its opportunity as won.", "sync.promotion");
        let name = self.halo_name(won.status);
        self.value("won_status", won.status.0, &name);
        if !won.constants.is_empty() {
            self.table(
                "What a won opportunity has besides, as learned from one.",
                "sync.promotion.won_values",
            );
            for (field, text) in &won.constants {
                self.value(field, toml_of(text), "");
            }
        }
    }

    fn maps(&mut self, draft: &Draft) {
        for (id, map) in &draft.settings.status {
            let name = self.catalogue.ticket_types.get(id).map_or("unknown", |of| &of.name).to_owned();
            self.table(
                &format!("Statuses of {}: HumanizeIT to Halo, and back.", harmless(&name)),
                &format!("status_map.{id}.to_halo"),
            );
            for (hit, target) in &map.to_halo {
                let from = self.hit_name(hit);
                let (value, to) = match target {
                    StatusTarget::Ignore => (Value::from("ignore"), "let be".to_owned()),
                    StatusTarget::To { status, how: StatusHow::Set } => {
                        (Value::from(status.0), self.halo_name(*status))
                    }
                    StatusTarget::To { status, how: StatusHow::Action(outcome) } => {
                        let mut table = toml_edit::InlineTable::new();
                        table.insert("status", status.0.into());
                        table.insert("action", outcome.0.into());
                        (Value::from(table), self.halo_name(*status))
                    }
                };
                self.value(hit.as_str(), value, &format!("{from} -> {to}"));
            }
            let _ = writeln!(self.text, "[status_map.{id}.to_hit]");
            for (halo, target) in &map.to_hit {
                let from = self.halo_name(*halo);
                let (value, to) = match target {
                    HitTarget::Ignore => ("ignore".to_owned(), "let be".to_owned()),
                    HitTarget::To(status) => (status.to_string(), self.hit_name(status)),
                };
                self.value(&halo.to_string(), value.as_str(), &format!("{from} -> {to}"));
            }
        }
    }

    fn hit_name(&self, id: &HitStatusId) -> String {
        self.catalogue.hit_statuses.get(id).map_or("unknown", |status| &status.name).to_owned()
    }

    fn halo_name(&self, id: StatusId) -> String {
        self.catalogue.statuses.get(&id).map_or("unknown", |status| &status.name).to_owned()
    }
}

/// The word of a create rule.
pub(super) const fn rule_word(rule: CreateRule) -> &'static str {
    match rule {
        CreateRule::Nothing => "nothing",
        CreateRule::Opportunity => "opportunity",
        CreateRule::Project => "project",
    }
}

/// A name within a comment: one line, whatever the other system put into it.
fn harmless(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A JSON text as a value of TOML; what TOML cannot hold becomes a text.
pub(crate) fn toml_of(json: &str) -> Value {
    fn of(value: &serde_json::Value) -> Option<Value> {
        Some(match value {
            serde_json::Value::Null => return None,
            serde_json::Value::Bool(flag) => (*flag).into(),
            serde_json::Value::Number(number) => match number.as_i64() {
                Some(whole) => whole.into(),
                None => number.to_string().parse().ok()?,
            },
            serde_json::Value::String(text) => text.as_str().into(),
            serde_json::Value::Array(list) => Value::Array(list.iter().filter_map(of).collect()),
            serde_json::Value::Object(map) => {
                let mut table = toml_edit::InlineTable::new();
                for (key, value) in map {
                    table.insert(key, of(value)?);
                }
                Value::InlineTable(table)
            }
        })
    }
    // A number keeps its own digits: a float would change them.
    if serde_json::from_str::<serde_json::Number>(json).is_ok()
        && let Ok(number) = json.trim().parse()
    {
        return number;
    }
    serde_json::from_str(json).ok().and_then(|value| of(&value)).unwrap_or_else(|| json.into())
}

/// The new text with what the old one has and the setup does not ask about; and the keys that were carried over.
pub(super) fn carry_over(new: &str, old: &str) -> (String, Vec<String>) {
    let (Ok(mut document), Ok(before)) = (new.parse::<DocumentMut>(), old.parse::<DocumentMut>()) else {
        return (new.to_owned(), Vec::new());
    };
    let mut carried = Vec::new();
    merge(document.as_table_mut(), before.as_table(), "", &mut carried);
    (document.to_string(), carried)
}

fn merge(into: &mut dyn TableLike, from: &dyn TableLike, path: &str, carried: &mut Vec<String>) {
    for (key, item) in from.iter() {
        let place = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        if WHOLE.contains(&place.as_str()) {
            continue;
        }
        match (into.get_mut(key), item.as_table_like()) {
            (Some(there), Some(table)) => {
                if let Some(inner) = there.as_table_like_mut() {
                    merge(inner, table, &place, carried);
                }
            }
            // The value of the setup goes before the old one.
            (Some(_), None) => {}
            (None, _) => {
                // A table that holds only what the setup writes anew has nothing to carry.
                if let Some(table) = item.as_table_like() {
                    let mut kept = toml_edit::Table::new();
                    merge(&mut kept, table, &place, carried);
                    if !kept.is_empty() {
                        into.insert(key, Item::Table(kept));
                    }
                } else {
                    carried.push(place);
                    into.insert(key, item.clone());
                }
            }
        }
    }
}

/// Keeps a copy of a file beside it, under the first free name, and tells which.
///
/// # Errors
/// Those of the file system.
pub(crate) fn back_up(path: &Path) -> std::io::Result<PathBuf> {
    for number in 1..1000 {
        let mut name = path.as_os_str().to_owned();
        name.push(if number == 1 { ".bak".to_owned() } else { format!(".bak{number}") });
        let copy = PathBuf::from(name);
        match std::fs::OpenOptions::new().write(true).create_new(true).open(&copy) {
            Ok(mut file) => {
                file.write_all(&std::fs::read(path)?)?;
                file.sync_all()?;
                return Ok(copy);
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(std::io::Error::other("there are a thousand copies already"))
}

/// Replaces a file as a whole: a reader, and a power cut, finds the old one or the new one.
///
/// # Errors
/// Those of the file system; the old file is then unchanged.
pub(crate) fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".new{}", std::process::id()));
    let fresh = PathBuf::from(name);
    let written = (|| {
        let mut file = std::fs::File::create(&fresh)?;
        if let Ok(before) = std::fs::metadata(path) {
            file.set_permissions(before.permissions())?;
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&fresh, path)
    })();
    if written.is_err() {
        // Nothing more can be done about a file that cannot even be removed.
        let _ = std::fs::remove_file(&fresh);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_setup_does_not_ask_about_is_carried_over() {
        let old = "format = 1\n[halo]\ntenant = \"old\"\nrate_limit = \"9/9\"\n[sync.create]\nst_gone = \"project\"\n\
                   [sync.closed]\nwrite = true\n[limits]\ncreates = 3 # few\n[scope]\nglobal = true\n";
        let new = "format = 1\n[halo]\ntenant = \"new\"\n[scope]\nvalidation_clients = []\n[sync.create]\nst_a = \"nothing\"\n";
        let (text, carried) = carry_over(new, old);
        assert_eq!(carried, ["halo.rate_limit", "sync.closed.write", "limits.creates"]);
        let read: toml::Table = text.parse().unwrap();
        assert_eq!(read["halo"]["tenant"].as_str(), Some("new"));
        assert_eq!(read["halo"]["rate_limit"].as_str(), Some("9/9"));
        assert!(read["scope"].get("global").is_none() && read["sync"]["create"].get("st_gone").is_none());
        assert!(text.contains("creates = 3 # few"), "{text}");
    }

    #[test]
    fn copies_do_not_replace_copies() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.toml");
        std::fs::write(&path, "one").unwrap();
        let first = back_up(&path).unwrap();
        replace(&path, "two").unwrap();
        let second = back_up(&path).unwrap();
        let read = |path: &Path| std::fs::read_to_string(path).unwrap();
        assert_eq!(
            (read(&first).as_str(), read(&second).as_str(), read(&path).as_str()),
            ("one", "two", "two")
        );
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
    }

    #[test]
    fn constants_keep_their_meaning() {
        for (json, toml) in
            [("\"a\"", "\"a\""), ("12", "12"), ("1.50", "1.50"), ("true", "true"), ("[1,2]", "[1, 2]")]
        {
            assert_eq!(toml_of(json).to_string().trim(), toml, "{json}");
        }
    }
}
