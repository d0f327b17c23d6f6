//! Findings as they come in, and what becomes of those that never do.

use std::collections::BTreeMap;

use super::finding::{Finding, NOT_ASKED, Report, State};
use super::topics::{self, TOPICS};

/// The findings so far, by code.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    found: BTreeMap<String, Finding>,
}

impl Ledger {
    /// Takes a finding; a later one of the same code replaces it.
    pub(super) fn put(&mut self, finding: Finding) {
        self.found.insert(finding.code.to_string(), finding);
    }

    /// Notes that a precondition holds.
    pub(super) fn ok(&mut self, code: &'static str, evidence: impl AsRef<str>) {
        self.put(Finding::new(code, State::Ok).saw(evidence));
    }

    /// Notes why a precondition cannot be told.
    pub(super) fn cannot_tell(&mut self, code: &'static str, reason: impl AsRef<str>) {
        self.put(Finding::new(code, State::CannotTell).saw(reason));
    }

    /// The finding of a code.
    pub(super) fn get(&self, code: &str) -> Option<&Finding> {
        self.found.get(code)
    }

    /// Whether a precondition fails.
    pub(super) fn fails(&self, code: &str) -> bool {
        self.get(code).is_some_and(|finding| finding.state == State::Fails)
    }

    /// The first failure that stands before `code`, however far back.
    pub(super) fn before(&self, code: &str) -> Option<&'static str> {
        let topic = topics::topic(code)?;
        // A topic needs only topics that stand before it in the table, so this ends.
        topic.needs.iter().find_map(|need| if self.fails(need) { Some(*need) } else { self.before(need) })
    }

    /// What was found so far, in the table's order, and nothing about what was not asked.
    pub(super) fn so_far(&self) -> Report {
        let of = |topic: &topics::Topic| self.found.get(topic.code).cloned();
        Report::new(TOPICS.iter().filter_map(of).collect())
    }

    /// All findings in the table's order, those without a topic of their own at the end. What was not asked cannot be
    /// told, because of the failure that stands before it.
    pub(super) fn report(mut self) -> Report {
        for topic in TOPICS {
            if !self.found.contains_key(topic.code) {
                let reason = self.before(topic.code).map_or_else(
                    || format!("{NOT_ASKED}something it builds on could not be told"),
                    |failing| format!("{NOT_ASKED}{failing} stands before it"),
                );
                self.cannot_tell(topic.code, reason);
            }
        }
        let mut findings = Vec::with_capacity(self.found.len());
        for topic in TOPICS {
            findings.extend(self.found.remove(topic.code));
        }
        findings.extend(self.found.into_values());
        // Stable: within a group the table's order stays.
        findings.sort_by_key(Finding::group);
        Report::new(findings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hangs_on_a_failure_names_the_first_one() {
        let mut ledger = Ledger::default();
        ledger.put(Finding::new("tenant_unknown", State::Fails));
        let report = ledger.report();
        let scopes = report.get("scope_missing").unwrap();
        assert_eq!(scopes.state, State::CannotTell);
        assert_eq!(scopes.evidence, ["not asked, because tenant_unknown stands before it"]);
        assert_eq!(report.get("status_not_of_type").unwrap().evidence, scopes.evidence);
        assert_eq!(report.in_state(State::Fails).collect::<Vec<_>>(), ["tenant_unknown"]);
    }

    #[test]
    fn the_order_is_that_of_the_groups() {
        let report = Ledger::default().report();
        let groups: Vec<_> = report.findings.iter().map(Finding::group).collect();
        assert!(groups.is_sorted());
    }
}
