//! Halo's clients, sites and users.

use serde_json::json;

use super::super::clock::{DAY, Millis, SEED_END, zoneless};
use super::super::state::{HaloSide, guid};
use super::super::store::Key;
use super::catalogue::row;
use super::names::{CLIENTS, FIRST, LAST};

/// What the rest of the seed needs to know of a client.
#[derive(Debug, Clone)]
pub(super) struct Client {
    pub(super) id: i64,
    /// Name in Halo.
    pub(super) name: String,
    /// Name as another system would write it: without legal suffix, or from before a renaming.
    pub(super) plain: String,
    pub(super) domain: String,
    pub(super) site: i64,
    /// Users with an address.
    pub(super) users: Vec<i64>,
    pub(super) open: bool,
}

/// The General User of the unassigned client.
const FIRST_USER: i64 = 20;

/// Makes the clients; the first is the unassigned one.
pub(super) fn fill_clients(halo: &mut HaloSide, random: &mut fastrand::Rng, count: usize) -> Vec<Client> {
    let mut clients = Vec::with_capacity(count);
    let mut next_site = 10;
    let mut next_user = FIRST_USER;
    for index in 0..count.max(2) {
        let id = if index == 0 { 1 } else { 10 + i64::try_from(index).unwrap_or(0) };
        let client = name_of(index, id, random);
        let inactive = index > 10 && index % 19 == 0;
        let stopped = index > 10 && index % 23 == 0;
        let sites = if index == 0 { 1 } else { 1 + random.usize(..3) };
        let mut made = Client { open: !inactive && !stopped, ..client };
        for n in 0..sites {
            next_site += 1;
            let name = match n {
                0 if index == 0 => "Unassigned",
                0 => "Main",
                1 => "Warehouse",
                _ => "Branch",
            };
            if n == 0 {
                made.site = next_site;
            }
            let site = row(
                json!({"id": next_site, "name": name, "client_id": id, "inactive": n == 2 && index % 5 == 0, "sla_id": 1,
                "phonenumber": format!("555-{next_site:04}"), "timezone": "", "notes": "", "isinvoicesite": n == 0,
                "isstocklocation": false, "country_code": "US"}),
            );
            halo.root_mut("site").put(Key::Int(next_site), site);
        }
        let people = if index == 0 { 0 } else { 2 + random.usize(..5) };
        for n in 0..=people {
            next_user += 1;
            let user = user_row(next_user, &made, n, random);
            if n > 0 {
                made.users.push(next_user);
            }
            halo.root_mut("users").put(Key::Int(next_user), user);
        }
        let created = SEED_END - DAY * (400 + random.i64(0..1200));
        // A few clients have lost their main site: one of the things a sync meets.
        let main_site = if index % 17 == 16 { 0 } else { made.site };
        let area = row(
            json!({"id": id, "name": made.name, "toplevel_id": 1, "inactive": inactive, "colour": "#3498db",
            "main_site_id": main_site, "main_contact_id": made.users.first().copied().unwrap_or(0),
            "website": if made.domain.is_empty() { String::new() } else { format!("https://www.{}", made.domain) },
            "domain": made.domain, "default_currency_code": 1, "stopped": i32::from(stopped), "is_vip": index % 13 == 3,
            "is_account": true, "customertype": 0, "ref": format!("C{id:05}"), "accountmanagertech": 7 + random.i64(0..2),
            "taxable": true, "datecreated": zoneless(created), "last_modified": zoneless(created),
            "guid": guid(random), "notes": ""}),
        );
        halo.root_mut("client").put(Key::Int(id), area);
        clients.push(made);
    }
    clients
}

fn name_of(index: usize, id: i64, random: &mut fastrand::Rng) -> Client {
    let blank = |name: String, plain: String, domain: String| Client {
        id,
        name,
        plain,
        domain,
        site: 0,
        users: Vec::new(),
        open: true,
    };
    if index == 0 {
        return blank("Unassigned".into(), String::new(), String::new());
    }
    let at = index - 1;
    let (base, suffix) = CLIENTS[at % CLIENTS.len()];
    let round = at / CLIENTS.len();
    let plain = match round {
        0 => base.to_owned(),
        // The second round begins with exact namesakes of other clients; then towns tell them apart.
        1 if at % CLIENTS.len() < 3 => base.to_owned(),
        _ => {
            let towns = ["Denver", "Tulsa", "Boise", "Omaha", "Fresno", "Macon"];
            format!(
                "{base} {} {}",
                towns[at % towns.len()],
                if round > 1 { round.to_string() } else { String::new() }
            )
            .trim_end()
            .to_owned()
        }
    };
    let letters: String = plain.to_lowercase().chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    let domain = if index % 7 == 5 {
        String::new()
    } else {
        format!("{letters}{}.example", if round > 0 { "2" } else { "" })
    };
    // Renamed in Halo, not elsewhere.
    let name = if index % 14 == 9 {
        format!("{} Group", LAST[random.usize(..LAST.len())])
    } else {
        format!("{plain}{suffix}")
    };
    blank(name, plain, domain)
}

fn user_row(id: i64, client: &Client, n: usize, random: &mut fastrand::Rng) -> super::super::store::Row {
    let general = n == 0;
    let (first, last) = if general {
        ("General", "User")
    } else {
        (FIRST[random.usize(..FIRST.len())], LAST[random.usize(..LAST.len())])
    };
    let domain = if client.domain.is_empty() { "mail.example" } else { client.domain.as_str() };
    let email = if general {
        String::new()
    } else {
        format!("{}.{}@{domain}", first.to_lowercase(), last.to_lowercase())
    };
    row(
        json!({"id": id, "name": format!("{first} {last}"), "firstname": first, "surname": last, "initials": "",
        "emailaddress": email, "phonenumber": "", "site_id": client.site, "client_id": client.id, "inactive": false,
        "isserviceaccount": false, "isgeneraluser": general, "isimportantcontact": n == 1, "neversendemails": false,
        "linked_agent_id": 0, "login": "", "notes": ""}),
    )
}

/// A moment in the seeded past, at most `days` ago.
pub(super) fn past(random: &mut fastrand::Rng, days: i64) -> Millis {
    SEED_END - random.i64(0..days.max(1) * DAY)
}
