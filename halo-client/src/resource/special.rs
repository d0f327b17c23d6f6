//! Routes of single resources that fit no pattern.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use rest_core::decode::DecodeError;
use rest_core::endpoint::{Endpoint, Query};
use rest_core::page;
use rest_core::record::Record;

use super::{Agents, Attachments, Handle, Organisations, Saved, Teams};
use crate::endpoint::{AgentMe, AuthInfoGet, InstanceInfoGet, TeamTree};
use crate::schema::{Agent, Attachment, AuthInfo, Department, InstanceInfo, Me, Team, Ticket};
use crate::{Client, Error, Id, New};

impl Handle<Agents> {
    /// Who the token stands for.
    ///
    /// Most instances answer the agent, at least one only its claims; [`Me::is_agent`] tells which.
    ///
    /// # Errors
    /// Those of a request.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn me(&self) -> Result<Record<Agent, Me>, Error> {
        self.client.send(&AgentMe::new()).await
    }
}

impl Handle<Teams> {
    /// The departments with their teams, as Halo's tree of teams shows them.
    ///
    /// # Errors
    /// Those of a request, and of a row that cannot be read.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn tree(&self) -> Result<Vec<Record<Department>>, Error> {
        let page = self.client.send(&TeamTree::new()).await?;
        page.rows.into_iter().map(|row| row.map_err(page::BadRow::into_error)).collect()
    }

    /// The team with this name, by which tickets carry it.
    ///
    /// # Errors
    /// Those of a request.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn by_name(&self, name: &str) -> Result<Option<Record<Team>>, Error> {
        let teams = self.list().all().await?;
        Ok(teams.into_iter().find(|team| team.value().name.as_deref() == Some(name)))
    }
}

impl Handle<Organisations> {
    /// The departments of all organisations. Departments have no route of their own.
    ///
    /// # Errors
    /// Those of a request.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn departments(&self) -> Result<Vec<Record<Department>>, Error> {
        let organisations = self.list().all().await?;
        Ok(organisations
            .into_iter()
            .flat_map(|one| one.into_value().departments.unwrap_or_default())
            .collect())
    }
}

/// A file to be put on a ticket.
#[derive(Clone)]
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

impl std::fmt::Debug for Upload {
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

    /// A file's content. Servers answer the bytes, or the record with the bytes inside; both are read.
    ///
    /// # Errors
    /// Those of a request, and [`is_decode`](Error::is_decode) when the answer holds no content.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn download(&self, id: impl Into<Id<Attachment>>) -> Result<Bytes, Error> {
        self.client.http().send(&Download(id.into())).await
    }
}

struct Download(Id<Attachment>);

impl Endpoint for Download {
    type Response = Bytes;

    fn template(&self) -> &'static str {
        "/Attachment/{id}"
    }

    fn path(&self) -> Cow<'_, str> {
        format!("/Attachment/{}", self.0).into()
    }

    fn query(&self, query: &mut Query) {
        query.push("includedetails", true);
    }

    fn decode(&self, response: http::Response<Bytes>) -> Result<Bytes, DecodeError> {
        let kind = response.headers().get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !kind.is_some_and(|kind| kind.contains("json")) {
            return Ok(response.into_body());
        }
        let record: Record<Attachment> = page::read_one(response.body())?;
        let data =
            record.value().data_base64.as_deref().ok_or(DecodeError::new("the answer holds no content"))?;
        let encoded = data.split_once(";base64,").map_or(data, |(_, encoded)| encoded);
        let bytes =
            STANDARD.decode(encoded.trim()).map_err(|_| DecodeError::new("the content is not Base64"))?;
        Ok(bytes.into())
    }
}

impl Client {
    /// The instance and its version: a cheap question whether everything is set up.
    ///
    /// # Errors
    /// Those of a request.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn instance_info(&self) -> Result<Record<InstanceInfo>, Error> {
        self.send(&InstanceInfoGet::new()).await
    }

    /// Where tokens come from, as the resource server says.
    ///
    /// # Errors
    /// Those of a request.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn auth_info(&self) -> Result<Record<AuthInfo>, Error> {
        self.send(&AuthInfoGet::new()).await
    }
}
