//! People who edit both systems, reproducibly.

use serde_json::{Value, json};

use crate::{Pair, State};

/// Makes edits from a seed.
#[derive(Debug, Clone)]
pub struct People(u64);

impl People {
    /// The people of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound` (SplitMix64).
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % bound.max(1) as u64).unwrap_or(0)
    }

    /// Edits of linked records on either side, `count` at most.
    pub fn edits(&mut self, state: &State, count: usize) -> Value {
        let linked: Vec<&Pair> = state
            .pairs
            .values()
            .filter(|pair| pair.opportunity.is_some() || pair.project.is_some())
            .collect();
        if linked.is_empty() {
            return json!([]);
        }
        let edits = (0..count).map(|_| {
            let pair = linked[self.below(linked.len())];
            self.edit(pair)
        });
        edits.collect()
    }

    fn edit(&mut self, pair: &Pair) -> Value {
        let item = &pair.item["id"];
        let number = self.below(900) + 100;
        let day = format!("2027-{:02}-{:02}", self.below(12) + 1, self.below(28) + 1);
        let hit = |set: Value| json!({"side": "hit", "item_id": item, "set": set});
        if let Some(project) = &pair.project {
            let halo = |set: Value| json!({"side": "halo", "ticket_id": project["id"], "set": set});
            return match self.below(5) {
                0 => halo(json!({"targetdate": format!("{day}T18:00:00")})),
                1 => halo(json!({"startdate": format!("{day}T18:00:00")})),
                2 => halo(json!({"status_id": 30 + self.below(4)})),
                3 => halo(json!({"summary": format!("Project {number}")})),
                _ => hit(json!({"name": format!("Renamed {number}")})),
            };
        }
        let halo = |set: Value| {
            let ticket = pair.opportunity.as_ref().map(|ticket| ticket["id"].clone());
            json!({"side": "halo", "ticket_id": ticket, "set": set})
        };
        match self.below(5) {
            0 => hit(json!({"name": format!("Renamed {number}")})),
            1 => hit(json!({"budget": {"currency": "USD", "recurring": [],
                "one_time": [{"label": "All", "amount_minor": number * 100, "frequency": "once"}]}})),
            2 => halo(json!({"status_id": 21 + self.below(3)})),
            3 => halo(json!({"targetdate": format!("{day}T18:00:00")})),
            _ => hit(json!({"due_date": day})),
        }
    }
}
