//! Large files: straight into the storage behind Halo, by an address that Halo signs.

use http::{HeaderValue, Method};
use rest_core::client::CallOptions;
use rest_core::decode::DecodeError;
use rest_core::endpoint::Idempotency;
use rest_core::error::{ErrorKind, Sent};
use rest_core::record::{Record, Untyped};

use super::Upload;
use crate::endpoint::{AttachmentPresignedUploadComplete, AttachmentPresignedUrl, Content};
use crate::resource::{Attachments, Handle};
use crate::schema::{Attachment, PresignedURLRequest};
use crate::{Error, New};

/// Where the reply may name the address. No public client shows one; the names are those that Halo's document
/// has for addresses of attachments.
const ADDRESSES: [&str; 5] = ["url", "s3url", "presigned_url", "presignedurl", "upload_url"];

impl Handle<Attachments> {
    /// Puts a large file on a ticket: asks Halo for an address in its storage, sends the file there without
    /// Halo's token, and tells Halo.
    ///
    /// Instances without such a storage refuse the first step. The replies' names are not documented; the
    /// address is looked for under those that Halo uses elsewhere, and the last step sends back what the first
    /// one answered.
    ///
    /// Sending may take 30 seconds and a second more for every 128 KiB, and no longer than a whole call: give a
    /// very large file a clone with another [deadline](CallOptions::deadline).
    ///
    /// # Errors
    /// Those of a write. A failure of the second step leaves no file on the ticket; after
    /// [`is_outcome_unknown`](Error::is_outcome_unknown) list the ticket's attachments.
    ///
    /// # Cancel safety
    /// Dropping the future may leave the file there.
    pub async fn upload_presigned(&self, file: &Upload) -> Result<Record<Attachment>, Error> {
        let size = i64::try_from(file.content.len())
            .map_err(|_| Error::configuration("the file is larger than any storage"))?;
        let wanted = New::<PresignedURLRequest>::record()
            .set(PresignedURLRequest::TICKET_ID, file.ticket)
            .set(PresignedURLRequest::FILENAME, file.filename.as_str())
            .set(PresignedURLRequest::ORIGINALFILENAME, file.filename.as_str())
            .set(PresignedURLRequest::FILESIZE, size);
        let answer = self.client().send(&AttachmentPresignedUrl::new(vec![wanted])).await?;
        let given: Record<PresignedURLRequest> =
            answer.record().map_err(|cause| unreadable(PRESIGN, cause))?;
        let address = address(&answer)
            .ok_or_else(|| unreadable(PRESIGN, DecodeError::new("the answer names no address to send to")))?;

        let mut request = http::Request::new(file.content.clone());
        *request.method_mut() = Method::PUT;
        *request.uri_mut() = super::download::foreign(&address)?;
        let kind = HeaderValue::from_str(&file.content_type).map_err(|error| {
            Error::configuration("the file's media type is no header value").with_source(error)
        })?;
        request.headers_mut().insert(http::header::CONTENT_TYPE, kind);
        // The same bytes to the same place: sending them once more does no harm.
        let options = CallOptions::new().idempotency(Idempotency::Idempotent);
        self.client().http().send_foreign(request, &options).await?;

        let done = self.client().send(&AttachmentPresignedUploadComplete::new(vec![given])).await?;
        done.record().map_err(|cause| unreadable("/Attachment/PresignedURLUploadComplete", cause))
    }
}

const PRESIGN: &str = "/Attachment/GetS3PresignedURL";

fn address(answer: &Content) -> Option<String> {
    let record: Record<Untyped> = answer.record().ok()?;
    ADDRESSES.iter().find_map(|name| record.get_named::<String>(name).value().filter(|text| !text.is_empty()))
}

/// The write was answered with success, but in words that we do not know.
pub(super) fn unreadable(path: &'static str, cause: DecodeError) -> Error {
    Error::new(ErrorKind::Decode, cause.to_string())
        .with_endpoint(Method::POST, path)
        .with_sent(Sent::MayBeApplied)
        .with_source(cause)
}
