use halo_hit::check::{self, Inputs, State};
use halo_hit::exit::Exit;
use sync_core::ids::{HaloClientId, HitClientId, HitStatusId, StatusId, TicketTypeId};
use sync_core::settings::{HitTarget, Scope};

use super::Room;

/// What a person types who makes the usual mistakes on the way.
fn typed(room: &Room) -> Vec<String> {
    let info = room.sandbox.info();
    let root = info.halo.resource_server.trim_end_matches("/api");
    let lines: &[&str] = &[
        "",
        "",
        "", // what is done in Halo
        root,
        "", // without /api, then as suggested
        &format!("{root}/auth/token"),
        "",       // too much, then as suggested
        "nobody", // a tenant that is another's
        &info.halo_integration.client_id,
        "wrong",     // the secret, mistyped
        "northwind", // the tenant is what was refused first
        "2",
        &info.halo_integration.client_secret,
        &info.hit.base_url,
        &info.hit.api_key,
        "Mars/Phobos",
        "America/Chicago",
        "",
        "", // zone, currencies
        "",
        "renewal",
        "Maya Lindgren",
        "", // opportunities: type, followed, agent, team
        "",
        "9",
        "",
        "",
        "", // projects: followed is mistyped once
        "6",
        "2",
        "", // a create rule is changed
        "",
        "",
        "",
        "", // the maps of both sales types
        "",
        "5",
        "2",
        "", // the project map: row 5 of the way back
        "1, alder",
        "1", // clients; the second is confirmed
        "",  // not closed as won
    ];
    lines.iter().map(|line| (*line).to_owned()).collect()
}

/// A transcript without what the check says at the end: that is the check's own tests' to hold.
fn without_check(transcript: &str) -> String {
    let (before, rest) = transcript.split_once("as `halo-hit check` sees it\n").unwrap();
    let (_, after) = rest.split_once("What comes next\n").unwrap();
    format!("{before}as `halo-hit check` sees it\n  (..)\n\nWhat comes next\n{after}")
}

#[tokio::test(flavor = "multi_thread")]
async fn from_nothing_to_a_configuration_with_mistakes_on_the_way() {
    let room = Room::new().await;
    let lines = typed(&room);
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let held = room.talk(&lines, Default::default()).await;
    insta::assert_snapshot!("conversation", without_check(&held.transcript));
    assert_eq!(held.end.unwrap(), Exit::Done);
    insta::assert_snapshot!("file", room.anonymous(&room.file()));
    assert_eq!(room.names(), ["halo-hit.toml"], "nothing is left of the conversation");
    room.assert_untouched().await;

    let config = room.config();
    let settings = &config.settings;
    let clients = [HitClientId::from("cl_2"), HitClientId::from("cl_5")];
    assert_eq!(settings.sync.scope, Scope::Validation(clients.into()));
    assert_eq!(settings.project.clients[&HitClientId::from("cl_2")], HaloClientId(12));
    assert_eq!(settings.project.clients.len(), 1, "the other is linked by HumanizeIT itself");
    assert_eq!(settings.status.len(), 3);
    let back = &settings.status[&TicketTypeId(31)].to_hit[&StatusId(34)];
    assert_eq!(*back, HitTarget::To(HitStatusId::from("st_qualified")));
    let secrets = room.secrets().read().unwrap();
    let report = check::run(&Inputs::new(&config, &secrets, settings.clone())).await;
    assert_eq!(report.in_state(State::Fails).count(), 0, "{}", report.markdown());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_on_where_it_stopped_at_every_question() {
    let room = Room::new().await;
    let info = room.sandbox.info().clone();
    let lines = [
        "",
        "",
        "",
        info.halo.resource_server.as_str(),
        "",
        "",
        info.halo_integration.client_id.as_str(),
        info.hit.base_url.as_str(),
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "1",
        "",
    ];
    // One line at a time, each in a conversation of its own.
    let in_steps = async {
        let mut at = 0;
        loop {
            let typed = if at == 0 { vec![lines[at]] } else { vec!["yes", lines[at]] };
            let held = room.talk(&typed, room.secrets()).await;
            at += 1;
            match held.end {
                Ok(exit) => {
                    assert_eq!(exit, Exit::Done, "{}", held.transcript);
                    break;
                }
                Err(failure) => {
                    assert_eq!(failure.code(), "setup_stopped", "{failure} {}", held.transcript);
                    assert_eq!(room.names(), ["halo-hit.toml.setup"]);
                    assert!(at < lines.len(), "{}", held.transcript);
                }
            }
        }
        assert_eq!(at, lines.len(), "every line was needed");
        assert_eq!(room.names(), ["halo-hit.toml"]);
    };
    // And all of them in one conversation, which goes on beside it, come to the same.
    let other = Room::with(super::start().await);
    let info = other.sandbox.info().clone();
    let mut whole = lines;
    whole[3] = &info.halo.resource_server;
    whole[6] = &info.halo_integration.client_id;
    whole[7] = &info.hit.base_url;
    let at_once = async { other.talk(&whole, other.secrets()).await.end.unwrap() };
    tokio::join!(in_steps, at_once);
    assert_eq!(other.anonymous(&other.file()), room.anonymous(&room.file()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_never_linked_by_pressing_enter() {
    let room = Room::new().await;
    let lines = typed(&room);
    let mut lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let confirmed = lines.len() - 2;
    assert_eq!(lines[confirmed], "1");
    lines[confirmed] = "";
    let held = room.talk(&lines, Default::default()).await;
    held.end.unwrap();
    assert!(room.config().settings.project.clients.is_empty());
    assert!(held.transcript.contains("client_ambiguous"));
}
