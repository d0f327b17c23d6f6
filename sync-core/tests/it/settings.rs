//! Settings: what is wrong with them is found, and they survive their file.

use crate::world::*;
use sync_core::field::FieldId;
use sync_core::ids::{AgentId, HaloClientId, Kind, OutcomeId, StatusId, TeamId, TicketTypeId};
use sync_core::learn::TargetForm;
use sync_core::settings::{
    ConflictRule, CreateRule, Direction, FieldRule, HitTarget, Scope, Settings, Severity, StatusTarget,
    validate,
};

fn errors(w: &World) -> Vec<String> {
    let found = validate(&w.settings, &w.catalogue);
    found.iter().filter(|f| f.severity == Severity::Error).map(|f| f.code.to_string()).collect()
}

#[test]
fn good_settings_have_no_errors_and_every_fault_has_its_own_code() {
    let w = World::new();
    assert_eq!(errors(&w), Vec::<String>::new());
    type Change = fn(&mut World);
    let faults: &[(&str, Change)] = &[
        ("version_unknown", |w| w.settings.version = 99),
        ("time_zone_missing", |w| w.settings.project.time_zone = None),
        ("currency_missing", |w| w.settings.project.hit_currency = None),
        ("import_without_date", |w| w.settings.sync.import.enabled = true),
        ("create_type_missing", |w| w.settings.project.project.create_type = None),
        ("ticket_type_missing", |w| {
            w.settings.project.project.followed.insert(TicketTypeId(99));
        }),
        ("ticket_type_wrong_use", |w| {
            w.catalogue.ticket_types.get_mut(&SALES).unwrap().kind = None;
        }),
        ("mandatory_field_without_constant", |w| {
            w.catalogue
                .ticket_types
                .get_mut(&SALES)
                .unwrap()
                .required
                .insert("category_1".into(), "Category".into());
        }),
        ("constant_not_json", |w| {
            w.settings.project.project.constants.insert("category_1".into(), "Network".into());
        }),
        ("assignee_missing", |w| w.settings.project.project.default_agent = Some(AgentId(99))),
        ("assignee_not_of_type", |w| {
            w.settings.project.project.default_agent = Some(AgentId(7));
            w.catalogue.ticket_types.get_mut(&PROJECT).unwrap().agents.insert(AgentId(8));
        }),
        ("assignee_api_only", |w| {
            w.settings.project.project.default_agent = Some(AgentId(7));
            w.catalogue.agents.get_mut(&AgentId(7)).unwrap().api_only = true;
        }),
        ("team_missing", |w| w.settings.project.project.team = Some(TeamId(1))),
        ("status_missing", |w| {
            let map = w.settings.status.get_mut(&SALES).unwrap();
            map.to_halo.insert(hit_status("Qualified"), StatusTarget::set(StatusId(99)));
        }),
        ("status_not_of_type", |w| {
            let map = w.settings.status.get_mut(&SALES).unwrap();
            map.to_hit.insert(RUNNING, HitTarget::To(hit_status("Qualified")));
        }),
        ("hit_status_missing", |w| {
            w.settings.sync.create.insert(hit_status("Nowhere"), CreateRule::Nothing);
        }),
        ("outcome_not_of_type", |w| {
            let map = w.settings.status.get_mut(&SALES).unwrap();
            map.to_halo.insert(hit_status("Qualified"), StatusTarget::action(OutcomeId(99), OPEN));
        }),
        ("outcome_sets_other_status", |w| {
            let map = w.settings.status.get_mut(&SALES).unwrap();
            map.to_halo.insert(hit_status("Qualified"), StatusTarget::action(OutcomeId(5), OPEN));
        }),
        ("field_not_of_kind", |w| {
            w.settings.sync.opportunity.insert(FieldId::Start, FieldRule::new(Direction::Both));
        }),
        ("newest_not_allowed", |w| {
            let conflict = ConflictRule::Newest { tolerance_ms: 1 };
            let rule = FieldRule { conflict, ..FieldRule::new(Direction::Both) };
            w.settings.sync.project.insert(FieldId::Status, rule);
        }),
        ("form_not_allowed", |w| {
            let rule = FieldRule { hit_form: Some(TargetForm::Upper), ..FieldRule::new(Direction::Both) };
            w.settings.sync.project.insert(FieldId::Status, rule);
        }),
        ("form_not_allowed", |w| {
            let rule = FieldRule { halo_form: Some(TargetForm::Cut(0)), ..FieldRule::new(Direction::Both) };
            w.settings.sync.project.insert(FieldId::Name, rule);
        }),
        ("client_unassigned", |w| {
            w.settings.project.clients.insert(client(1), HaloClientId::UNASSIGNED);
        }),
        ("client_missing", |w| {
            w.settings.project.clients.insert(client(1), HaloClientId(999));
        }),
    ];
    for (code, spoil) in faults {
        let mut w = World::new();
        spoil(&mut w);
        assert_eq!(errors(&w), [*code]);
    }
    let mut w = World::new();
    w.settings.project.project.followed.insert(SALES);
    assert!(errors(&w).contains(&"ticket_type_of_two_kinds".to_string()));
    w.settings.project.clients = [(client(1), HaloClientId(101)), (client(2), HaloClientId(101))].into();
    assert!(errors(&w).contains(&"client_linked_twice".to_string()));
}

#[test]
fn a_map_that_does_not_lead_back_is_a_warning() {
    let mut w = World::new();
    let map = w.settings.status.get_mut(&SALES).unwrap();
    map.to_halo.insert(hit_status("Recommended"), StatusTarget::set(WON));
    let found = validate(&w.settings, &w.catalogue);
    assert!(
        found.iter().any(|f| &*f.code == "status_round_trip" && &*f.place == "status.10.to_halo.Recommended")
    );
}

#[test]
fn settings_survive_json_and_refuse_what_they_do_not_know() {
    let mut w = World::new();
    w.settings.sync.scope = Scope::Validation([client(1)].into());
    w.settings.sync.project.insert(FieldId::Due, FieldRule::new(Direction::HitToHalo { until_quoted: true }));
    let text = serde_json::to_string(&w.settings).unwrap();
    let read: Settings = serde_json::from_str(&text).unwrap();
    assert_eq!(read, w.settings);
    assert_eq!(read.settings_hash(), w.settings.settings_hash());
    assert_eq!(serde_json::from_str::<Settings>("{}").unwrap(), Settings::default());
    assert!(serde_json::from_str::<Settings>(r#"{"sync": {"scop": "global"}}"#).is_err());
    let ids = r#"{"project": {"opportunity": {"create_type": 10}}}"#;
    let read: Settings = serde_json::from_str(ids).unwrap();
    assert_eq!(read.kind(Kind::Opportunity).create_type, Some(SALES), "ids may be numbers");
}

#[test]
fn what_vanished_from_a_tenant_is_left_out_and_the_rest_stays() {
    let w = World::new();
    assert_eq!(w.settings.without_vanished(&w.catalogue), (w.settings.clone(), Vec::new()));

    let mut w = World::new();
    w.settings.project.project.default_agent = Some(AgentId(99));
    w.settings.project.project.team = Some(TeamId(99));
    w.settings.project.clients.insert("c9".into(), HaloClientId(99));
    let gone = hit_status("Qualified");
    w.catalogue.hit_statuses.remove(&gone);
    let map = w.settings.status.get_mut(&SALES).unwrap();
    let (rows, back) = (map.to_halo.len(), map.to_hit.len());
    let to_gone = map.to_hit.values().filter(|to| **to == HitTarget::To(gone.clone())).count();
    assert!(map.to_halo.contains_key(&gone) && to_gone > 0);
    map.to_halo.insert(hit_status("Recommended"), StatusTarget::set(StatusId(99)));
    let (left, found) = w.settings.without_vanished(&w.catalogue);
    let mut codes: Vec<&str> = found.iter().map(|finding| &*finding.code).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(
        codes,
        ["assignee_missing", "client_missing", "hit_status_missing", "status_missing", "team_missing"]
    );
    assert_eq!((left.project.project.default_agent, left.project.project.team), (None, None));
    let map = &left.status[&SALES];
    assert_eq!((map.to_halo.len(), map.to_hit.len()), (rows - 2, back - to_gone));
    // A client is the planner's: it suspends the links, and they go on when it is back.
    assert_eq!(left.project.clients, w.settings.project.clients);
    // What is left has none of these findings but those that nothing was taken out for.
    let again: Vec<_> = validate(&left, &w.catalogue).into_iter().filter(|f| f.is_partial()).collect();
    assert!(
        again.iter().all(|f| &*f.code == "client_missing" || f.place.starts_with("sync.create.")),
        "{again:?}"
    );
    // What is wrong in the file, or takes a whole list away, is not left out.
    let mut w = World::new();
    w.settings.project.project.followed.insert(TicketTypeId(99));
    assert_eq!(w.settings.without_vanished(&w.catalogue).1, Vec::new());
}
