//! The beliefs, by the numbers of ASSUMPTIONS.md.

/// A belief that a probe asks about.
#[derive(Debug, Clone, Copy)]
pub struct Probe {
    /// Its number in ASSUMPTIONS.md.
    pub id: &'static str,
    /// The belief, in a few words.
    pub belief: &'static str,
    /// Whether reading is enough to ask.
    pub reads: bool,
}

const fn reads(id: &'static str, belief: &'static str) -> Probe {
    Probe { id, belief, reads: true }
}

const fn writes(id: &'static str, belief: &'static str) -> Probe {
    Probe { id, belief, reads: false }
}

/// All beliefs that have a probe, and those that would need a write, a delivery or a person.
pub const PROBES: &[Probe] = &[
    reads("H1", "addresses end in /api and /auth, the token comes from /auth/token"),
    reads("H2", "the tenant goes into the query of the token URL"),
    reads("H3", "an unknown tenant is a 500 without a reason"),
    reads("H4", "a scope that is not granted is invalid_scope"),
    writes("H5", "60 requests a minute are safe"),
    writes("H6", "a 429 may lack Retry-After and was not applied"),
    reads("H7", "/Agent/me names the agent, or its claims alone"),
    reads("H8", "names and levels of rights in claims"),
    reads("H9", "without a default team other agents are hidden"),
    reads("H10", "lists leave out what the agent may not see"),
    reads("H11", "the token endpoint's words tell an inactive agent"),
    reads("H12", "/AuthInfo needs no token and names both addresses"),
    reads("H13", "/Roles is for administrators only"),
    reads("H14", "requesttype_id filters projects and opportunities"),
    reads("H15", "one row of /Currency is Halo's own"),
    writes("H20", "new_external_link makes a link in the same call"),
    reads("H21", "third_party_id filters external links exactly"),
    reads("H22", "times without a zone are UTC"),
    reads("H23", "a year up to 1980 means not set"),
    reads("H24", "agent 1 is nobody"),
    reads("H25", "numbers hold 0 where nothing was entered"),
    writes("H26", "the opportunity's value is the sum of three fields"),
    writes("H27", "projectmoneybudget is a price or a cost"),
    writes("H28", "targetdate drives the sales forecast"),
    reads("H29", "quotation_count and salesorder_count tell what is priced"),
    writes("H30", "a patch leaves out fields and they stay"),
    writes("H31", "sets are replaced whole"),
    writes("H32", "dates are blanked by null, texts by an empty text"),
    reads("H33", "excludeclosed leaves out what is closed"),
    reads("H34", "use is opportunity or project, ITIL 22 a project"),
    reads("H35", "technew 2 means that an agent must fill it in"),
    reads("H36", "a project made by a workflow names its opportunity"),
    reads("H37", "lastupdatefromdate takes a time on tickets"),
    reads("H38", "order=id keeps pages stable"),
    writes("H39", "no acknowledgement, hidden from the portal"),
    writes("H40", "user -1 is the General User"),
    writes("H41", "an action can be told to mail nobody"),
    writes("H42", "a plain status may leave the workflow step behind"),
    writes("H43", "source is not set unless it is sent"),
    writes("H44", "_warning_is_error means refused"),
    writes("H45", "webhook authentication 3 is HMAC-SHA256 in Base64"),
    writes("H46", "a late write arrives within the settle time"),
    reads("H47", "the note of an action can be found by its text"),
    reads("H48", "order=id&orderdesc=false sorts by id, no other name does"),
    writes("H49", "another way of logging in is unauthorized_client"),
    reads("H50", "a user's token is refused at /Agent/me alone"),
    reads("H51", "/InstanceInfo names the product in app_name"),
    reads("H52", "membershiplevel 2 is \"Modify All\""),
    reads("H53", "ticket_count counts hidden tickets too"),
    reads("H54", "can_create_only and can_edit_only go by rights"),
    reads("H55", "agent_id filters tickets, and 1 is nobody"),
    reads("H56", "\"24 Hours\" is seven equal days from 00:00 to 23:59"),
    reads("H57", "notifystatuschange and default_sendack mail"),
    reads("H58", "statusafter.. and autoCloseHours act by themselves"),
    writes("H59", "lists show the name of a ticket as it was written"),
    reads("H60", "_canupdate says whether a ticket may be changed"),
    reads("H61", "allowed_teams are the teams of a type"),
    reads("H62", "rows of ticket lists lack eight fields of the detail"),
    writes("H80", "a webhook is sent for each notification that names it"),
    writes("H81", "a webhook's secret is not shown"),
    writes("H82", "a deleted webhook may leave its notifications behind"),
    writes("H83", "a write of a webhook keeps what it does not name"),
    writes("H84", "deliveries come for changes made through the API too"),
    writes("H85", "two deliveries with the same bytes are one sent twice"),
    writes("H86", "a 503 with Retry-After does no harm to a webhook"),
    writes("H90", "a refused list of writes may be applied in part"),
    writes("H91", "returnall=true answers every record written"),
    reads("H92", "advanced_search compares by the numbers 0 to 10"),
    reads("H93", "a list without pages answers count rows"),
    writes("H94", "the reply to GetS3PresignedURL names its address"),
    writes("H95", "a file is bytes, or data_base64 inside JSON"),
    writes("H96", "a report's rows stand in report.rows"),
    writes("H97", "a reply shows custom fields that were just written"),
    reads("T1", "there is an API of the shape of openapi.yaml"),
    reads("T2", "four status names and classes"),
    reads("T3", "the account's id never changes"),
    writes("T4", "versions grow and If-Match is honoured"),
    writes("T5", "an idempotency key is remembered"),
    reads("T6", "updated_since is inclusive"),
    writes("T7", "an external record belongs to at most one item"),
    writes("T8", "budget lists are replaced whole"),
    writes("T9", "archived items refuse changes"),
    writes("T10", "titles are tidied"),
    writes("T11", "deliveries are signed with HMAC-SHA256"),
    reads("T12", "HumanizeIT's own Halo sync can be seen"),
];
