use super::*;
use crate::ids::{HaloClientId, ItemId, Kind, Side, TicketId};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;
use proptest::prelude::*;

type Row = ClientRow<u32, u32>;

fn row(id: u32, name: &str, domains: &[&str]) -> Row {
    ClientRow {
        id,
        name: name.into(),
        domains: domains.iter().map(|d| (*d).into()).collect(),
        stored: vec![],
        ineligible: None,
    }
}

fn pair(halo: u32, hit: u32, tier: Tier) -> MatchedClients<u32, u32> {
    MatchedClients { halo, hit, tier }
}

#[test]
fn looks_are_only_suggestions() {
    let halo = [row(2, "Acme Ltd.", &["acme.example"]), row(3, "Müller GmbH & Co. KG", &[])];
    let hit = [row(12, "ACME Holdings", &["www.acme.example"]), row(13, "müller", &["mueller.example"])];
    let found = match_clients(&halo, &hit, &[], &[]);
    assert_eq!(found.linked, []);
    assert_eq!(found.suggested, [pair(2, 12, Tier::Domain), pair(3, 13, Tier::Name)]);
    assert_eq!(found.issues, []);
}

#[test]
fn namesakes_are_left_to_a_person() {
    let halo = [row(2, "Acme", &[]), row(3, "Acme Inc", &[])];
    let hit = [row(12, "acme", &[])];
    let found = match_clients(&halo, &hit, &[], &[]);
    assert_eq!(found.suggested, []);
    assert_eq!(found.issues, [ClientIssue::Ambiguous { tier: Tier::Name, halo: vec![2, 3], hit: vec![12] }]);
    assert!(found.unmatched_hit.is_empty() && found.unmatched_halo.is_empty());
}

#[test]
fn a_shared_domain_is_told_apart_by_names() {
    let halo = [row(2, "North", &["group.example"]), row(3, "South", &["group.example"])];
    let hit = [row(12, "South", &["group.example"]), row(13, "North", &["group.example"])];
    let found = match_clients(&halo, &hit, &[], &[]);
    assert_eq!(found.suggested, [pair(2, 13, Tier::Name), pair(3, 12, Tier::Name)]);
    assert_eq!(found.issues, []);
}

#[test]
fn stronger_evidence_contradicts_weaker() {
    let halo = [row(2, "Acme", &["a.example"])];
    let hit = [row(12, "Acme", &["b.example"])];
    let found = match_clients(&halo, &hit, &[], &[]);
    assert_eq!(found.issues, [ClientIssue::Contradiction { tier: Tier::Name, halo: 2, hit: 12 }]);
    assert_eq!(found.suggested, []);

    // Freemail and one's own domain are no evidence.
    let halo = [row(2, "Acme", &["gmail.com", "msp.example"])];
    let hit = [row(12, "Other", &["gmail.com", "msp.example"])];
    assert_eq!(match_clients(&halo, &hit, &[], &["msp.example"]).suggested, []);

    // A stored id that disagrees with a confirmed link.
    let mut halo = [row(2, "Acme", &[]), row(3, "Beta", &[])];
    halo[1].stored = vec![12];
    let hit = [row(12, "Acme", &[]), row(13, "Beta", &[])];
    let found = match_clients(&halo, &hit, &[KnownLink { halo: 2, hit: 12 }], &[]);
    assert_eq!(found.linked, [pair(2, 12, Tier::Explicit)]);
    assert_eq!(found.issues, [ClientIssue::Contradiction { tier: Tier::Stored, halo: 3, hit: 12 }]);
    assert_eq!(found.suggested, [], "a client that a stored id names is not matched by its looks");
}

#[test]
fn unusable_clients_never_match_and_suspend_their_links() {
    for reason in [Ineligible::Inactive, Ineligible::Stopped, Ineligible::Unassigned] {
        let mut halo = [row(2, "Acme", &["a.example"])];
        halo[0].ineligible = Some(reason);
        let mut hit = [row(12, "Acme", &["a.example"])];
        assert_eq!(match_clients(&halo, &hit, &[], &[]).suggested, []);
        hit[0].stored = vec![2];
        let found = match_clients(&halo, &hit, &[], &[]);
        assert_eq!(found.linked, []);
        assert_eq!(found.issues, [ClientIssue::Suspended { halo: 2, hit: 12, side: Side::Halo, reason }]);
    }
    let found = match_clients(&[], &[row(12, "Acme", &[])], &[KnownLink { halo: 2, hit: 12 }], &[]);
    assert_eq!(
        found.issues,
        [ClientIssue::Suspended { halo: 2, hit: 12, side: Side::Halo, reason: Ineligible::Vanished }]
    );
}

#[test]
fn legal_forms_go_only_at_the_end_and_only_if_a_name_remains() {
    for (a, b) in
        [("Volvo AB", "Volvo"), ("A&B Ltd", "A & B Limited"), ("Foo, Inc.", "foo"), ("Straße AG", "STRASSE")]
    {
        assert_eq!(client_name_key(a), client_name_key(b));
    }
    for (a, b) in [("Company of Heroes", "of Heroes"), ("AB", ""), ("X AG", "X"), ("Co Op", "Op")] {
        assert_ne!(client_name_key(a), client_name_key(b), "{a}");
    }
    assert_eq!(name_key(" - "), "");
}

#[test]
fn people_match_by_id_then_by_address() {
    let person = |id: u32, email: &str, eligible| PersonRow { id, email: Some(email.into()), eligible };
    let hit = [
        person(1, "Ann@x.example ", true),
        person(2, "bob@x.example", true),
        person(3, "cy@x.example", true),
    ];
    let halo = [
        person(11, "ann@x.example", true),
        person(12, "bob@x.example", false),
        person(13, "cy@x.example", true),
        person(14, "cy@x.example", true),
        person(15, "dee@x.example", true),
    ];
    let found = match_people(&hit, &halo, &BTreeMap::new());
    assert_eq!(found.matched, [MatchedPeople { hit: 1, halo: 11, explicit: false }]);
    assert_eq!(found.issues, [PersonIssue::Ambiguous { hit: vec![3], halo: vec![13, 14] }]);
    let found = match_people(&hit, &halo, &BTreeMap::from([(1, 15), (2, 12), (3, 13)]));
    assert_eq!(found.matched.iter().map(|m| (m.hit, m.halo)).collect::<Vec<_>>(), [(1, 15), (3, 13)]);
    assert_eq!(found.issues, [PersonIssue::AgentUnusable { hit: 2, halo: 12 }]);
}

fn item(id: &str, client: i64, kind: Kind, name: &'static str) -> Candidate<'static, ItemId> {
    Candidate { id: ItemId::from(id), client: HaloClientId(client), kind, name }
}

fn ticket(id: i64, client: i64, kind: Kind, name: &'static str) -> Candidate<'static, TicketId> {
    Candidate { id: TicketId(id), client: HaloClientId(client), kind, name }
}

#[test]
fn pairs_need_the_client_the_kind_and_a_unique_name() {
    use Kind::{Opportunity, Project};
    let items = [
        item("a", 2, Project, "New  Firewall"),
        item("b", 2, Opportunity, "Server"),
        item("c", 3, Project, "MFA"),
        item("d", 3, Project, "mfa"),
        item("e", 3, Project, "--"),
        item("f", 1, Project, "Lost"),
    ];
    let tickets = [
        ticket(20, 2, Project, "new firewall"),
        ticket(21, 2, Project, "Server"),
        ticket(22, 3, Project, "MFA"),
        ticket(23, 4, Project, "New Firewall"),
        ticket(24, 3, Project, "--"),
        ticket(25, 1, Project, "Lost"),
    ];
    let found = suggest_pairs(&items, &tickets);
    assert_eq!(
        found.suggestions,
        [PairingSuggestion { item: "a".into(), ticket: TicketId(20), kind: Project }]
    );
    assert_eq!(
        found.ambiguous,
        [AmbiguousPairing {
            kind: Project,
            items: vec!["c".into(), "d".into()],
            tickets: vec![TicketId(22)]
        }]
    );
    assert_eq!(found.candidates(&"a".into()), [TicketId(20)]);
    assert_eq!(found.candidates(&"d".into()), [TicketId(22)]);
    assert_eq!(found.candidates(&"b".into()), []);
    let candidates = crate::decision::Candidates::from(found);
    assert_eq!(candidates.suggestion(&"a".into()), Some(TicketId(20)));
    assert_eq!(candidates.suggestion(&"c".into()), None);
    assert_eq!(candidates.by_ticket[&TicketId(22)], ["c".into(), "d".into()]);
}

/// A small world in which everything collides often.
fn rows(first: u32, other: u32) -> impl Strategy<Value = Vec<Row>> {
    let one = (
        prop::sample::select(vec!["Acme", "Acme Ltd", "Beta", "Beta & Co", "Gamma", ""]),
        prop::collection::vec(
            prop::sample::select(vec!["a.example", "b.example", "www.a.example", "gmail.com"]),
            0..3,
        ),
        prop::collection::vec(other..other + 6, 0..2),
        prop_oneof![6 => Just(None), 1 => Just(Some(Ineligible::Inactive))],
    );
    prop::collection::vec(one, 0..6).prop_map(move |rows| {
        (first..)
            .zip(rows)
            .map(|(id, (name, domains, stored, ineligible))| ClientRow {
                stored,
                ineligible,
                ..row(id, name, &domains)
            })
            .collect()
    })
}

fn known() -> impl Strategy<Value = Vec<KnownLink<u32, u32>>> {
    prop::collection::vec((2_u32..8, 12_u32..18).prop_map(|(halo, hit)| KnownLink { halo, hit }), 0..3)
}

fn mirrored(found: ClientMatches<u32, u32>) -> ClientMatches<u32, u32> {
    let turn = |list: Vec<MatchedClients<u32, u32>>| {
        let mut list: Vec<_> = list.into_iter().map(|m| pair(m.hit, m.halo, m.tier)).collect();
        list.sort();
        list
    };
    let issues: BTreeSet<_> = found
        .issues
        .into_iter()
        .map(|issue| match issue {
            ClientIssue::Ambiguous { tier, halo, hit } => {
                ClientIssue::Ambiguous { tier, halo: hit, hit: halo }
            }
            ClientIssue::Contradiction { tier, halo, hit } => {
                ClientIssue::Contradiction { tier, halo: hit, hit: halo }
            }
            ClientIssue::Suspended { halo, hit, side, reason } => {
                ClientIssue::Suspended { halo: hit, hit: halo, side: side.other(), reason }
            }
        })
        .collect();
    ClientMatches {
        linked: turn(found.linked),
        suggested: turn(found.suggested),
        issues: issues.into_iter().collect(),
        unmatched_halo: found.unmatched_hit,
        unmatched_hit: found.unmatched_halo,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn order_does_not_matter(halo in rows(2, 12), hit in rows(12, 2), known in known()) {
        let straight = match_clients(&halo, &hit, &known, &[]);
        let reversed = |rows: &[Row]| rows.iter().rev().cloned().collect::<Vec<_>>();
        let links: Vec<_> = known.iter().rev().cloned().collect();
        prop_assert_eq!(match_clients(&reversed(&halo), &reversed(&hit), &links, &[]), straight);
    }

    #[test]
    fn swapping_the_sides_mirrors_the_result(halo in rows(2, 12), hit in rows(12, 2), known in known()) {
        let turned: Vec<_> = known.iter().map(|k| KnownLink { halo: k.hit, hit: k.halo }).collect();
        let there = match_clients(&halo, &hit, &known, &[]);
        prop_assert_eq!(mirrored(match_clients(&hit, &halo, &turned, &[])), there);
    }

    #[test]
    fn every_client_is_matched_at_most_once_and_never_if_unusable(halo in rows(2, 12), hit in rows(12, 2), known in known()) {
        let found = match_clients(&halo, &hit, &known, &[]);
        let all: Vec<_> = found.linked.iter().chain(&found.suggested).collect();
        prop_assert_eq!(all.iter().map(|m| m.halo).collect::<BTreeSet<_>>().len(), all.len());
        prop_assert_eq!(all.iter().map(|m| m.hit).collect::<BTreeSet<_>>().len(), all.len());
        for m in all {
            prop_assert!(halo.iter().any(|row| row.id == m.halo && row.ineligible.is_none()));
            prop_assert!(hit.iter().any(|row| row.id == m.hit && row.ineligible.is_none()));
        }
    }

    #[test]
    fn a_newcomer_never_moves_a_confirmed_link(
        halo in rows(2, 12), hit in rows(12, 2), known in known(), newcomer in rows(40, 12), renamed in "[A-C]{0,3}",
    ) {
        let before = match_clients(&halo, &hit, &known, &[]);
        let explicit = |found: &ClientMatches<u32, u32>| {
            found.linked.iter().filter(|m| m.tier == Tier::Explicit).cloned().collect::<Vec<_>>()
        };
        let mut more: Vec<Row> = halo.iter().cloned().chain(newcomer).collect();
        if let Some(first) = more.first_mut() {
            first.name = renamed.as_str().into();
        }
        let after = match_clients(&more, &hit, &known, &[]);
        prop_assert_eq!(explicit(&after), explicit(&before));
    }
}
