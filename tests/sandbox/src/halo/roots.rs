//! The path roots of the API document and what each offers; and how their lists are wrapped.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What a root offers.
#[derive(Debug, Default)]
pub(super) struct Root {
    /// Its name as documented.
    pub(super) name: &'static str,
    pub(super) list: bool,
    pub(super) paged: bool,
    pub(super) write: bool,
    pub(super) get: bool,
    pub(super) delete: bool,
    /// Further paths below it, `{}` for a parameter, with the methods G, P, D.
    pub(super) others: Vec<(&'static str, &'static str)>,
}

static ROOTS: LazyLock<BTreeMap<String, Root>> = LazyLock::new(|| {
    include_str!("facts/roots.txt")
        .lines()
        .filter_map(parse)
        .map(|root| (root.name.to_ascii_lowercase(), root))
        .collect()
});

fn parse(line: &'static str) -> Option<Root> {
    let mut words = line.split_whitespace();
    let (name, flags) = (words.next()?, words.next()?);
    let has = |flag: char| flags.contains(flag);
    let others = words.filter_map(|word| word.rsplit_once(':')).collect();
    Some(Root {
        name,
        list: has('L'),
        paged: has('P'),
        write: has('W'),
        get: has('G'),
        delete: has('D'),
        others,
    })
}

/// The root of a name in lower case.
pub(super) fn find(name: &str) -> Option<&'static Root> {
    ROOTS.get(name)
}

impl Root {
    /// The methods of a further path, segments in lower case.
    pub(super) fn other(&self, path: &[String]) -> Option<&'static str> {
        self.others.iter().find_map(|(pattern, methods)| {
            let parts: Vec<&str> = pattern.split('/').collect();
            let fits = parts.len() == path.len()
                && parts
                    .iter()
                    .zip(path)
                    .all(|(part, segment)| *part == "{}" || part.eq_ignore_ascii_case(segment));
            fits.then_some(*methods)
        })
    }
}

/// The key a root's list stands under; none: the list is a bare array.
pub(super) fn envelope(root: &str) -> Option<&'static str> {
    Some(match root {
        "tickets" | "projects" | "opportunities" => "tickets",
        "actions" | "crmnote" => "actions",
        "client" => "clients",
        "site" => "sites",
        "users" => "users",
        "agent" => "results",
        "asset" => "assets",
        "attachment" => "attachments",
        "clientcontract" | "suppliercontract" => "contracts",
        "invoice" | "recurringinvoice" => "invoices",
        "item" => "items",
        "kbarticle" => "articles",
        "quotation" => "quotes",
        "salesorder" => "salesorders",
        "purchaseorder" => "purchaseorders",
        "supplier" => "suppliers",
        "report" => "reports",
        "appointment" => "appointments",
        "release" => "releases",
        "softwarelicence" => "licences",
        "service" => "services",
        "invoicepayment" => "payments",
        "milestone" => "data",
        "dashboardlinks" => "dashboards",
        "automation" => "automations",
        "event" | "incomingevent" | "webhookevent" => "events",
        "outgoing" => "outgoing",
        "outgoingattempt" => "attempts",
        "itemstock" => "itemstock",
        "invoicechange" | "assetchange" | "itemstockhistory" => "changehistory",
        "clientprepay" => "prepay",
        "consignment" => "consignments",
        "calllog" => "calllog",
        "feed" => "feed",
        "audit" => "audit",
        "distributionlists" => "distributionlists",
        "template" => "templates",
        "toplevel" => "toplevels",
        _ => return None,
    })
}

/// Whether a root's ids are GUIDs.
pub(super) fn guid_ids(root: &str) -> bool {
    matches!(
        root,
        "webhook" | "webhookevent" | "priority" | "roles" | "application" | "dashboardlinks" | "automation"
    )
}

/// The scope area and the agent's right a root asks for.
pub(super) fn area(root: &str) -> (&'static str, &'static str) {
    match root {
        "tickets" | "actions" | "attachment" | "todo" | "ticketapproval" | "externallink" | "milestone" => {
            ("tickets", "")
        }
        "projects" => ("projects", ""),
        "opportunities" => ("sales", "sales"),
        "client" | "site" | "toplevel" => ("customers", "customers"),
        "users" | "userroles" | "userchange" => ("customers", "users"),
        "crmnote" => ("crm", "customers"),
        "asset" | "assettype" | "assetgroup" | "assetsoftware" | "assetchange" => ("assets", "assets"),
        "item" | "itemstock" | "itemgroup" => ("items", "items"),
        "invoice" | "recurringinvoice" | "invoicepayment" | "invoicechange" => ("invoices", "invoices"),
        "quotation" => ("quotes", "quotes"),
        "salesorder" => ("sos", "quotes"),
        "purchaseorder" => ("pos", "suppliers"),
        "supplier" => ("suppliers", "suppliers"),
        "clientcontract" | "suppliercontract" | "contractschedule" | "clientprepay" => {
            ("contracts", "contracts")
        }
        "appointment" | "holiday" => ("calendar", "calendar"),
        "timesheet" | "timesheetevent" => ("timesheets", "timesheets"),
        "kbarticle" | "faqlists" => ("kb", "kb"),
        "report" | "reportdata" => ("reporting", "reports"),
        "softwarelicence" => ("software", "assets"),
        "webhook" | "webhookevent" | "notification" | "webhookrepository" => ("webhooks", ""),
        "roles" | "application" | "audit" => ("", "administrator"),
        _ => ("", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_roots_of_the_document_are_there() {
        assert_eq!(ROOTS.len(), 332);
        let tickets = find("tickets").unwrap();
        assert!(tickets.list && tickets.paged && tickets.write && tickets.get && tickets.delete);
        assert_eq!(tickets.other(&["object".into()]), Some("P"));
        assert!(find("department").is_none());
        assert!(!find("team").unwrap().paged);
    }
}
