//! The agent's work hours, which HumanizeIT's guide wants to be 24.

use halo_client::Client;
use serde::Deserialize;

use super::ask;
use super::finding::{Finding, State};
use super::ledger::Ledger;

const CODE: &str = "work_hours_not_full";

/// Work hours.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Workday {
    name: String,
    start: String,
    end: String,
    alldayssame: bool,
    incmonday: bool,
    inctuesday: bool,
    incwednesday: bool,
    incthursday: bool,
    incfriday: bool,
    incsaturday: bool,
    incsunday: bool,
}

impl Workday {
    /// Whether they are all hours of all days; nothing where the days differ or have no times here.
    pub(crate) fn is_full(&self) -> Option<bool> {
        let told = !self.start.is_empty() && !self.end.is_empty() && self.alldayssame;
        told.then(|| self.every_day() && self.all_day())
    }

    fn every_day(&self) -> bool {
        self.incmonday
            && self.inctuesday
            && self.incwednesday
            && self.incthursday
            && self.incfriday
            && self.incsaturday
            && self.incsunday
    }

    /// From midnight to midnight, in any of the ways in which that is written.
    fn all_day(&self) -> bool {
        let time =
            |text: &str| text.rsplit('T').next().unwrap_or_default().get(..5).unwrap_or_default().to_owned();
        time(&self.start) == "00:00" && ["00:00", "23:59", "24:00"].contains(&time(&self.end).as_str())
    }
}

/// Judges the work hours of the agent; `id` is what its record names.
pub(super) async fn judge(client: &Client, id: Option<i64>, ledger: &mut Ledger) {
    let Some(id) = id.filter(|id| *id > 0) else {
        ledger.cannot_tell(CODE, "GET /Agent/me: no work hours are named");
        return;
    };
    let asked = format!("GET /Workday/{id}");
    match ask::get::<Workday>(client, &format!("/Workday/{id}")).await {
        Err(why) => ledger.cannot_tell(CODE, format!("{asked}: {why}")),
        Ok(found) => match found.is_full() {
            None => {
                let saw = format!("{asked}: {}, whose days differ or have no times here", found.name);
                ledger.cannot_tell(CODE, saw);
            }
            Some(full) => {
                let saw = format!("{asked}: {}, from {} to {}", found.name, found.start, found.end);
                ledger.put(Finding::new(CODE, if full { State::Ok } else { State::Warning }).saw(saw));
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_full_from_midnight_to_midnight() {
        let day =
            |start: &str, end: &str| Workday { start: start.into(), end: end.into(), ..Workday::default() };
        assert!(day("00:00:00", "23:59:59").all_day());
        assert!(day("1899-12-30T00:00:00", "1899-12-30T23:59:00").all_day());
        assert!(!day("08:00:00", "18:00:00").all_day());
        assert!(!day("", "").all_day());
    }
}
