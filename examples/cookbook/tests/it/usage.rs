//! What the programs do with an environment that they cannot use, before anything is sent.

use super::{run, text};

/// Nothing listens there, and the address is on this machine.
const NOWHERE: [(&str, &str); 5] = [
    ("HALO_RESOURCE_SERVER", "http://127.0.0.1:9/api"),
    ("HALO_AUTHORISATION_SERVER", "http://127.0.0.1:9/auth"),
    ("HALO_TENANT", "acme"),
    ("HALO_CLIENT_ID", "an-id"),
    ("HALO_CLIENT_SECRET", "canary-secret"),
];

fn refused(program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let output = run(program, arguments, environment, "");
    assert_eq!(output.status.code(), Some(64), "{}", text(&output.stderr));
    assert!(output.stdout.is_empty(), "standard output is for results alone");
    let sentence = text(&output.stderr).to_owned();
    assert_eq!(sentence.lines().count(), 1, "{sentence}");
    assert!(!sentence.contains("canary"), "{sentence}");
    sentence
}

#[test]
fn every_program_names_the_variable_that_is_missing() {
    for (program, arguments) in [
        (env!("CARGO_BIN_EXE_connect_and_test"), &[][..]),
        (env!("CARGO_BIN_EXE_open_projects"), &[]),
        (env!("CARGO_BIN_EXE_export_tickets"), &[]),
        (env!("CARGO_BIN_EXE_own_ticket"), &[]),
        (env!("CARGO_BIN_EXE_changed_projects"), &["11"]),
        (env!("CARGO_BIN_EXE_set_custom_field"), &["11", "CFCode", "A-12"]),
        (env!("CARGO_BIN_EXE_create_and_patch_project"), &["11", "Title", "CFCode", "A-12"]),
    ] {
        assert!(refused(program, arguments, &[]).contains("HALO_RESOURCE_SERVER"));
        assert!(refused(program, arguments, &NOWHERE[..4]).contains("HALO_CLIENT_SECRET"));
    }
}

#[test]
fn malformed_settings_are_refused_with_a_way_out() {
    let export = env!("CARGO_BIN_EXE_export_tickets");
    for (name, value, word) in [
        ("HALO_RATE_LIMIT", "often", "N/SECONDS"),
        ("HALO_RATE_LIMIT", "0/60", "N/SECONDS"),
        ("HALO_RESOURCE_SERVER", "not an address", "resource server"),
        ("HALO_RESOURCE_SERVER", "http://example.com/api", "https"),
        ("HALO_AUTHORISATION_SERVER", "https://example.com", "/auth"),
    ] {
        let mut environment = NOWHERE.to_vec();
        environment.retain(|(known, _)| *known != name);
        environment.push((name, value));
        let sentence = refused(export, &[], &environment);
        assert!(sentence.contains(word), "{name}={value}: {sentence}");
    }
    let create = env!("CARGO_BIN_EXE_create_and_patch_project");
    assert!(refused(create, &["eleven", "T", "CF", "v"], &NOWHERE).contains("eleven"));
    assert!(refused(create, &["11"], &NOWHERE).contains("CLIENT_ID"));
    let changed = env!("CARGO_BIN_EXE_changed_projects");
    assert!(refused(changed, &[], &NOWHERE).contains("CLIENT_ID"));
    assert!(refused(changed, &["11", "a day"], &NOWHERE).contains("a day"));
    let set = env!("CARGO_BIN_EXE_set_custom_field");
    assert!(refused(set, &["11", "CFCode"], &NOWHERE).contains("VALUE"));
    assert!(refused(set, &["eleven", "CFCode", "A"], &NOWHERE).contains("eleven"));
}
