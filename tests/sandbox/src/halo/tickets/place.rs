//! Where a ticket belongs: client, site, user, team, agent.

use serde_json::json;

use super::super::auth::Caller;
use super::super::wire::Reply;
use super::write::refused;
use crate::world::store::{flag, int, text};
use crate::world::{Row, World};

/// Settles client, site and user.
pub(super) fn place(world: &World, caller: &Caller, sent: &Row, ticket: &mut Row) -> Result<(), Reply> {
    let user = Some(int(sent, "user_id")).filter(|id| *id > 0);
    let user_row = user.and_then(|id| world.halo.row("users", id));
    if user.is_some() && user_row.is_none() {
        return Err(Reply::exception(400, "User not found"));
    }
    let site =
        Some(int(sent, "site_id")).filter(|id| *id > 0).or_else(|| user_row.map(|u| int(u, "site_id")));
    let site_row = site.and_then(|id| world.halo.row("site", id));
    if site.is_some() && site_row.is_none() {
        return Err(Reply::exception(400, "Site not found"));
    }
    let client = Some(int(sent, "client_id"))
        .filter(|id| *id > 0)
        .or_else(|| site_row.map(|s| int(s, "client_id")))
        .unwrap_or(1);
    let client_row =
        world.halo.row("client", client).ok_or_else(|| Reply::exception(400, "Customer not found"))?;
    if !caller.rights.may_see_client(client) {
        return Err(refused("You do not have access to this Customer."));
    }
    if flag(client_row, "inactive") {
        return Err(Reply::text(400, "The selected Customer is inactive"));
    }
    if int(client_row, "stopped") != 0 {
        return Err(Reply::text(400, "The selected Customer is on stop"));
    }
    let of_client = |row: &&Row| int(row, "client_id") == client && !flag(row, "inactive");
    let site = match site_row.filter(of_client) {
        Some(row) => int(row, "id"),
        None => match int(client_row, "main_site_id") {
            0 => {
                let sites = world.halo.root("site").into_iter().flat_map(|s| s.iter()).map(|(_, row)| row);
                let open: Vec<&Row> = sites.filter(of_client).collect();
                match open.as_slice() {
                    [only] => int(only, "id"),
                    _ => return Err(Reply::text(400, "A Site must be selected")),
                }
            }
            main => main,
        },
    };
    let general = || {
        let users = world.halo.root("users").into_iter().flat_map(|s| s.iter()).map(|(_, row)| row);
        users
            .filter(|row| int(row, "client_id") == client)
            .find(|row| flag(row, "isgeneraluser"))
            .map_or(0, |row| int(row, "id"))
    };
    let user =
        user_row.filter(|row| int(row, "client_id") == client).map_or_else(general, |row| int(row, "id"));
    ticket.insert("client_id".into(), json!(client));
    ticket.insert("site_id".into(), json!(site));
    ticket.insert("user_id".into(), json!(user));
    Ok(())
}

/// Settles team and agent.
pub(super) fn assign(world: &World, sent: &Row, kind: &Row, ticket: &mut Row) -> Result<(), Reply> {
    let team = team_named(world, text(sent, "team")).unwrap_or_else(|| text(kind, "default_team").to_owned());
    let agent =
        Some(int(sent, "agent_id")).filter(|id| *id > 0).unwrap_or_else(|| int(kind, "default_agent").max(1));
    check_agent(world, agent)?;
    ticket.insert("team".into(), json!(team));
    ticket.insert("agent_id".into(), json!(agent));
    Ok(())
}

/// Refuses an agent that does not exist or is not active.
pub(super) fn check_agent(world: &World, agent: i64) -> Result<(), Reply> {
    if agent > 1 && world.halo.row("agent", agent).is_none_or(|row| flag(row, "isdisabled")) {
        return Err(Reply::exception(400, "The selected Agent does not exist or is not active."));
    }
    Ok(())
}

/// A team as it is spelt; a name that is none is passed over.
pub(super) fn team_named(world: &World, name: &str) -> Option<String> {
    let teams = world.halo.root("team")?;
    teams
        .iter()
        .map(|(_, row)| text(row, "name"))
        .find(|held| !name.is_empty() && held.eq_ignore_ascii_case(name))
        .map(str::to_owned)
}
