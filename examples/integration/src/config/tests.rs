use std::path::Path;

use super::*;
use crate::exit::Exit;
use sync_core::field::FieldId;
use sync_core::ids::Kind;
use sync_core::learn::TargetForm;

const EXAMPLE: &str = include_str!("../../halo-hit.example.toml");

/// The example with its commented keys switched on: defaults, and examples too if asked for.
fn uncommented(examples: bool) -> String {
    let line = |line: &str| {
        if let Some(example) = line.strip_prefix("#? ") {
            return if examples { example.to_owned() } else { String::new() };
        }
        match line.strip_prefix('#') {
            Some(key) if key.starts_with(|c: char| c.is_ascii_alphabetic()) => key.to_owned(),
            _ => line.to_owned(),
        }
    };
    EXAMPLE.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn parse(text: &str) -> Result<Config, Failure> {
    Config::parse(Path::new("/etc/halo-hit.toml"), text)
}

#[test]
fn the_example_can_be_read_and_shows_the_real_defaults() {
    let example = parse(EXAMPLE).unwrap();
    assert_eq!(parse(&uncommented(false)).unwrap(), example);
    let defaults = Settings { project: example.settings.project.clone(), ..Settings::default() };
    assert_eq!(example.settings, defaults);
    assert_eq!(example.database, Path::new("/etc/halo-hit.db"));
}

#[test]
fn the_example_mentions_every_key() {
    let (_, absent) = Config::parse_noting(Path::new("a.toml"), &uncommented(true)).unwrap();
    // A rule's table is explained in words; its keys need no line of their own.
    let unmentioned: Vec<&String> = absent
        .iter()
        .filter(|path| {
            !["conflict", "blank", "first_link", "halo_form", "hit_form"]
                .iter()
                .any(|key| path.ends_with(key))
        })
        .collect();
    assert!(unmentioned.is_empty(), "{unmentioned:?}");
}

#[test]
fn the_examples_of_keys_without_default_mean_what_they_say() {
    let config = parse(&uncommented(true)).unwrap();
    let settings = &config.settings;
    let json = serde_json::to_value(settings).unwrap();
    assert_eq!(json["project"]["opportunity"]["create_type"], "21");
    assert_eq!(json["project"]["opportunity"]["constants"]["CFSource"], "\"Roadmap\"");
    assert_eq!(json["project"]["clients"]["8b1c"], "12");
    assert_eq!(json["sync"]["create"]["st-wip"], "project");
    assert_eq!(json["sync"]["promotion"]["won"]["status"], "9");
    let map = &json["status"]["21"];
    assert_eq!(map["to_halo"]["st-ideas"], "ignore");
    assert_eq!(map["to_halo"]["st-declined"]["to"]["how"]["action"], "31");
    assert_eq!(map["to_hit"]["5"]["to"], "st-qualified");
    assert_eq!(map["to_hit"]["8"], "ignore");
}

#[test]
fn what_a_server_makes_of_a_name_can_be_declared() {
    let of = |form: &str| {
        let line = format!("name = {{ direction = \"both\", {form} }}");
        parse(&with("#name = \"hit_to_halo\"", &line)).map(|config| {
            let rule = config.settings.rule(Kind::Opportunity, FieldId::Name);
            (rule.halo_form, rule.hit_form)
        })
    };
    assert_eq!(of("hit_form = \"cut:50\"").unwrap(), (None, Some(TargetForm::Cut(50))));
    assert_eq!(of("halo_form = \"title\"").unwrap(), (Some(TargetForm::Title), None));
    for wrong in ["cut:0", "cut:", "cut", "Upper", ""] {
        let failure = of(&format!("hit_form = \"{wrong}\"")).unwrap_err();
        assert_eq!(failure.code(), "word_unknown", "{wrong}");
    }
}

/// The example with one line replaced (or a line added behind a heading).
fn with(line: &str, by: &str) -> String {
    assert!(EXAMPLE.contains(line), "{line}");
    EXAMPLE.replacen(line, by, 1)
}

#[test]
fn every_mistake_gets_one_sentence_with_the_way_out() {
    let cases: Vec<(String, Exit, &str, &str)> = vec![
        (
            with("time_zone = \"Europe/London\"", ""),
            Exit::Configuration,
            "time_zone_missing",
            "halo.time_zone is missing in halo-hit.toml: write the IANA name of the zone in which this tenant's days \
             are meant, such as \"Europe/London\".",
        ),
        (
            with("time_zone = \"Europe/London\"", "time_zone = \"Mars/Olympus\""),
            Exit::Configuration,
            "time_zone_unknown",
            "halo.time_zone in halo-hit.toml (line 30) is \"Mars/Olympus\", which is no time zone: write the IANA \
             name of the zone in which this tenant's days are meant, such as \"Europe/London\".",
        ),
        (
            with("currency = \"GBP\"", ""),
            Exit::Configuration,
            "currency_missing",
            "halo.currency is missing in halo-hit.toml: write the three letters of the currency its amounts are in, \
             such as \"EUR\".",
        ),
        (
            with("format = 1", "format = 2"),
            Exit::Configuration,
            "format_newer",
            "format in halo-hit.toml (line 14) is 2, and this program reads version 1: use the newer halo-hit that \
             wrote this file.",
        ),
        (
            with("format = 1", "format = \"one\""),
            Exit::Configuration,
            "format_unreadable",
            "format in halo-hit.toml (line 14) is no version: write format = 1.",
        ),
        (
            with("format = 1", ""),
            Exit::Configuration,
            "format_missing",
            "the configuration does not say the version of its format: write format = 1 as its first line.",
        ),
        (
            with("format = 1", "format = "),
            Exit::Configuration,
            "configuration_not_toml",
            "halo-hit.toml is not valid TOML at line 14 (string values must be quoted, expected literal string): \
             correct the line; halo-hit.example.toml shows every key.",
        ),
        (
            with("tenant = ", "tenat = "),
            Exit::Configuration,
            "unknown_key",
            "halo.tenat in halo-hit.toml (line 26) is no key of halo-hit: did you mean \"halo.tenant\".",
        ),
        (
            with("#poll = \"5m\"", "poll = 5"),
            Exit::Configuration,
            "value_of_wrong_kind",
            "timing.poll in halo-hit.toml (line 71) is a number: write a text in quotation marks.",
        ),
        (
            with("#settle = \"2m\"", "settle = \"5s\""),
            Exit::Configuration,
            "settle_too_short",
            "timing.settle is shorter than timing.request_timeout, so a request given up could still be carried out \
             after it: make settle at least as long as request_timeout.",
        ),
        (
            with("#budget_monthly = \"off\"", "budget_monthly = \"both\""),
            Exit::Configuration,
            "field_not_of_kind",
            "sync.project.budget_monthly in halo-hit.toml (line 147) cannot be synced, because Halo's project \
             tickets have no such field: write \"off\", or remove the line.",
        ),
        (
            with("#due = \"on_create\"", "due = \"on_creat\""),
            Exit::Configuration,
            "word_unknown",
            "sync.opportunity.due in halo-hit.toml (line 132) is \"on_creat\", which means nothing here: did you \
             mean \"on_create\".",
        ),
        (
            with("#enabled = false", "enabled = true"),
            Exit::Configuration,
            "import_without_date",
            "sync.import is enabled without sync.import.created_after: write the day from which tickets are \
             imported, as \"2026-01-31\".",
        ),
        (
            with("https://example.halopsa.com/api", "http://example.halopsa.com/api"),
            Exit::Address,
            "address_without_tls",
            "halo.resource_server in halo-hit.toml (line 22) would send credentials to example.halopsa.com \
             unprotected: write https:// in place of http://.",
        ),
        (
            with("https://example.halopsa.com/api", "example.halopsa.com/api"),
            Exit::Address,
            "address_unreadable",
            "halo.resource_server in halo-hit.toml (line 22) is \"example.halopsa.com/api\", which is no URL: write \
             it in full, with https:// in front.",
        ),
    ];
    for (text, exit, code, sentence) in cases {
        let failure = parse(&text).unwrap_err();
        // Lines move when the example grows; the sentence is what matters.
        let plain = |text: &str| {
            let mut parts = text.split("line ");
            let first = parts.next().unwrap_or_default().to_owned();
            parts.fold(first, |text, part| {
                text + "line " + part.trim_start_matches(|c: char| c.is_ascii_digit())
            })
        };
        assert_eq!(plain(&failure.to_string()), plain(sentence));
        assert_eq!((failure.exit(), failure.code()), (exit, code));
    }
}

#[test]
fn the_line_is_the_line_of_the_mistake() {
    let text = with("time_zone = \"Europe/London\"", "time_zone = \"Mars/Olympus\"");
    let line = 1 + text.lines().position(|line| line.contains("Mars")).unwrap();
    assert!(parse(&text).unwrap_err().to_string().contains(&format!("(line {line})")));
}

#[test]
fn halos_addresses_are_compared_with_their_usual_shape() {
    let problems = |resource: &str, authorisation: &str| -> Vec<(String, String)> {
        let text = with("https://example.halopsa.com/api", resource).replacen(
            "https://example.halopsa.com/auth",
            authorisation,
            1,
        );
        let problems = parse(&text).unwrap().address_problems();
        assert!(problems.iter().all(|problem| problem.exit() == Exit::Address));
        problems.iter().map(|problem| (problem.code().to_owned(), problem.way_out().to_owned())).collect()
    };
    let good = ["https://halo.example.com/api", "https://halo.example.com/auth"];
    assert_eq!(problems(good[0], good[1]), []);
    assert_eq!(problems("https://halo.example.com/api/", "https://halo.example.com/auth/"), []);
    assert_eq!(problems("http://127.0.0.1:9000/api", "http://localhost:9000/auth"), []);
    let misplaced = |text: &str| {
        (
            "resource_server_misplaced_api".to_owned(),
            format!("write {text:?}, if that is what Halo shows as Resource Server"),
        )
    };
    for wrong in [
        "https://halo.example.com",
        "https://halo.example.com/api/api",
        "https://halo.example.com/auth",
        "https://halo.example.com/api/auth",
    ] {
        assert_eq!(problems(wrong, good[1]), [misplaced("https://halo.example.com/api")], "{wrong}");
    }
    let lacking = (
        "authorisation_server_missing_auth".to_owned(),
        "write \"https://halo.example.com/auth\", if that is what Halo shows as Authorisation Server"
            .to_owned(),
    );
    for wrong in [
        "https://halo.example.com",
        "https://halo.example.com/api/auth",
        "https://halo.example.com/auth/token",
    ] {
        assert_eq!(problems(good[0], wrong), std::slice::from_ref(&lacking), "{wrong}");
    }
}

#[test]
fn findings_are_refused_under_this_files_keys() {
    let finding = |severity, code: &str, place: &str| Finding {
        severity,
        code: code.into(),
        place: place.into(),
        message: "The status 9 does not belong to the type.".into(),
    };
    let warning = finding(Severity::Warning, "limit_zero", "sync.limits.creates");
    refuse(std::slice::from_ref(&warning)).unwrap();
    let error = finding(Severity::Error, "status_not_of_type", "status.12.to_halo.qualified");
    let other = finding(Severity::Error, "time_zone_missing", "project.time_zone");
    let failure = refuse(&[warning, error, other]).unwrap_err();
    assert_eq!((failure.exit(), failure.code()), (Exit::Configuration, "status_not_of_type"));
    assert_eq!(
        failure.to_string(),
        "status_map.12.to_halo.qualified: The status 9 does not belong to the type (and one more problem): \
         `halo-hit check` shows every problem with the ids to choose from."
    );
    assert_eq!(
        settings::key_of("project.opportunity.followed"),
        "project_settings.opportunity.followed_types"
    );
    assert_eq!(settings::key_of("sync.limits.creates"), "limits.creates");
}
