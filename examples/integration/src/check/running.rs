//! What shows only on the way: the rate that Halo takes, and clocks.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use halo_client::bytes::Bytes;
use halo_client::http::{HeaderMap, Request, header};
use halo_client::{Client, Error};
use rest_core::client::CallOptions;
use rest_core::clock::{Clock, SystemClock};

use super::ask;
use super::connect::plainly;
use super::finding::{Finding, State};
use super::inputs::Inputs;
use super::ledger::Ledger;

const RATE: &str = "rate_limit_refused";
const CLOCK: &str = "clock_skewed";
/// Clocks this far apart are told of. The header has whole seconds, and an answer takes a while.
const APART: Duration = Duration::from_secs(30);

/// Judges both. Comes last, because it counts the check's own requests.
pub(super) async fn judge(inputs: &Inputs, halo: Option<&Client>, ledger: &mut Ledger) {
    let mut clocks = Vec::new();
    if let Some(client) = halo {
        clocks.push((
            "Halo, GET /InstanceInfo",
            ask::raw(client, "/InstanceInfo").await.map(|a| a.headers().clone()),
        ));
    }
    if let Some(http) = &inputs.hit.http
        && !ledger.fails("hit_unreachable")
        && !ledger.fails("hit_credentials_refused")
    {
        let request = Request::get("/account").body(Bytes::new());
        let answer = match request {
            Ok(request) => {
                http.raw(request, &CallOptions::new()).await.map(|answer| answer.headers().clone())
            }
            Err(_) => Err(Error::configuration("a path of our own is no path")),
        };
        clocks.push(("HumanizeIT, GET /account", answer));
    }
    clock(clocks, ledger);
    if halo.is_some() {
        let (sent, refused) = (inputs.halo.sent.all(), inputs.halo.sent.refused());
        let status = inputs.halo.limiter.status();
        let limit = status.limit.map_or_else(
            || "no limit".to_owned(),
            |limit| format!("{} in {} s", limit.max(), limit.per().as_secs_f64()),
        );
        let saw = format!("{sent} requests at halo.rate_limit = {limit}: {refused} were answered 429");
        ledger.put(Finding::new(RATE, if refused > 0 { State::Warning } else { State::Ok }).saw(saw));
    }
}

fn clock(clocks: Vec<(&str, Result<HeaderMap, Error>)>, ledger: &mut Ledger) {
    let here = SystemClock.wall();
    let (mut apart, mut agree, mut silent) = (Vec::new(), Vec::new(), Vec::new());
    for (server, answer) in clocks {
        let date = answer
            .map_err(|error| plainly(&error))
            .map(|headers| headers.get(header::DATE).and_then(|date| date.to_str().ok()).and_then(instant));
        match date {
            Ok(Some(there)) => {
                let (behind, ahead) = (here.duration_since(there), there.duration_since(here));
                let (by, way) = match (ahead, behind) {
                    (Ok(by), _) => (by, "ahead of"),
                    (_, Ok(by)) => (by, "behind"),
                    (Err(_), Err(_)) => (Duration::ZERO, "with"),
                };
                let line = format!("{server}: its clock is {} s {way} this machine's", by.as_secs());
                if by > APART { apart.push(line) } else { agree.push(line) }
            }
            Ok(None) => silent.push(format!("{server}: no Date in the answer")),
            Err(why) => silent.push(format!("{server}: {why}")),
        }
    }
    ledger.put(match (apart.is_empty(), agree.is_empty(), silent.is_empty()) {
        (false, ..) => Finding::new(CLOCK, State::Warning).saw_all(apart).saw_all(agree),
        (true, false, true) => Finding::new(CLOCK, State::Ok).saw_all(agree),
        (true, true, true) => Finding::new(CLOCK, State::CannotTell).saw("neither server was reached"),
        (true, ..) => Finding::new(CLOCK, State::CannotTell).saw_all(silent).saw_all(agree),
    });
}

/// The instant of a Date header, to the second.
fn instant(text: &str) -> Option<SystemTime> {
    let stamp = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    let seconds = u64::try_from(stamp.as_second()).ok()?;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_header_is_read() {
        let read = instant("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        assert_eq!(read.duration_since(UNIX_EPOCH).unwrap().as_secs(), 784_111_777);
        assert_eq!(instant("yesterday"), None);
    }
}
