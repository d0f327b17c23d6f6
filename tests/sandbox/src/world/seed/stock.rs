//! What else a provider has in Halo: assets, items, suppliers, articles, contracts, quotations.

use serde_json::{Value, json};

use super::super::clock::{DAY, SEED_END, zoneless};
use super::super::state::{HaloSide, guid};
use super::super::store::{Key, int, text};
use super::catalogue::row;
use super::people::{Client, past};

fn put(halo: &mut HaloSide, root: &str, value: Value) {
    let row = row(value);
    if let Some(key) = row.get("id").and_then(Key::of) {
        halo.root_mut(root).put(key, row);
    }
}

/// Fills them. The quotations are those the tickets count.
pub(super) fn fill_stock(halo: &mut HaloSide, random: &mut fastrand::Rng, clients: &[Client]) {
    for (id, name) in [(1, "Pax Distribution"), (2, "Northern Cloud Wholesale"), (3, "Cablehouse")] {
        put(
            halo,
            "supplier",
            json!({"id": id, "name": name, "inactive": false, "emailaddress": "orders@supplier.example"}),
        );
    }
    let items = [
        ("Firewall, small office", 899.0, 640.0),
        ("Laptop, 14 inch", 1299.0, 1010.0),
        ("Access point", 219.0, 150.0),
        ("Backup per server", 45.0, 22.0),
        ("Engineer, per hour", 150.0, 0.0),
    ];
    for ((name, price, cost), id) in items.iter().zip(1_i64..) {
        put(
            halo,
            "item",
            json!({"id": id, "name": name, "baseprice": price, "costprice": cost, "assetgroup_id": 1, "supplier_id": 1,
            "taxable": true, "isrecurringitem": id == 4, "quantity_in_stock": 3.0, "status": 0}),
        );
    }
    for (name, id) in
        ["Set up multi-factor authentication", "Connect to the VPN", "Order a new laptop"].iter().zip(1_i64..)
    {
        put(
            halo,
            "kbarticle",
            json!({"id": id, "name": name, "description": format!("<p>{name}, step by step.</p>"), "inactive": false,
            "type": 0, "view_count": 0, "date_created": zoneless(past(random, 300))}),
        );
    }
    let mut asset = 0;
    let mut contract = 0;
    for client in clients.iter().skip(1) {
        for _ in 0..random.usize(1..4) {
            asset += 1;
            let kind = random.i64(1..4);
            let name = ["Workstation", "Server", "Firewall"][usize::try_from(kind - 1).unwrap_or(0)];
            put(
                halo,
                "asset",
                json!({"id": asset, "inventory_number": format!("NW-{asset:05}"), "key_field": format!("{name} {asset}"),
                "client_id": client.id, "client_name": client.name, "site_id": client.site, "site_name": "Main", "assettype_id": kind,
                "assettype_name": name, "status_id": 102, "inactive": random.u8(..12) == 0, "guid": guid(random)}),
            );
        }
        if random.bool() {
            contract += 1;
            put(
                halo,
                "clientcontract",
                json!({"id": contract, "ref": format!("MSA-{contract:04}"), "client_id": client.id,
                "client_name": client.name, "site_id": client.site, "start_date": zoneless(SEED_END - 200 * DAY),
                "end_date": zoneless(SEED_END + 165 * DAY), "active": true, "started": true, "expired": false}),
            );
        }
    }
    let quoted: Vec<(i64, i64, String, f64)> = halo
        .tickets
        .iter()
        .filter(|(_, ticket)| int(ticket, "quotation_count") > 0)
        .map(|(_, ticket)| {
            let value = ticket.get("oppvalue").and_then(Value::as_f64).unwrap_or(0.0);
            (int(ticket, "id"), int(ticket, "client_id"), text(ticket, "summary").to_owned(), value)
        })
        .collect();
    for ((ticket, client, title, value), id) in quoted.into_iter().zip(1_i64..) {
        put(
            halo,
            "quotation",
            json!({"id": id, "title": title, "ticket_id": ticket, "client_id": client, "status": 1, "revenue": value,
            "tax_total": 0.0, "total": value, "date": zoneless(SEED_END - 10 * DAY), "currency": "USD", "lines": []}),
        );
    }
}
