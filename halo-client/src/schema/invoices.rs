//! Invoices, recurring ones too, their lines and their payments.

use rest_core::lean;
use rest_core::record::{Decimal, Record};

use super::{Asset, Client, ClientContract, CustomField, ExternalLink, Item, SalesOrder, Ticket};
use crate::Id;
use crate::id::{assigned, positive};
use crate::value::{Time, set_time};

lean! {
    /// An invoice. Halo's `InvoiceHeader`. Recurring invoices are records of the same kind with negative ids
    /// (observed by public clients).
    pub struct Invoice as "invoice" {
        /// Its id.
        id: Id<Invoice> = "id",
        /// Its number.
        invoicenumber: String = "invoicenumber",
        /// Its number in the accounts.
        thirdpartyinvoicenumber: String = "thirdpartyinvoicenumber",
        /// Its name.
        name: String = "name",
        /// The client; none for the "unknown" client with id 1.
        client_id: Id<Client> = "client_id" via assigned,
        /// The client's name.
        client_name: String = "client_name",
        /// The site; the other schemas call it `site_id`.
        sitenumber: Id<super::Site> = "sitenumber" via positive,
        /// The site's name.
        site_name: String = "site_name",
        /// The ticket it belongs to.
        ticket_id: Id<Ticket> = "ticket_id" via positive,
        /// The contract it belongs to.
        contract_id: Id<ClientContract> = "contract_id" via positive,
        /// The contract's reference.
        contract_ref: String = "contract_ref",
        /// The sales order it belongs to.
        salesorder_id: Id<SalesOrder> = "salesorder_id" via positive,
        /// Its kind as a number.
        invoicetype: i64 = "invoicetype",
        /// Whether it is one that makes others.
        is_recurring_invoice: bool = "is_recurring_invoice",
        /// The recurring invoice that made it; negative, as those ids are.
        recurring_invoice_id: Id<Invoice> = "recurring_invoice_id",
        /// Its date.
        invoice_date: Time = "invoice_date" via set_time,
        /// When it must be paid.
        duedate: Time = "duedate" via set_time,
        /// When it was sent.
        datesent: Time = "datesent" via set_time,
        /// When it was paid.
        datepaid: Time = "datepaid" via set_time,
        /// When it went to the accounts.
        dateposted: Time = "dateposted" via set_time,
        /// Whether it went to the accounts.
        posted: bool = "posted",
        /// Whether it was voided.
        voided: bool = "voided",
        /// Whether it is paid, as a number.
        paymentstatus: i64 = "paymentstatus",
        /// Its currency.
        currency: String = "currency",
        /// Its value before tax.
        revenue: Decimal = "revenue",
        /// Its tax.
        tax_total: Decimal = "tax_total",
        /// Its value.
        total: Decimal = "total",
        /// What was paid.
        amountpaid: Decimal = "amountpaid",
        /// What must be paid.
        amountdue: Decimal = "amountdue",
        /// The client's order number.
        order_number: String = "order_number",
        /// The reference of the payment.
        payment_ref: String = "payment_ref",
        /// What only the staff sees.
        internal_note: String = "internal_note",
        /// When a recurring one makes its next.
        nextcreationdate: Time = "nextcreationdate" via set_time,
        /// When it was last changed.
        last_modified: Time = "last_modified" via set_time,
        /// Its lines; on the detail, and on lists that ask for them.
        lines: Vec<Record<InvoiceLine>> = "lines",
        /// Custom fields; on the detail.
        customfields: Vec<Record<CustomField>> = "customfields",
        /// Records of other systems it is linked to; on the detail.
        external_links: Vec<Record<ExternalLink>> = "external_links",
        /// What the server did not like although it answered with success.
        warning: String = "_warning",
    }

    /// A line of an invoice. Halo's `InvoiceDetail`.
    pub struct InvoiceLine as "invoice line" {
        /// Its id.
        id: i64 = "id",
        /// The invoice.
        ihid: Id<Invoice> = "ihid",
        /// The item.
        item_id: Id<Item> = "_itemid" via positive,
        /// The item's code.
        item_code: String = "item_code",
        /// Its text.
        item_shortdescription: String = "item_shortdescription",
        /// More of it.
        item_longdescription: String = "item_longdescription",
        /// How many.
        qty_order: Decimal = "qty_order",
        /// What one is sold for.
        unit_price: Decimal = "unit_price",
        /// What one costs.
        unit_cost: Decimal = "unit_cost",
        /// Its value before tax.
        net_amount: Decimal = "net_amount",
        /// Its tax.
        tax_amount: Decimal = "tax_amount",
        /// Its tax in percent.
        tax_rate: Decimal = "tax_rate",
        /// Its tax code.
        tax_code: String = "tax_code",
        /// Its nominal code.
        nominal_code: String = "nominal_code",
        /// The ticket it belongs to.
        ticket_id: Id<Ticket> = "ticket_id" via positive,
        /// The contract it belongs to.
        contract_id: Id<ClientContract> = "contract_id" via positive,
        /// The asset it is about.
        asset_id: Id<Asset> = "asset_id" via positive,
        /// Since when.
        startdate: Time = "startdate" via set_time,
        /// Until when.
        enddate: Time = "enddate" via set_time,
        /// Whether it was set inactive.
        isinactive: bool = "isinactive",
        /// The group it stands in.
        group_id: i64 = "group_id",
        /// Whether it is the head of a group.
        isgroupdesc: bool = "isgroupdesc",
        /// Custom fields.
        customfields: Vec<Record<CustomField>> = "customfields",
    }

    /// A payment of an invoice. Halo's `InvoicePayment_List`.
    pub struct InvoicePayment as "invoice payment" {
        /// Its id.
        id: Id<InvoicePayment> = "id",
        /// The invoice.
        invoice_id: Id<Invoice> = "invoice_id",
        /// The invoice's number.
        invoice_invoicenumber: String = "invoice_invoicenumber",
        /// The client; none for the "unknown" client with id 1.
        client_id: Id<Client> = "client_id" via assigned,
        /// When.
        date: Time = "date" via set_time,
        /// How much.
        amount: Decimal = "amount",
        /// How, as a number.
        method: i64 = "method",
        /// How far it is, as a number.
        status: i64 = "status",
    }
}
