//! Duplicates: records that exist once too often.

use std::collections::{BTreeMap, BTreeSet};

/// What is to be known of a ticket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ticket {
    /// Its number.
    pub id: i64,
    /// Its client.
    pub client: i64,
    /// Opportunity, project, or something else.
    pub kind: String,
    /// All names it has had, tidied.
    pub names: BTreeSet<String>,
    /// The name it was made with, tidied, if the integration made it.
    pub made_as: Option<String>,
    /// The markers it carries.
    pub markers: BTreeSet<String>,
}

/// What is to be known of an item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Item {
    /// Its id.
    pub id: String,
    /// Its client.
    pub client: String,
    /// All names it has had, tidied.
    pub names: BTreeSet<String>,
    /// The name it was made with, tidied, if the integration made it.
    pub made_as: Option<String>,
    /// The targets of its references.
    pub targets: BTreeSet<String>,
}

/// Everything that is alive, and which HIT clients are known to be which Halo clients.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Tickets that are not deleted.
    pub tickets: Vec<Ticket>,
    /// Items, archived ones too.
    pub items: Vec<Item>,
    /// Known pairs of (HIT client, Halo client).
    pub clients: BTreeSet<(String, i64)>,
}

impl Facts {
    /// Whether the clients are the same; where nothing is known of the HIT client, it may be.
    fn same_client(&self, hit: &str, halo: i64) -> bool {
        let mut known = self.clients.iter().filter(|(h, _)| h == hit).peekable();
        known.peek().is_none() || known.any(|(_, n)| *n == halo)
    }

    /// Tickets that are there once too often: those that share a marker and a kind with an older one, and
    /// those the integration made beyond the number of items of that client and name.
    #[must_use]
    pub fn surplus_tickets(&self) -> BTreeSet<i64> {
        let mut surplus = BTreeSet::new();
        let mut first: BTreeMap<(&str, &str), i64> = BTreeMap::new();
        let mut tickets: Vec<&Ticket> = self.tickets.iter().collect();
        tickets.sort_by_key(|t| t.id);
        for ticket in &tickets {
            for marker in &ticket.markers {
                if *first.entry((marker, &ticket.kind)).or_insert(ticket.id) != ticket.id {
                    surplus.insert(ticket.id);
                }
            }
        }
        let mut made: BTreeMap<(i64, &str, &str), Vec<i64>> = BTreeMap::new();
        for ticket in tickets.iter().filter(|t| !surplus.contains(&t.id)) {
            if let Some(name) = &ticket.made_as {
                made.entry((ticket.client, &ticket.kind, name)).or_default().push(ticket.id);
            }
        }
        for ((client, _, name), ids) in made {
            let allowed = self
                .items
                .iter()
                .filter(|item| item.names.contains(name) && self.same_client(&item.client, client))
                .count();
            surplus.extend(ids.into_iter().skip(allowed));
        }
        surplus
    }

    /// Items that are there once too often: those that share a target with another one, and those the
    /// integration made beyond the number of tickets of that client and name.
    #[must_use]
    pub fn surplus_items(&self) -> BTreeSet<String> {
        let mut surplus = BTreeSet::new();
        let mut first: BTreeMap<&str, &str> = BTreeMap::new();
        for item in &self.items {
            for target in &item.targets {
                if *first.entry(target).or_insert(&item.id) != item.id {
                    surplus.insert(item.id.clone());
                }
            }
        }
        let mut made: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
        for item in self.items.iter().filter(|i| !surplus.contains(&i.id)) {
            if let Some(name) = &item.made_as {
                made.entry((&item.client, name)).or_default().push(&item.id);
            }
        }
        for ((client, name), ids) in made {
            let allowed = self
                .tickets
                .iter()
                .filter(|t| matches!(t.kind.as_str(), "opportunity" | "project"))
                .filter(|t| t.names.contains(name) && self.same_client(client, t.client))
                .count();
            surplus.extend(ids.into_iter().skip(allowed).map(str::to_owned));
        }
        surplus
    }
}

/// A name without what does not matter: case, and white space around and doubled.
#[must_use]
pub fn tidy(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|n| (*n).to_owned()).collect()
    }

    fn made(id: i64, client: i64, kind: &str, name: &str, markers: &[&str]) -> Ticket {
        Ticket {
            id,
            client,
            kind: kind.into(),
            names: set(&[name]),
            made_as: Some(name.into()),
            markers: set(markers),
        }
    }

    fn item(id: &str, client: &str, names: &[&str]) -> Item {
        Item { id: id.into(), client: client.into(), names: set(names), ..Item::default() }
    }

    fn known() -> BTreeSet<(String, i64)> {
        [("a".to_owned(), 1), ("b".to_owned(), 2)].into()
    }

    #[test]
    fn one_ticket_per_item_and_kind_is_no_duplicate() {
        let facts = Facts {
            tickets: vec![made(1, 1, "opportunity", "x", &["m1"]), made(2, 1, "project", "x", &["m2"])],
            items: vec![item("i", "a", &["x"])],
            clients: known(),
        };
        assert!(facts.surplus_tickets().is_empty());
    }

    #[test]
    fn a_shared_marker_is_a_duplicate_even_under_another_name() {
        let facts = Facts {
            tickets: vec![made(1, 1, "project", "x", &["m"]), made(2, 1, "project", "y", &["m"])],
            items: vec![item("i", "a", &["x", "y"])],
            clients: known(),
        };
        assert_eq!(facts.surplus_tickets(), [2].into());
    }

    #[test]
    fn more_tickets_than_items_of_that_name_are_duplicates() {
        let tickets = vec![
            made(1, 1, "project", "x", &["m"]),
            made(2, 1, "project", "x", &[]),
            made(3, 1, "project", "x", &[]),
        ];
        let two = vec![item("i", "a", &["x"]), item("j", "a", &["x"]), item("k", "b", &["x"])];
        let facts = Facts { tickets, items: two, clients: known() };
        assert_eq!(facts.surplus_tickets(), [3].into(), "the item of the other client does not count");
    }

    #[test]
    fn a_renamed_item_still_accounts_for_its_ticket() {
        let facts = Facts {
            tickets: vec![made(1, 1, "project", "old", &["m"])],
            items: vec![item("i", "a", &["new", "old"])],
            clients: known(),
        };
        assert!(facts.surplus_tickets().is_empty());
    }

    #[test]
    fn what_people_make_by_hand_is_not_counted() {
        let mut hand = made(2, 1, "project", "x", &[]);
        hand.made_as = None;
        let facts = Facts {
            tickets: vec![made(1, 1, "project", "x", &["m"]), hand],
            items: vec![item("i", "a", &["x"])],
            clients: known(),
        };
        assert!(facts.surplus_tickets().is_empty());
    }

    #[test]
    fn a_shared_target_and_an_import_without_a_ticket_are_duplicates() {
        let mut one = item("i", "a", &["x"]);
        let mut two = item("j", "a", &["x"]);
        one.targets = set(&["t"]);
        two.targets = set(&["t"]);
        let mut import = item("k", "a", &["y"]);
        import.made_as = Some("y".into());
        let facts = Facts { tickets: vec![], items: vec![one, two, import], clients: known() };
        assert_eq!(facts.surplus_items(), set(&["j", "k"]));
    }
}
