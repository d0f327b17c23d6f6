//! Stories about how links begin, and how they end.

use super::requests::LinkBacks;
use super::scenario::{Action, Going, Scenario, code, money, rules};
use super::stories::{ONE, OPP, name};
use super::world::{CLIENT, Fields, Ticket};
use Action::{
    Approve, Back, ClientBack, ClientGone, Gone, Halo, Hide, Hit, ItemBack, ItemGone, Part, Resolve,
    SayCreate, SayLink, SayNothing, Show, TakeBack,
};
use sync_core::field::FieldId;
use sync_core::ids::Side;
use sync_core::settings::{ConflictRule, FirstLink};

fn ticket_like_the_item() -> Ticket {
    Ticket {
        kind: OPP,
        fields: Fields { name: "Firewall".into(), status: "2".into(), budget: 90_000 },
        marker: None,
        created_from: None,
        indexed_at: 0,
        by_us: false,
        going: None,
        was_gone: false,
        hidden: false,
        client: CLIENT,
        knows: [0; 3],
        updated: 0,
        made: 0,
        link_back: None,
        ticket_type: super::world::OPPORTUNITY_TYPE,
    }
}

fn pairing(name: &'static str, first: FirstLink, values: ConflictRule, says: Vec<Action>) -> Scenario {
    let mut scenario = Scenario::new(name, ONE, says.into_iter().map(|action| ("i1", action)).collect())
        .with(|s| s.sync.opportunity = rules(ConflictRule::HaloWins, values, first))
        .with_k(3);
    scenario.tickets.push(ticket_like_the_item());
    scenario
}

/// A ticket looks like the item; the answer comes late, and values differ that nobody may overwrite.
pub(crate) fn pairing_linked() -> Scenario {
    let says =
        vec![SayLink, Halo(OPP, FieldId::BudgetOnce, money(95_000)), Hit(FieldId::Name, name("Router"))];
    pairing("pairing: a link, by hand", FirstLink::Manual, ConflictRule::Manual, says)
}

/// The same, where blanks may be filled and Halo's values count.
pub(crate) fn pairing_by_rule() -> Scenario {
    let says = vec![SayLink, Hit(FieldId::BudgetOnce, money(95_000))];
    pairing("pairing: a link, by rule", FirstLink::Policy, ConflictRule::HaloWins, says)
}

/// The same with blanks alone filled, and what differs left to a person.
pub(crate) fn pairing_fills() -> Scenario {
    let says = vec![SayLink, Resolve(Side::Halo), Hit(FieldId::BudgetOnce, money(95_000))];
    pairing("pairing: blanks filled", FirstLink::FillBlanks, ConflictRule::Manual, says)
}

/// The answer is that it is something new, and is taken back.
pub(crate) fn pairing_withdrawn() -> Scenario {
    let says = vec![SayCreate, SayNothing, Hit(FieldId::Name, name("Router"))];
    pairing("pairing: taken back", FirstLink::Manual, ConflictRule::Manual, says)
}

/// A person ends the link of a ticket that we have made, and later says that the item wants one.
pub(crate) fn parted_from_ours() -> Scenario {
    let says = vec![
        Hit(FieldId::Name, name("Router")),
        Part,
        Halo(OPP, FieldId::BudgetOnce, money(95_000)),
        Hit(FieldId::Status, code("hold")),
        SayCreate,
    ];
    Scenario::new("a link is ended: ours", ONE, says.into_iter().map(|action| ("i1", action)).collect())
        .with(|s| s.sync.opportunity = rules(ConflictRule::Manual, ConflictRule::Manual, FirstLink::Manual))
}

/// The same, and the person takes it back: both sides have moved on, and what differs is asked about.
pub(crate) fn parted_and_back() -> Scenario {
    let says = vec![
        Hit(FieldId::Name, name("Router")),
        Part,
        Halo(OPP, FieldId::BudgetOnce, money(95_000)),
        TakeBack,
        Hit(FieldId::Status, code("hold")),
    ];
    Scenario::new("a link is ended: taken back", ONE, says.into_iter().map(|action| ("i1", action)).collect())
        .with(|s| s.sync.opportunity = rules(ConflictRule::Manual, ConflictRule::Manual, FirstLink::Manual))
}

/// The same with a ticket that was there before, which is linked again.
pub(crate) fn parted_from_theirs() -> Scenario {
    let says = vec![
        SayLink,
        Hit(FieldId::BudgetOnce, money(95_000)),
        Part,
        Hit(FieldId::Name, name("Router")),
        SayLink,
    ];
    let mut scenario =
        pairing("a link is ended: theirs", FirstLink::Manual, ConflictRule::Manual, says).with_k(2);
    scenario.shows_links = true;
    scenario
}

/// Links back are written on both sides, and something does not let them stay: in Halo, in HIT, or in both.
pub(crate) fn linking_back(name: &'static str, link_backs: [LinkBacks; 2]) -> Scenario {
    let says = vec![SayLink, Hit(FieldId::BudgetOnce, money(95_000))];
    let mut scenario = pairing(name, FirstLink::Policy, ConflictRule::HaloWins, says).with_k(2);
    scenario.shows_links = true;
    scenario.link_backs = link_backs;
    scenario
}

pub(crate) fn links_kept() -> Scenario {
    linking_back("links back: kept", [LinkBacks::Kept; 2])
}

pub(crate) fn links_taken_out() -> Scenario {
    linking_back("links back: taken out", [LinkBacks::TakenOut; 2])
}

/// The ticket goes, in each way, after an edit of it and before one of the item, and a person agrees to forget it; or it
/// comes back.
pub(crate) fn gone(name_: &'static str, going: Going, back: bool) -> Scenario {
    let mut events = vec![("i1", Halo(OPP, FieldId::BudgetOnce, money(7))), ("i1", Gone(OPP, going))];
    if back {
        events.push(("i1", Back(OPP)));
    }
    events.push(("i1", Hit(FieldId::Name, name("Router"))));
    events.push(("i1", Approve));
    events.push(("i2", Hit(FieldId::BudgetOnce, money(5))));
    let mut scenario = Scenario::new(name_, &[("i1", "c"), ("i2", "c")], events);
    scenario.full_reads = true;
    scenario
}

/// The same with the item.
pub(crate) fn item_gone(name_: &'static str, going: Going, back: bool) -> Scenario {
    let mut events = vec![("i1", Hit(FieldId::Name, name("Router"))), ("i1", ItemGone(going))];
    if back {
        events.push(("i1", ItemBack));
    }
    events.push(("i1", Halo(OPP, FieldId::BudgetOnce, money(7))));
    // That an item has left the roadmap is no reason to ask for anything.
    if going != Going::Flagged {
        events.push(("i1", Approve));
    }
    events.push(("i2", Halo(OPP, FieldId::BudgetOnce, money(5))));
    let mut scenario = Scenario::new(name_, &[("i1", "c"), ("i2", "c")], events);
    scenario.full_reads = true;
    scenario
}

pub(crate) fn item_deleted() -> Scenario {
    item_gone("an item is deleted", Going::Deleted, false)
}

pub(crate) fn item_deleted_and_back() -> Scenario {
    item_gone("an item goes and comes back", Going::Deleted, true)
}

pub(crate) fn deleted() -> Scenario {
    gone("a ticket is deleted", Going::Deleted, false)
}

pub(crate) fn deleted_and_back() -> Scenario {
    gone("a ticket goes and comes back", Going::Flagged, true)
}

pub(crate) fn merged() -> Scenario {
    gone("a ticket is merged", Going::Merged, false)
}

/// The tickets of a client are hidden from us for a while, and lists are cut short.
pub(crate) fn hidden() -> Scenario {
    let mut scenario = Scenario::new(
        "rights are lost and return",
        &[("i1", "c"), ("i2", "d"), ("i3", "d"), ("i4", "d")],
        vec![("i1", Hide), ("i1", Hit(FieldId::Name, name("Router"))), ("i1", Show), ("i1", Approve)],
    );
    scenario.full_reads = true;
    scenario
}

/// Lists are cut short.
pub(crate) fn truncated() -> Scenario {
    let mut scenario = Scenario::new(
        "lists are cut short",
        &[("i1", "c"), ("i2", "c"), ("i3", "c"), ("i4", "c")],
        vec![("i1", Hit(FieldId::Name, name("Router")))],
    );
    scenario.full_reads = true;
    scenario
}

/// A client vanishes from Halo's list and comes back.
pub(crate) fn client_vanishes() -> Scenario {
    Scenario::new(
        "a client vanishes and returns",
        ONE,
        vec![
            ("i1", ClientGone),
            ("i1", Hit(FieldId::Name, name("Router"))),
            ("i1", Halo(OPP, FieldId::BudgetOnce, money(7))),
            ("i1", ClientBack),
        ],
    )
}

pub(super) fn all() -> Vec<Scenario> {
    vec![
        pairing_linked(),
        pairing_by_rule(),
        pairing_fills(),
        pairing_withdrawn(),
        parted_from_ours(),
        parted_from_theirs(),
        parted_and_back(),
        links_kept(),
        linking_back("links back: not kept", [LinkBacks::NotKept; 2]),
        links_taken_out(),
        linking_back("links back: refused", [LinkBacks::Refused; 2]),
        linking_back("links back: Halo takes out", [LinkBacks::TakenOut, LinkBacks::Kept]),
        linking_back("links back: HIT refuses", [LinkBacks::Kept, LinkBacks::Refused]),
        deleted(),
        deleted_and_back(),
        merged(),
        item_deleted(),
        item_deleted_and_back(),
        item_gone("an item leaves the roadmap", Going::Flagged, true),
        hidden(),
        truncated(),
        client_vanishes(),
    ]
}
