//! Status maps, suggested by the likeness of names. A suggestion is never in force before a person has seen it.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::catalogue::{Catalogue, StatusClass, TicketType};
use sync_core::ids::{HitStatusId, Kind, StatusId, TicketTypeId};
use sync_core::settings::{HitTarget, StatusMap, StatusTarget};

/// Why a row is suggested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Nothing speaks for any status.
    Nothing,
    /// Only that something has to stand here: the first status of the kind.
    First,
    /// The two names mean much the same.
    Meaning,
    /// The two names share a word that tells.
    Word,
    /// The same name.
    Name,
    /// Somebody chose it, here or in HumanizeIT's own settings.
    Chosen,
}

impl Reason {
    /// In a few words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Reason::Nothing => "nothing alike",
            Reason::First => "a guess: the first of its kind",
            Reason::Meaning => "means much the same",
            Reason::Word => "shares a word",
            Reason::Name => "same name",
            Reason::Chosen => "chosen",
        }
    }
}

/// A suggested map, with the reason of each row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suggested {
    /// The map: every HIT status and every status of the type has a row.
    pub map: StatusMap,
    /// Why, for the rows to Halo.
    pub to_halo: BTreeMap<HitStatusId, Reason>,
    /// Why, for the rows to HIT.
    pub to_hit: BTreeMap<StatusId, Reason>,
}

/// Words that mean much the same as names of statuses. A name may be in several.
const MEANINGS: [&[&str]; 8] = [
    &["recommended", "lead", "new", "idea", "proposed", "suggested", "prospect"],
    &["qualified", "quote", "quoted", "proposal", "negotiation", "opportunity", "presented"],
    &["won", "approved", "accepted", "signed", "sold"],
    &["approved", "planning", "planned", "ready", "scheduled", "kickoff"],
    &["progress", "started", "active", "doing", "delivery", "implementation", "review", "testing"],
    &["completed", "complete", "done", "finished", "delivered", "closed", "resolved"],
    &["lost", "declined", "rejected", "cancelled", "canceled", "abandoned"],
    &["hold", "parked", "paused", "postponed", "waiting", "awaiting", "deferred"],
];
/// Words that tell nothing about a status.
const EMPTY: [&str; 10] = ["in", "to", "on", "the", "of", "a", "work", "for", "and", "is"];

fn words(name: &str) -> BTreeSet<String> {
    name.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty() && !EMPTY.contains(word))
        .map(str::to_owned)
        .collect()
}

/// How alike two names of statuses are.
#[must_use]
pub fn likeness(a: &str, b: &str) -> Reason {
    let squeezed = |name: &str| name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    if squeezed(a) == squeezed(b) {
        return Reason::Name;
    }
    let (a, b) = (words(a), words(b));
    if a.intersection(&b).next().is_some() {
        return Reason::Word;
    }
    let means = |words: &BTreeSet<String>, group: &&[&str]| group.iter().any(|word| words.contains(*word));
    if MEANINGS.iter().any(|group| means(&a, group) && means(&b, group)) {
        return Reason::Meaning;
    }
    Reason::Nothing
}

/// The class of statuses whose items live as this kind.
const fn class_of(kind: Kind) -> StatusClass {
    match kind {
        Kind::Opportunity => StatusClass::Opportunity,
        Kind::Project => StatusClass::Project,
    }
}

/// A map for one ticket type: HIT statuses of the kind lead to the most alike status of the type, and back.
#[must_use]
pub fn suggest(catalogue: &Catalogue, ticket_type: TicketTypeId, kind: Kind) -> Suggested {
    let mut suggested = Suggested::default();
    let Some(of) = catalogue.ticket_types.get(&ticket_type) else { return suggested };
    let hit = ordered(catalogue);
    let halo = statuses(catalogue, of);
    let first = halo.iter().find(|(_, _, closed)| !closed);
    for (id, name, class) in &hit {
        let (target, reason) = if *class == class_of(kind) {
            // Nobody closes a ticket by a likeness.
            let open = halo.iter().filter(|(_, _, closed)| !closed);
            let best = best(open.map(|(status, other, _)| (*status, likeness(name, other))));
            match (best, first) {
                (Some((status, reason)), _) => (StatusTarget::set(status), reason),
                (None, Some((status, ..))) => (StatusTarget::set(*status), Reason::First),
                (None, None) => (StatusTarget::Ignore, Reason::Nothing),
            }
        } else {
            (StatusTarget::Ignore, Reason::Nothing)
        };
        suggested.map.to_halo.insert(id.clone(), target);
        suggested.to_halo.insert(id.clone(), reason);
    }
    for (status, name, closed) in &halo {
        let fitting = hit.iter().filter(|(_, _, class)| *class == class_of(kind) || *closed);
        let alike = best(fitting.map(|(id, other, _)| (id.clone(), likeness(name, other))));
        // What a HIT status is written as must lead back to it, or the next run would change it in return.
        let written = suggested.map.to_halo.iter().find(|(_, to)| to.status() == Some(*status));
        let (target, reason) = match (alike, written) {
            (Some((id, reason)), written) if reason == Reason::Name || written.is_none() => {
                (HitTarget::To(id), reason)
            }
            (_, Some((id, _))) => {
                let reason = suggested.to_halo.get(id).copied().unwrap_or(Reason::First);
                (HitTarget::To(id.clone()), reason)
            }
            _ => (HitTarget::Ignore, Reason::Nothing),
        };
        suggested.map.to_hit.insert(*status, target);
        suggested.to_hit.insert(*status, reason);
    }
    suggested
}

type HitRow<'a> = (HitStatusId, &'a str, StatusClass);

/// The most alike; the first of those that are equally so.
fn best<T>(candidates: impl Iterator<Item = (T, Reason)>) -> Option<(T, Reason)> {
    candidates.filter(|(_, reason)| *reason > Reason::Nothing).fold(None, |best, next| match best {
        Some((_, reason)) if reason >= next.1 => best,
        _ => Some(next),
    })
}

fn ordered(catalogue: &Catalogue) -> Vec<HitRow<'_>> {
    let mut rows: Vec<_> = catalogue.hit_statuses.iter().collect();
    rows.sort_by_key(|(id, status)| (status.sort_order, (*id).clone()));
    rows.into_iter().map(|(id, status)| (id.clone(), &*status.name, status.class)).collect()
}

fn statuses<'a>(catalogue: &'a Catalogue, of: &TicketType) -> Vec<(StatusId, &'a str, bool)> {
    let all = catalogue.statuses.iter().filter(|(id, _)| of.allows(**id));
    all.map(|(id, status)| (*id, &*status.name, status.closed)).collect()
}

/// What a map loses, one sentence per loss: statuses that fall together, and those that are let be.
#[must_use]
pub fn losses(map: &StatusMap, catalogue: &Catalogue) -> Vec<String> {
    let halo = |id: &StatusId| {
        catalogue.statuses.get(id).map_or_else(|| id.to_string(), |status| status.name.to_string())
    };
    let hit = |id: &HitStatusId| {
        catalogue.hit_statuses.get(id).map_or_else(|| id.to_string(), |status| status.name.to_string())
    };
    let mut lines = Vec::new();
    let mut together: BTreeMap<StatusId, Vec<String>> = BTreeMap::new();
    for (id, to) in &map.to_halo {
        if let Some(status) = to.status() {
            together.entry(status).or_default().push(hit(id));
        }
    }
    for (status, names) in together.iter().filter(|(_, names)| names.len() > 1) {
        lines.push(format!("{} all become {} in Halo", names.join(", "), halo(status)));
    }
    let mut together: BTreeMap<&HitStatusId, Vec<String>> = BTreeMap::new();
    for (id, to) in &map.to_hit {
        if let HitTarget::To(status) = to {
            together.entry(status).or_default().push(halo(id));
        }
    }
    for (status, names) in together.iter().filter(|(_, names)| names.len() > 1) {
        lines.push(format!(
            "{} all become {} in HumanizeIT; a ticket that is in one of them stays in it",
            names.join(", "),
            hit(status)
        ));
    }
    let ignored: Vec<String> =
        map.to_hit.iter().filter(|(_, to)| **to == HitTarget::Ignore).map(|(id, _)| halo(id)).collect();
    if !ignored.is_empty() {
        lines.push(format!("{} in Halo change nothing in HumanizeIT", ignored.join(", ")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use sync_core::catalogue::{HaloStatus, HitStatus};

    use super::*;

    fn catalogue() -> Catalogue {
        let mut catalogue = Catalogue::default();
        for (at, (id, name, class)) in [
            ("st_r", "Recommended", StatusClass::Opportunity),
            ("st_q", "Qualified", StatusClass::Opportunity),
            ("st_a", "Approved", StatusClass::Project),
            ("st_w", "Work in Progress", StatusClass::Project),
        ]
        .into_iter()
        .enumerate()
        {
            let row = HitStatus { name: name.into(), class, sort_order: at as i64, ..HitStatus::default() };
            catalogue.hit_statuses.insert(HitStatusId::from(id), row);
        }
        let names = [
            (20, "Lead"),
            (21, "Qualified"),
            (22, "Quote Sent"),
            (24, "Won"),
            (25, "Lost"),
            (30, "Planning"),
            (32, "Work in Progress"),
            (35, "Completed"),
            (40, "Zebra"),
        ];
        for (id, name) in names {
            let row = HaloStatus { name: name.into(), closed: [24, 25, 35].contains(&id) };
            catalogue.statuses.insert(StatusId(id), row);
        }
        let of = |statuses: &[i64]| TicketType {
            statuses: statuses.iter().copied().map(StatusId).collect(),
            ..TicketType::default()
        };
        catalogue.ticket_types.insert(TicketTypeId(1), of(&[20, 21, 22, 24, 25]));
        catalogue.ticket_types.insert(TicketTypeId(2), of(&[30, 32, 35]));
        catalogue.ticket_types.insert(TicketTypeId(3), of(&[40]));
        catalogue
    }

    fn to_halo(suggested: &Suggested, id: &str) -> (Option<i64>, Reason) {
        let id = HitStatusId::from(id);
        (suggested.map.to_halo[&id].status().map(|status| status.0), suggested.to_halo[&id])
    }

    fn to_hit(suggested: &Suggested, id: i64) -> (Option<String>, Reason) {
        let target = match &suggested.map.to_hit[&StatusId(id)] {
            HitTarget::To(id) => Some(id.to_string()),
            HitTarget::Ignore => None,
        };
        (target, suggested.to_hit[&StatusId(id)])
    }

    #[test]
    fn names_then_words_then_meanings() {
        assert_eq!(likeness("Work  in progress", "Work in Progress"), Reason::Name);
        assert_eq!(likeness("Awaiting Board", "Board approval"), Reason::Word);
        assert_eq!(likeness("Lead", "Recommended"), Reason::Meaning);
        assert_eq!(likeness("Work in Progress", "Ready to work"), Reason::Nothing);
    }

    #[test]
    fn a_sales_type_takes_proposals_and_a_won_deal_is_approved() {
        let suggested = suggest(&catalogue(), TicketTypeId(1), Kind::Opportunity);
        assert_eq!(to_halo(&suggested, "st_r"), (Some(20), Reason::Meaning));
        assert_eq!(to_halo(&suggested, "st_q"), (Some(21), Reason::Name));
        // Work is not sent to a sales ticket, and nothing closes one by a likeness.
        assert_eq!(to_halo(&suggested, "st_a"), (None, Reason::Nothing));
        assert_eq!(to_hit(&suggested, 22), (Some("st_q".into()), Reason::Meaning));
        assert_eq!(to_hit(&suggested, 24), (Some("st_a".into()), Reason::Meaning));
        assert_eq!(to_hit(&suggested, 25), (None, Reason::Nothing));
        let lossy = losses(&suggested.map, &catalogue());
        assert_eq!(lossy.len(), 2, "{lossy:?}");
        assert!(
            lossy[0].starts_with("Qualified, Quote Sent all become Qualified in HumanizeIT"),
            "{lossy:?}"
        );
        assert!(lossy[1].starts_with("Lost in Halo change nothing"), "{lossy:?}");
    }

    #[test]
    fn what_is_written_leads_back() {
        for (id, kind) in [(1, Kind::Opportunity), (2, Kind::Project), (3, Kind::Project)] {
            let catalogue = catalogue();
            let suggested = suggest(&catalogue, TicketTypeId(id), kind);
            let of = &catalogue.ticket_types[&TicketTypeId(id)];
            assert_eq!(suggested.map.to_hit.len(), of.statuses.len());
            assert_eq!(suggested.map.to_halo.len(), catalogue.hit_statuses.len());
            for status in suggested.map.to_halo.values().filter_map(|to| to.status()) {
                assert!(matches!(suggested.map.to_hit[&status], HitTarget::To(_)), "{id}: {status}");
            }
        }
        // Where nothing is alike, the first open status is a guess that says so.
        let suggested = suggest(&catalogue(), TicketTypeId(3), Kind::Project);
        assert_eq!(to_halo(&suggested, "st_a"), (Some(40), Reason::First));
    }
}
