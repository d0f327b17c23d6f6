//! Laws of values and maps, for whatever settings, texts and amounts.

use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use sync_core::base::Link;
use sync_core::field::FieldId;
use sync_core::ids::{HaloClientId, HitClientId, HitStatusId, ItemId, Kind, Side, StatusId, TicketTypeId};
use sync_core::kernel::{Mapped, Relation};
use sync_core::learn::{StoredForm, TargetForm, learned};
use sync_core::settings::{Direction, FieldRule, HitTarget, StatusMap, StatusTarget};
use sync_core::text::canonical_line;
use sync_core::value::{Currency, Money, Rich, Value};

fn hit(n: u8) -> HitStatusId {
    HitStatusId::new(format!("s{n}"))
}

/// Any map: many to one, many to many, with rows that lead nowhere or are ignored.
fn maps() -> impl Strategy<Value = StatusMap> {
    let to_halo = proptest::collection::btree_map(0..6_u8, proptest::option::of(0..6_i64), 0..6);
    let to_hit = proptest::collection::btree_map(0..6_i64, proptest::option::of(0..6_u8), 0..6);
    (to_halo, to_hit).prop_map(|(to_halo, to_hit)| StatusMap {
        to_halo: to_halo
            .into_iter()
            .map(|(t, h)| (hit(t), h.map_or(StatusTarget::Ignore, |h| StatusTarget::set(StatusId(h)))))
            .collect::<BTreeMap<_, _>>(),
        to_hit: to_hit
            .into_iter()
            .map(|(h, t)| (StatusId(h), t.map_or(HitTarget::Ignore, |t| HitTarget::To(hit(t)))))
            .collect(),
    })
}

proptest! {
    /// V1: what is consistent stays as it is. V2: what was put is consistent.
    #[test]
    fn what_was_put_is_consistent(map in maps(), halo in 0..6_i64, status in 0..6_u8) {
        let relation = Relation::Status { ticket_type: TicketTypeId(1), map: Some(&map) };
        let (halo, status) = (Value::halo_status(StatusId(halo)), Value::hit_status(&hit(status)));
        let before = relation.consistent(Some(&halo), Some(&status));
        for from in [Side::Halo, Side::Hit] {
            let (source, old) = match from {
                Side::Halo => (&halo, &status),
                Side::Hit => (&status, &halo),
            };
            let Mapped::To(put) = relation.put(from, Some(source), Some(old)) else {
                prop_assert!(!before, "a consistent pair can always be kept");
                continue;
            };
            let after = match from {
                Side::Halo => relation.consistent(Some(&halo), put.as_ref()),
                Side::Hit => relation.consistent(put.as_ref(), Some(&status)),
            };
            prop_assert!(after);
            if before {
                prop_assert_eq!(put.as_ref(), Some(old));
            }
        }
    }

    /// V7: an amount is whole minor units, and survives its text to the last one.
    #[test]
    fn amounts_survive_their_text(minor: i64, code in prop_oneof!["EUR", "USD", "JPY", "KWD"]) {
        let currency: Currency = code.parse().unwrap();
        let money = Money { minor, currency };
        prop_assert_eq!(Money::parse(&money.to_number_text(), currency), Ok(money));
    }

    /// V8: a date is a day and nothing else: it survives its text, and no zone takes part.
    #[test]
    fn days_survive_their_text(year in 1900..2200_i16, month in 1..=12_i8, day in 1..=28_i8) {
        let value = Value::Date(jiff::civil::date(year, month, day));
        let text = serde_json::to_string(&value).unwrap();
        prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        let want = format!("{year:04}-{month:02}-{day:02}");
        prop_assert!(text.contains(&want));
    }

    /// V11: a status that nobody knows survives as it is.
    #[test]
    fn unknown_statuses_survive(code in "\\PC{1,20}") {
        let value = Value::hit_status(&HitStatusId::new(code.clone()));
        let again: Value = serde_json::from_str(&serde_json::to_string(&value).unwrap()).unwrap();
        prop_assert_eq!(again.as_hit_status(), Some(HitStatusId::new(code)));
    }

    /// V5: a form that a server is thought to have is one: applying it again changes nothing, and what it makes is as
    /// everything that is read back.
    #[test]
    fn target_forms_are_idempotent(text in "([ a-zA-Z\u{301}\u{308}ßάǆΐ]|\\PC){0,30}", cut in 0..20_u32) {
        for form in [
            TargetForm::FirstUpper,
            TargetForm::Upper,
            TargetForm::Lower,
            TargetForm::Title,
            TargetForm::Spaces,
            TargetForm::Cut(cut),
        ] {
            let once = form.apply(&text);
            prop_assert_eq!(form.apply(&once), once.clone());
            prop_assert_eq!(canonical_line(&once), once);
        }
    }
}

fn link_with(n: usize, sent: &str, stored: &str) -> Link {
    let mut link = Link::new(ItemId::new(format!("i{n}")), HitClientId::from("c"), HaloClientId(7));
    let form =
        StoredForm::of(Side::Hit, Kind::Opportunity, FieldId::Name, &Value::text(sent), &Value::text(stored));
    link.stored.extend(form);
    link
}

/// V6: what a server makes of a text is learned from three links, and not from one that contradicts.
#[test]
fn a_habit_is_learned_from_three_links() {
    let mut links = vec![link_with(1, "firewall", "Firewall"), link_with(2, "new switch", "New switch")];
    assert!(learned(&links).is_empty(), "two are not enough");
    links.push(link_with(3, "router", "Router"));
    let found = learned(&links);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].form, found[0].cases), (TargetForm::FirstUpper, 3));
    links.push(link_with(4, "router", "A router"));
    assert!(learned(&links).is_empty(), "somebody changed it");
    assert_eq!(link_with(5, "same", "same").stored, []);
}

/// A server that cuts texts and spells them in its own way, and whose cuts may fall on a space, cuts them.
#[test]
fn a_cut_is_learned_whatever_else_is_done() {
    let pairs =
        [("hub for the second rack", "Hub for the"), ("hub", "Hub"), ("switch for rack one", "Switch for r")];
    for first in 0..3 {
        let order = (0..3).map(|at| pairs[(first + at) % 3]);
        let links: Vec<Link> =
            order.enumerate().map(|(n, (sent, stored))| link_with(n, sent, stored)).collect();
        let forms: Vec<TargetForm> = learned(&links).iter().map(|habit| habit.form).collect();
        assert_eq!(forms, [TargetForm::Cut(12)], "{first}");
    }
    assert_eq!(TargetForm::Cut(12).apply("hub for the second rack"), "hub for the");
}

/// The plan says what it has seen and where to declare it; that it is declared wrongly, it says of the first text.
#[test]
fn a_plan_tells_of_habits_and_of_forms_that_are_not_true() {
    let told = |field: FieldId, sent: &str, stored: &str, declared: Option<TargetForm>| {
        let mut w = crate::world::World::new();
        for n in 1..=3 {
            w.pair(n, 1, Kind::Opportunity);
            let form =
                StoredForm::of(Side::Hit, Kind::Opportunity, field, &Value::text(sent), &Value::text(stored));
            w.links[usize::try_from(n - 1).unwrap()].stored.extend(form);
        }
        let rule =
            FieldRule { hit_form: declared, ..FieldRule::new(Direction::HitToHalo { until_quoted: false }) };
        w.settings.sync.opportunity.insert(FieldId::Name, rule);
        let diags: Vec<String> = w.plan().diags.into_iter().map(|diag| diag.detail.to_string()).collect();
        diags
    };
    let (cut, upper) = (TargetForm::Cut(4), TargetForm::Upper);
    let declare = |when: &str, form: &str| {
        format!("; {when}, say so: hit_form = \"{form}\" for name under [sync.opportunity]")
    };
    let (always, seldom) = (
        "if it always does",
        "if it always does, and only for what is linked first or after the database was lost",
    );
    let says = "HIT cuts the text after 4 characters (3 opportunities show it)";
    assert_eq!(told(FieldId::Name, "abcdef", "abcd", None), [format!("{says}{}", declare(always, "cut:4"))]);
    // Of descriptions nothing can be declared.
    assert_eq!(told(FieldId::Description, "abcdef", "abcd", None), [says]);
    let capitals = "HIT stores capitals only (3 opportunities show it)";
    assert_eq!(told(FieldId::Name, "ab", "AB", None), [format!("{capitals}{}", declare(seldom, "upper"))]);
    assert!(told(FieldId::Name, "abcdef", "abcd", Some(cut)).is_empty());
    // A cut says nothing of spelling.
    assert!(told(FieldId::Name, "abcdef", "Abcd", Some(cut)).is_empty());
    let wrong = told(FieldId::Name, "abcd", "abc", Some(cut));
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    assert!(wrong.iter().any(|told| told.contains("cut:3")), "{wrong:?}");
    let broken = "HIT made \"abc\" of \"abcd\", although the settings say that it cuts the text after 4 \
                  characters; correct or take out hit_form under [sync.opportunity.name]";
    assert!(wrong.iter().any(|told| told == broken), "{wrong:?}");
    assert_eq!(told(FieldId::Name, "ab", "Ab", Some(upper)).len(), 2);
}

#[test]
fn a_habit_is_said_in_words_of_its_own() {
    let forms = [
        TargetForm::FirstUpper,
        TargetForm::Upper,
        TargetForm::Lower,
        TargetForm::Title,
        TargetForm::Spaces,
        TargetForm::Cut(12),
    ];
    let sentences: BTreeSet<_> = forms.iter().map(|form| form.sentence()).collect();
    assert_eq!(sentences.len(), forms.len());
    assert!(TargetForm::Cut(12).sentence().contains("12"));
}

#[test]
fn only_texts_have_another_form() {
    let of = |sent: &Value, stored: &Value| {
        StoredForm::of(Side::Hit, Kind::Project, FieldId::Description, sent, stored).is_some()
    };
    let rich = |text: &str| Value::Rich(Box::new(Rich::plain(text)));
    assert!(of(&rich("a"), &rich("A")));
    assert!(of(&rich("a"), &Value::text("A")));
    assert!(!of(&rich("a"), &Value::text("a")));
    assert!(!of(&Value::Minutes(1), &Value::Minutes(2)));
    assert!(!of(&Value::Minutes(1), &Value::text("1")));
}
