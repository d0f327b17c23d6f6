use halo_hit::exit::Exit;
use halo_hit::storage::{Answer, SqliteStore, Store as _};
use sandbox::Options;
use sandbox::breakage::Code;
use serde_json::json;
use sync_core::ids::{AgentId, HaloClientId, HitClientId, HitStatusId, Kind, StatusId, TicketTypeId};
use sync_core::settings::{CreateRule, Scope};

use super::Room;

/// The answers that have no default.
fn least(room: &Room) -> String {
    let info = room.sandbox.info();
    format!(
        "[halo]\nresource_server = {:?}\nclient_id = {:?}\n[hit]\nbase_url = {:?}\n",
        info.halo.resource_server, info.halo_integration.client_id, info.hit.base_url
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn three_answers_are_enough_and_the_rest_by_name_or_id() {
    let room = Room::new().await;
    let text = least(&room)
        + "[opportunity]\nagent = \"Maya Lindgren\"\nfollowed = [22]\n\
           [project]\ntype = 33\n[project.required]\nCFProjectTier = 2\n\
           [create]\nst_parked = \"project\"\n[validation]\nclients = [\"Harbor Street Dental\"]\n\
           [map.33.to_halo]\nst_parked = 34\n";
    let held = room.answer(&text, true).await;
    assert_eq!(held.end.unwrap(), Exit::Done, "{}", held.transcript);
    let value: serde_json::Value = serde_json::from_str(&held.transcript).unwrap();
    assert_eq!((&value["command"], &value["exit"]), (&json!("setup"), &json!(0)));
    assert_eq!(value["data"]["check"]["summary"]["fails"], 0);
    let settings = room.config().settings;
    assert_eq!(settings.project.opportunity.default_agent, Some(AgentId(7)));
    assert!(settings.kind(Kind::Opportunity).followed.contains(&TicketTypeId(22)));
    assert_eq!(settings.project.project.create_type, Some(TicketTypeId(33)));
    assert_eq!(&*settings.project.project.constants["CFProjectTier"], "2");
    assert_eq!(settings.create_rule(&HitStatusId::from("st_parked")), Some(CreateRule::Project));
    let parked = &settings.status[&TicketTypeId(33)].to_halo[&HitStatusId::from("st_parked")];
    assert_eq!(parked.status(), Some(StatusId(34)));
    assert_eq!(settings.sync.scope, Scope::Validation([HitClientId::from("cl_1")].into()));
    room.assert_untouched().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_the_answers_is_told_by_name_and_nothing_is_written() {
    let room = Room::new().await;
    let good = least(&room);
    for (text, code, exit, part) in [
        (
            "[hit]\nbase_url = \"http://127.0.0.1:9\"\n".to_owned(),
            "answer_missing",
            12,
            "do not say halo.resource_server",
        ),
        (
            good.replace("/api\"", "\""),
            "resource_server_misplaced_api",
            11,
            "the answer halo.resource_server was refused",
        ),
        (
            format!("{good}[opportunity]\ntype = \"Incident\"\n"),
            "answer_unknown",
            12,
            "\"Incident\" is none of the choices",
        ),
        (format!("{good}[oportunity]\ntype = 21\n"), "answers_unused", 12, "oportunity.type"),
        (format!("{good}[halo.api]\nclient_secret = \"x\"\n"), "answers_hold_secret", 12, "hold a secret"),
        (
            format!("{good}[project]\ntype = 33\n"),
            "answer_missing",
            12,
            "do not say project.required.CFProjectTier",
        ),
        (good.replace("client_id = \"", "client_id = \"0"), "credentials_refused", 10, "View Applications"),
    ] {
        let held = room.answer(&text, false).await;
        let failure = held.end.unwrap_err();
        assert_eq!((failure.code(), failure.exit().number()), (code, exit), "{failure}\n{}", held.transcript);
        assert!(failure.to_string().contains(part), "{failure}");
        assert!(!room.names().contains(&"halo-hit.toml".to_owned()), "{code}");
    }
    room.assert_untouched().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_of_the_set_up_ends_with_its_finding() {
    for (broken, exit) in [
        (Code::ScopeMissing, 10),
        (Code::ApplicationInactive, 10),
        (Code::AgentInactive, 10),
        (Code::HitCredentialsRefused, 10),
    ] {
        let room =
            Room::with(super::start_with(Options { breaks: vec![broken], ..Options::default() }).await);
        let failure = room.answer(&least(&room), false).await.end.unwrap_err();
        assert_eq!((failure.code(), failure.exit().number()), (broken.name(), exit), "{failure}");
        assert_eq!(room.names(), ["answers.toml", "halo-hit.toml.setup"].map(str::to_owned));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_existing_file_is_replaced_only_with_a_yes_and_a_copy() {
    let room = Room::new().await;
    room.answer(&least(&room), false).await.end.unwrap();
    let edited = room.file() + "\n[limits]\ncreates = 3 # careful\n\n[timing]\npoll = \"7m\"\n";
    std::fs::write(room.path("halo-hit.toml"), &edited).unwrap();

    let failure = room.answer(&least(&room), false).await.end.unwrap_err();
    assert_eq!(failure.code(), "configuration_kept");
    assert_eq!(room.file(), edited);

    // Everything that the file says is suggested again.
    let held = room.answer("overwrite = true\n", false).await;
    assert_eq!(held.end.unwrap(), Exit::Done, "{}", held.transcript);
    assert_eq!(std::fs::read_to_string(room.path("halo-hit.toml.bak")).unwrap(), edited);
    assert!(
        held.transcript.contains("Carried over from the old file: limits.creates, timing.poll."),
        "{}",
        held.transcript
    );
    assert!(room.file().contains("creates = 3 # careful"));
    assert_eq!(room.config().settings.sync.limits.creates, 3);

    // A second time changes nothing but makes another copy.
    let before = room.file();
    room.answer("overwrite = true\n", false).await.end.unwrap();
    assert_eq!(
        room.config(),
        halo_hit::config::Config::parse(std::path::Path::new("halo-hit.toml"), &before).unwrap()
    );
    assert!(room.names().contains(&"halo-hit.toml.bak2".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn over_an_existing_set_up_its_answers_and_its_rate_window_count() {
    let room = Room::new().await;
    let answers = least(&room) + "[validation]\nclients = [\"cl_2\"]\n";
    let held = room.answer(&answers, false).await;
    assert!(held.transcript.contains("client_ambiguous"), "{}", held.transcript);
    // A rate that nothing waits for, and a window that holds everything.
    let slow = room.file().replacen("[halo]\n", "[halo]\nrate_limit = \"1000/600\"\n", 1);
    std::fs::write(room.path("halo-hit.toml"), slow).unwrap();
    let before = room.sandbox.world().lock().halo_counts.requests;

    // What only a person can link, and one has; and seven requests of another process.
    let store = SqliteStore::open(&room.path("halo-hit.db"), 1_700_000_000_000).await.unwrap();
    store.decide(&[Answer::LinkClient("cl_2".into(), HaloClientId(12))], 1_700_000_000_000).await.unwrap();
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
    store.keep_rate_window(&serde_json::to_string(&vec![now; 7]).unwrap()).await.unwrap();
    let held = room.answer("overwrite = true\n", false).await;
    assert_eq!(held.end.unwrap(), Exit::Done, "{}", held.transcript);
    assert!(!held.transcript.contains("client_ambiguous"), "{}", held.transcript);
    let kept: Vec<u64> = serde_json::from_str(&store.rate_window().await.unwrap().unwrap()).unwrap();
    let sent = room.sandbox.world().lock().halo_counts.requests - before;
    // The lists were read with a window of its own, which is added to that of the check and to the other process's. What
    // asks for no token and what came before the credentials were accepted is in none of them.
    assert!(kept.len() as u64 + 8 >= sent + 7, "{} kept, {sent} arrived", kept.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn humanizeits_own_settings_are_taken_over_as_suggestions() {
    let room = Room::new().await;
    let url = format!("{}/integrations/halopsa", room.sandbox.info().hit.base_url);
    let stored = json!({
        "types": {"opportunity": {"ticket_type_id": 22, "assignee_agent_id": 8, "status_id": 20},
                  "project": {"ticket_type_id": 31, "assignee_agent_id": 9, "status_id": 30}},
        "status_map": [{"status_id": "st_qualified", "kind": "opportunity", "halo_status_id": 20},
                       {"status_id": "st_approved", "kind": "project", "halo_status_id": 31}],
        "validation_client_ids": ["cl_5"],
        "connection": {"client_secret": "canary-7d1e"}
    });
    room.send("PATCH", &url, stored).await;
    let held = room.answer(&least(&room), false).await;
    assert_eq!(held.end.unwrap(), Exit::Done, "{}", held.transcript);
    assert!(held.transcript.contains("validation clients: Dovetail Furniture"), "{}", held.transcript);
    assert!(!held.transcript.contains("canary-7d1e"));
    let settings = room.config().settings;
    assert_eq!(settings.project.opportunity.create_type, Some(TicketTypeId(22)));
    assert_eq!(settings.project.opportunity.default_agent, Some(AgentId(8)));
    let target = |id: i64, status: &str| {
        settings.status[&TicketTypeId(id)].to_halo[&HitStatusId::from(status)].status()
    };
    assert_eq!(target(22, "st_qualified"), Some(StatusId(20)));
    assert_eq!(target(31, "st_approved"), Some(StatusId(31)));
    assert_eq!(settings.sync.scope, Scope::Validation([HitClientId::from("cl_5")].into()));

    // Not wanted, not taken.
    let other = Room::with(super::start().await);
    let url = format!("{}/integrations/halopsa", other.sandbox.info().hit.base_url);
    other.send("PATCH", &url, json!({"validation_client_ids": ["cl_5"]})).await;
    other.answer(&format!("import = false\n{}", least(&other)), false).await.end.unwrap();
    assert_eq!(other.config().settings.sync.scope, Scope::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_as_won_is_learned_from_two_examples() {
    let seed = sandbox::world::SeedOptions {
        clients: 12,
        tickets: 900,
        items: 10,
        rate_limit: None,
        ..Default::default()
    };
    let room = Room::with(sandbox::Sandbox::start(Options { seed, ..Options::default() }).await.unwrap());
    let world = format!(
        "{}/Opportunities?requesttype_id=21&page_size=100&pageinate=true&page_no=1",
        room.resource_server()
    );
    let rows = raw(&room, &world).await;
    let of = |status: i64| {
        let rows = rows["tickets"].as_array().unwrap();
        rows.iter().find(|row| row["status_id"] == status).unwrap()["id"].as_i64().unwrap()
    };
    let (won, lost) = (of(24), of(25));
    let text = least(&room) + &format!("[won]\nuse = true\nexample = {won}\nlost_example = {lost}\n");
    let held = room.answer(&text, false).await;
    assert_eq!(held.end.unwrap(), Exit::Done, "{}", held.transcript);
    let recipe = room.config().settings.sync.promotion.won.unwrap();
    assert_eq!(recipe.status, StatusId(24));
    assert_eq!(
        recipe.constants.iter().map(|(k, v)| (&**k, &**v)).collect::<Vec<_>>(),
        [("oppclosurecategory", "1")]
    );
    // Two that do not differ in their status tell nothing, and what was learned before is not kept against them.
    let text = format!(
        "overwrite = true\n{}[won]\nuse = true\nexample = {won}\nlost_example = {won}\n",
        least(&room)
    );
    room.answer(&text, false).await.end.unwrap();
    assert_eq!(room.config().settings.sync.promotion.won, None);
}

/// Halo's raw answer to the application with full rights.
async fn raw(room: &Room, url: &str) -> serde_json::Value {
    let halo = &room.sandbox.info().halo;
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&scope=all",
        halo.client_id, halo.client_secret
    );
    let limit = std::time::Duration::from_secs(5);
    let token = format!("{}/token", halo.authorisation_server);
    let answer =
        sandbox::net::post(&token, "application/x-www-form-urlencoded", &[], &form, limit).await.unwrap();
    let token: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    let headers =
        [("authorization".to_owned(), format!("Bearer {}", token["access_token"].as_str().unwrap()))];
    let answer = sandbox::net::request("GET", url, &headers, "", limit).await.unwrap();
    serde_json::from_str(&answer.body).unwrap()
}
