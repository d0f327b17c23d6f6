//! The ways out of conflicts and issues: commands to type, and what has to be done elsewhere.

use serde::Serialize;
use sync_core::decision::{Conflict, IssueCode};
use sync_core::ids::Side;

use super::ids::short;
use crate::storage::OpenIssue;

/// One way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Way {
    /// The command to type; nothing where it is done in a system or in the configuration.
    pub(super) command: Option<String>,
    /// What it does, or what to do.
    pub(super) what: String,
}

impl Way {
    fn command(command: String, what: impl Into<String>) -> Self {
        Way { command: Some(command), what: what.into() }
    }

    fn by_hand(what: impl Into<String>) -> Self {
        Way { command: None, what: what.into() }
    }
}

/// The ways out of a conflict. `halo` and `hit` are what both sides hold, in words.
pub(super) fn of_conflict(conflict: &Conflict, halo: &str, hit: &str) -> Vec<Way> {
    let id = short(&conflict.id);
    let mut ways = Vec::new();
    for side in [Side::Hit, Side::Halo] {
        if conflict.ways_out.contains(&side) {
            let (value, other) = match side {
                Side::Halo => (halo, Side::Hit.name()),
                Side::Hit => (hit, Side::Halo.name()),
            };
            let command = format!("halo-hit issues resolve {id} --keep {}", side.code());
            ways.push(Way::command(command, format!("{value:?} stays and goes to {other}")));
        }
    }
    if ways.is_empty() {
        ways.push(Way::by_hand("change one side by hand so that the two dates are in order"));
    }
    ways.push(Way::command(
        format!("halo-hit issues dismiss {id}"),
        "both stay as they are until one of them changes",
    ));
    ways
}

/// The ways out of an issue.
pub(super) fn of_issue(issue: &OpenIssue) -> Vec<Way> {
    let id = short(&issue.id);
    let code = IssueCode::ALL.iter().find(|code| code.code() == issue.code);
    let mut ways = code.map(|code| of_code(*code, issue)).unwrap_or_default();
    // Trying at once what something keeps changing back would feed it: the way out is a decision.
    let can_be_tried = code != Some(&IssueCode::Flapping);
    if can_be_tried && (issue.subject.item.is_some() || issue.subject.ticket.is_some()) {
        let what = "the next sync reads the record again and tries it at once";
        ways.push(Way::command(format!("halo-hit issues retry {id}"), what));
    }
    if issue.dismissed {
        ways.push(Way::command(format!("halo-hit issues retry {id}"), "it is reported again"));
    } else {
        ways.push(Way::command(
            format!("halo-hit issues dismiss {id}"),
            "it is no longer shown, and waits on",
        ));
    }
    ways.dedup();
    ways
}

fn of_code(code: IssueCode, issue: &OpenIssue) -> Vec<Way> {
    let subject = &issue.subject;
    let item = subject.item.as_ref().map_or_else(|| "ITEM".to_owned(), ToString::to_string);
    let client = subject.client.as_ref().map_or_else(|| "CLIENT".to_owned(), ToString::to_string);
    let check = || Way::command("halo-hit check".to_owned(), "says what is wrong and where to click");
    let approve = |what: &str| Way::command("halo-hit approve".to_owned(), what);
    let pair_client = || {
        Way::command(format!("halo-hit pair --client {client} link HALO_ID"), "links the client to that one")
    };
    let pair_items = |what: &str| Way::command(format!("halo-hit pair {item} link TICKET"), what);
    let unlink = || {
        Way::command(
            format!("halo-hit pair {item} unlink"),
            "ends the link; nothing is written to either system",
        )
    };
    // What a person has answered, where nothing is linked yet.
    let withdraw = || {
        Way::command(
            format!("halo-hit pair {item} withdraw"),
            "takes the answer back, if the two are not linked yet",
        )
    };
    let hand = Way::by_hand;
    match code {
        IssueCode::HitStatusUnknown => {
            vec![hand(
                "say under [sync.create] what items in this status become, and map it to Halo's statuses",
            )]
        }
        IssueCode::HitStatusUnmapped => {
            vec![hand("give it a row under [status_map.TYPE.to_halo]: a status of Halo, or \"ignore\"")]
        }
        IssueCode::HaloStatusUnmapped => {
            vec![hand("give it a row under [status_map.TYPE.to_hit]: a status of HIT, or \"ignore\"")]
        }
        IssueCode::ClientNotLinked | IssueCode::ClientUnassigned => vec![pair_client()],
        IssueCode::ClientStopped => {
            vec![hand("end the stop in Halo under Customers > the client > Stopped"), pair_client()]
        }
        IssueCode::ClientInactive => {
            vec![hand("make the client active in Halo under Customers > the client"), pair_client()]
        }
        IssueCode::ClientVanished => {
            vec![
                hand("restore the client in Halo, or give our agent the right to see it"),
                check(),
                pair_client(),
            ]
        }
        IssueCode::SiteMissing => {
            vec![hand("set the client's main site in Halo under Customers > the client")]
        }
        IssueCode::TicketMoved => {
            vec![hand("move the ticket or the item back to its client"), unlink(), withdraw()]
        }
        IssueCode::EditForClosed => vec![
            hand("reopen the ticket in Halo, or undo the change in HIT"),
            hand("set write = true under [sync.closed] to let changes reach closed tickets"),
        ],
        IssueCode::TicketTypeNotFollowed => {
            vec![
                hand("add the type under [project_settings], or change the ticket's type back in Halo"),
                unlink(),
                withdraw(),
            ]
        }
        IssueCode::CreateTypeMissing => vec![hand("set create_type under [project_settings.KIND]"), check()],
        IssueCode::DuplicateMarker => vec![hand(
            "keep one ticket and take the marker off the others in Halo: their external link, or client reference",
        )],
        IssueCode::SecondProject => {
            vec![hand("close or merge the project in Halo that is too many; the linked one goes on")]
        }
        IssueCode::PromotionWithoutProject => vec![
            hand("create the project in Halo from the opportunity; the next sync adopts it"),
            hand("set mode = \"linked\" under [sync.promotion] to let the sync create it"),
        ],
        IssueCode::WentBack => {
            vec![hand("set the item in HIT to a project status again, or close the project in Halo")]
        }
        IssueCode::PairingAmbiguous => vec![
            pair_items("links the item to that ticket"),
            Way::command(format!("halo-hit pair {item} create"), "it is none of them: a ticket is created"),
            Way::command(format!("halo-hit pair {item} ignore"), "the item is left alone"),
        ],
        IssueCode::RecordGone => {
            vec![approve("lists the proposal to unlink; approve it by its id"), hand("or restore the record")]
        }
        IssueCode::CurrencyUnequal => {
            vec![
                hand("make halo.currency and hit.currency the same, or the item's own currency theirs"),
                check(),
            ]
        }
        IssueCode::Flapping => vec![
            hand(
                "find the rule, workflow or integration that writes this field, and let it leave the field alone",
            ),
            Way::command(
                "halo-hit issues".to_owned(),
                "shows its conflict; the field goes on when that is decided",
            ),
        ],
        IssueCode::LinkBackNotKept => vec![
            hand(
                "find the rule or integration that takes the reference out or refuses it; then try again, or add it by hand",
            ),
            hand("write link_back = \"off\" under [sync.opportunity] and [sync.project]"),
        ],
        IssueCode::TicketUnusable => vec![pair_items("links the item to another ticket"), withdraw()],
        IssueCode::TicketAlreadyLinked => {
            let named = subject.ticket.map(|ticket| ticket.to_string());
            let ticket = named.or_else(|| subject.value.as_deref().map(str::to_owned));
            vec![
                pair_items("links the item to another ticket"),
                Way::command(
                    format!("halo-hit pair --ticket {} unlink", ticket.as_deref().unwrap_or("TICKET")),
                    "ends the ticket's link to the other item",
                ),
            ]
        }
        IssueCode::ReadSuspicious => {
            vec![check(), Way::command("halo-hit sync --full".to_owned(), "reads everything again")]
        }
        IssueCode::WonRecipeMissing => {
            vec![
                hand("close the opportunities in Halo by hand; putting this aside once is enough then"),
                Way::command(
                    "halo-hit setup".to_owned(),
                    "asks for one won and one lost opportunity, and stores what differs",
                ),
            ]
        }
        // A code of a later sync-core: what every issue offers is offered for it too.
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use sync_core::decision::{Issue, Subject};
    use sync_core::ids::Kind;

    use super::*;
    use crate::cli::Cli;
    use crate::storage::NewIssue;

    fn open(code: IssueCode) -> OpenIssue {
        let subject = Subject::item(&"it_1".into())
            .with_ticket(sync_core::ids::TicketId(7), Kind::Project)
            .with_value("st_new (type 21)");
        let issue = Issue::new(code, Subject { client: Some("cl_1".into()), ..subject });
        OpenIssue::seen_once(NewIssue::from(&issue))
    }

    /// What stands for something the user has to fill in.
    fn filled(command: &str) -> String {
        command.replace("HALO_ID", "12").replace("TICKET", "2061")
    }

    #[test]
    fn every_issue_has_a_sentence_and_ways_out_that_can_be_typed() {
        for code in IssueCode::ALL {
            let issue = open(*code);
            assert!(issue.sentence.ends_with(')') && issue.sentence.contains("it_1"), "{}", issue.sentence);
            let ways = of_issue(&issue);
            let always = if *code == IssueCode::Flapping { 1 } else { 2 };
            let own = ways.len() - always;
            assert!(own >= 1, "{}: only what every issue offers", code.code());
            for command in ways.iter().filter_map(|way| way.command.as_deref()) {
                let typed = filled(command);
                let parsed = Cli::try_parse_from(typed.split(' '));
                assert!(parsed.is_ok(), "{typed}: {}", parsed.unwrap_err());
            }
        }
    }

    #[test]
    fn the_number_of_a_ticket_that_is_known_is_in_the_command() {
        let named = open(IssueCode::TicketAlreadyLinked);
        let subject = Subject::item(&"it_1".into()).with_value("7");
        let claimed =
            OpenIssue::seen_once(NewIssue::from(&Issue::new(IssueCode::TicketAlreadyLinked, subject)));
        for issue in [named, claimed] {
            let commands: Vec<_> = of_issue(&issue).into_iter().filter_map(|way| way.command).collect();
            assert!(commands.contains(&"halo-hit pair --ticket 7 unlink".to_owned()), "{commands:?}");
        }
    }

    #[test]
    fn what_something_keeps_changing_back_is_decided_and_not_tried_again() {
        let issue = open(IssueCode::Flapping);
        let commands: Vec<_> = of_issue(&issue).into_iter().filter_map(|way| way.command).collect();
        let dismiss = format!("halo-hit issues dismiss {}", short(&issue.id));
        assert_eq!(commands, ["halo-hit issues".to_owned(), dismiss]);
    }

    #[test]
    fn a_code_of_the_run_itself_can_be_tried_again_or_put_aside() {
        let issue = OpenIssue { code: "write_refused".to_owned(), ..open(IssueCode::SiteMissing) };
        let commands: Vec<_> = of_issue(&issue).into_iter().filter_map(|way| way.command).collect();
        let id = short(&issue.id);
        assert_eq!(
            commands,
            [format!("halo-hit issues retry {id}"), format!("halo-hit issues dismiss {id}")]
        );
    }
}
