//! What is sold and bought: items, quotations, sales orders, purchase orders.

use rest_core::lean;
use rest_core::record::{Decimal, Record};

use super::{
    Agent, BudgetType, Client, ClientContract, CustomField, ExternalLink, Site, Supplier, Ticket, User,
};
use crate::Id;
use crate::id::{assigned, positive};
use crate::value::{Time, set_time};

lean! {
    /// Something that is sold or bought.
    pub struct Item as "item" {
        /// Its id.
        id: Id<Item> = "id",
        /// Its name.
        name: String = "name",
        /// What it is.
        description: String = "description",
        /// Its group.
        assetgroup_id: i64 = "assetgroup_id",
        /// The group's name.
        assetgroup_name: String = "assetgroup_name",
        /// Its type as a number.
        type_: i64 = "type",
        /// Its status as a number.
        status: i64 = "status",
        /// What it is sold for.
        baseprice: Decimal = "baseprice",
        /// What it costs.
        costprice: Decimal = "costprice",
        /// What is added to the costs, in percent.
        markupperc: Decimal = "markupperc",
        /// What it is sold for each period.
        recurringprice: Decimal = "recurringprice",
        /// What it costs each period.
        recurringcost: Decimal = "recurringcost",
        /// Whether it is sold by the period.
        isrecurringitem: bool = "isrecurringitem",
        /// Whether it is part of contracts.
        iscontractitem: bool = "iscontractitem",
        /// Whether it is taxed.
        taxable: bool = "taxable",
        /// Number of its tax code.
        taxcode: i64 = "taxcode",
        /// Its number in the accounts.
        accountsid: String = "accountsid",
        /// Its nominal code.
        nominalcode: String = "nominalcode",
        /// Our reference.
        internalreference: String = "internalreference",
        /// The others' reference.
        externalreference: String = "externalreference",
        /// The supplier's number for it.
        supplier_part_code: String = "supplier_part_code",
        /// Its supplier.
        supplier_id: Id<Supplier> = "supplier_id" via positive,
        /// The supplier's name.
        supplier_name: String = "supplier_name",
        /// Who makes it, by name.
        manufacturer_name: String = "manufacturer_name",
        /// How many are in stock.
        quantity_in_stock: Decimal = "quantity_in_stock",
        /// How many of those are promised.
        quantity_reserved: Decimal = "quantity_reserved",
        /// How many are ordered.
        quantity_on_order: Decimal = "quantity_on_order",
        /// The budget its hours belong to.
        budgettype_id: Id<BudgetType> = "budgettype_id" via positive,
        /// Whether it is left out of invoices.
        dontinvoice: bool = "dontinvoice",
        /// Custom fields; on the detail.
        customfields: Vec<Record<CustomField>> = "customfields",
        /// Records of other systems it is linked to; on the detail.
        external_links: Vec<Record<ExternalLink>> = "external_links",
        /// What the server did not like although it answered with success.
        warning: String = "_warning",
    }

    /// A quotation. Halo's `QuotationHeader`. Totals and lines stand on the detail only (observed by a public
    /// client).
    pub struct Quotation as "quotation" {
        /// Its id.
        id: Id<Quotation> = "id",
        /// Its title.
        title: String = "title",
        /// The ticket, often an opportunity, that it belongs to.
        ticket_id: Id<Ticket> = "ticket_id" via positive,
        /// Its status as a number.
        status: i64 = "status",
        /// The status' name.
        status_name: String = "status_name",
        /// The client; none for the "unknown" client with id 1.
        client_id: Id<Client> = "client_id" via assigned,
        /// The client's name.
        client_name: String = "client_name",
        /// The site.
        site_id: Id<Site> = "site_id" via positive,
        /// Who it is for.
        user_id: Id<User> = "user_id" via positive,
        /// Their name.
        user_name: String = "user_name",
        /// Who made it.
        agent_id: Id<Agent> = "agent_id" via assigned,
        /// Who looks after it.
        assigned_agent: Id<Agent> = "assigned_agent" via assigned,
        /// Its date.
        date: Time = "date" via set_time,
        /// Until when it holds.
        expiry_date: Time = "expiry_date" via set_time,
        /// The client's order number.
        po_ref: String = "po_ref",
        /// Its currency.
        currency: String = "currency",
        /// Its value before tax; on the detail.
        revenue: Decimal = "revenue",
        /// Its tax; on the detail.
        tax_total: Decimal = "tax_total",
        /// Its value; on the detail.
        total: Decimal = "total",
        /// How far its approval is; the numbers are not documented.
        approvalstate: i64 = "approvalstate",
        /// When it was approved.
        approvaldatetime: Time = "approvaldatetime" via set_time,
        /// The sales order made from it.
        salesorder_id: Id<SalesOrder> = "salesorder_id" via positive,
        /// Its lines; on the detail.
        lines: Vec<Record<QuotationLine>> = "lines",
        /// Custom fields; on the detail.
        customfields: Vec<Record<CustomField>> = "customfields",
        /// What the server did not like although it answered with success.
        warning: String = "_warning",
    }

    /// A line of a quotation. Halo's `QuotationDetail`.
    pub struct QuotationLine as "quotation line" {
        /// Its id.
        id: i64 = "id",
        /// The quotation.
        qhid: Id<Quotation> = "qhid" via positive,
        /// The item.
        item_id: Id<Item> = "item_id" via positive,
        /// Its text.
        name: String = "name",
        /// More of it.
        description: String = "description",
        /// How many.
        current_quantity: Decimal = "current_quantity",
        /// What one is sold for.
        baseprice: Decimal = "baseprice",
        /// What one costs.
        costprice: Decimal = "costprice",
        /// What is taken off, in percent.
        discount_perc: Decimal = "discount_perc",
        /// Its value before tax.
        net_total: Decimal = "net_total",
        /// Its tax.
        total_tax: Decimal = "total_tax",
        /// Its value.
        total_price: Decimal = "total_price",
        /// Whether it comes back each period.
        item_recurring: bool = "item_recurring",
        /// Its billing period; the numbers are not documented.
        billingperiod: i64 = "billingperiod",
        /// Whether the client may leave it out.
        optional: bool = "optional",
        /// The group it stands in.
        group_id: i64 = "group_id",
        /// Whether it is the head of a group.
        isgroupdesc: bool = "isgroupdesc",
        /// Its place.
        sort_seq: i64 = "sort_seq",
    }

    /// A sales order. Halo's `OrderHead`.
    pub struct SalesOrder as "sales order" {
        /// Its id.
        id: Id<SalesOrder> = "id",
        /// Its title.
        title: String = "title",
        /// The ticket it belongs to.
        ticket_id: Id<Ticket> = "ticket_id" via positive,
        /// The quotation it was made from.
        quotation_id: Id<Quotation> = "quotation_id" via positive,
        /// Its status as a number.
        status: i64 = "status",
        /// Whether it is open, as a number.
        open_status: i64 = "open_status",
        /// The client; none for the "unknown" client with id 1.
        client_id: Id<Client> = "client_id" via assigned,
        /// The client's name.
        client_name: String = "client_name",
        /// The site.
        site_id: Id<Site> = "site_id" via positive,
        /// Who ordered.
        user_id: Id<User> = "user_id" via positive,
        /// Their name.
        user_name: String = "user_name",
        /// Who looks after it.
        assigned_agent: Id<Agent> = "assigned_agent" via assigned,
        /// Its date.
        date: Time = "date" via set_time,
        /// When it is sent.
        ship_date: Time = "ship_date" via set_time,
        /// The client's order number.
        po_number: String = "po_number",
        /// Its currency.
        currency: String = "currency",
        /// Its value before tax.
        revenue: Decimal = "revenue",
        /// What it costs.
        cost: Decimal = "cost",
        /// What is left.
        profit: Decimal = "profit",
        /// Its value.
        total: Decimal = "total",
        /// Its lines; on the detail.
        lines: Vec<Record<OrderLine>> = "lines",
        /// Custom fields; on the detail.
        customfields: Vec<Record<CustomField>> = "customfields",
        /// What the server did not like although it answered with success.
        warning: String = "_warning",
    }

    /// A line of a sales order.
    pub struct OrderLine as "sales order line" {
        /// Its id.
        id: i64 = "id",
        /// The order.
        salesorder_id: Id<SalesOrder> = "salesorder_id" via positive,
        /// The item.
        item_id: Id<Item> = "item_id" via positive,
        /// Its text.
        name: String = "name",
        /// More of it.
        item_description: String = "item_description",
        /// What one is sold for.
        baseprice: Decimal = "baseprice",
        /// What one costs.
        costprice: Decimal = "costprice",
        /// What is taken off, in percent.
        discount_perc: Decimal = "discount_perc",
        /// How many were sent.
        quantity_shipped: Decimal = "quantity_shipped",
        /// How many were invoiced.
        invoiced_quantity: Decimal = "invoiced_quantity",
        /// Its value before tax.
        net_total: Decimal = "net_total",
        /// Its value.
        total_price: Decimal = "total_price",
        /// The contract it belongs to.
        contract_id: Id<ClientContract> = "contract_id" via positive,
        /// Its place.
        sort_seq: i64 = "sort_seq",
    }

    /// An order at a supplier. Halo's `SupplierOrderHeader`.
    pub struct PurchaseOrder as "purchase order" {
        /// Its id.
        id: Id<PurchaseOrder> = "id",
        /// Its title.
        title: String = "title",
        /// The supplier.
        supplier_id: Id<Supplier> = "supplier_id" via positive,
        /// The supplier's name.
        supplier_name: String = "supplier_name",
        /// The ticket it belongs to.
        ticket_id: Id<Ticket> = "ticket_id" via positive,
        /// The sales order it is for.
        salesorder_id: Id<SalesOrder> = "salesorder_id" via positive,
        /// The client it is for; none for the "unknown" client with id 1.
        client_id: Id<Client> = "client_id" via assigned,
        /// Its status as a number.
        status: i64 = "status",
        /// How far its approval is; the numbers are not documented.
        approval_status: i64 = "approval_status",
        /// Its reference.
        po_ref: String = "po_ref",
        /// Its date.
        date: Time = "date" via set_time,
        /// When it was sent.
        datesent: Time = "datesent" via set_time,
        /// When it should arrive.
        est_delivery_date: Time = "est_delivery_date" via set_time,
        /// Its currency.
        currency: String = "currency",
        /// Its value.
        total: Decimal = "total",
        /// Its lines; on the detail.
        lines: Vec<Record<super::PurchaseOrderLine>> = "lines",
        /// Custom fields; on the detail.
        customfields: Vec<Record<CustomField>> = "customfields",
        /// What the server did not like although it answered with success.
        warning: String = "_warning",
    }
}
