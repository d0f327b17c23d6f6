//! Assets: devices and other things that a client has.

use rest_core::lean;
use rest_core::record::{Decimal, Record};

use super::{Client, ClientContract, CustomField, ExternalLink, Item, Site, Sla, Supplier, User};
use crate::Id;
use crate::id::{assigned, not_negative, positive};
use crate::value::{JsonText, Time, set_time};

lean! {
    /// A device or another thing of a client. Halo's `Device`.
    pub struct Asset as "asset" {
        /// Its id.
        id: Id<Asset> = "id",
        /// Its tag.
        inventory_number: String = "inventory_number",
        /// The value of its type's first key field.
        key_field: String = "key_field",
        /// The value of the second.
        key_field2: String = "key_field2",
        /// The value of the third.
        key_field3: String = "key_field3",
        /// Its type.
        assettype_id: Id<AssetType> = "assettype_id" via positive,
        /// The type's name.
        assettype_name: String = "assettype_name",
        /// Its status; a lookup of its own, not a ticket's.
        status_id: i64 = "status_id",
        /// The status' name.
        status_name: String = "status_name",
        /// The client; none for the "unknown" client with id 1.
        client_id: Id<Client> = "client_id" via assigned,
        /// The client's name.
        client_name: String = "client_name",
        /// The site.
        site_id: Id<Site> = "site_id" via positive,
        /// The site's name.
        site_name: String = "site_name",
        /// Who uses it, by name.
        username: String = "username",
        /// Whether it was set inactive.
        inactive: bool = "inactive",
        /// The contract it is covered by.
        contract_id: Id<ClientContract> = "contract_id" via positive,
        /// The contract's reference.
        contract_ref: String = "contract_ref",
        /// Who supplied it.
        supplier_id: Id<Supplier> = "supplier_id" via positive,
        /// The supplier's name.
        supplier_name: String = "supplier_name",
        /// The item it is one of.
        item_id: Id<Item> = "item_id" via positive,
        /// Its SLA; none where Halo writes -1.
        sla_id: Id<Sla> = "sla_id" via not_negative,
        /// The asset it is part of.
        parent_id: Id<Asset> = "parent_id" via positive,
        /// Since when it is covered.
        warranty_start: Time = "warranty_start" via set_time,
        /// Until when it is covered.
        warranty_end: Time = "warranty_end" via set_time,
        /// What it cost.
        item_cost: Decimal = "item_cost",
        /// Open tickets about it, where counted.
        open_ticket_count: i64 = "open_ticket_count",
        /// When it was last changed.
        last_modified: Time = "last_modified" via set_time,
        /// What it says about it; on the detail.
        notes: String = "notes",
        /// The values of its type's fields; on the detail, and on lists that ask for them.
        fields: Vec<Record<AssetField>> = "fields",
        /// Custom fields; on the detail.
        customfields: Vec<Record<CustomField>> = "customfields",
        /// Who uses it; on the detail.
        users: Vec<Record<User>> = "users",
        /// What is below it; on the detail.
        children: Vec<Record<Asset>> = "children",
        /// Records of other systems it is linked to; on the detail.
        external_links: Vec<Record<ExternalLink>> = "external_links",
        /// What the server did not like although it answered with success.
        warning: String = "_warning",
    }

    /// A type of asset. Halo's `Xtype`.
    pub struct AssetType as "asset type" {
        /// Its id.
        id: Id<AssetType> = "id",
        /// Its name.
        name: String = "name",
        /// Its group.
        assetgroup_id: i64 = "assetgroup_id",
        /// The group's name.
        assetgroup_name: String = "assetgroup_name",
        /// What tags of its assets begin with.
        tagprefix: String = "tagprefix",
        /// Its first key field.
        keyfield_id: i64 = "keyfield_id",
        /// The name of that.
        keyfield_name: String = "keyfield_name",
        /// Whether users see such assets.
        show_to_users: bool = "show_to_users",
        /// Whether it stands for services.
        is_service: bool = "is_service",
        /// Whether all statuses are allowed; on the detail.
        allowall_status: bool = "allowall_status",
        /// Its fields; on the detail.
        fields: Vec<Record<super::AssetTypeField>> = "fields",
    }

    /// A field of an asset with its value. Halo's `FieldHelper`.
    pub struct AssetField as "asset field" {
        /// The definition's id; arrives as a float too.
        id: i64 = "id",
        /// Its name.
        name: String = "name",
        /// Its value, any JSON.
        value: JsonText = "value",
        /// Its value as shown to people.
        display: String = "display",
        /// Whether it must be filled.
        mandatory: bool = "mandatory",
        /// The lookup its values come from.
        lookup: i64 = "lookup",
        /// The tab it stands on.
        tab_name: String = "tab_name",
    }
}
