//! Answers about pairing that are taken back, links that are ended, and answers about nothing.

use std::time::Duration;

use halo_hit::storage::{Change, RecordKey, SqliteStore, Store};
use sync_core::base::{BaseCell, CreateSpec, End, Intent, Link, LinkState, PendingWrite};
use sync_core::catalogue::{Agent, Catalogue, HaloClient, HitClient, Member};
use sync_core::decision::PairingAnswer;
use sync_core::field::{FieldId, FieldRow};
use sync_core::hash::Hash128;
use sync_core::ids::{AgentId, HaloClientId, ItemId, Kind, PairId, Side, TicketId, TicketTypeId};
use sync_core::marker::Marker;
use sync_core::record::{ExternalRef, HaloTicket, HitItem};
use sync_core::stamp::Stamp;
use sync_core::value::{Obs, Value};

use crate::decisions::{NOW, after_a_plan, conflict};
use crate::program::{CONFIGURATION, Desk};

pub(crate) async fn commit(store: &SqliteStore, changes: &[Change]) {
    let lease = store.lease("test", Duration::ZERO).await.unwrap();
    store.commit(&lease, changes, NOW).await.unwrap();
}

/// What a read has shown of both tenants: two clients on each side, of which HIT itself says that c1 is 12; a team member;
/// an agent, and one for the API alone.
pub(crate) async fn after_a_read(desk: &Desk) -> SqliteStore {
    let store = after_a_plan(desk).await;
    let mut has = Catalogue::default();
    for id in ["c1", "c2"] {
        has.hit_clients.insert(id.into(), HitClient::default());
    }
    for id in [12, 30] {
        has.halo_clients.insert(HaloClientId(id), HaloClient::default());
    }
    has.members.insert("m1".into(), Member { name: "Ada Moss".into(), active: true, ..Member::default() });
    for (id, api_only) in [(4, false), (5, true)] {
        let agent = Agent { name: format!("Agent {id}").into(), active: true, api_only, ..Agent::default() };
        has.agents.insert(AgentId(id), agent);
    }
    let kept = serde_json::json!({ "catalogue": has, "found": {}, "stored_clients": [["c1", "12"]] });
    commit(&store, &[Change::KeepCatalogue(kept.to_string())]).await;
    store
}

/// The link of the conflict's item: opportunity 6 and project 7.
pub(crate) fn link() -> Link {
    let mut link = Link::new("i1".into(), "c1".into(), HaloClientId(12));
    (link.opportunity, link.project) = (Some(TicketId(6)), Some(TicketId(7)));
    link.base.of_mut(Kind::Project).insert(FieldId::Name, BaseCell { halo: None, hit: None });
    link
}

/// The create of an item for the ticket 6, sent.
fn import() -> Intent {
    let mut import = intent(true);
    (import.spec.item, import.spec.ticket, import.spec.target) = (None, Some(TicketId(6)), Side::Hit);
    import
}

pub(crate) fn intent(sent: bool) -> Intent {
    let item = ItemId::from("i1");
    Intent {
        op: Hash128::of(b"create"),
        spec: CreateSpec {
            marker: Marker::for_item(&PairId::from("p"), &item, Kind::Project),
            target: Side::Halo,
            kind: Kind::Project,
            item: Some(item),
            ticket: None,
            client: "c1".into(),
            halo_client: HaloClientId(12),
            site: None,
            ticket_type: None,
            team: None,
            template: None,
            constants: Default::default(),
            from_opportunity: None,
        },
        source: FieldRow::new(),
        payload: FieldRow::new(),
        sent_at: sent.then(|| Stamp::ours(NOW)),
        settle_until: sent.then(|| Stamp::ours(NOW)),
    }
}

#[tokio::test]
async fn an_answer_about_nothing_is_refused_and_not_stored() {
    let desk = Desk::new();
    let store = after_a_read(&desk).await;
    let head = store.head().await.unwrap();
    let table: [(&[&str], &str); 15] = [
        (&["pair", "nosuch", "ignore"], "there is no item nosuch"),
        (&["pair", "nosuch", "create"], "there is no item nosuch"),
        (&["pair", "nosuch", "unlink"], "there is no item nosuch"),
        (&["pair", "nosuch", "withdraw"], "there is no item nosuch"),
        (&["pair", "nosuch", "link", "7"], "there is no item nosuch"),
        (&["pair", "i1", "link", "7777"], "there is no ticket 7777"),
        (&["pair", "i1", "link", "seven"], "\"seven\" is no number of a ticket"),
        (&["pair", "--ticket", "7777", "ignore"], "there is no ticket 7777"),
        (&["pair", "--ticket", "70", "link", "nosuch"], "there is no item nosuch"),
        (&["pair", "--client", "c9", "link", "30"], "there is no client c9"),
        (&["pair", "--client", "c2", "link", "99"], "there is no client 99"),
        (&["pair", "--person", "m9", "link", "4"], "there is no team member m9"),
        (&["pair", "--person", "m1", "link", "44"], "there is no agent 44"),
        (&["pair", "--person", "m1", "link", "5"], "cannot be responsible"),
        (&["pair", "--person", "m1", "ignore"], "is no answer about a person"),
    ];
    for (arguments, want) in table {
        let ended = desk.run(arguments);
        assert_eq!(ended.code, 64, "{arguments:?}: {}", ended.err);
        assert!(ended.err.starts_with("error: ") && ended.err.contains(want), "{arguments:?}: {}", ended.err);
    }
    // So is a command line that says nothing.
    let wrong: [&[&str]; 6] = [
        &["pair", "i1"],
        &["pair", "i1", "perhaps"],
        &["pair", "--ticket"],
        &["pair", "--ticket", "--client", "i1", "link"],
        &["pair", "i1", "ignore", "7"],
        &["pair", "i1", "link", "--all"],
    ];
    for arguments in wrong {
        assert_eq!(desk.run(arguments).code, 64, "{arguments:?}");
    }
    assert_eq!(store.head().await.unwrap(), head, "nothing was stored");
    assert_eq!(store.decisions().await.unwrap(), Default::default());
}

#[tokio::test]
async fn an_answer_that_was_not_carried_out_can_be_taken_back() {
    let desk = Desk::new();
    let store = after_a_plan(&desk).await;
    for (arguments, sentence) in [
        (&["pair", "i1", "link"][..], "is the ticket 7"),
        (&["pair", "i2", "ignore"], "is left alone"),
        (&["pair", "i3", "create"], "gets a new ticket"),
        (&["pair", "--ticket", "70", "create"], "is imported as a new item"),
    ] {
        let ended = desk.run(arguments);
        assert_eq!(ended.code, 0, "{arguments:?}: {}", ended.err);
        let listed = desk.run(&["pair"]);
        let all = listed.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(all.contains(sentence), "{}", listed.out);
    }
    let (_, value) = desk.json(&["pair"]);
    assert_eq!(value["data"]["open"]["pairings"], serde_json::json!([]));
    assert_eq!(value["data"]["open"]["imports"], serde_json::json!([]));
    let given = value["data"]["given"].as_array().unwrap();
    assert_eq!(given.len(), 4);
    // As the list says it, each is taken back, once; then it is asked again.
    for one in given {
        let words: Vec<&str> = one["back"].as_str().unwrap().split(' ').skip(1).collect();
        let ended = desk.run(&words);
        assert_eq!((ended.code, ended.out.starts_with("Taken back")), (0, true), "{words:?}: {}", ended.err);
        let ended = desk.run(&words);
        assert_eq!(ended.code, 64, "{words:?}");
        assert!(ended.err.contains("nothing that was said about"), "{}", ended.err);
    }
    let (_, value) = desk.json(&["pair"]);
    assert_eq!(value["data"]["open"]["pairings"].as_array().unwrap().len(), 3);
    assert_eq!(value["data"]["open"]["imports"].as_array().unwrap().len(), 1);
    assert_eq!(value["data"]["given"], serde_json::json!([]));
    assert_eq!(store.decisions().await.unwrap(), Default::default());
    let (_, history) = desk.json(&["history"]);
    assert!(history.to_string().contains("took back what was decided about the item i1"), "{history:#}");
    // Which item a ticket is can be taken back from either end.
    assert_eq!(desk.run(&["pair", "--ticket", "70", "link"]).code, 0);
    assert_eq!(
        store.decisions().await.unwrap().pairings,
        [("i5".into(), PairingAnswer::Link(TicketId(70)))].into()
    );
    assert_eq!(desk.run(&["pair", "--ticket", "70", "withdraw"]).code, 0);
    assert!(store.decisions().await.unwrap().pairings.is_empty());
}

#[tokio::test]
async fn what_was_carried_out_says_so_and_names_the_command_that_ends_it() {
    let desk = Desk::new();
    let store = after_a_plan(&desk).await;
    assert_eq!(desk.run(&["pair", "i1", "link", "7"]).code, 0);
    commit(&store, &[Change::PutLink(Box::new(link()))]).await;
    for arguments in [
        &["pair", "i1", "withdraw"][..],
        &["pair", "i1", "create"],
        &["pair", "i1", "ignore"],
        &["pair", "i1", "link", "9"],
    ] {
        let ended = desk.run(arguments);
        assert_eq!(ended.code, 64, "{arguments:?}");
        let said = "error: the item i1 is linked to the opportunity 6 and project 7 already: if that is wrong, `halo-hit \
                    pair i1 unlink` ends the link.\n";
        assert_eq!(ended.err, said, "{arguments:?}");
    }
    let ended = desk.run(&["pair", "i2", "link", "7"]);
    assert_eq!(ended.code, 64);
    assert!(ended.err.contains("the ticket 7 is linked to the item i1 already"), "{}", ended.err);
    let ended = desk.run(&["pair", "--ticket", "7", "withdraw"]);
    assert!(ended.err.contains("is linked to the item i1 already"), "{}", ended.err);
    // Beside an opportunity alone, a person may say which project the item is.
    let alone = Link { project: None, ..link() };
    commit(&store, &[Change::PutLink(Box::new(alone))]).await;
    assert_eq!(desk.run(&["pair", "i1", "link", "9"]).code, 0);
    assert_eq!(desk.run(&["pair", "i1", "withdraw"]).code, 0);
    assert_eq!(desk.run(&["pair", "i1", "withdraw"]).code, 64);
    // But no second opportunity.
    let second = HaloTicket::new(TicketId(10), Some(Kind::Opportunity), TicketTypeId(21), HaloClientId(12));
    let body = serde_json::json!({ "ticket": second }).to_string();
    commit(&store, &[Change::PutSeen { key: RecordKey::Ticket(TicketId(10)), body }]).await;
    let ended = desk.run(&["pair", "i1", "link", "10"]);
    assert!(ended.err.contains("is linked to the opportunity 6 already"), "{}", ended.err);
}

#[tokio::test]
async fn a_wrong_link_is_ended_and_the_ending_taken_back() {
    let desk = Desk::new();
    let store = after_a_plan(&desk).await;
    let ended = desk.run(&["pair", "i1", "unlink"]);
    assert_eq!(ended.code, 64);
    assert!(ended.err.contains("the item i1 is not linked"), "{}", ended.err);
    let unsent = Change::PutIntent(Box::new(intent(false)));
    commit(&store, &[Change::PutLink(Box::new(link())), unsent]).await;
    assert_eq!(desk.run(&["issues", "resolve", &conflict().id.to_string(), "--keep", "halo"]).code, 0);
    let before = store.head().await.unwrap().serial;

    let ended = desk.run(&["pair", "i1", "unlink"]);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    let said = ended.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(
        said,
        "Unlinked: \"Firewall replacement\" (i1) and the opportunity 6 and project 7. Nothing was written to either \
         system. Both are left alone until you say otherwise: `halo-hit pair i1 link TICKET` or create; `halo-hit pair i1 \
         withdraw` takes this back."
    );
    let kept = store.link(&"i1".into()).await.unwrap().unwrap();
    assert_eq!((kept.leading(), &kept.state), (None, &LinkState::Ended));
    let end = End { opportunity: Some(TicketId(6)), project: Some(TicketId(7)), parted: true };
    assert_eq!(kept.ends, [end]);
    assert!(kept.base.project.is_empty());
    assert_eq!(store.link_of_ticket(TicketId(7)).await.unwrap(), None);
    // What hung on the link is over, decided or not; earlier plan files are stale; both are looked at anew.
    assert_eq!(store.conflicts().await.unwrap(), []);
    assert_eq!(store.decisions().await.unwrap(), Default::default());
    assert_eq!(store.intents().await.unwrap(), []);
    assert!(store.head().await.unwrap().serial > before);
    let dirty: Vec<_> = store.dirty().await.unwrap().iter().map(|dirty| dirty.key.id()).collect();
    assert_eq!(dirty, ["6", "7", "i1"]);
    let (_, history) = desk.json(&["history", "--item", "i1"]);
    let sentence = &history["data"]["lines"][0]["sentence"];
    let want = "A person said that the item i1 and the opportunity 6 and project 7 do not belong together.";
    assert_eq!(sentence, want, "{history:#}");

    // It is listed, with the way back.
    let (_, value) = desk.json(&["pair"]);
    let given = &value["data"]["given"][0];
    assert_eq!((&given["answer"], &given["back"]), (&"unlink".into(), &"halo-hit pair i1 withdraw".into()));
    assert_eq!(given["with"], serde_json::json!(["6", "7"]));
    // What is said next is taken back first, the ending after it.
    assert_eq!(desk.run(&["pair", "i1", "link", "9"]).code, 0);
    let ended = desk.run(&["pair", "i1", "withdraw"]);
    assert!(ended.out.contains("its link was ended"), "{}{}", ended.out, ended.err);
    let ended = desk.run(&["pair", "i1", "withdraw"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    let kept = store.link(&"i1".into()).await.unwrap().unwrap();
    assert_eq!((kept.opportunity, kept.project), (Some(TicketId(6)), Some(TicketId(7))));
    assert_eq!((&kept.state, kept.ends.len(), kept.last_parting()), (&LinkState::Active, 1, None));
    assert!(kept.base.project.is_empty() && !kept.is_parted_from(TicketId(7)));
    let said = ended.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("the opportunity 6 and project 7 are linked again"), "{said}");
    assert_eq!(store.link_of_ticket(TicketId(7)).await.unwrap(), Some(kept.clone()));
    let (_, history) = desk.json(&["history", "--item", "i1"]);
    let sentence = &history["data"]["lines"][0]["sentence"];
    let want = "A person took back that the item i1 was unlinked from the opportunity 6 and project 7.";
    assert_eq!(sentence, want, "{history:#}");
    // Once: typed again it says what is so, and undoes nothing older.
    let ended = desk.run(&["pair", "i1", "withdraw"]);
    assert!(ended.code == 64 && ended.err.contains("is linked to the opportunity 6"), "{}", ended.err);
    assert_eq!(store.link(&"i1".into()).await.unwrap(), Some(kept));
    // What HIT still says of an item that was parted stands in the way of an item of the ticket's own, and is told.
    let mut item = HitItem::new("i1".into(), "c1".into());
    item.references.push(ExternalRef {
        system: "halopsa".into(),
        instance: "acme".into(),
        kind: Some(Kind::Opportunity),
        id: "6".into(),
        url: None,
        marker: None,
    });
    item.fields.set(FieldId::Name, Obs::Value(Value::text("Firewall")));
    let body = serde_json::json!({ "item": item }).to_string();
    let ticket = HaloTicket::new(TicketId(6), Some(Kind::Opportunity), TicketTypeId(21), HaloClientId(12));
    let other = serde_json::json!({ "ticket": ticket }).to_string();
    let seen = [
        Change::PutSeen { key: RecordKey::Item("i1".into()), body },
        Change::PutSeen { key: RecordKey::Ticket(TicketId(6)), body: other },
    ];
    commit(&store, &seen).await;
    let mut again = link();
    again.end();
    commit(&store, &[Change::PutLink(Box::new(again))]).await;
    let ended = desk.run(&["pair", "--ticket", "6", "create"]);
    assert_eq!(ended.code, 64);
    assert!(ended.err.contains("the item i1 still refers to the ticket 6"), "{}", ended.err);
    commit(&store, &[Change::PutIntent(Box::new(import()))]).await;
    assert_eq!(desk.run(&["pair", "i2", "link", "6"]).code, 4, "while an item is being made of it");
    commit(&store, &[Change::RemoveIntent(import().op)]).await;
    let ended = desk.run(&["pair", "i2", "link", "6"]);
    assert!(ended.out.contains("the item i1 still refers to this ticket"), "{}{}", ended.out, ended.err);
    assert!(desk.run(&["pair"]).out.contains("\"Firewall\" (i1)"), "what was read has its name");
    // By the ticket it goes as well.
    commit(&store, &[Change::PutLink(Box::new(link()))]).await;
    assert_eq!(desk.run(&["pair", "--ticket", "6", "unlink"]).code, 0);
    assert_eq!(desk.run(&["pair", "--ticket", "6", "unlink"]).code, 64);
}

#[tokio::test]
async fn a_link_with_a_write_under_way_is_not_ended() {
    let desk = Desk::new();
    let store = after_a_plan(&desk).await;
    let mut pending = link();
    pending.pending.push(PendingWrite {
        before: Obs::NotFetched,
        op: Hash128::of(b"op"),
        side: Side::Halo,
        kind: Kind::Project,
        field: FieldId::Name,
        sent: None,
        sent_at: Stamp::ours(NOW),
        settle_until: Stamp::ours(NOW),
    });
    commit(&store, &[Change::PutLink(Box::new(pending.clone()))]).await;
    let refused = |what: &str| {
        let ended = desk.run(&["pair", "i1", "unlink"]);
        assert_eq!(ended.code, 4, "{}", ended.err);
        let said = format!(
            "error: a {what} for \"Firewall replacement\" (i1) was sent, and what became of it is not known yet: run \
             `halo-hit sync`, which finds out, and then unlink.\n"
        );
        assert_eq!(ended.err, said);
    };
    refused("write");
    assert_eq!(store.link(&"i1".into()).await.unwrap(), Some(pending.clone()));
    let changes = [Change::PutLink(Box::new(link())), Change::PutIntent(Box::new(intent(true)))];
    commit(&store, &changes).await;
    refused("create");
    // Nor is one taken back while an item is being made of its ticket.
    let mut ended = link();
    ended.end();
    commit(&store, &[Change::PutLink(Box::new(ended)), Change::PutIntent(Box::new(import()))]).await;
    let ended = desk.run(&["pair", "i1", "withdraw"]);
    assert_eq!(ended.code, 4, "{}", ended.err);
    assert!(ended.err.contains("a create for \"Firewall replacement\" (i1) was sent"), "{}", ended.err);
    // While its field has an open conflict, every run keeps a write: that is what stands in the way.
    let mut held = pending.clone();
    held.pending[0].field = conflict().field;
    held.pending[0].kind = conflict().kind;
    commit(&store, &[Change::PutLink(Box::new(held))]).await;
    let ended = desk.run(&["pair", "i1", "unlink"]);
    assert_eq!(ended.code, 4, "{}", ended.err);
    assert!(ended.err.contains("while its conflict is open"), "{}", ended.err);
    let (_, way) = ended.err.split_once("halo-hit issues dismiss ").unwrap();
    assert!(conflict().id.to_string().starts_with(&way[..4]), "{way}");
    commit(&store, &[Change::PutLink(Box::new(link()))]).await;
    // Nor while another process plans with the link in mind.
    let lease = store.lease("another", Duration::ZERO).await.unwrap();
    for word in ["unlink", "withdraw"] {
        assert_eq!(desk.run(&["pair", "i1", word]).code, 14);
    }
    drop(lease);
    assert_eq!(store.link(&"i1".into()).await.unwrap(), Some(link()));
}

#[tokio::test]
async fn a_client_is_unlinked_where_an_answer_has_linked_it() {
    let desk = Desk::new();
    let store = after_a_plan(&desk).await;
    let ended = desk.run(&["pair", "--client", "c2", "unlink"]);
    assert_eq!(ended.code, 64);
    assert!(ended.err.contains("nobody has said which Halo client c2 is"), "{}", ended.err);
    assert_eq!(desk.run(&["pair", "--client", "c2", "link"]).code, 0);
    let listed = desk.run(&["pair", "--all"]);
    assert!(listed.out.contains("halo-hit pair --client c2 unlink"), "{}", listed.out);
    assert!(!desk.run(&["pair"]).out.contains("--client c2 unlink"));
    let ended = desk.run(&["pair", "--client", "c2", "unlink"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(ended.out.contains("suspends the links of its items"), "{}", ended.out);
    assert_eq!(store.client_links().await.unwrap(), []);
    let (_, value) = desk.json(&["pair"]);
    assert_eq!(value["data"]["open"]["clients"].as_array().unwrap().len(), 1, "it is asked again");

    // So is one that HIT's own reference links, which only another answer goes before.
    let desk = Desk::new();
    let store = after_a_read(&desk).await;
    let ended = desk.run(&["pair", "--client", "c1", "unlink"]);
    assert_eq!(ended.code, 64);
    assert!(
        ended.err.contains("HumanizeIT's own reference says that the client c1 is Halo's 12"),
        "{}",
        ended.err
    );
    assert_eq!(desk.run(&["pair", "--client", "c1", "link", "30"]).code, 0);
    let ended = desk.run(&["pair", "--client", "c1", "unlink"]);
    assert!(ended.out.contains("HumanizeIT's own reference says 12"), "{}{}", ended.out, ended.err);
    assert_eq!(store.client_links().await.unwrap(), []);

    // What the configuration says goes before, and is said.
    let desk = Desk::with(&format!("{CONFIGURATION}\n[project_settings.clients]\n\"c2\" = 30\n"));
    let store = after_a_plan(&desk).await;
    for arguments in [&["pair", "--client", "c2", "unlink"][..], &["pair", "--client", "c2", "link", "30"]] {
        let ended = desk.run(arguments);
        assert_eq!(ended.code, 64, "{arguments:?}");
        assert!(ended.err.contains("under [project_settings.clients]"), "{}", ended.err);
    }
    let stored = halo_hit::storage::Answer::LinkClient("c2".into(), HaloClientId(30));
    store.decide(&[stored], NOW).await.unwrap();
    let ended = desk.run(&["pair", "--client", "c2", "unlink"]);
    assert_eq!(ended.code, 0);
    let said = ended.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("the configuration says 30 under [project_settings.clients]"), "{said}");
}

#[tokio::test]
async fn a_person_is_matched_by_an_answer_and_not_for_ever() {
    let desk = Desk::new();
    let store = after_a_read(&desk).await;
    let ended = desk.run(&["pair", "--person", "m1", "unlink"]);
    assert_eq!(ended.code, 64);
    assert!(ended.err.contains("nobody has said which agent the team member m1 is"), "{}", ended.err);
    let ended = desk.run(&["pair", "--person", "m1", "link"]);
    assert!(ended.err.contains("no clear suggestion for the team member m1"), "{}", ended.err);
    let ended = desk.run(&["pair", "--person", "m1", "link", "4"]);
    assert_eq!((ended.code, ended.out.contains("\"Ada Moss\" (m1) is the agent \"Agent 4\" (4)")), (0, true));
    assert_eq!(store.people().await.unwrap(), [("m1".into(), AgentId(4))]);
    let (_, value) = desk.json(&["pair", "--all"]);
    assert_eq!(value["data"]["open"]["people"], serde_json::json!([]));
    assert_eq!(value["data"]["by_hand"][0]["back"], "halo-hit pair --person m1 unlink");
    assert_eq!(desk.run(&["pair", "--person", "m1", "unlink"]).code, 0);
    let (_, value) = desk.json(&["pair"]);
    assert_eq!(value["data"]["open"]["people"].as_array().unwrap().len(), 1, "it is asked again");

    let desk = Desk::with(&format!("{CONFIGURATION}\n[project_settings.people]\n\"m1\" = 4\n"));
    after_a_read(&desk).await;
    for arguments in [&["pair", "--person", "m1", "unlink"][..], &["pair", "--person", "m1", "link", "4"]] {
        let ended = desk.run(arguments);
        assert_eq!(ended.code, 64, "{arguments:?}");
        assert!(ended.err.contains("under [project_settings.people]"), "{}", ended.err);
    }
}
