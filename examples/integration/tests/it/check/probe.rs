//! `check --probe-writes` and `check --role`.

use halo_hit::check::{self, Report, State};
use sandbox::{Options, Sandbox};
use serde_json::{Value, json};

use super::breakage::BY_WRITING;
use super::{codes, configuration, control, inputs, set_broken, start, trouble};

async fn probed(sandbox: &Sandbox) -> Report {
    check::run_with_writes(&inputs(sandbox, &configuration(sandbox)), true).await.0
}

async fn counts(sandbox: &Sandbox) -> Value {
    control(sandbox, "GET", "/counts", "").await
}

/// The tickets that were made since the start.
fn made(sandbox: &Sandbox) -> Vec<sandbox::world::Row> {
    let world = sandbox.world().lock();
    let made = |row: &sandbox::world::Row| {
        row.get("summary").and_then(Value::as_str) == Some("halo-hit: probe ticket, leave it open")
    };
    world.halo.tickets.iter().map(|(_, row)| row.clone()).filter(made).collect()
}

/// Somebody deletes the probe ticket, whose link outlives it.
fn forget(sandbox: &Sandbox) {
    let ids: Vec<i64> = made(sandbox).iter().filter_map(|row| row["id"].as_i64()).collect();
    let mut world = sandbox.world().lock();
    for id in ids {
        world.halo.tickets.remove(&sandbox::world::Key::Int(id));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_proves_what_reading_cannot_and_uses_its_ticket_again() {
    let sandbox = start(Options::default()).await;
    let report = probed(&sandbox).await;
    assert_eq!(codes(&report, State::Fails), [] as [&str; 0], "{}", trouble(&report));
    assert_eq!(codes(&report, State::CannotTell), [] as [&str; 0], "{}", trouble(&report));
    let first = made(&sandbox);
    assert_eq!(first.len(), 1);
    let ticket = &first[0];
    assert_eq!((&ticket["showforusers"], &ticket["status_id"]), (&json!(false), &json!(30)), "{ticket:?}");
    assert_eq!(ticket["client_reference"], "HS-PROBE");
    let after = counts(&sandbox).await;
    assert_eq!((&after["customer_emails"], &after["halo"]["deletes"]), (&json!(0), &json!(0)), "{after}");
    assert_eq!((&after["halo"]["creates"], &after["halo"]["duplicates"]), (&json!(1), &json!(0)), "{after}");
    assert_eq!(after["hit"]["writes"], 0);

    let report = probed(&sandbox).await;
    assert_eq!(codes(&report, State::CannotTell), [] as [&str; 0], "{}", trouble(&report));
    assert_eq!(made(&sandbox).len(), 1);
    let after = counts(&sandbox).await;
    assert_eq!((&after["customer_emails"], &after["halo"]["creates"]), (&json!(0), &json!(1)), "{after}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_a_write_shows_is_shown_by_it() {
    let sandbox = start(Options::default()).await;
    for code in BY_WRITING.into_iter().chain(["add_tickets_right_missing"]) {
        set_broken(&sandbox, &[code]).await;
        let report = probed(&sandbox).await;
        assert!(codes(&report, State::Fails).contains(&code), "{code}\n{}", trouble(&report));
        let allowed: &[&str] = match code {
            // Without the right to edit, the rest is not tried.
            "edit_others_right_missing" => &["status_right_missing", "write_not_kept"],
            "status_right_missing" => &["write_not_kept"],
            "add_tickets_right_missing" => &BY_WRITING,
            _ => &[],
        };
        for unknown in codes(&report, State::CannotTell) {
            assert!(allowed.contains(&unknown), "{code}: {unknown}\n{}", trouble(&report));
        }
        assert!(made(&sandbox).len() <= 1, "{code}");
        // Found by its name where the marker does not lead to it.
        if code == "marker_not_found" {
            assert!(codes(&probed(&sandbox).await, State::Fails).contains(&code));
            assert_eq!(made(&sandbox).len(), 1);
        }
        forget(&sandbox);
    }
    assert_eq!(counts(&sandbox).await["customer_emails"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_without_a_place_for_it() {
    let sandbox = start(Options::default()).await;
    let inputs = inputs(&sandbox, &configuration(&sandbox));
    let (_, would) = check::run_with_writes(&inputs, false).await;
    assert!(would.unwrap().contains("Project (31) ticket at the validation client"));
    let global = configuration(&sandbox).replace("validation_clients = [\"cl_1\"]", "global = true");
    let (report, would) = check::run_with_writes(&super::inputs(&sandbox, &global), true).await;
    assert!(would.is_err());
    assert_eq!(report.get("marker_not_found").unwrap().state, State::CannotTell);
    assert_eq!(counts(&sandbox).await["halo"]["writes"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_role_that_is_printed_is_enough_and_nothing_is_to_spare() {
    let sandbox = start(Options::default()).await;
    let inputs = inputs(&sandbox, &configuration(&sandbox));
    let role = serde_json::to_value(check::role(&inputs).await).unwrap();
    assert_eq!(role["teams"], json!(["Sales", "Projects"]));
    assert_eq!(role["scopes"], json!(["all:standard"]));
    control(&sandbox, "PUT", "/role", &role.to_string()).await;
    let report = probed(&sandbox).await;
    let wrong: Vec<_> = report.findings.iter().filter(|finding| finding.state != State::Ok).collect();
    assert!(wrong.is_empty(), "{}", trouble(&report));
    // Each right is needed: without it something fails. Here either of the rights to tickets and projects opens both.
    let rights = role["rights"].as_array().unwrap();
    let names: Vec<&str> = rights.iter().map(|right| right["right"].as_str().unwrap()).collect();
    let alone = names.iter().filter(|name| !["tickets", "projects"].contains(name)).map(|name| vec![*name]);
    for without in alone.chain([vec!["tickets", "projects"]]) {
        let mut less = role.clone();
        let kept = rights.iter().filter(|right| !without.contains(&right["right"].as_str().unwrap()));
        less["rights"] = kept.cloned().collect();
        control(&sandbox, "PUT", "/role", &less.to_string()).await;
        let report = probed(&sandbox).await;
        let right = rights.iter().find(|right| right["right"] == without[0]).unwrap();
        let code = right["finding"].as_str().unwrap();
        assert!(codes(&report, State::Fails).contains(&code), "{without:?}\n{}", trouble(&report));
        forget(&sandbox);
    }
}
