//! The laws that the decision table must keep for any values.

use super::tests::{BOTH, TO_HALO, given, hit_id, map, rule, short, status_cell};
use super::*;
use crate::base::BaseCell;
use crate::ids::{Side, StatusId};
use crate::plan::Why;
use crate::settings::{Blank, ConflictRule, Direction, FieldRule, FirstLink, StatusMap};
use crate::value::{Obs, Value};
use alloc::vec::Vec;
use proptest::prelude::*;

fn small_map() -> impl Strategy<Value = StatusMap> {
    let row = || proptest::collection::btree_map(0..5_u8, proptest::option::weighted(0.9, 0..5_u8), 0..6);
    (row(), row()).prop_map(|(to_halo, to_hit)| {
        let pairs = |m: alloc::collections::BTreeMap<u8, Option<u8>>| m.into_iter().collect::<Vec<_>>();
        map(&pairs(to_halo), &pairs(to_hit))
    })
}

fn any_rule() -> impl Strategy<Value = FieldRule> {
    let direction = prop_oneof![
        Just(BOTH),
        Just(TO_HALO),
        Just(Direction::HaloToHit),
        Just(Direction::OnCreate),
        Just(Direction::OnCreateThenHaloToHit),
        Just(Direction::Off),
    ];
    let conflict =
        prop_oneof![Just(ConflictRule::Manual), Just(ConflictRule::HaloWins), Just(ConflictRule::HitWins)];
    let blank = prop_oneof![Just(Blank::NeverOverwrites), Just(Blank::IsValue)];
    let first = prop_oneof![Just(FirstLink::FillBlanks), Just(FirstLink::Policy), Just(FirstLink::Manual)];
    (direction, conflict, blank, first).prop_map(|(direction, conflict, blank, first_link)| FieldRule {
        direction,
        conflict,
        blank,
        first_link,
        ..rule(direction)
    })
}

fn any_text() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("a"), Just("b"), Just("c"), Just("_"), Just("?"), Just("!")]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// V1: a pair that is consistent is never written, whatever the base and the map. V2: after a write the pair is
    /// consistent, and a second look leaves it alone.
    #[test]
    fn status_maps_never_flip(
        map in small_map(),
        rule in any_rule(),
        base in proptest::option::of((0..5_u8, 0..5_u8)),
        halo in 0..5_u8,
        hit in 0..5_u8,
    ) {
        let cell = |h: u8, t: u8| BaseCell {
            halo: Some(Value::halo_status(StatusId(i64::from(h)))),
            hit: Some(Value::hit_status(&hit_id(t))),
        };
        let base = base.map(|(h, t)| cell(h, t));
        let now = cell(halo, hit);
        let (a, b) = (Obs::from_seen(now.halo.clone()), Obs::from_seen(now.hit.clone()));
        let outcome = decide(&status_cell(Some(&map), rule, base.as_ref(), &a, &b));
        let consistent = map.consistent(StatusId(i64::from(halo)), &hit_id(hit));
        if consistent {
            prop_assert!(matches!(outcome, Outcome::Nothing | Outcome::Rebase(_)), "{outcome:?}");
        }
        if let Outcome::Write { side, value, .. } = outcome {
            let written = match side {
                Side::Halo => BaseCell { halo: value, hit: now.hit },
                Side::Hit => BaseCell { halo: now.halo, hit: value },
            };
            let (a, b) = (Obs::from_seen(written.halo.clone()), Obs::from_seen(written.hit.clone()));
            let again = decide(&status_cell(Some(&map), rule, Some(&written), &a, &b));
            prop_assert_eq!(again, Outcome::Nothing);
            prop_assert!(status_cell(Some(&map), rule, None, &a, &b).relation.consistent(a.value(), b.value()));
        }
    }

    /// S5, S6: nothing is written from or over what was not seen, nor against the direction.
    #[test]
    fn directions_and_blind_spots_hold(
        rule in any_rule(),
        base in proptest::option::of((any_text(), any_text())),
        halo in any_text(),
        hit in any_text(),
    ) {
        let seen = |t: &str| !matches!(t, "?" | "!");
        let base = base.filter(|(a, b)| seen(a) && seen(b));
        let outcome = given(rule, base, halo, hit).decide();
        if let Outcome::Write { side, value, why } = &outcome {
            prop_assert!(seen(halo) && seen(hit));
            let filling = matches!(why, Why::FirstLinkFilled { .. });
            match side {
                Side::Halo => prop_assert!(
                    rule.direction.to_halo() || (filling && rule.direction.on_create())
                ),
                Side::Hit => prop_assert!(rule.direction.to_hit()),
            }
            if rule.blank == Blank::NeverOverwrites {
                prop_assert!(value.is_some());
            }
        }
        if matches!(outcome, Outcome::Rebase(_) | Outcome::Conflict(_)) {
            prop_assert!(seen(halo) && seen(hit));
        }
    }

    /// A5: swapping the sides and the rule mirrors the outcome.
    #[test]
    fn the_sides_are_mirror_images(
        manual in any::<bool>(),
        blank in any::<bool>(),
        base in proptest::option::of((any_text(), any_text())),
        halo in any_text(),
        hit in any_text(),
    ) {
        let seen = |t: &str| !matches!(t, "?" | "!");
        let base = base.filter(|(a, b)| seen(a) && seen(b));
        prop_assume!(seen(halo) || seen(hit));
        let rule = |conflict| FieldRule {
            conflict,
            blank: if blank { Blank::IsValue } else { Blank::NeverOverwrites },
            ..rule(BOTH)
        };
        let (one, two) = if manual {
            (ConflictRule::Manual, ConflictRule::Manual)
        } else {
            (ConflictRule::HaloWins, ConflictRule::HitWins)
        };
        let here = short(&given(rule(one), base, halo, hit).decide());
        let there = short(&given(rule(two), base.map(|(a, b)| (b, a)), hit, halo).decide());
        let swap = |text: &str| {
            text.replace("halo:=", "#:=").replace("hit:=", "halo:=").replace("#:=", "hit:=")
                .replace("(Halo)", "(#)").replace("(Hit)", "(Halo)").replace("(#)", "(Hit)")
        };
        prop_assert_eq!(swap(&here), there);
    }
}
