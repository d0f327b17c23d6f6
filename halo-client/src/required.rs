//! New records with the fields without which Halo refuses them.

use crate::schema::{Action, Client, KbArticle, Outcome, Site, Ticket, TicketType, User, Webhook};
use crate::{Id, IntoField, New};

/// A new ticket, which needs a summary (observed on a real instance). Its type may demand more: the ticket type's
/// fields say what.
impl New<Ticket> {
    /// A ticket with this summary.
    ///
    /// ```
    /// use halo_client::New;
    /// use halo_client::schema::Ticket;
    ///
    /// let new = New::<Ticket>::of("New firewall").set(Ticket::CLIENT_ID, 12);
    /// assert_eq!(new.to_json()?, r#"{"summary":"New firewall","client_id":12}"#);
    /// # Ok::<(), halo_client::Error>(())
    /// ```
    pub fn of(summary: impl IntoField<String>) -> Self {
        Self::record().set(Ticket::SUMMARY, summary)
    }
}

/// A new action, which needs its ticket and an outcome that the agent may choose in the ticket's workflow step
/// (observed on a real instance: "An Outcome must be entered for this Action").
impl New<Action> {
    /// A note on this ticket, made as this outcome. Which outcomes there are say
    /// [`outcomes`](crate::Client::outcomes); 7 is the built-in internal note (two public clients).
    ///
    /// ```
    /// use halo_client::New;
    /// use halo_client::schema::Action;
    ///
    /// let new = New::<Action>::of(4711, 7, "Called back");
    /// assert_eq!(new.to_json()?, r#"{"ticket_id":4711,"outcome_id":7,"note":"Called back"}"#);
    /// # Ok::<(), halo_client::Error>(())
    /// ```
    pub fn of(
        ticket: impl Into<Id<Ticket>>,
        outcome: impl Into<Id<Outcome>>,
        note: impl IntoField<String>,
    ) -> Self {
        Self::record()
            .set(Action::TICKET_ID, ticket.into())
            .set(Action::OUTCOME_ID, outcome.into())
            .set(Action::NOTE, note)
    }
}

/// A new customer, which needs a name.
impl New<Client> {
    /// A customer with this name.
    pub fn of(name: impl IntoField<String>) -> Self {
        Self::record().set(Client::NAME, name)
    }
}

/// A new site, which needs a name and its customer.
impl New<Site> {
    /// A place of this customer.
    pub fn of(name: impl IntoField<String>, client: impl Into<Id<Client>>) -> Self {
        Self::record().set(Site::NAME, name).set(Site::CLIENT_ID, client.into())
    }
}

/// A new user, who needs a name and a site (observed on a real instance: "Username must be entered", "A Site must be
/// selected").
impl New<User> {
    /// A person at this site.
    ///
    /// ```
    /// use halo_client::New;
    /// use halo_client::schema::User;
    ///
    /// let new = New::<User>::of("Ann Ames", 18).set(User::EMAILADDRESS, "ann@example.com");
    /// assert_eq!(new.to_json()?, r#"{"name":"Ann Ames","site_id":18,"emailaddress":"ann@example.com"}"#);
    /// # Ok::<(), halo_client::Error>(())
    /// ```
    pub fn of(name: impl IntoField<String>, site: impl Into<Id<Site>>) -> Self {
        Self::record().set(User::NAME, name).set(User::SITE_ID, site.into())
    }
}

/// A new ticket type, which needs a name.
impl New<TicketType> {
    /// A ticket type with this name.
    pub fn of(name: impl IntoField<String>) -> Self {
        Self::record().set(TicketType::NAME, name)
    }
}

/// A new webhook, which needs a name and an address. [`ensure`](crate::Handle::ensure) does the rest too.
impl New<Webhook> {
    /// A webhook with this name that sends to this address.
    pub fn of(name: impl IntoField<String>, url: impl IntoField<String>) -> Self {
        Self::record().set(Webhook::NAME, name).set(Webhook::URL, url)
    }
}

/// A new article, which needs a title and a description (observed on a real instance).
impl New<KbArticle> {
    /// An article with this title and description.
    pub fn of(title: impl IntoField<String>, description: impl IntoField<String>) -> Self {
        Self::record().set(KbArticle::NAME, title).set(KbArticle::DESCRIPTION, description)
    }
}
