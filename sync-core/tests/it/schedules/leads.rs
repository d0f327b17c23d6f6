//! Whether each linked record leads to the other.

use super::check::{Violation, is_parted, link_of};
use super::engine::Engine;
use super::requests::LinkBacks;
use sync_core::decision::IssueCode;
use sync_core::ids::Side;
use sync_core::plan::Plan;

/// Whether a person is told that the link back of an item does not stay on the side.
fn tells_of(plan: &Plan, item: &str, side: Side) -> bool {
    plan.issues.iter().any(|issue| {
        issue.code == IssueCode::LinkBackNotKept
            && issue.subject.item.as_ref().is_some_and(|of| of.as_str() == item)
            && issue.subject.value.as_deref() == Some(side.name())
    })
}

/// Each linked record leads to the other, or a person was told that it does not.
pub(crate) fn link_backs(engine: &Engine<'_>, plan: &Plan) -> Result<(), Violation> {
    for (id, item) in engine.world.items.iter().filter(|(id, _)| !is_parted(engine, id)) {
        let Some(link) = link_of(engine, id).filter(|_| item.going.is_none()) else { continue };
        let Some((kind, ticket)) = link.leading().and_then(|kind| Some((kind, link.ticket(kind)?))) else {
            continue;
        };
        let Some(held) = engine.world.tickets.get(&ticket.0).filter(|held| held.going.is_none()) else {
            continue;
        };
        let from_hit = item.references.contains(&(kind, ticket.0));
        let marked = held.marker.is_some() || !engine.world.shows_links;
        let from_halo = marked || held.link_back.as_deref() == Some(id.as_str());
        for (side, leads) in [(Side::Halo, from_halo), (Side::Hit, from_hit)] {
            // Where a server keeps what it is sent, nobody may be told that it does not.
            let told = tells_of(plan, id, side);
            if told && engine.world.link_backs(side) == LinkBacks::Kept || !told && !leads {
                return Err(Violation::NoLinkBack(format!(
                    "{id} and {ticket}: in {} {leads}, told: {told}",
                    side.name()
                )));
            }
        }
    }
    Ok(())
}
