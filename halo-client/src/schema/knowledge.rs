//! Articles and reports.

use rest_core::lean;
use rest_core::record::Record;

use super::{Agent, Attachment, CustomField, Tag, Ticket};
use crate::Id;
use crate::id::{assigned, positive};
use crate::value::{Time, set_time};

lean! {
    /// An article of the knowledge base. Halo's `KBEntry`. A new one needs a name and a description (observed
    /// by a public client).
    pub struct KbArticle as "article" {
        /// Its id.
        id: Id<KbArticle> = "id",
        /// Its title.
        name: String = "name",
        /// The question.
        description: String = "description",
        /// The question as HTML; on the detail.
        description_html: String = "description_html",
        /// The answer; on the detail.
        resolution: String = "resolution",
        /// The answer as HTML; on the detail.
        resolution_html: String = "resolution_html",
        /// Its type as a number.
        type_: i64 = "type",
        /// Whether it was set inactive.
        inactive: bool = "inactive",
        /// How often it was opened.
        view_count: i64 = "view_count",
        /// How many found it useful.
        useful_count: i64 = "useful_count",
        /// How many did not.
        notuseful_count: i64 = "notuseful_count",
        /// When it was made.
        date_created: Time = "date_created" via set_time,
        /// When it was last changed.
        date_edited: Time = "date_edited" via set_time,
        /// When it should be looked through again.
        next_review_date: Time = "next_review_date" via set_time,
        /// Its tags in one text.
        tag_string: String = "tag_string",
        /// Where it is read.
        link: String = "link",
        /// Who made it; on the detail.
        creator_id: Id<Agent> = "creator_id" via assigned,
        /// Their name; on the detail.
        creator_name: String = "creator_name",
        /// The ticket it was made from; on the detail.
        ticket_id: Id<Ticket> = "ticket_id" via positive,
        /// Its tags; on the detail.
        tags: Vec<Record<Tag>> = "tags",
        /// Its files; on the detail.
        attachments: Vec<Record<Attachment>> = "attachments",
        /// Custom fields.
        customfields: Vec<Record<CustomField>> = "customfields",
        /// What the server did not like although it answered with success.
        warning: String = "_warning",
    }

    /// A report: what it is, and its result once it was run. Halo's `AnalyzerProfile`.
    pub struct Report as "report" {
        /// Its id.
        id: Id<Report> = "id",
        /// Its name.
        name: String = "name",
        /// What it shows.
        description: String = "description",
        /// Its group.
        group_id: i64 = "group_id",
        /// The group's name.
        group_name: String = "group_name",
        /// Its type as a number.
        type_: i64 = "type",
        /// Where its data come from.
        datasource_id: i64 = "datasource_id",
        /// What it is about.
        mainentity: String = "mainentity",
        /// Whether every user may see it.
        canbeaccessedbyallusers: bool = "canbeaccessedbyallusers",
        /// Its query; on the detail.
        sql: String = "sql",
        /// When it was last run; on the detail.
        last_run_date: Time = "last_run_date" via set_time,
        /// The id under which it is published, a text; on the detail.
        published_id: String = "published_id",
        /// The columns it shows; on the detail.
        columns: Vec<Record<ReportColumn>> = "columns",
        /// The columns it could show; on the detail.
        available_columns: Vec<Record<ReportColumn>> = "available_columns",
        /// Its result, where it was run.
        report: Record<ReportContent> = "report",
        /// What the server did not like although it answered with success.
        warning: String = "_warning",
    }

    /// The result of a report.
    pub struct ReportContent as "report's content" {
        /// Whether it was run.
        loaded: bool = "loaded",
        /// Why it could not be run, although the server answered with success.
        load_error: String = "load_error",
    }

    /// A column of a report. Halo's `AnalyzerProfileColumn`.
    pub struct ReportColumn as "report column" {
        /// Its id.
        id: i64 = "id",
        /// Its name, which is its key in the rows.
        name: String = "name",
        /// Its name for people.
        labellong: String = "labellong",
        /// What its values are.
        data_type: String = "data_type",
        /// Its place.
        sequence: i64 = "sequence",
        /// Whether it is hidden.
        hidden: bool = "hidden",
    }
}
