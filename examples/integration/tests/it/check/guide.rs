//! The page that maps HumanizeIT's guide to the findings.

use std::collections::BTreeSet;
use std::path::Path;

use halo_hit::check::{TOPICS, topic};

use super::shown;

const PAGE: &str = include_str!("../../../GUIDE.md");

/// The cells of the table rows that follow a heading.
fn rows(heading: &str) -> Vec<Vec<&'static str>> {
    let (_, rest) = PAGE.split_once(heading).unwrap();
    rest.lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

fn codes(cell: &str) -> Vec<&str> {
    cell.split_whitespace().map(|code| code.trim_matches('`')).collect()
}

#[test]
fn every_line_has_a_finding_or_a_reason_and_every_finding_a_line() {
    let mut named = BTreeSet::new();
    for row in rows("## Line by line") {
        let [line, what, findings, why] = row[..] else { panic!("{row:?}") };
        assert!(line.parse::<usize>().is_ok() && !what.is_empty(), "{row:?}");
        assert!(!findings.is_empty() || !why.is_empty(), "line {line} has neither a finding nor a reason");
        named.extend(codes(findings));
    }
    for row in rows("## What the guide does not say") {
        let [findings, what] = row[..] else { panic!("{row:?}") };
        assert!(!what.is_empty());
        named.extend(codes(findings));
    }
    for code in &named {
        assert!(topic(code).is_some(), "there is no finding {code}");
    }
    for topic in TOPICS {
        assert!(named.contains(topic.code), "{} is on no line", topic.code);
    }
}

/// The table says what the tests show: which findings a fault of a system shows, which one of the configuration, and
/// which both.
#[test]
fn whose_mistake_a_finding_is_stands_in_the_table() {
    let (systems, typed) = shown::by_whom();
    let never: BTreeSet<&str> =
        shown::NEVER.iter().map(|(code, _)| *code).filter(|code| topic(code).is_some()).collect();
    let sets = [&systems - &typed, &systems & &typed, &typed - &systems, never];
    let rows = rows("## Whose mistake it is");
    assert_eq!(rows.len(), sets.len());
    for (row, set) in rows.iter().zip(&sets) {
        let [whose, findings, how] = row[..] else { panic!("{row:?}") };
        assert!(!whose.is_empty() && !how.is_empty());
        let named: BTreeSet<&str> = codes(findings).into_iter().collect();
        let should: Vec<String> = set.iter().map(|code| format!("`{code}`")).collect();
        assert!(named == *set, "{whose}: {}", should.join(" "));
    }
}

#[test]
fn the_lines_are_those_of_the_guide() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let guide = root.join("../shared/reference/halopsa-integration-guide.txt");
    let Ok(guide) = std::fs::read_to_string(&guide) else {
        println!("skipped: the guide is not beside this workspace, at {}", guide.display());
        return;
    };
    let written: Vec<usize> = guide
        .lines()
        .zip(1..)
        .filter(|(line, _)| !line.trim().is_empty())
        .map(|(_, number)| number)
        .collect();
    let mapped: Vec<usize> = rows("## Line by line").iter().map(|row| row[0].parse().unwrap()).collect();
    assert_eq!(mapped, written);
}
