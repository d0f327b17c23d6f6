//! Rows of the status maps that cannot be told apart on the way back.

use std::collections::BTreeMap;

use sync_core::catalogue::Catalogue;
use sync_core::field::FieldId;
use sync_core::ids::{HitStatusId, StatusId};
use sync_core::settings::{HitTarget, Settings};

/// One line for each value that several statuses become, with what follows.
pub(super) fn rows(settings: &Settings, catalogue: &Catalogue) -> Vec<String> {
    let mut lines = Vec::new();
    for (id, map) in &settings.status {
        let Some(kind) = settings.followed_kind(*id) else { continue };
        let direction = settings.rule(kind, FieldId::Status).direction;
        let of =
            catalogue.ticket_types.get(id).map_or_else(|| id.to_string(), |found| found.name.to_string());
        let hit = |id: &HitStatusId| {
            catalogue.hit_statuses.get(id).map_or_else(|| format!("{id}"), |s| s.name.to_string())
        };
        let halo = |id: &StatusId| {
            catalogue.statuses.get(id).map_or_else(|| format!("{id}"), |s| s.name.to_string())
        };
        let mut outward = BTreeMap::<_, Vec<_>>::new();
        for (from, to) in &map.to_halo {
            if let Some(to) = to.status() {
                outward.entry(to).or_default().push(hit(from));
            }
        }
        for (to, from) in outward.iter().filter(|(_, from)| from.len() > 1) {
            let follows = match map.to_hit.get(to) {
                Some(HitTarget::To(back)) if direction.to_hit() => {
                    format!("a change to it in Halo makes them {}", hit(back))
                }
                _ => "Halo does not show which it was".to_owned(),
            };
            lines.push(format!("{of}: {} all become {}; {follows}", from.join(", "), halo(to)));
        }
        let mut inward = BTreeMap::<_, Vec<_>>::new();
        for (from, to) in &map.to_hit {
            if let HitTarget::To(to) = to {
                inward.entry(to).or_default().push(halo(from));
            }
        }
        for (to, from) in inward.iter().filter(|(_, from)| from.len() > 1) {
            let follows = match map.to_halo.get(*to).and_then(|target| target.status()) {
                Some(back) if direction.to_halo() => {
                    format!("a change to it in HumanizeIT makes them {}", halo(&back))
                }
                _ => "HumanizeIT does not show which it was".to_owned(),
            };
            lines.push(format!("{of}: {} all become {}; {follows}", from.join(", "), hit(to)));
        }
    }
    lines
}
