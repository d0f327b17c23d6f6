//! On which machine the database lives. The lease keeps two processes of one machine apart; a copy on a second machine
//! has a lease of its own, and two syncs would work from two memories.
//!
//! What can be noticed is that a database is used somewhere else than the last time. That is no error (somebody moved
//! it, or restored a backup), but if it is still used in the first place as well, somebody has to know.

use serde::{Deserialize, Serialize};
use sync_core::decision::Subject;
use sync_core::hash::Hash128;

use crate::app::App;
use crate::exit::Failure;
use crate::storage::{Change, Lease, NewIssue};

const FACT: &str = "home";
/// Names a Linux machine for as long as it is installed. Where it is missing, as in many containers, machines cannot be
/// told apart, and nothing is said.
const MACHINE: &str = "/etc/machine-id";
const HOST_NAME: &str = "/proc/sys/kernel/hostname";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Home {
    /// A digest of the machine's name for itself, which is nobody else's business.
    machine: Hash128,
    /// What people call it.
    host: String,
    path: String,
}

impl Home {
    fn here(app: &App) -> Option<Self> {
        let machine = std::fs::read_to_string(MACHINE).ok().filter(|text| !text.trim().is_empty())?;
        let host = std::fs::read_to_string(HOST_NAME).unwrap_or_default().trim().to_owned();
        let database = &app.config.database;
        let path = database.canonicalize().unwrap_or_else(|_| database.clone()).display().to_string();
        Some(Self { machine: Hash128::of(format!("halo-hit/{}", machine.trim()).as_bytes()), host, path })
    }

    fn warning(&self, before: &Home) -> Option<String> {
        let place = if before.machine != self.machine {
            format!("on another machine ({})", before.host)
        } else if before.path != self.path {
            format!("as {}", before.path)
        } else {
            return None;
        };
        Some(format!(
            "This database was last used {place}. If it was moved or restored, all is well: dismiss this. If it is still \
             used there, stop one of the two, because two syncs with two memories would work on the same tenants."
        ))
    }
}

/// Notes where the database is used, and reports it as an issue if that has changed; the warning, in that case.
///
/// # Errors
/// Those of the store.
pub(crate) async fn look(app: &App, lease: &Lease) -> Result<Option<String>, Failure> {
    let Some(here) = Home::here(app) else { return Ok(None) };
    let text = app.store.fact(FACT).await?;
    let before = text.and_then(|text| serde_json::from_str::<Home>(&text).ok());
    if before.as_ref() == Some(&here) {
        return Ok(None);
    }
    let warning = before.and_then(|before| here.warning(&before));
    let now = app.now();
    if let Some(sentence) = &warning {
        let issue = NewIssue {
            id: Hash128::of(format!("database_moved/{sentence}").as_bytes()),
            code: "database_moved".to_owned(),
            subject: Subject::default(),
            sentence: sentence.clone(),
            blocks_gate: false,
        };
        app.store.commit(lease, &[Change::OpenIssue(Box::new(issue))], now).await?;
    }
    let body = serde_json::to_string(&here).map_err(|error| {
        Failure::other("internal", error.to_string(), "nothing was lost; please report this")
    })?;
    app.store.note_fact(FACT, &body, now).await?;
    Ok(warning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_machine_or_path_is_told_and_the_same_is_not() {
        let home = |machine: &str, path: &str| Home {
            machine: Hash128::of(machine.as_bytes()),
            host: machine.to_owned(),
            path: path.to_owned(),
        };
        let here = home("m1", "/srv/a.db");
        assert_eq!(here.warning(&here), None);
        assert!(here.warning(&home("m2", "/srv/a.db")).unwrap().contains("another machine (m2)"));
        assert!(here.warning(&home("m1", "/srv/b.db")).unwrap().contains("as /srv/b.db"));
    }
}
