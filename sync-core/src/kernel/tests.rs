//! The decision table, row by row.

use super::*;
use crate::base::{BaseCell, PendingWrite};
use crate::catalogue::Directory;
use crate::decision::ConflictKind;
use crate::field::FieldId;
use crate::ids::{AgentId, HitStatusId, Kind, MemberId, Side, StatusId, TicketTypeId};
use crate::learn::TargetForm;
use crate::plan::{SkipReason, Why};
use crate::settings::{
    Blank, ConflictRule, Direction, FieldRule, FirstLink, HitTarget, StatusMap, StatusTarget,
};
use crate::stamp::Stamp;
use crate::value::{Currency, Money, Obs, Rich, Value};
use alloc::boxed::Box;
use alloc::vec::Vec;

pub(super) const BOTH: Direction = Direction::Both;
pub(super) const TO_HALO: Direction = Direction::HitToHalo { until_quoted: false };

pub(super) fn rule(direction: Direction) -> FieldRule {
    FieldRule::new(direction)
}

/// Texts stand for values; `_` is blank, `?` not fetched, `!` forbidden.
fn obs(text: &str) -> Obs<Value> {
    match text {
        "?" => Obs::NotFetched,
        "!" => Obs::Forbidden,
        "_" => Obs::Null,
        text => Obs::Value(Value::text(text)),
    }
}

fn pending(side: Side, text: &str) -> PendingWrite {
    PendingWrite {
        before: Obs::NotFetched,
        op: crate::hash::Hash128([1; 16]),
        side,
        kind: Kind::Project,
        field: FieldId::Name,
        sent: obs(text).value().cloned(),
        sent_at: Stamp::ours(0),
        settle_until: Stamp::ours(100),
    }
}

pub(super) struct Given<'a> {
    rule: FieldRule,
    base: Option<(&'a str, &'a str)>,
    now: (&'a str, &'a str),
    pending: Vec<PendingWrite>,
    decided: Option<Side>,
    stamps: [Option<Stamp>; 2],
}

impl Given<'_> {
    pub(super) fn decide(&self) -> Outcome {
        let base = self
            .base
            .map(|(halo, hit)| BaseCell { halo: obs(halo).value().cloned(), hit: obs(hit).value().cloned() });
        let pending: Vec<_> = self.pending.iter().collect();
        decide(&Cell {
            field: FieldId::Name,
            rule: self.rule,
            relation: Relation::Same,
            base: base.as_ref(),
            halo: &obs(self.now.0),
            hit: &obs(self.now.1),
            pending: &pending,
            decided: Decided { both_changed: self.decided, first_link: self.decided, blank: self.decided },
            stamps: self.stamps,
        })
    }
}

pub(super) fn given<'a>(
    rule: FieldRule,
    base: Option<(&'a str, &'a str)>,
    halo: &'a str,
    hit: &'a str,
) -> Given<'a> {
    Given { rule, base, now: (halo, hit), pending: Vec::new(), decided: None, stamps: [None, None] }
}

/// What came out, in short.
pub(super) fn short(outcome: &Outcome) -> alloc::string::String {
    match outcome {
        Outcome::Nothing => "nothing".into(),
        Outcome::Rebase(why) => alloc::format!("rebase {}", code(why)),
        Outcome::Write { side, value, why } => {
            let value = value.as_ref().map_or_else(|| "_".into(), |value| alloc::format!("{value}"));
            alloc::format!("{}:={value} {}", side.code(), code(why))
        }
        Outcome::Conflict(kind) => alloc::format!("conflict {kind:?}"),
        Outcome::Skip(reason) => alloc::format!("skip {reason:?}"),
    }
}

fn code(why: &Why) -> alloc::string::String {
    let json = serde_json::to_value(why).unwrap();
    json["code"].as_str().unwrap().into()
}

/// Assigning an existing ticket needs the right to re-assign, which the role of a sync that assigns only on create
/// does not have.
#[test]
fn a_ticket_that_was_linked_is_not_assigned() {
    let decide_for = |field| {
        decide(&Cell {
            field,
            rule: rule(Direction::OnCreate),
            relation: Relation::Same,
            base: None,
            halo: &Obs::Null,
            hit: &obs("x"),
            pending: &[],
            decided: Decided::default(),
            stamps: [None, None],
        })
    };
    assert!(matches!(decide_for(FieldId::Description), Outcome::Write { side: Side::Halo, .. }));
    assert!(matches!(
        decide_for(FieldId::Responsible),
        Outcome::Rebase(Why::FirstLinkRule { from: Side::Halo, .. })
    ));
}

#[test]
fn the_table() {
    let both = rule(BOTH);
    let halo_wins = FieldRule { conflict: ConflictRule::HaloWins, ..both };
    let hit_wins = FieldRule { conflict: ConflictRule::HitWins, ..both };
    let blank_is_value = FieldRule { blank: Blank::IsValue, ..both };
    let policy = FieldRule { first_link: FirstLink::Policy, ..both };
    let by_hand = FieldRule { first_link: FirstLink::Manual, ..both };
    let base = Some(("a", "a"));
    type Row = (FieldRule, Option<(&'static str, &'static str)>, &'static str, &'static str, &'static str);
    #[rustfmt::skip]
    let table: &[Row] = &[
        // Nothing is concluded from what was not seen.
        (both, base, "?", "b", "skip NotObserved(Halo)"),
        (both, base, "b", "!", "skip NotObserved(Hit)"),
        (both, None, "?", "b", "skip NotObserved(Halo)"),
        // Nobody changed; an inconsistent base stays as it is.
        (both, base, "a", "a", "nothing"),
        (both, Some(("a", "b")), "a", "b", "nothing"),
        // Agreement is remembered.
        (both, base, "b", "b", "rebase agreed"),
        (both, None, "b", "b", "rebase first_link_equal"),
        // One side changed.
        (both, base, "b", "a", "hit:=b changed"),
        (both, base, "a", "b", "halo:=b changed"),
        // Both changed.
        (both, base, "b", "c", "conflict BothChanged"),
        (halo_wins, base, "b", "c", "hit:=b both_changed"),
        (hit_wins, base, "b", "c", "halo:=c both_changed"),
        // Blank never overwrites, unless it may.
        (both, base, "_", "a", "skip Blank(Halo)"),
        (both, base, "a", "_", "skip Blank(Hit)"),
        (both, base, "_", "_", "rebase agreed"),
        (blank_is_value, base, "_", "a", "hit:=_ changed"),
        (halo_wins, base, "_", "c", "conflict BlankAgainstValue"),
        // Directions.
        (rule(Direction::Off), base, "b", "c", "nothing"),
        (rule(TO_HALO), base, "b", "a", "skip Direction"),
        (rule(TO_HALO), base, "a", "b", "halo:=b changed"),
        (rule(TO_HALO), base, "b", "c", "halo:=c changed"),
        (rule(Direction::HaloToHit), base, "a", "b", "skip Direction"),
        (rule(Direction::HaloToHit), base, "b", "c", "hit:=b changed"),
        (rule(Direction::OnCreate), base, "b", "c", "nothing"),
        (rule(Direction::OnCreate), base, "?", "?", "nothing"),
        (rule(Direction::OnCreateThenHaloToHit), base, "b", "c", "hit:=b changed"),
        (rule(Direction::OnCreateThenHaloToHit), base, "a", "c", "skip Direction"),
        // First link: blanks are filled, differences wait.
        (both, None, "a", "_", "hit:=a first_link_filled"),
        (both, None, "_", "b", "halo:=b first_link_filled"),
        (both, None, "a", "b", "conflict FirstLink"),
        (both, None, "_", "_", "nothing"),
        (rule(TO_HALO), None, "_", "b", "halo:=b first_link_filled"),
        (rule(TO_HALO), None, "a", "_", "skip Direction"),
        (rule(Direction::OnCreate), None, "_", "b", "halo:=b first_link_filled"),
        (rule(Direction::OnCreate), None, "a", "b", "rebase first_link_rule"),
        (rule(Direction::OnCreateThenHaloToHit), None, "_", "b", "halo:=b first_link_filled"),
        (rule(Direction::OnCreateThenHaloToHit), None, "a", "_", "hit:=a first_link_filled"),
        (rule(Direction::HaloToHit), None, "_", "b", "skip Direction"),
        (by_hand, None, "a", "_", "conflict FirstLink"),
        (policy, None, "a", "b", "conflict FirstLink"),
        (FieldRule { first_link: FirstLink::Policy, ..halo_wins }, None, "a", "b", "hit:=a first_link_rule"),
        (FieldRule { first_link: FirstLink::Policy, ..rule(Direction::HaloToHit) }, None, "a", "b", "hit:=a first_link_rule"),
        (FieldRule { first_link: FirstLink::Policy, ..rule(TO_HALO) }, None, "a", "b", "halo:=b first_link_rule"),
    ];
    for (rule, base, halo, hit, want) in table {
        let got = short(&given(*rule, *base, halo, hit).decide());
        assert_eq!(got, *want, "{rule:?} base {base:?} halo {halo} hit {hit}");
    }
}

#[test]
fn a_late_write_of_ours_is_no_edit() {
    let both = rule(BOTH);
    let base = Some(("b", "b"));
    let late = |halo, hit, pending| Given { pending, ..given(both, base, halo, hit) };
    // We once sent "a" to HIT; it arrives now, after both had agreed on "b".
    let outcome = late("b", "a", alloc::vec![pending(Side::Hit, "a")]).decide();
    assert_eq!(short(&outcome), "hit:=b late_write_seen");
    // Without the pending write it is an edit.
    assert_eq!(short(&late("b", "a", alloc::vec![]).decide()), "halo:=a changed");
    // A third value is an edit, whatever is pending.
    assert_eq!(short(&late("b", "c", alloc::vec![pending(Side::Hit, "a")]).decide()), "halo:=c changed");
    // The other side's edit goes on.
    assert_eq!(short(&late("c", "a", alloc::vec![pending(Side::Hit, "a")]).decide()), "hit:=c changed");
    // At Halo it is the other way round.
    let at_halo = || alloc::vec![pending(Side::Halo, "a")];
    assert_eq!(short(&late("a", "b", at_halo()).decide()), "halo:=b late_write_seen");
    assert_eq!(short(&late("a", "c", at_halo()).decide()), "halo:=c changed");
    // Late on both sides: no telling which is older.
    let both_late = alloc::vec![pending(Side::Hit, "a"), pending(Side::Halo, "c")];
    assert_eq!(short(&late("c", "a", both_late).decide()), "conflict BothChanged");
    // What was sent and is in the base already is nothing late; the other side's late write is.
    let agreed_and_late = alloc::vec![pending(Side::Hit, "a"), pending(Side::Halo, "b")];
    assert_eq!(short(&late("b", "a", agreed_and_late).decide()), "hit:=b late_write_seen");
    let agreed_and_late = alloc::vec![pending(Side::Halo, "a"), pending(Side::Hit, "b")];
    assert_eq!(short(&late("a", "b", agreed_and_late).decide()), "halo:=b late_write_seen");
    // A blank that we sent is one too.
    let blank = FieldRule { blank: Blank::IsValue, ..both };
    let emptied = |hit, sent| {
        short(
            &Given { pending: alloc::vec![pending(Side::Hit, sent)], ..given(blank, base, "b", hit) }
                .decide(),
        )
    };
    assert_eq!(emptied("_", "_"), "hit:=b late_write_seen");
    assert_eq!(emptied("_", "a"), "halo:=_ changed");
    assert_eq!(emptied("a", "_"), "halo:=a changed");
    // A pending write to one side says nothing about the other.
    assert_eq!(short(&late("a", "b", alloc::vec![pending(Side::Hit, "a")]).decide()), "hit:=a changed");
}

/// A rule is about changes that knew nothing of each other: whoever may have seen the winner's value knew better.
#[test]
fn a_winner_that_may_have_been_seen_wins_nothing() {
    let wins = |conflict| FieldRule { conflict, ..rule(BOTH) };
    let (halo, hit) = (wins(ConflictRule::HaloWins), wins(ConflictRule::HitWins));
    let newest = wins(ConflictRule::Newest { tolerance_ms: 0 });
    for (rule, sent_to, sent, want) in [
        (halo, Side::Hit, "b", "conflict BothChanged"),
        (halo, Side::Hit, "x", "hit:=b both_changed"),
        (halo, Side::Halo, "b", "hit:=b both_changed"),
        (hit, Side::Halo, "c", "conflict BothChanged"),
        (hit, Side::Halo, "x", "halo:=c both_changed"),
        (hit, Side::Hit, "c", "halo:=c both_changed"),
        (newest, Side::Hit, "b", "hit:=b both_changed"),
    ] {
        let stamps = [Some(Stamp::halo(9)), Some(Stamp::hit(1))];
        let pending = alloc::vec![pending(sent_to, sent)];
        // What the side that was written to holds is no late write of ours: it is another value.
        let given = Given { pending, stamps, ..given(rule, Some(("a", "a")), "b", "c") };
        let late = (sent_to == Side::Halo && sent == "b") || (sent_to == Side::Hit && sent == "c");
        let want = match (late, sent_to) {
            (false, _) => want,
            (true, Side::Halo) => "halo:=c changed",
            (true, Side::Hit) => "hit:=b changed",
        };
        assert_eq!(short(&given.decide()), want, "{rule:?} {sent} to {sent_to:?}");
    }
}

/// The same on linking, where nothing says what was agreed: what is there must not be what our write was to replace.
#[test]
fn linking_overwrites_nobody_who_may_have_seen_what_it_wrote() {
    let wins = |conflict| FieldRule { conflict, first_link: FirstLink::Policy, ..rule(BOTH) };
    let (halo, hit) = (wins(ConflictRule::HaloWins), wins(ConflictRule::HitWins));
    let to_hit = FieldRule { direction: Direction::HaloToHit, ..halo };
    for (rule, sent_to, sent, before, want) in [
        (halo, Side::Hit, "b", "a", "conflict FirstLink"),
        (halo, Side::Hit, "b", "c", "hit:=b first_link_rule"),
        (halo, Side::Hit, "b", "?", "hit:=b first_link_rule"),
        (halo, Side::Hit, "x", "a", "hit:=b first_link_rule"),
        (halo, Side::Halo, "b", "a", "hit:=b first_link_rule"),
        (hit, Side::Halo, "c", "_", "conflict FirstLink"),
        (hit, Side::Halo, "c", "b", "halo:=c first_link_rule"),
        (to_hit, Side::Hit, "b", "a", "hit:=b first_link_rule"),
    ] {
        let pending = alloc::vec![PendingWrite { before: obs(before), ..pending(sent_to, sent) }];
        let given = Given { pending, ..given(rule, None, "b", "c") };
        assert_eq!(short(&given.decide()), want, "{rule:?} {sent} to {sent_to:?} over {before}");
    }
}

#[test]
fn a_decision_holds_where_there_is_a_conflict_and_only_there() {
    let both = rule(BOTH);
    let decided =
        |rule, base, halo, hit, keep| Given { decided: Some(keep), ..given(rule, base, halo, hit) }.decide();
    let base = Some(("a", "a"));
    assert_eq!(short(&decided(both, base, "b", "c", Side::Halo)), "hit:=b decided");
    assert_eq!(short(&decided(both, base, "b", "c", Side::Hit)), "halo:=c decided");
    assert_eq!(short(&decided(both, base, "_", "c", Side::Halo)), "hit:=_ decided");
    assert_eq!(short(&decided(both, None, "b", "c", Side::Hit)), "halo:=c decided");
    assert_eq!(short(&decided(both, base, "b", "a", Side::Hit)), "hit:=b changed");
    // Keeping the side that may not be written to the other accepts the difference.
    assert_eq!(short(&decided(rule(TO_HALO), None, "b", "c", Side::Halo)), "rebase decided");
}

#[test]
fn the_later_change_wins_only_beyond_the_tolerance() {
    let newest = FieldRule { conflict: ConflictRule::Newest { tolerance_ms: 1000 }, ..rule(BOTH) };
    let at = |halo, hit| {
        let stamps = [halo, hit].map(|ms: Option<i64>| ms.map(Stamp::ours));
        short(&Given { stamps, ..given(newest, Some(("a", "a")), "b", "c") }.decide())
    };
    assert_eq!(at(Some(5000), Some(1000)), "hit:=b both_changed");
    assert_eq!(at(Some(1000), Some(5000)), "halo:=c both_changed");
    assert_eq!(at(Some(1000), Some(2000)), "conflict BothChanged");
    assert_eq!(at(Some(1000), None), "conflict BothChanged");
}

pub(super) fn map(to_halo: &[(u8, Option<u8>)], to_hit: &[(u8, Option<u8>)]) -> StatusMap {
    StatusMap {
        to_halo: to_halo
            .iter()
            .map(|(t, h)| {
                (hit_id(*t), h.map_or(StatusTarget::Ignore, |h| StatusTarget::set(StatusId(i64::from(h)))))
            })
            .collect(),
        to_hit: to_hit
            .iter()
            .map(|(h, t)| {
                (StatusId(i64::from(*h)), t.map_or(HitTarget::Ignore, |t| HitTarget::To(hit_id(t))))
            })
            .collect(),
    }
}

pub(super) fn hit_id(id: u8) -> HitStatusId {
    HitStatusId::new(alloc::format!("s{id}"))
}

pub(super) fn status_cell<'a>(
    map: Option<&'a StatusMap>,
    rule: FieldRule,
    base: Option<&'a BaseCell>,
    halo: &'a Obs<Value>,
    hit: &'a Obs<Value>,
) -> Cell<'a> {
    let relation = Relation::Status { ticket_type: TicketTypeId(1), map };
    Cell {
        field: FieldId::Status,
        rule,
        relation,
        base,
        halo,
        hit,
        pending: &[],
        decided: Decided::default(),
        stamps: [None, None],
    }
}

#[test]
fn statuses_without_a_row_wait_and_go_on_when_the_row_comes() {
    let both = rule(BOTH);
    let (halo, hit) = (Value::halo_status(StatusId(1)), Value::hit_status(&hit_id(9)));
    let base = BaseCell { halo: Some(halo.clone()), hit: Some(Value::hit_status(&hit_id(1))) };
    let (halo, hit) = (Obs::Value(halo), Obs::Value(hit));
    let before = map(&[(1, Some(1))], &[(1, Some(1))]);
    let skip = Outcome::Skip(SkipReason::Unmapped { side: Side::Hit, value: "s9".into() });
    assert_eq!(decide(&status_cell(Some(&before), both, Some(&base), &halo, &hit)), skip);
    assert_eq!(decide(&status_cell(Some(&before), both, None, &halo, &hit)), skip);
    assert_eq!(decide(&status_cell(None, both, Some(&base), &halo, &hit)), skip);
    let after = map(&[(1, Some(1)), (9, Some(4))], &[(1, Some(1))]);
    let outcome = decide(&status_cell(Some(&after), both, Some(&base), &halo, &hit));
    assert!(
        matches!(outcome, Outcome::Write { side: Side::Halo, value: Some(Value::Code(to)), .. } if &*to == "4")
    );
    let ignored = map(&[(9, None)], &[]);
    let outcome = decide(&status_cell(Some(&ignored), both, Some(&base), &halo, &hit));
    assert_eq!(outcome, Outcome::Skip(SkipReason::IgnoredStatus { side: Side::Hit, value: "s9".into() }));
}

/// On linking, a HIT status that the type does not know waits; Halo's would overwrite what nobody has explained. Of other
/// fields the rule decides as always.
#[test]
fn an_unmapped_status_waits_on_linking() {
    let policy = FieldRule { conflict: ConflictRule::HaloWins, first_link: FirstLink::Policy, ..rule(BOTH) };
    let unknown = map(&[(1, Some(1))], &[(1, Some(1)), (2, Some(1))]);
    let halo = Obs::Value(Value::halo_status(StatusId(1)));
    let status = |id| Obs::Value(Value::hit_status(&hit_id(id)));
    let skip = Outcome::Skip(SkipReason::Unmapped { side: Side::Hit, value: "s9".into() });
    assert_eq!(decide(&status_cell(Some(&unknown), policy, None, &halo, &status(9))), skip);
    let two = map(&[(1, Some(1)), (3, Some(3))], &[(1, Some(1)), (3, Some(3))]);
    let known = decide(&status_cell(Some(&two), policy, None, &halo, &status(3)));
    assert_eq!(short(&known), "hit:=s1 first_link_rule");
    let mut directory = Directory::default();
    directory.people.insert(MemberId::from("m1"), AgentId(7));
    let stranger = Obs::Value(Value::member(&MemberId::from("m2")));
    let agent = Obs::Value(Value::agent(AgentId(7)));
    let person = Cell {
        field: FieldId::Responsible,
        relation: Relation::People(&directory),
        ..status_cell(None, policy, None, &agent, &stranger)
    };
    assert_eq!(short(&decide(&person)), "hit:=m1 first_link_rule");
}

/// What a server is known to make of a text is no difference, is sent as it will be stored, and comes back as sent.
#[test]
fn a_declared_form_is_no_difference() {
    let text = |text: &str| Value::text(text);
    let cut = Relation::Text { halo: Some(TargetForm::Upper), hit: Some(TargetForm::Cut(4)) };
    let consistent = |halo: &str, hit: &str| cut.consistent(Some(&text(halo)), Some(&text(hit)));
    for (halo, hit, same) in [
        ("abcdef", "abcd", true),
        ("abcd", "abcd", true),
        ("ABCD", "abcd", true),
        ("abcd", "abcdef", false),
        ("ABCDEF", "abcd", false),
        ("abcdef", "abce", false),
    ] {
        assert_eq!(consistent(halo, hit), same, "{halo} {hit}");
    }
    assert_eq!(cut.map(Side::Halo, Some(&text("abcdef"))), Mapped::To(Some(text("abcd"))));
    assert_eq!(cut.map(Side::Hit, Some(&text("abcdef"))), Mapped::To(Some(text("ABCDEF"))));
    assert_eq!(cut.map(Side::Halo, Some(&text(""))), Mapped::To(None));
    assert_eq!(cut.map(Side::Halo, None), Mapped::To(None));
    let plain = Relation::Text { halo: None, hit: Some(TargetForm::Upper) };
    assert_eq!(plain.map(Side::Hit, Some(&text("a"))), Mapped::To(Some(text("a"))));
    assert!(!plain.consistent(Some(&text("A")), Some(&text("a"))), "HIT would store it otherwise");
    assert!(plain.consistent(Some(&text("a")), Some(&text("A"))));
}

#[test]
fn people_without_a_counterpart_wait() {
    let mut directory = Directory::default();
    directory.people.insert(MemberId::from("m1"), AgentId(7));
    let relation = Relation::People(&directory);
    let member = |id: &str| Value::member(&MemberId::from(id));
    assert!(relation.consistent(Some(&Value::agent(AgentId(7))), Some(&member("m1"))));
    assert_eq!(relation.map(Side::Hit, Some(&member("m1"))), Mapped::To(Some(Value::agent(AgentId(7)))));
    assert_eq!(relation.map(Side::Halo, Some(&Value::agent(AgentId(7)))), Mapped::To(Some(member("m1"))));
    assert_eq!(relation.map(Side::Hit, Some(&member("m2"))), Mapped::Unmapped);
    assert_eq!(relation.map(Side::Halo, Some(&Value::agent(AgentId(8)))), Mapped::Unmapped);
    assert_eq!(relation.map(Side::Hit, None), Mapped::To(None));
}

#[test]
fn zero_in_halo_is_blank_and_plain_text_does_not_fight_formatting() {
    let eur: Currency = "EUR".parse().unwrap();
    let money = |minor| Value::Money(Money { minor, currency: eur });
    assert!(Relation::Same.consistent(Some(&money(0)), None));
    assert!(!Relation::Same.consistent(Some(&money(0)), Some(&money(5))));
    let minutes = Value::Minutes;
    for (side, value, blank) in [
        (Side::Halo, money(0), true),
        (Side::Halo, money(1), false),
        (Side::Hit, money(0), false),
        (Side::Halo, minutes(0), true),
        (Side::Halo, minutes(1), false),
        (Side::Hit, minutes(0), false),
        (Side::Hit, Value::text(""), true),
        (Side::Hit, Value::text("a"), false),
        (Side::Hit, Value::Rich(Box::new(Rich::plain(""))), true),
        (Side::Hit, Value::Rich(Box::new(Rich::plain("a"))), false),
        (Side::Halo, Value::Bool(false), false),
    ] {
        assert_eq!(is_blank(side, Some(&value)), blank, "{side:?} {value:?}");
    }
    let rich = |rich| Value::Rich(Box::new(rich));
    let plain = rich(Rich::plain("a"));
    let bold = rich(Rich::html("a", "<b>a</b>"));
    let italic = rich(Rich::html("a", "<i>a</i>"));
    assert!(Relation::Same.consistent(Some(&bold), Some(&plain)));
    assert!(Relation::Same.consistent(Some(&plain), Some(&bold)));
    assert!(Relation::Same.consistent(Some(&bold), Some(&bold)));
    assert!(!Relation::Same.consistent(Some(&rich(Rich::plain("b"))), Some(&bold)));
    assert!(!Relation::Same.consistent(Some(&bold), Some(&italic)));
}

#[test]
fn conflict_kinds_are_named_stably() {
    assert_eq!(serde_json::to_string(&ConflictKind::BothChanged).unwrap(), "\"both_changed\"");
}
