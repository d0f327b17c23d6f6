//! Questions that a sync left, answered with the program.

use std::time::Duration;

use halo_hit::storage::{
    Change, ClientQuestion, ImportQuestion, Named, NewIssue, PairingQuestion, PersonQuestion, Proposal,
    Questions, SqliteStore, Store,
};
use sync_core::decision::{Conflict, ConflictKind, Issue, IssueCode, PairingAnswer, Subject};
use sync_core::field::FieldId;
use sync_core::hash::Hash128;
use sync_core::ids::{HaloClientId, ItemId, Kind, Side, TicketId};
use sync_core::value::{Obs, Value};

use crate::program::Desk;

pub(crate) const NOW: i64 = 1_700_000_000_000;

fn pairing(item: &str, candidates: &[i64], suggestion: Option<i64>) -> PairingQuestion {
    PairingQuestion {
        item: Named { id: item.into(), name: "Firewall replacement".into() },
        client: Named { id: "c1".into(), name: "Contoso".into() },
        kind: Kind::Project,
        candidates: candidates
            .iter()
            .map(|id| Named { id: TicketId(*id), name: "firewall replacement".into() })
            .collect(),
        suggestion: suggestion.map(TicketId),
    }
}

pub(crate) fn conflict() -> Conflict {
    let (halo, hit) = (Obs::Value(Value::text("2026-03-01")), Obs::Value(Value::text("2026-04-01")));
    Conflict {
        id: Conflict::name(
            &ItemId::from("i1"),
            Kind::Project,
            FieldId::Due,
            ConflictKind::BothChanged,
            &halo,
            &hit,
        ),
        item: "i1".into(),
        ticket: TicketId(7),
        kind: Kind::Project,
        field: FieldId::Due,
        reason: ConflictKind::BothChanged,
        base: None,
        halo,
        hit,
        ways_out: vec![Side::Halo],
    }
}

fn issue() -> Issue {
    Issue::new(IssueCode::ClientStopped, Subject::client(&"c1".into()))
}

/// A database after a first plan.
pub(crate) async fn after_a_plan(desk: &Desk) -> SqliteStore {
    let store = desk.store().await;
    let lease = store.lease("test", Duration::ZERO).await.unwrap();
    store.begin_run(&lease, "plan", NOW).await.unwrap();
    let questions = Questions {
        pairings: vec![
            pairing("i1", &[7], Some(7)),
            pairing("i2", &[8], Some(8)),
            pairing("i3", &[9, 10], None),
        ],
        imports: vec![ImportQuestion {
            ticket: Named { id: TicketId(70), name: "Switch".into() },
            client: Named { id: "c1".into(), name: "Contoso".into() },
            kind: Kind::Opportunity,
            candidates: vec![Named { id: "i5".into(), name: "switch".into() }],
            suggestion: Some("i5".into()),
        }],
        people: vec![PersonQuestion {
            member: Named { id: "m1".into(), name: "Ada Moss".into() },
            candidates: Vec::new(),
            items: 3,
            reason: "no agent has this e-mail address".into(),
        }],
        clients: vec![ClientQuestion {
            client: Named { id: "c2".into(), name: "Fabrikam".into() },
            candidates: vec![Named { id: HaloClientId(30), name: "Fabrikam Ltd".into() }],
            suggestion: Some(HaloClientId(30)),
            reason: "same domain".into(),
        }],
        proposals: vec![Proposal {
            id: Hash128::of(b"promote"),
            sentence: "Create a project for the item i4, which was approved.".into(),
            item: Some("i4".into()),
            sort: "promote".into(),
            since: NOW,
        }],
    };
    let changes = [
        Change::SetQuestions(Box::new(questions)),
        Change::PutConflict { conflict: Box::new(conflict()), run: None },
        Change::OpenIssue(Box::new(NewIssue::from(&issue()))),
    ];
    store.commit(&lease, &changes, NOW).await.unwrap();
    store
}

#[tokio::test]
async fn questions_are_listed_readably() {
    let desk = Desk::new();
    after_a_plan(&desk).await;
    let mut text = String::new();
    for arguments in [&["pair"][..], &["issues"], &["approve"], &["gate"], &["status"]] {
        let ended = desk.run(arguments);
        assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{arguments:?}");
        assert!(ended.out.lines().all(|line| line.chars().count() <= 120));
        text.push_str(&format!("$ halo-hit {}\n{}\n", arguments.join(" "), ended.out));
    }
    insta::assert_snapshot!("questions", text);
}

#[tokio::test]
async fn answers_are_kept_one_by_one_and_in_bulk() {
    let desk = Desk::new();
    let store = after_a_plan(&desk).await;
    let (code, value) = desk.json(&["pair", "all", "link"]);
    assert_eq!((code, &value["data"]["answered"]), (0, &2.into()));
    // What is ambiguous needs a word of its own.
    let ended = desk.run(&["pair", "i3", "link"]);
    assert_eq!(ended.code, 64);
    assert_eq!(
        ended.err,
        "error: there is no clear suggestion for the item i3: say what it is: halo-hit pair ITEM link TICKET.\n"
    );
    assert_eq!(desk.run(&["pair", "i3", "link", "10"]).code, 0);
    assert_eq!(desk.run(&["pair", "--client", "c2", "create"]).code, 64);
    assert_eq!(desk.run(&["pair", "--client", "c2", "link"]).code, 0);
    assert_eq!(desk.run(&["approve", &Hash128::of(b"promote").to_string()[..6]]).code, 0);
    let decisions = store.decisions().await.unwrap();
    let linked = |item: &str| decisions.pairings.get(&ItemId::from(item)).copied();
    assert_eq!(linked("i1"), Some(PairingAnswer::Link(TicketId(7))));
    assert_eq!(linked("i3"), Some(PairingAnswer::Link(TicketId(10))));
    assert!(decisions.approvals.contains(&Hash128::of(b"promote")));
    assert_eq!(store.client_links().await.unwrap()[0].halo, HaloClientId(30));
    let (_, settings) = desk.json(&["settings"]);
    assert_eq!(settings["data"]["settings"]["project"]["clients"]["c2"], "30");
    let history = desk.run(&["history"]);
    assert!(
        history.out.contains("A person decided about the item i3: it is the ticket 10"),
        "{}",
        history.out
    );
}

#[tokio::test]
async fn a_conflict_can_be_decided_only_where_there_is_a_way_out() {
    let desk = Desk::new();
    let store = after_a_plan(&desk).await;
    let id = conflict().id.to_string();
    let ended = desk.run(&["issues", "resolve", &id, "--keep", "hit"]);
    assert_eq!(ended.code, 64);
    assert!(ended.err.contains("keep Halo's"), "{}", ended.err);
    assert_eq!(desk.run(&["issues", "resolve", &id[..8], "--keep", "halo"]).code, 0);
    assert_eq!(store.decisions().await.unwrap().conflicts.get(&conflict().id), Some(&Side::Halo));
    // An issue is dismissed, and comes back with a retry.
    let issue = issue().id.to_string();
    assert_eq!(desk.run(&["issues", "dismiss", &issue]).code, 0);
    let (_, value) = desk.json(&["issues"]);
    assert_eq!(value["data"]["issues"], serde_json::json!([]));
    assert_eq!(desk.run(&["issues", "retry", &issue]).code, 0);
    let (_, value) = desk.json(&["issues"]);
    assert_eq!(value["data"]["issues"][0]["code"], "client_stopped");
    assert_eq!(desk.run(&["issues", "retry", "ffffffff"]).code, 64);
    // The decision can be explained afterwards.
    let told = desk.run(&["history", "explain", &id[..8]]);
    assert_eq!(told.code, 0, "{}", told.err);
    assert!(told.out.contains("A person decided to keep the value of Halo."), "{}", told.out);
}

#[tokio::test]
async fn the_gate_opens_only_for_the_tenants_name() {
    let desk = Desk::new();
    let ended = desk.run(&["gate", "unlock", "--tenant", "contoso"]);
    assert_eq!(ended.code, 4);
    assert!(ended.err.contains("type it as the configuration has it, \"acme\""), "{}", ended.err);
    let (_, value) = desk.json(&["gate"]);
    assert_eq!((&value["data"]["open"], &value["data"]["unlocked"]), (&false.into(), &false.into()));
    let (code, value) = desk.json(&["gate", "unlock", "--tenant", "acme"]);
    assert_eq!((code, &value["data"]["unlocked"]), (0, &true.into()));
    assert!(
        desk.run(&["history"]).out.contains("unlocked global scope by typing the tenant's name \"acme\"")
    );
}

#[test]
fn a_pause_holds_until_it_is_ended() {
    let desk = Desk::new();
    assert_eq!(desk.run(&["pause", "--reason", "Halo upgrade"]).code, 0);
    assert!(desk.run(&["pause"]).out.contains("already"));
    let status = desk.run(&["status"]);
    assert!(status.out.contains("Paused since"), "{}", status.out);
    let (_, value) = desk.json(&["resume"]);
    assert_eq!(value["data"]["changed"], true);
    let (_, value) = desk.json(&["resume"]);
    assert_eq!(value["data"]["changed"], false);
}
