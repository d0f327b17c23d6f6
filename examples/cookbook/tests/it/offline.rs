//! Programs that need no server.

use super::{run, text};

#[test]
fn two_lists_are_brought_into_step() {
    let output = run(env!("CARGO_BIN_EXE_sync_core_alone"), &[], &[], "");
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said}{}", text(&output.stderr));
    assert_eq!(said.matches("planned again: 0 operations").count(), 2, "{said}");
    assert_eq!(said.matches("all done: true").count(), 2, "{said}");
    assert!(said.contains("An opportunity \"New firewall\" will be created in Halo for item 41"), "{said}");
    assert!(!said.contains("waits for a person"), "{said}");
    // The edits of the second round go their ways.
    assert!(said.contains("New firewall, both sites"), "{said}");
    assert!(said.contains("Lost"), "{said}");
}

#[test]
fn a_notebook_passes_for_a_humanizeit() {
    let output = run(env!("CARGO_BIN_EXE_own_hit_api"), &[], &[], "");
    assert!(output.status.success(), "{}", text(&output.stderr));
    // Three rows on two pages, and none of the other client.
    assert_eq!(
        text(&output.stdout),
        "1  qualified  Move the files to the cloud  (this source keeps no budgets)\n\
         2  qualified  Train the staff  (this source keeps no budgets)\n\
         4  approved  Replace the firewall  (this source keeps no budgets)\n"
    );
}

// RFC 4231, test case 2: the body is not JSON, so that a genuine delivery ends at its content.
const KEY: (&str, &str) = ("HALO_WEBHOOK_SECRET", "Jefe");
const RFC_BODY: &str = "what do ya want for nothing?";
const RFC_MAC: &str = "x-signature: W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=";

#[test]
fn deliveries_are_verified() {
    let program = env!("CARGO_BIN_EXE_verify_webhook");
    let body = r#"{"event":"Ticket Updated","ticket":{"id":4711}}"#;

    let genuine = run(program, &["header", "x-key", "X-Key: Jefe"], &[KEY], body);
    assert!(genuine.status.success(), "{}", text(&genuine.stderr));
    assert_eq!(text(&genuine.stdout), "genuine: Ticket Updated; read ticket 4711 anew\n");

    let forged = run(program, &["header", "x-key", "X-Key: guess"], &[KEY], body);
    assert_eq!((forged.status.code(), text(&forged.stdout)), (Some(1), ""));
    assert!(text(&forged.stderr).starts_with("refused: "));

    let signed = run(program, &["hmac", "x-signature", RFC_MAC], &[KEY], RFC_BODY);
    assert!(text(&signed.stderr).starts_with("genuine, but unreadable"), "{}", text(&signed.stderr));
    let changed = run(program, &["hmac", "x-signature", RFC_MAC], &[KEY], "what do ya want for something?");
    assert!(text(&changed.stderr).starts_with("refused: "));

    for secretless in
        [&["hmac", "x-signature"][..], &["hmac"], &["guess", "x"], &["header", "x", "no header"]]
    {
        assert_eq!(run(program, secretless, &[], body).status.code(), Some(64), "{secretless:?}");
    }
}
