//! Files on records: up in three ways, down whole or piece by piece.
//!
//! | Way up | For |
//! |---|---|
//! | [`upload`](crate::Handle::upload) | files of some megabytes: inside JSON, a third larger than they are |
//! | [`upload_form`](crate::Handle::upload_form) | the same as a form, as Halo's own pages send pictures |
//! | [`upload_presigned`](crate::Handle::upload_presigned) | large files: past Halo into its storage |
//!
//! | Way down | For |
//! |---|---|
//! | [`download`](crate::Handle::download) | the whole file in memory, up to the client's body cap |
//! | [`open`](crate::Handle::open) | piece by piece, up to a cap of your own |
//! | [`open_link`](crate::Handle::open_link) | the same from an address in a record |
//!
//! Servers answer files as bytes or inside JSON. A web page instead of the file, such as that of a login, is an
//! error.
//!
//! ```no_run
//! # async fn example(client: halo_client::Client, content: Vec<u8>) -> Result<(), halo_client::Error> {
//! use halo_client::attachment::Upload;
//!
//! let file = Upload::new(4711, "offer.pdf", "application/pdf", content);
//! let saved = client.attachments().upload(&file).await?;
//!
//! if let Some(id) = saved.id() {
//!     let mut file = client.attachments().open(id, 100 << 20).await?;
//!     while let Some(piece) = file.chunk().await? {
//!         println!("{} bytes", piece.len());
//!     }
//! }
//! # Ok(()) }
//! ```

mod download;
mod presigned;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use rest_core::record::Record;

pub use download::Download;

use crate::endpoint::{AttachmentImageUpload, Form};
use crate::resource::{Attachments, Handle, Saved};
use crate::schema::{Attachment, Ticket};
use crate::{Error, Id, New};

/// A file to be put on a ticket.
#[derive(Clone)]
#[non_exhaustive]
pub struct Upload {
    /// The ticket.
    pub ticket: Id<Ticket>,
    /// The file's name.
    pub filename: String,
    /// Its media type, such as `application/pdf`.
    pub content_type: String,
    /// Its content.
    pub content: Bytes,
}

impl Upload {
    /// A file for this ticket.
    pub fn new(
        ticket: impl Into<Id<Ticket>>,
        filename: impl Into<String>,
        content_type: impl Into<String>,
        content: impl Into<Bytes>,
    ) -> Self {
        Upload {
            ticket: ticket.into(),
            filename: filename.into(),
            content_type: content_type.into(),
            content: content.into(),
        }
    }
}

impl std::fmt::Debug for Upload {
    /// The ticket, the media type and the size, not the content.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Upload({:?}, {:?}, {} bytes)", self.ticket, self.content_type, self.content.len())
    }
}

impl Handle<Attachments> {
    /// Puts a file on a ticket. It travels inside JSON, so it is for files of some megabytes at most.
    ///
    /// # Errors
    /// Those of a write.
    ///
    /// # Cancel safety
    /// Dropping the future may leave the file there.
    pub async fn upload(&self, file: &Upload) -> Result<Saved<Attachment>, Error> {
        let data = format!("data:{};base64,{}", file.content_type, STANDARD.encode(&file.content));
        let new = New::<Attachment>::record()
            .set(Attachment::TICKET_ID, file.ticket)
            .set(Attachment::FILENAME, file.filename.as_str())
            .set(Attachment::DATA_BASE64, data);
        self.create(&new).await
    }

    /// Puts a file on a ticket by a multipart form, as bytes.
    ///
    /// Halo's document describes the form's one field and the parameter for the ticket; what is answered is
    /// not documented, so a reply that is no record is an error after which the file may be there.
    ///
    /// # Errors
    /// Those of a write; [`is_outcome_unknown`](Error::is_outcome_unknown) when the reply cannot be read.
    ///
    /// # Cancel safety
    /// Dropping the future may leave the file there.
    pub async fn upload_form(&self, file: &Upload) -> Result<Record<Attachment>, Error> {
        let form = Form::new().file("file", &file.filename, &file.content_type, file.content.clone());
        let call = AttachmentImageUpload::new(&form).ticket_id(file.ticket);
        let answer = self.client().send(&call).await?;
        answer.record().map_err(|cause| presigned::unreadable("/Attachment/image", cause))
    }

    /// A file's content, whole. Servers answer the bytes, or the record with the bytes inside; both are read.
    ///
    /// # Errors
    /// Those of a request, and [`is_decode`](Error::is_decode) when the answer holds no content.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn download(&self, id: impl Into<Id<Attachment>>) -> Result<Bytes, Error> {
        self.client().http().send(&download::Whole(id.into())).await
    }
}
