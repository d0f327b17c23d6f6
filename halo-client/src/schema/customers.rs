//! Customers: clients, their sites, their people.

use rest_core::lean;
use rest_core::record::Record;

use super::{Agent, CustomField, ExternalLink, Sla};
use crate::Id;
use crate::id::{assigned, not_negative, positive};
use crate::value::{Time, set_time};

lean! {
    /// A customer. Halo's `Area`.
    pub struct Client as "client" {
        /// Its id; 1 is the "unknown" client.
        id: Id<Client> = "id",
        /// Its name.
        name: String = "name",
        /// The organisation above it.
        toplevel_id: i64 = "toplevel_id",
        /// The name of that.
        toplevel_name: String = "toplevel_name",
        /// Whether it was set inactive.
        inactive: bool = "inactive",
        /// Whether work for it is stopped.
        stopped: bool = "stopped",
        /// Its main site.
        main_site_id: Id<Site> = "main_site_id" via positive,
        /// Its main contact.
        main_contact_id: Id<User> = "main_contact_id" via positive,
        /// Its web site.
        website: String = "website",
        /// Its domain.
        domain: String = "domain",
        /// Its number in the accounts.
        accountsid: String = "accountsid",
        /// Its reference.
        reference: String = "ref",
        /// Number of its default currency.
        default_currency_code: i64 = "default_currency_code",
        /// Its account manager; none for the "unassigned" agent.
        accountmanagertech: Id<Agent> = "accountmanagertech" via assigned,
        /// When it was made.
        datecreated: Time = "datecreated" via set_time,
        /// Custom fields; on the detail.
        customfields: Vec<Record<CustomField>> = "customfields",
        /// Records of other systems it is linked to; on the detail.
        external_links: Vec<Record<ExternalLink>> = "external_links",
        /// What the server did not like although it answered with success.
        warning: String = "_warning",
    }

    /// A place of a client.
    pub struct Site as "site" {
        /// Its id.
        id: Id<Site> = "id",
        /// Its name.
        name: String = "name",
        /// The client.
        client_id: Id<Client> = "client_id" via assigned,
        /// The client's name.
        client_name: String = "client_name",
        /// Both names.
        clientsite_name: String = "clientsite_name",
        /// Whether it was set inactive.
        inactive: bool = "inactive",
        /// Its SLA; none where Halo writes -1.
        sla_id: Id<Sla> = "sla_id" via not_negative,
        /// Its telephone number.
        phonenumber: String = "phonenumber",
        /// Its time zone.
        timezone: String = "timezone",
        /// Whether invoices go there.
        isinvoicesite: bool = "isinvoicesite",
        /// Whether it is a stock.
        isstocklocation: bool = "isstocklocation",
        /// What the server did not like although it answered with success.
        warning: String = "_warning",
    }

    /// A person at a client. Halo's `Users`.
    pub struct User as "user" {
        /// Their id.
        id: Id<User> = "id",
        /// Their name.
        name: String = "name",
        /// First name.
        firstname: String = "firstname",
        /// Last name.
        surname: String = "surname",
        /// Their address.
        emailaddress: String = "emailaddress",
        /// Their telephone number.
        phonenumber: String = "phonenumber",
        /// Their mobile number.
        mobilenumber: String = "mobilenumber",
        /// The site.
        site_id: Id<Site> = "site_id" via positive,
        /// The site's name.
        site_name: String = "site_name",
        /// The client.
        client_id: Id<Client> = "client_id" via assigned,
        /// The client's name.
        client_name: String = "client_name",
        /// Whether they were set inactive.
        inactive: bool = "inactive",
        /// Whether they are no person.
        isserviceaccount: bool = "isserviceaccount",
        /// Whether they never get mail.
        neversendemails: bool = "neversendemails",
        /// The agent they are too.
        linked_agent_id: Id<Agent> = "linked_agent_id" via positive,
        /// What the server did not like although it answered with success.
        warning: String = "_warning",
    }
}
