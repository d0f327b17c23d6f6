//! Contracts with clients and suppliers, and the suppliers.

use rest_core::lean;
use rest_core::record::{Decimal, Record};

use super::{Client, CustomField, ExternalLink, Site, Sla, User};
use crate::Id;
use crate::id::{assigned, not_negative, positive};
use crate::value::{Time, set_time};

lean! {
    /// A contract with a client. Halo's `ContractHeader`.
    pub struct ClientContract as "client contract" {
        /// Its id.
        id: Id<ClientContract> = "id",
        /// Its reference.
        reference: String = "ref",
        /// What the reference goes on with.
        refextra: String = "refextra",
        /// The client; none for the "unknown" client with id 1.
        client_id: Id<Client> = "client_id" via assigned,
        /// The client's name.
        client_name: String = "client_name",
        /// The site.
        site_id: Id<Site> = "site_id" via positive,
        /// The site's name.
        site_name: String = "site_name",
        /// Who it is for.
        user_id: Id<User> = "user_id" via positive,
        /// Their name.
        user_name: String = "user_name",
        /// Its type.
        contracttype: i64 = "contracttype",
        /// The type's name.
        contracttype_name: String = "contracttype_name",
        /// Its status as a number.
        status: i64 = "status",
        /// Its status as a text.
        contract_status: String = "contract_status",
        /// Whether it is active.
        active: bool = "active",
        /// Whether it has begun.
        started: bool = "started",
        /// Whether it is over.
        expired: bool = "expired",
        /// When it begins.
        start_date: Time = "start_date" via set_time,
        /// When it ends.
        end_date: Time = "end_date" via set_time,
        /// When it is next invoiced.
        next_invoice_date: Time = "next_invoice_date" via set_time,
        /// Its billing period; the numbers are not documented.
        billingperiod: i64 = "billingperiod",
        /// What a period costs.
        periodchargeamount: Decimal = "periodchargeamount",
        /// Its SLA; none where Halo writes -1.
        sla_id: Id<Sla> = "sla_id" via not_negative,
        /// What it says about it.
        note: String = "note",
        /// What was paid in advance; on the detail.
        contract_prepaytotal: Decimal = "contract_prepaytotal",
        /// What of that was used; on the detail.
        contract_prepayused: Decimal = "contract_prepayused",
        /// What of that is left; on the detail.
        contract_prepaybalance: Decimal = "contract_prepaybalance",
        /// How long it runs, in months; on the detail.
        termmonths: i64 = "termmonths",
        /// Whether it goes on until it is ended; on the detail.
        rollingcontract: bool = "rollingcontract",
        /// When it was last changed.
        last_modified: Time = "last_modified" via set_time,
        /// Custom fields; on the detail.
        customfields: Vec<Record<CustomField>> = "customfields",
        /// What the server did not like although it answered with success.
        warning: String = "_warning",
    }

    /// A contract with a supplier. Halo's `Contract`.
    pub struct SupplierContract as "supplier contract" {
        /// Its id.
        id: Id<SupplierContract> = "id",
        /// Its reference.
        reference: String = "ref",
        /// The supplier.
        supplier_id: Id<Supplier> = "supplier_id" via positive,
        /// The supplier's name.
        supplier_name: String = "supplier_name",
        /// What it is about.
        contract_description: String = "contract_description",
        /// Whether it is active.
        active: bool = "active",
        /// Whether it has begun.
        started: bool = "started",
        /// Whether it is over.
        expired: bool = "expired",
        /// When it begins.
        start_date: Time = "start_date" via set_time,
        /// When it ends.
        end_date: Time = "end_date" via set_time,
        /// Its SLA; none where Halo writes -1.
        sla_id: Id<Sla> = "sla_id" via not_negative,
        /// Custom fields; on the detail.
        customfields: Vec<Record<CustomField>> = "customfields",
    }

    /// A supplier or a manufacturer. Halo's `Company`; Halo's own schema `Supplier` is
    /// [`SupplierLink`](super::SupplierLink).
    pub struct Supplier as "supplier" {
        /// Its id.
        id: Id<Supplier> = "id",
        /// Its name.
        name: String = "name",
        /// Whom to ask there.
        contact_name: String = "contact_name",
        /// Its address.
        email_address: String = "email_address",
        /// Its telephone number.
        phone_number: String = "phone_number",
        /// Its web site.
        website: String = "website",
        /// Its number in the accounts.
        accounts_id: String = "accounts_id",
        /// Whether it supplies.
        is_supplier: bool = "is_supplier",
        /// Whether it makes things.
        is_manufacturer: bool = "is_manufacturer",
        /// Whether it was set inactive.
        inactive: bool = "inactive",
        /// Number of its default currency.
        default_currency_code: i64 = "default_currency_code",
        /// When it was made.
        datecreated: Time = "datecreated" via set_time,
        /// Custom fields; on the detail.
        customfields: Vec<Record<CustomField>> = "customfields",
        /// Records of other systems it is linked to; on the detail.
        external_links: Vec<Record<ExternalLink>> = "external_links",
        /// What the server did not like although it answered with success.
        warning: String = "_warning",
    }
}
