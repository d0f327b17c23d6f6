//! Roadmap items, and how they are made and changed.

use jiff::{Timestamp, civil::Date};
use rest_core::record::Seen;
use url::Url;

use crate::types::{
    Budget, BudgetPatch, ClientId, ExternalReference, ItemId, StatusId, TeamMemberId, TemplateId, Version,
    open::open_enum,
};

open_enum! {
    /// Where an item came from, as HumanizeIT's help lists the ways.
    Origin {
        /// A Gap Analysis report.
        GapAnalysis = "gap_analysis",
        /// The export of a Budget view.
        Budget = "budget",
        /// The import from a PSA, and every item made through the API.
        PsaImport = "psa_import",
        /// A Smart Score rule; these come in bursts of equal names across clients.
        SmartScore = "smart_score",
        /// A person made it.
        Manual = "manual",
    }
}

open_enum! {
    /// How a description is written down.
    DescriptionFormat {
        /// HTML. Nothing is promised about it; sanitise before showing it.
        Html = "html",
        /// Plain text.
        Text = "text",
    }
}

/// The description of an item. One value: format and body are written together.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Description {
    /// How `body` is written down.
    pub format: DescriptionFormat,
    /// The text itself.
    pub body: String,
}

impl Description {
    /// A description in HTML.
    pub fn html(body: impl Into<String>) -> Self {
        Self { format: DescriptionFormat::Html, body: body.into() }
    }

    /// A description in plain text.
    pub fn text(body: impl Into<String>) -> Self {
        Self { format: DescriptionFormat::Text, body: body.into() }
    }

    /// A description in any format.
    pub fn new(format: DescriptionFormat, body: impl Into<String>) -> Self {
        Self { format, body: body.into() }
    }
}

open_enum! {
    /// What kind of actor changed a record.
    ActorKind {
        /// A team member.
        User = "user",
        /// A program with an API key.
        ApiKey = "api_key",
        /// HumanizeIT itself.
        System = "system",
    }
}

/// Who changed a record last.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Actor {
    /// What kind of actor.
    pub kind: ActorKind,
    /// Of the team member or of the API key (never the key itself).
    pub id: Option<String>,
}

impl Actor {
    /// An actor.
    pub fn new(kind: ActorKind, id: Option<String>) -> Self {
        Self { kind, id }
    }
}

/// A roadmap item. HumanizeIT calls it a project; its status decides whether it is an opportunity
/// or a project.
///
/// Every field that can be missing or malformed is a [`Seen`]: what was not fetched is
/// [`Seen::Absent`] and says nothing about the item, a blank is [`Seen::Null`], and a value of an
/// unexpected form is [`Seen::Odd`] with its raw JSON, so that one bad field does not hide the item.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Item {
    /// The item.
    pub id: ItemId,
    /// Whose roadmap it stands on.
    pub client_id: ClientId,
    /// Its name. Not unique, and users are told to rename items: never a key.
    pub name: String,
    /// Its status. May name one that the list of statuses does not show.
    pub status_id: StatusId,
    /// When it is due: a civil date without a zone.
    pub due_date: Seen<Date>,
    /// Who is responsible for it.
    pub responsible_id: Seen<TeamMemberId>,
    /// One of HumanizeIT's four pillars, whose names are not known. Never written.
    pub pillar: Seen<String>,
    /// Where it came from.
    pub origin: Seen<Origin>,
    /// The Service Catalogue template that it was copied from.
    pub template_id: Seen<TemplateId>,
    /// What it is about.
    pub description: Seen<Description>,
    /// When it starts: a civil date. Absent without [`Capability::StartDate`](crate::Capability).
    pub start_date: Seen<Date>,
    /// Planned effort in minutes. Absent without [`Capability::Hours`](crate::Capability).
    pub effort_minutes: Seen<i64>,
    /// Its money.
    pub budget: Seen<Budget>,
    /// The records of other systems that stand for it. Absent without
    /// [`Capability::ExternalReferences`](crate::Capability).
    pub external_references: Seen<Vec<ExternalReference>>,
    /// Where a person opens it.
    pub url: Seen<Url>,
    /// When it was made.
    pub created_at: Seen<Timestamp>,
    /// When it was last changed, in milliseconds, by whomever.
    pub updated_at: Seen<Timestamp>,
    /// Who changed it last.
    pub updated_by: Seen<Actor>,
    /// Its version, for conditional writes. Absent without [`Capability::Etag`](crate::Capability).
    pub version: Seen<Version>,
    /// When it left the roadmap, for whatever reason. Never evidence of a deletion.
    pub archived_at: Seen<Timestamp>,
}

impl Item {
    /// An item of which nothing but the least is known; every other field is absent.
    pub fn new(
        id: impl Into<ItemId>,
        client_id: impl Into<ClientId>,
        name: impl Into<String>,
        status_id: impl Into<StatusId>,
    ) -> Self {
        Self {
            id: id.into(),
            client_id: client_id.into(),
            name: name.into(),
            status_id: status_id.into(),
            origin: Seen::Absent,
            due_date: Seen::Absent,
            responsible_id: Seen::Absent,
            pillar: Seen::Absent,
            template_id: Seen::Absent,
            description: Seen::Absent,
            start_date: Seen::Absent,
            effort_minutes: Seen::Absent,
            budget: Seen::Absent,
            external_references: Seen::Absent,
            url: Seen::Absent,
            created_at: Seen::Absent,
            updated_at: Seen::Absent,
            updated_by: Seen::Absent,
            version: Seen::Absent,
            archived_at: Seen::Absent,
        }
    }

    /// The version to make a write conditional on, where the server keeps versions.
    pub fn version(&self) -> Option<Version> {
        match self.version {
            Seen::Value(version) => Some(version),
            _ => None,
        }
    }

    /// Whether the item has left the roadmap.
    pub fn is_archived(&self) -> bool {
        matches!(self.archived_at, Seen::Value(_))
    }
}

/// An item to be made. Everything but client and name may be left out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewItem {
    /// Whose roadmap it is to stand on.
    pub client_id: ClientId,
    /// Its name.
    pub name: String,
    /// Its status; `None` leaves it to the server, which takes the initial one.
    pub status_id: Option<StatusId>,
    /// When it is due.
    pub due_date: Option<Date>,
    /// Who is responsible.
    pub responsible_id: Option<TeamMemberId>,
    /// What it is about.
    pub description: Option<Description>,
    /// When it starts.
    pub start_date: Option<Date>,
    /// Planned effort in minutes, not negative.
    pub effort_minutes: Option<i64>,
    /// Its money; lines without ids.
    pub budget: Option<BudgetPatch>,
    /// The records of other systems that stand for it, stored in the same step as the item.
    pub external_references: Vec<ExternalReference>,
}

impl NewItem {
    /// An item of this client with this name, and nothing else.
    pub fn new(client_id: impl Into<ClientId>, name: impl Into<String>) -> Self {
        Self {
            client_id: client_id.into(),
            name: name.into(),
            status_id: None,
            due_date: None,
            responsible_id: None,
            description: None,
            start_date: None,
            effort_minutes: None,
            budget: None,
            external_references: Vec::new(),
        }
    }

    /// Sets the status.
    #[must_use]
    pub fn status(mut self, status: impl Into<StatusId>) -> Self {
        self.status_id = Some(status.into());
        self
    }

    /// Sets when it is due.
    #[must_use]
    pub fn due_date(mut self, date: Date) -> Self {
        self.due_date = Some(date);
        self
    }

    /// Sets who is responsible.
    #[must_use]
    pub fn responsible(mut self, member: impl Into<TeamMemberId>) -> Self {
        self.responsible_id = Some(member.into());
        self
    }

    /// Sets what it is about.
    #[must_use]
    pub fn description(mut self, description: Description) -> Self {
        self.description = Some(description);
        self
    }

    /// Sets when it starts.
    #[must_use]
    pub fn start_date(mut self, date: Date) -> Self {
        self.start_date = Some(date);
        self
    }

    /// Sets the planned effort in minutes.
    #[must_use]
    pub fn effort_minutes(mut self, minutes: i64) -> Self {
        self.effort_minutes = Some(minutes);
        self
    }

    /// Sets its money.
    #[must_use]
    pub fn budget(mut self, budget: BudgetPatch) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Adds a reference to a record of another system.
    #[must_use]
    pub fn external_reference(mut self, reference: ExternalReference) -> Self {
        self.external_references.push(reference);
        self
    }
}

/// What a patch does to one field that can be blank.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Change<T> {
    /// Leaves it as it is.
    #[default]
    Keep,
    /// Blanks it.
    Blank,
    /// Gives it this value.
    Set(T),
}

impl<T> Change<T> {
    /// Whether the field stays as it is.
    pub fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }
}

impl<T> From<Option<T>> for Change<T> {
    /// `None` blanks, `Some` sets.
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Blank, Self::Set)
    }
}

/// A change of an item: what is not mentioned stays.
///
/// ```
/// use hit_client::{Change, ItemPatch};
/// let patch = ItemPatch::new().status("st_approved").due_date(None);
/// assert_eq!(patch.due_date, Change::Blank);
/// assert!(patch.start_date.is_keep());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ItemPatch {
    /// A new name.
    pub name: Option<String>,
    /// A new status; one of those that the list shows.
    pub status_id: Option<StatusId>,
    /// When it is due.
    pub due_date: Change<Date>,
    /// Who is responsible; an active team member.
    pub responsible_id: Change<TeamMemberId>,
    /// What it is about.
    pub description: Change<Description>,
    /// When it starts.
    pub start_date: Change<Date>,
    /// Planned effort in minutes, not negative.
    pub effort_minutes: Change<i64>,
    /// Its money; blanking removes all lines.
    pub budget: Change<BudgetPatch>,
}

impl ItemPatch {
    /// A patch that changes nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the patch changes nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Renames the item.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Moves the item to a status.
    #[must_use]
    pub fn status(mut self, status: impl Into<StatusId>) -> Self {
        self.status_id = Some(status.into());
        self
    }

    /// Sets or blanks when it is due.
    #[must_use]
    pub fn due_date(mut self, date: Option<Date>) -> Self {
        self.due_date = date.into();
        self
    }

    /// Sets or blanks who is responsible.
    #[must_use]
    pub fn responsible(mut self, member: Option<TeamMemberId>) -> Self {
        self.responsible_id = member.into();
        self
    }

    /// Sets or blanks what it is about.
    #[must_use]
    pub fn description(mut self, description: Option<Description>) -> Self {
        self.description = description.into();
        self
    }

    /// Sets or blanks when it starts.
    #[must_use]
    pub fn start_date(mut self, date: Option<Date>) -> Self {
        self.start_date = date.into();
        self
    }

    /// Sets or blanks the planned effort in minutes.
    #[must_use]
    pub fn effort_minutes(mut self, minutes: Option<i64>) -> Self {
        self.effort_minutes = minutes.into();
        self
    }

    /// Changes its money, or removes all of it.
    #[must_use]
    pub fn budget(mut self, budget: Option<BudgetPatch>) -> Self {
        self.budget = budget.into();
        self
    }
}
