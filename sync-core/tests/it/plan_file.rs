//! The plan file as a whole: one believable plan, byte for byte and sentence for sentence.

use crate::world::*;
use sync_core::catalogue::Catalogue;
use sync_core::decision::PairingAnswer;
use sync_core::field::FieldId;
use sync_core::ids::{Kind, TicketId};
use sync_core::plan::{
    BadPlan, Plan, explain, explain_conflict_named, explain_issue, explain_op_named, explain_proposal,
    explain_skip, parse, to_canonical_json,
};
use sync_core::settings::{Direction, FieldRule, Scope};
use sync_core::value::{Obs, Value};

fn believable() -> World {
    let mut w = World::new();
    w.catalogue.capabilities.external_references = true;
    w.settings.sync.scope = Scope::Validation([client(1), client(2)].into());
    w.settings.sync.opportunity.insert(FieldId::Due, FieldRule::new(Direction::Both));
    // Changed in HIT; changed in Halo; both; taken as won by sales.
    for n in 1..=4 {
        w.pair(n, 1, Kind::Opportunity);
    }
    w.hit(1).fields.set(FieldId::Name, Obs::Value(Value::text("Firewall \"core\"")));
    w.hit(1).fields.set(FieldId::BudgetOnce, Obs::Value(eur(125_000)));
    w.halo(1002).fields.set(FieldId::Due, Obs::Value(day(17)));
    w.hit(3).fields.set(FieldId::Due, Obs::Value(day(2)));
    w.halo(1003).fields.set(FieldId::Due, Obs::Value(day(3)));
    w.halo(1004).fields.set(FieldId::Status, Obs::Value(Value::halo_status(WON)));
    w.halo(1004).closed = true;
    // Approved, and Halo's workflow was faster.
    w.pair(5, 2, Kind::Opportunity);
    w.hit(5).fields.set(FieldId::Status, Obs::Value(Value::hit_status(&hit_status("Approved"))));
    w.ticket(1050, Kind::Project, 2, PLANNED, "Firewall").created_from = Some(TicketId(1005));
    // New; paired by a person; looks like something; not of this scope; of an unknown status.
    w.item(6, 2, "Qualified", "Backup");
    w.item(7, 2, "Qualified", "Switches");
    w.ticket(1007, Kind::Opportunity, 2, QUOTED, "Switches");
    w.decisions.pairings.insert(item_id(7), PairingAnswer::Link(TicketId(1007)));
    w.item(8, 2, "Qualified", "Wi-Fi");
    w.ticket(1008, Kind::Opportunity, 2, OPEN, "wi-fi");
    w.candidates.by_item.insert(item_id(8), vec![TicketId(1008)]);
    w.item(9, 3, "Qualified", "Phones");
    w.item(10, 1, "Blue", "Printers");
    w
}

fn readable(plan: &Plan, catalogue: &Catalogue) -> String {
    let json: serde_json::Value = serde_json::from_slice(&to_canonical_json(plan)).unwrap();
    let mut text = serde_json::to_string_pretty(&json).unwrap();
    text.push('\n');
    text.extend(plan.ops.iter().map(|x| explain_op_named(x, catalogue) + "\n"));
    text.extend(plan.conflicts.iter().map(|x| explain_conflict_named(x, catalogue) + "\n"));
    text.extend(plan.skips.iter().map(|x| explain_skip(x) + "\n"));
    text.extend(plan.issues.iter().map(|x| explain_issue(x) + "\n"));
    text.extend(plan.proposals.iter().map(|x| explain_proposal(x) + "\n"));
    text
}

#[test]
fn a_believable_plan_reads_as_it_always_did() {
    let w = believable();
    let got = readable(&w.plan(), &w.catalogue);
    let path = concat!(env!("CARGO_TARGET_TMPDIR"), "/plan.snapshot");
    let want: &str = include_str!("plan.snapshot");
    if got != want {
        std::fs::write(path, &got).unwrap();
        panic!("the plan reads differently; compare {path} with sync-core/tests/it/plan.snapshot");
    }
}

#[test]
fn every_line_is_found_by_its_name() {
    let plan = believable().plan();
    let ids = plan.ops.iter().map(|x| x.id).chain(plan.conflicts.iter().map(|x| x.id));
    for id in ids.chain(plan.issues.iter().map(|x| x.id)).chain(plan.proposals.iter().map(|x| x.id)) {
        assert!(explain(&plan, id).is_some());
    }
    assert_eq!(explain(&plan, Default::default()), None);
}

#[test]
fn any_edit_of_the_file_is_noticed() {
    let bytes = to_canonical_json(&believable().plan());
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(parse(&bytes).is_ok());
    assert!(parse(format!("{text}\n").as_bytes()).is_ok());
    for (from, to) in [
        ("Firewall \\\"core\\\"", "Firewall"),
        ("\"125000\"", "\"925000\""),
        // What a create would send is no part of the operation's name.
        ("{\"text\":\"Backup\"}", "{\"text\":\"Backups\"}"),
        ("{\"conflicts\"", " {\"conflicts\""),
        ("\"diags\":[]", "\"diags\":[],\"extra\":1"),
    ] {
        assert!(text.contains(from), "{from}");
        let edited = text.replacen(from, to, 1);
        assert!(matches!(parse(edited.as_bytes()), Err(BadPlan::Edited | BadPlan::Unreadable(_))), "{from}");
    }
    for end in 0..bytes.len() {
        assert!(parse(&bytes[..end]).is_err());
    }
}
