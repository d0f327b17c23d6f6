//! Closing an opportunity as won is more than a status. What it is here is learned from one that sales has won, held
//! against one that was lost.

use std::collections::BTreeMap;

use halo_client::{Client as HaloClient, Error};
use serde::de::IgnoredAny;
use serde_json::Value;
use sync_core::ids::StatusId;
use sync_core::settings::CloseRecipe;

use super::Draft;
use super::connect::World;
use super::talk::Talk;
use crate::exit::Failure;
use crate::render::Style;

/// Words in the names of fields that say how an opportunity was closed. Everything else that differs between two tickets
/// (names, numbers, dates) is theirs alone.
const TELLING: [&str; 6] = ["closure", "won", "lost", "closereason", "oppreason", "outcome"];

impl Draft {
    pub(super) async fn closing_as_won(&mut self, talk: &mut Talk<'_>, world: &World) -> Result<(), Failure> {
        let opportunity = self.settings.project.opportunity.create_type;
        if opportunity.is_none() || self.settings.project.project.create_type.is_none() {
            return Ok(());
        }
        talk.heading("13  Approved items and their opportunities");
        talk.say(
            "When an item is approved, the sync adopts the project that Halo's workflow makes, or makes one beside the \
             opportunity. The opportunity stays open unless you show how yours are closed as won.",
        );
        let had = self.settings.sync.promotion.won.is_some();
        if !talk.yes("won.use", "Close the opportunity as won?", had)? {
            self.settings.sync.promotion.won = None;
            return Ok(());
        }
        talk.say("Point at one opportunity that was won and one that was lost (their ticket numbers, closed as usual).");
        let won = example(talk, &world.halo, "won.example", "Number of a won opportunity").await?;
        let lost = example(talk, &world.halo, "won.lost_example", "Number of a lost one").await?;
        let has = &world.catalogue;
        let status = won.get("status_id").and_then(whole).map(StatusId);
        let other = lost.get("status_id").and_then(whole).map(StatusId);
        let allowed = opportunity.and_then(|id| has.ticket_types.get(&id));
        let Some(status) = status.filter(|id| {
            has.statuses.get(id).is_some_and(|found| found.closed)
                && allowed.is_none_or(|of| of.allows(*id))
                && other != Some(*id)
        }) else {
            talk.styled(
                Style::Warning,
                "These two do not tell: the won one must be closed, in a status of the opportunity type that the lost one \
                 is not in. The opportunity will stay open.",
            );
            self.settings.sync.promotion.won = None;
            return Ok(());
        };
        let constants = differing(&won, &lost);
        let name = has.statuses.get(&status).map_or("unknown", |status| &status.name);
        talk.say(&format!("Closing as won means: status {name} ({status})."));
        talk.items(constants.iter().map(|(field, value)| format!("{field} = {value}")));
        if talk.yes("won.ok", "Is that all that makes an opportunity a won one?", true)? {
            self.settings.sync.promotion.won = Some(CloseRecipe { status, constants });
        } else {
            self.settings.sync.promotion.won = None;
            talk.say("Then the opportunity stays open; [sync.promotion] can say it in full.");
        }
        Ok(())
    }
}

/// A ticket's fields as Halo has them.
async fn read(halo: &HaloClient, id: i64) -> Result<BTreeMap<String, Value>, Error> {
    let record = halo.tickets().get(id).includedetails(true).row_as::<IgnoredAny>().await?;
    // The row was read as an object a moment ago.
    Ok(serde_json::from_str(record.raw().get()).unwrap_or_default())
}

async fn example(
    talk: &mut Talk<'_>,
    halo: &HaloClient,
    id: &str,
    prompt: &str,
) -> Result<BTreeMap<String, Value>, Failure> {
    loop {
        let text = talk.text(id, prompt, None)?;
        let why = match text.trim_start_matches('#').parse::<i64>() {
            Err(_) => format!("{text:?} is no ticket number"),
            Ok(number) => match read(halo, number).await {
                Ok(found) if !found.is_empty() => return Ok(found),
                Ok(_) => format!("ticket {number} cannot be read"),
                Err(error) => format!("ticket {number} cannot be read ({})", error.message()),
            },
        };
        let why = Failure::configuration("example_unreadable", why, "name one that the agent may see");
        talk.styled(Style::Warning, &why.to_string());
        talk.refuse(id, &why)?;
    }
}

fn whole(value: &Value) -> Option<i64> {
    value
        .as_i64()
        .or_else(|| value.as_f64().filter(|number| number.fract() == 0.0).map(|number| number as i64))
}

/// The fields that tell a won opportunity from a lost one, with the won one's values as JSON.
fn differing(won: &BTreeMap<String, Value>, lost: &BTreeMap<String, Value>) -> BTreeMap<Box<str>, Box<str>> {
    let telling = |name: &str| {
        let name = name.to_lowercase();
        TELLING.iter().any(|word| name.contains(word))
            && !["date", "time", "agent", "note"].iter().any(|word| name.contains(word))
    };
    let plain = |value: &Value| match value {
        Value::Null | Value::Array(_) | Value::Object(_) => false,
        Value::String(text) => !text.is_empty(),
        _ => true,
    };
    won.iter()
        .filter(|(name, value)| telling(name) && plain(value) && lost.get(*name) != Some(*value))
        .map(|(name, value)| (name.as_str().into(), value.to_string().into()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_tells_how_it_was_closed_is_learned() {
        let fields = |json: &str| serde_json::from_str::<BTreeMap<String, Value>>(json).unwrap();
        let won = fields(
            r#"{"id":1,"summary":"A","status_id":24,"oppclosurecategory":1,"closure_note":"x","closure_agent_id":3,
                "closure_time":2.5,"dateclosed":"2026-01-01","oppvalue":10.0,"oppreason":"","hasbeenclosed":true}"#,
        );
        let lost = fields(r#"{"id":2,"summary":"B","status_id":25,"oppclosurecategory":2,"oppvalue":20.0}"#);
        let learned = differing(&won, &lost);
        assert_eq!(
            learned.iter().map(|(k, v)| (&**k, &**v)).collect::<Vec<_>>(),
            [("oppclosurecategory", "1")]
        );
    }
}
