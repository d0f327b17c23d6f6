//! Halo's workflows: steps, and the actions that lead from one to another.

use serde_json::{Value, json};

use super::super::state::guid;
use super::catalogue::OUTCOMES;

/// One way out of a step: from, to, outcome.
type Move = (i64, i64, i64);

/// The workflows of the types that have one.
pub(super) fn workflows(random: &mut fastrand::Rng) -> Vec<Value> {
    vec![
        workflow(
            random,
            1,
            "Change approval",
            &["Assess", "Decided"],
            &[(1, 2, 70), (1, 2, 71), (2, 2, 9)],
            0,
        ),
        workflow(
            random,
            2,
            "Sales pipeline",
            &["Lead", "Qualified", "Proposal", "Won", "Lost"],
            &[(1, 2, 50), (1, 5, 53), (2, 3, 51), (2, 4, 52), (2, 5, 53), (3, 3, 54), (3, 4, 52), (3, 5, 53)],
            4,
        ),
        workflow(
            random,
            3,
            "Project delivery",
            &["Plan", "Deliver", "Review", "Done"],
            &[(1, 1, 64), (1, 2, 60), (2, 2, 63), (2, 3, 61), (2, 4, 62), (3, 2, 60), (3, 4, 62)],
            0,
        ),
    ]
}

fn workflow(
    random: &mut fastrand::Rng,
    id: i64,
    name: &str,
    steps: &[&str],
    moves: &[Move],
    makes: i64,
) -> Value {
    let rows: Vec<Value> = steps
        .iter()
        .zip(1_i64..)
        .map(|(step, n)| {
            let actions: Vec<Value> = moves
                .iter()
                .zip(1_i64..)
                .filter(|(m, _)| m.0 == n)
                .map(|(m, seq)| {
                    let label = OUTCOMES.iter().find(|o| o.0 == m.2).map_or("", |o| o.1);
                    json!({"id": id * 100 + seq, "flow_id": id, "start_step": n, "end_step": m.1, "action_id": m.2,
                        "action_name": label, "action_outcome": label, "seq": seq})
                })
                .collect();
            let mut row = json!({"fdid": id * 100 + n, "step_id": n, "flow_id": id, "name": step, "isstart": n == 1,
                "isend": actions.is_empty(), "stage_number": n, "actions": actions,
                "pipeline_stage_id": if id == 2 { n } else { 0 }, "pipeline_stage_name": if id == 2 { step } else { "" },
                "newticket_type": 0, "newticket_tickettype_id": 0, "overrideprobabiliywhenatthisstep": false});
            if n == makes {
                row["newticket_type"] = json!(1);
                row["newticket_tickettype_id"] = json!(31);
                row["overrideprobabiliywhenatthisstep"] = json!(true);
                row["probabilityoverridevalue"] = json!(100.0);
            }
            row
        })
        .collect();
    let always: Vec<Value> = [3, 5, 7]
        .iter()
        .filter_map(|id| OUTCOMES.iter().find(|o| o.0 == *id))
        .map(|o| json!({"id": o.0, "outcome": o.1}))
        .collect();
    let stages: Vec<Value> = steps
        .iter()
        .zip(1_i64..)
        .map(|(s, n)| json!({"id": id * 100 + n, "flow_id": id, "sequence": n, "name": s}))
        .collect();
    json!({"id": id, "guid": guid(random), "name": name, "active": true, "in_use": true, "notinuse": false,
        "steps": rows, "stages": stages, "always_allow_actions": always})
}
