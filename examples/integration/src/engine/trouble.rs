//! What a run leaves for people: writes that no further run can make by itself, and markers that stand twice.
//!
//! Each is an issue, so that it is seen where nobody watches the run. One about an operation is closed when the operation
//! succeeds or is no longer planned. One about a marker stays until a person puts it aside, or until the planner sees the
//! records itself and goes on with an issue of its own: nothing else ever looks for that marker again.

use std::collections::BTreeSet;

use sync_core::catalogue::Catalogue;
use sync_core::decision::{IssueCode, IssueId, OpId, Subject};
use sync_core::exec::{Duplicate, OpResult, RecordKey, Report};
use sync_core::hash::Hash128;
use sync_core::ids::Side;
use sync_core::plan::{Op, OpKind, Plan, Skip, SkipReason, explain_op_named};
use sync_core::settings::{Finding, VANISHED_CODES};

use crate::config::key_of;
use crate::exit::Exit;
use crate::storage::{Change, NewIssue, OpenIssue, Run};

/// A server refused a write.
const REFUSED: &str = "write_refused";
/// Several records answer the description of what was to be written.
const AMBIGUOUS: &str = "write_ambiguous";
/// The record has changed between plan and write, again and again.
const OVERTAKEN: &str = "write_overtaken";
/// More than one record carries a marker.
const DUPLICATE: &str = "duplicate_found";

/// The codes of issues about operations.
const OF_OPERATIONS: [&str; 3] = [REFUSED, AMBIGUOUS, OVERTAKEN];
/// In how many runs in a row an operation is overtaken before a person hears of it. Once is a person at work.
const RUNS: usize = 3;
/// How many earlier runs are looked at for that: this one, which has not ended, and those before it. Those that limits
/// have stopped do not count, and there may be some in between.
pub(super) const EARLIER: u32 = 50;

/// What a run over this plan opens and closes. `known` are the issues so far, `earlier` the last runs, newest first.
pub(super) fn changes(
    plan: &Plan,
    report: &Report,
    catalogue: &Catalogue,
    known: &[OpenIssue],
    earlier: &[Run],
) -> Vec<Change> {
    let overtaken = overtaken(earlier);
    let results = || plan.ops.iter().zip(&report.ops);
    let mut found: Vec<NewIssue> = results()
        .filter_map(|(op, done)| of_operation(op, &done.result, overtaken.contains(&op.id), catalogue))
        .collect();
    let again: BTreeSet<IssueId> = found.iter().map(|issue| issue.id).collect();
    let over = |issue: &OpenIssue| {
        let Some(code) = OF_OPERATIONS.into_iter().find(|code| *code == issue.code) else { return false };
        // Whatever is met again is reported again. What was not tried is still open.
        let tried =
            results().find(|(op, _)| name(code, op.id) == issue.id).map(|(_, done)| done.result.is_success());
        let unplanned = plan.head.complete && report.aborted.is_none();
        !again.contains(&issue.id) && tried.unwrap_or(unplanned)
    };
    let closed = close(known, over);
    found.extend(report.duplicates.iter().map(|twin| duplicate(plan, twin)));
    open(found).chain(closed).collect()
}

/// Closes what the planner reports itself from now on.
pub(super) fn taken_over(plan: &Plan, known: &[OpenIssue]) -> Vec<Change> {
    let markers: BTreeSet<&str> = plan
        .issues
        .iter()
        .filter(|issue| issue.code == IssueCode::DuplicateMarker)
        .filter_map(|issue| issue.subject.value.as_deref())
        .collect();
    let over = |issue: &OpenIssue| {
        issue.code == DUPLICATE
            && issue.subject.value.as_deref().is_some_and(|marker| markers.contains(marker))
    };
    close(known, over)
}

/// Opens an issue for each thing that the settings name and a tenant does not have, and closes it when that is over. The
/// planner reports a client itself, where it touches anything.
pub(super) fn vanished(found: &[Finding], known: &[OpenIssue]) -> Vec<Change> {
    let issues = found.iter().filter(|finding| &*finding.code != "client_missing").map(|finding| NewIssue {
        id: Hash128::of(format!("setting/{}/{}", finding.code, finding.place).as_bytes()),
        code: finding.code.to_string(),
        subject: Subject::value(key_of(&finding.place)),
        sentence: format!("{}: {}", key_of(&finding.place), finding.message),
        blocks_gate: true,
    });
    let issues: Vec<NewIssue> = issues.collect();
    let over = |issue: &OpenIssue| {
        VANISHED_CODES.contains(&issue.code.as_str()) && issues.iter().all(|new| new.id != issue.id)
    };
    let closed = close(known, over);
    open(issues).chain(closed).collect()
}

/// Ends dismissals whose cause is gone: the same question, if it arises once more, is a new one. `plan` is what would be
/// planned if nothing were dismissed. Where a record was not read, its questions may only be out of sight.
pub(super) fn lapsed(dismissed: &BTreeSet<Hash128>, plan: &Plan, known: &[OpenIssue]) -> Vec<Change> {
    let unread = |skip: &Skip| matches!(skip.reason, SkipReason::RecordNotRead(_));
    if !plan.head.complete || plan.skips.iter().any(unread) {
        return Vec::new();
    }
    let there: BTreeSet<Hash128> = plan
        .conflicts
        .iter()
        .map(|conflict| conflict.id)
        .chain(plan.issues.iter().map(|issue| issue.id))
        // Those of runs and of webhooks are closed by whoever opens them.
        .chain(known.iter().filter(|issue| !is_planners(&issue.code)).map(|issue| issue.id))
        .collect();
    dismissed
        .difference(&there)
        .flat_map(|id| [Change::RemoveConflict(*id), Change::CloseIssue(*id)])
        .collect()
}

fn open(issues: Vec<NewIssue>) -> impl Iterator<Item = Change> {
    issues.into_iter().map(|issue| Change::OpenIssue(Box::new(issue)))
}

fn close(known: &[OpenIssue], over: impl Fn(&OpenIssue) -> bool) -> Vec<Change> {
    known.iter().filter(|issue| over(issue)).map(|issue| Change::CloseIssue(issue.id)).collect()
}

/// Whether the planner reports issues with this code.
pub(super) fn is_planners(code: &str) -> bool {
    IssueCode::ALL.iter().any(|known| known.code() == code)
}

/// The operations that were overtaken in each of the last runs before this one.
fn overtaken(earlier: &[Run]) -> BTreeSet<OpId> {
    let blocked = Some(Exit::Blocked.number());
    let tried = earlier.iter().filter(|run| run.ended_at.is_some() && run.exit != blocked);
    let ended = tried.map(|run| {
        let report = run.summary.as_deref().and_then(|text| serde_json::from_str::<Report>(text).ok());
        let ops = report.map(|report| report.ops).unwrap_or_default();
        let overtaken = ops.into_iter().filter(|op| op.result == OpResult::ChangedSincePlan);
        overtaken.map(|op| op.op).collect::<BTreeSet<OpId>>()
    });
    let ended: Vec<_> = ended.take(RUNS - 1).collect();
    if ended.len() < RUNS - 1 {
        return BTreeSet::new();
    }
    ended.into_iter().reduce(|one, other| &one & &other).unwrap_or_default()
}

/// The name of an issue about an operation.
fn name(code: &str, op: OpId) -> IssueId {
    match code {
        REFUSED => op,
        _ => Hash128::of(format!("{code}/{op}").as_bytes()),
    }
}

fn of_operation(op: &Op, result: &OpResult, again: bool, catalogue: &Catalogue) -> Option<NewIssue> {
    let (code, then) = match result {
        OpResult::Rejected(reject) => (REFUSED, format!("It was refused: {}", reject.detail)),
        OpResult::Ambiguous => (
            AMBIGUOUS,
            "It was not done: more than one record could be meant; say which one it is with `halo-hit pair`, or \
             leave only one of them."
                .to_owned(),
        ),
        OpResult::ChangedSincePlan if again => (
            OVERTAKEN,
            format!(
                "It was not done in {RUNS} runs in a row: the record was no longer as it had been read. Look for an \
                 automation that keeps changing it, or for a field that Halo's lists show otherwise than the record."
            ),
        ),
        _ => return None,
    };
    Some(NewIssue {
        id: name(code, op.id),
        code: code.to_owned(),
        subject: Subject {
            item: op.item.clone(),
            ticket: op.ticket,
            kind: Some(op.kind.pair_kind()),
            client: Some(op.client.clone()),
            ..Subject::default()
        },
        sentence: format!("{} {then}", explain_op_named(op, catalogue)),
        blocks_gate: true,
    })
}

fn duplicate(plan: &Plan, twin: &Duplicate) -> NewIssue {
    let op =
        plan.ops.iter().find(|op| matches!(&op.kind, OpKind::Create(spec) if spec.marker == twin.marker));
    let (ticket, item) = match &twin.kept {
        RecordKey::Ticket(id) => (Some(*id), None),
        RecordKey::Item(id) => (None, Some(id.clone())),
    };
    let others: Vec<String> = twin.others.iter().map(record).collect();
    NewIssue {
        id: Hash128::of(format!("{DUPLICATE}/{}", twin.marker).as_bytes()),
        code: DUPLICATE.to_owned(),
        subject: Subject {
            item: item.or_else(|| op.and_then(|op| op.item.clone())),
            ticket,
            kind: op.map(|op| op.kind.pair_kind()),
            client: op.map(|op| op.client.clone()),
            value: Some(twin.marker.as_str().into()),
            ..Subject::default()
        },
        sentence: format!(
            "More than one record carries the marker {}: {} was kept, {} too has it. Keep one, remove the marker from \
             the others or delete them, and put this aside.",
            twin.marker,
            record(&twin.kept),
            others.join(", ")
        ),
        blocks_gate: true,
    }
}

fn record(key: &RecordKey) -> String {
    match key {
        RecordKey::Ticket(id) => format!("{} ticket {id}", Side::Halo.name()),
        RecordKey::Item(id) => format!("{} item {id}", Side::Hit.name()),
    }
}

#[cfg(test)]
mod tests {
    use sync_core::base::CreateSpec;
    use sync_core::exec::{OpReport, Reject, RejectClass};
    use sync_core::ids::{HaloClientId, ItemId, Kind, PairId, TicketId};
    use sync_core::marker::Marker;
    use sync_core::plan::{PlanHead, Rank};

    use super::*;

    const OP: OpId = Hash128([7; 16]);

    fn marker() -> Marker {
        Marker::for_item(&PairId::from("t|a"), &ItemId::from("i1"), Kind::Project)
    }

    fn plan() -> Plan {
        let spec = CreateSpec {
            marker: marker(),
            target: Side::Halo,
            kind: Kind::Project,
            item: Some("i1".into()),
            ticket: None,
            client: "c1".into(),
            halo_client: HaloClientId(12),
            site: None,
            ticket_type: None,
            team: None,
            template: None,
            constants: Default::default(),
            from_opportunity: None,
        };
        let op = Op {
            id: OP,
            rank: Rank::Create,
            after: Vec::new(),
            kind: OpKind::Create(Box::new(spec)),
            item: Some("i1".into()),
            client: "c1".into(),
            ticket: None,
            pre: Vec::new(),
            set: Default::default(),
            before: Default::default(),
            source: Default::default(),
            base: Default::default(),
            why: Vec::new(),
        };
        Plan { head: PlanHead { complete: true, ..PlanHead::default() }, ops: vec![op], ..Plan::default() }
    }

    fn report(result: OpResult) -> Report {
        Report { ops: vec![OpReport { op: OP, result }], ..Report::default() }
    }

    fn earlier(results: &[OpResult]) -> Vec<Run> {
        let runs = results.iter().map(|result| Run {
            id: 1,
            command: "serve".into(),
            started_at: 1,
            ended_at: Some(2),
            plan: None,
            exit: Some(0),
            summary: Some(serde_json::to_string(&report(result.clone())).unwrap()),
        });
        runs.collect()
    }

    fn opened(changes: &[Change]) -> Vec<NewIssue> {
        let issues = changes.iter().filter_map(|change| match change {
            Change::OpenIssue(issue) => Some((**issue).clone()),
            _ => None,
        });
        issues.collect()
    }

    fn run(report: &Report, known: &[OpenIssue], earlier: &[Run]) -> Vec<Change> {
        changes(&plan(), report, &Catalogue::default(), known, earlier)
    }

    #[test]
    fn each_write_that_cannot_be_made_is_an_issue_until_it_is_made() {
        let reject = Reject::new(RejectClass::Invalid, "no");
        for (result, code) in [(OpResult::Rejected(reject), REFUSED), (OpResult::Ambiguous, AMBIGUOUS)] {
            let found = opened(&run(&report(result.clone()), &[], &[]));
            assert_eq!((found.len(), found[0].code.as_str(), found[0].blocks_gate), (1, code, true));
            assert_eq!(found[0].subject.item, Some("i1".into()));
            let known = [OpenIssue::seen_once(found[0].clone())];
            assert_eq!(opened(&run(&report(result), &known, &[])).len(), 1, "met again");
            for untried in [OpResult::NotTried, OpResult::Unknown] {
                assert!(run(&report(untried), &known, &[]).is_empty(), "still open");
            }
            let done = run(&report(OpResult::Done), &known, &[]);
            assert!(matches!(done[..], [Change::CloseIssue(id)] if id == known[0].id), "{done:?}");
            let gone = changes(
                &Plan { ops: Vec::new(), ..plan() },
                &Report::default(),
                &Catalogue::default(),
                &known,
                &[],
            );
            assert!(matches!(gone[..], [Change::CloseIssue(_)]), "no longer planned: {gone:?}");
        }
    }

    #[test]
    fn a_write_that_is_overtaken_again_and_again_is_an_issue_and_one_that_once_was_is_not() {
        use OpResult::{ChangedSincePlan, Done, NotTried};
        let now = report(ChangedSincePlan);
        for before in [&[][..], &[ChangedSincePlan], &[ChangedSincePlan, NotTried], &[Done, ChangedSincePlan]]
        {
            assert!(run(&now, &[], &earlier(before)).is_empty(), "{before:?}");
        }
        let found = opened(&run(&now, &[], &earlier(&[ChangedSincePlan, ChangedSincePlan])));
        assert_eq!(found[0].code, OVERTAKEN);
        // One that limits have stopped tried nothing.
        let mut between = earlier(&[ChangedSincePlan, Done, ChangedSincePlan]);
        between[1].exit = Some(Exit::Blocked.number());
        between[1].summary = Some("[]".into());
        assert_eq!(opened(&run(&now, &[], &between)).len(), 1);
    }

    #[test]
    fn what_vanished_is_an_issue_until_it_is_back() {
        let finding = |code: &str| Finding {
            severity: sync_core::settings::Severity::Error,
            code: code.into(),
            place: "project.project.team".into(),
            message: "Team 4 does not exist; choose another.".into(),
        };
        let found = opened(&vanished(&[finding("team_missing"), finding("client_missing")], &[]));
        assert_eq!(found.len(), 1, "a client is the planner's");
        assert_eq!(
            found[0].sentence,
            "project_settings.project.team: Team 4 does not exist; choose another."
        );
        let known = [OpenIssue::seen_once(found[0].clone())];
        assert_eq!(opened(&vanished(&[finding("team_missing")], &known)).len(), 1);
        assert!(matches!(vanished(&[], &known)[..], [Change::CloseIssue(id)] if id == known[0].id));
    }

    #[test]
    fn a_dismissal_ends_with_its_cause_and_not_before() {
        let issue = sync_core::decision::Issue::new(IssueCode::ClientStopped, Subject::client(&"c1".into()));
        let gone = Hash128([9; 16]);
        let run = OpenIssue::seen_once(opened(&run(&report(OpResult::Ambiguous), &[], &[]))[0].clone());
        let dismissed = BTreeSet::from([issue.id, gone, run.id]);
        let known = [run, OpenIssue::seen_once(NewIssue::from(&issue))];
        let full = Plan { issues: vec![issue.clone()], ..plan() };
        let ended = lapsed(&dismissed, &full, &known);
        assert!(
            matches!(ended[..], [Change::RemoveConflict(one), Change::CloseIssue(two)] if one == gone && two == gone),
            "{ended:?}"
        );
        assert_eq!(lapsed(&dismissed, &plan(), &known).len(), 4, "and that of the issue, once it is over");
        let unread = Skip {
            item: Some("i2".into()),
            ticket: None,
            kind: None,
            field: None,
            reason: SkipReason::RecordNotRead(Side::Hit),
        };
        assert!(lapsed(&dismissed, &Plan { skips: vec![unread], ..plan() }, &known).is_empty());
        let part = PlanHead { complete: false, ..PlanHead::default() };
        assert!(lapsed(&dismissed, &Plan { head: part, ..plan() }, &known).is_empty());
    }

    #[test]
    fn a_marker_that_stands_twice_is_an_issue_until_the_planner_sees_it_itself() {
        let twin = Duplicate {
            marker: marker(),
            kept: RecordKey::Ticket(TicketId(5)),
            others: vec![RecordKey::Ticket(TicketId(9))],
        };
        let mut adopted = report(OpResult::Adopted);
        adopted.duplicates = vec![twin];
        let found = opened(&run(&adopted, &[], &[]));
        assert_eq!(found[0].code, DUPLICATE);
        assert!(found[0].sentence.contains("ticket 5") && found[0].sentence.contains("ticket 9"));
        assert_eq!(found[0].subject.item, Some("i1".into()));
        let known = [OpenIssue::seen_once(found[0].clone())];
        assert!(
            run(&report(OpResult::Done), &known, &[]).is_empty(),
            "a run that does not look says nothing"
        );
        assert!(taken_over(&plan(), &known).is_empty());
        let subject = Subject::item(&"i1".into()).with_value(marker().as_str());
        let issue = sync_core::decision::Issue::new(IssueCode::DuplicateMarker, subject);
        let seen = Plan { issues: vec![issue], ..plan() };
        assert!(matches!(taken_over(&seen, &known)[..], [Change::CloseIssue(id)] if id == known[0].id));
    }
}
