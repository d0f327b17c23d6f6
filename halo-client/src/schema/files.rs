//! Attachments and links to other systems.

use rest_core::lean;

use super::Ticket;
use crate::Id;
use crate::id::positive;
use crate::value::{Time, set_time};

lean! {
    /// A file on a record.
    pub struct Attachment as "attachment" {
        /// Its id.
        id: Id<Attachment> = "id",
        /// Its name.
        filename: String = "filename",
        /// Its size in bytes.
        filesize: i64 = "filesize",
        /// When it was added.
        datecreated: Time = "datecreated" via set_time,
        /// The ticket.
        ticket_id: Id<Ticket> = "ticket_id" | "faultid" via positive,
        /// The action on that ticket.
        action_id: i64 = "action_id",
        /// What it says about it.
        desc: String = "desc",
        /// Its media type.
        content_type: String = "content_type",
        /// Whether customers see it.
        showforusers: bool = "showforusers",
        /// Its content, a `data:` URL; on the detail.
        data_base64: String = "data_base64",
    }

    /// A record of another system that a record is linked to. Halo's `ExternalLink_List`.
    pub struct ExternalLink as "external link" {
        /// Its id.
        id: Id<ExternalLink> = "id",
        /// The Halo record's id.
        halo_id: i64 = "halo_id",
        /// What kind of record that is; the numbers are not documented.
        table_id: i64 = "table_id",
        /// The integration.
        module_id: i64 = "module_id",
        /// The other record's id.
        third_party_id: String = "third_party_id",
        /// Its name.
        third_party_desc: String = "third_party_desc",
        /// Its kind.
        third_party_type: String = "third_party_type",
        /// Its address.
        third_party_url: String = "third_party_url",
    }
}
