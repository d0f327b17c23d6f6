use std::time::SystemTime;

use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;

use super::*;

const SENT: [Sent; 3] = [Sent::No, Sent::MayBeApplied, Sent::Answered];
const REPEAT: [Idempotency; 3] = [Idempotency::Safe, Idempotency::Idempotent, Idempotency::Once];
const CLASS: [FailureClass; 3] = [FailureClass::Throttled, FailureClass::Transient, FailureClass::Permanent];

#[test]
fn the_verdict_table_keeps_its_promises() {
    for sent in SENT {
        for repeat in REPEAT {
            for class in CLASS {
                let verdict = verdict(sent, repeat, class);
                let case = format!("{sent:?} {repeat:?} {class:?} -> {verdict:?}");
                // What may have been applied and may be applied only once is never sent again.
                let perhaps_applied = sent == Sent::MayBeApplied
                    || (sent == Sent::Answered && class == FailureClass::Transient);
                if perhaps_applied && repeat == Idempotency::Once {
                    assert_eq!(verdict, Verdict::OutcomeUnknown, "{case}");
                }
                if repeat == Idempotency::Safe {
                    assert_ne!(verdict, Verdict::OutcomeUnknown, "{case}");
                }
                if sent == Sent::No {
                    assert_ne!(verdict, Verdict::OutcomeUnknown, "{case}");
                }
                if class == FailureClass::Permanent {
                    assert_ne!(verdict, Verdict::Retry, "{case}");
                }
                if class == FailureClass::Throttled && sent != Sent::MayBeApplied {
                    assert_eq!(verdict, Verdict::Retry, "{case}");
                }
            }
        }
    }
}

#[test]
fn reads_waits_in_every_form() {
    let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
    let read = |after: &'static str, date: Option<&'static str>| {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", HeaderValue::from_static(after));
        if let Some(date) = date {
            headers.insert("date", HeaderValue::from_static(date));
        }
        retry_after(&headers, wall)
    };
    assert_eq!(read("7", None), Some(Duration::from_secs(7)));
    assert_eq!(read(" 0.5 ", None), Some(Duration::from_millis(500)));
    assert_eq!(read("-1", None), None);
    assert_eq!(read("soon", None), None);
    assert_eq!(read("Sun, 06 Nov 1994 08:49:40 GMT", None), Some(Duration::from_secs(3)));
    assert_eq!(read("Sun, 06 Nov 1994 08:49:30 GMT", None), Some(Duration::ZERO));
    assert_eq!(
        read("Sun, 06 Nov 1994 08:49:40 GMT", Some("Sun, 06 Nov 1994 08:49:30 GMT")),
        Some(Duration::from_secs(10)),
        "the server's own date goes before ours"
    );
}

#[test]
fn the_budget_runs_dry_and_fills_again() {
    let budget = RetryBudget::new(2);
    assert!(budget.take() && budget.take() && !budget.take());
    for _ in 0..4 {
        budget.refill();
    }
    assert!(!budget.take());
    budget.refill();
    assert!(budget.take());
    for _ in 0..1000 {
        budget.refill();
    }
    assert_eq!(budget.left(), 2);
}

proptest! {
    #[test]
    fn waits_stay_between_what_was_asked_and_the_cap(
        retry in 1_u32..200, random in 0.0..=1.0_f64, asked in proptest::option::of(0_u64..1000),
    ) {
        let policy = RetryPolicy::default();
        let asked = asked.map(Duration::from_secs);
        let wait = policy.wait(retry, asked, random);
        prop_assert!(wait >= asked.unwrap_or_default());
        prop_assert!(wait <= policy.cap.max(asked.unwrap_or_default()));
    }

    #[test]
    fn over_a_long_time_retries_stay_below_a_fifth(outcomes in proptest::collection::vec(any::<bool>(), 0..2000)) {
        let budget = RetryBudget::new(10);
        let (mut retries, mut successes) = (0, 0);
        for success in outcomes {
            if success { successes += 1; budget.refill(); } else if budget.take() { retries += 1; }
        }
        prop_assert!(retries <= 10 + successes / 5);
    }
}
