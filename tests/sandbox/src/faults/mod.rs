//! Faults on demand: scripted, one request at a time, or random with a rate and a seed.

pub mod layer;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::Method;
use serde::{Deserialize, Serialize};

use crate::world::Side;

/// What can go wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The connection ends; the request was not seen.
    LostRequest,
    /// The request is done; the connection ends without a reply.
    LostReply,
    /// The connection ends without a reply; the request is done a little later.
    LateApply,
    /// 429, with or without `Retry-After`; not done.
    #[serde(rename = "status_429")]
    Status429,
    /// 500; not done.
    #[serde(rename = "status_500")]
    Status500,
    /// 503; not done.
    #[serde(rename = "status_503")]
    Status503,
    /// The request is done; the reply never comes, and the connection stays open for long.
    Timeout,
    /// The reply is late.
    Slow,
    /// Every token is worthless from now on, that of this request too.
    TokenExpiry,
    /// The page is shorter than asked, and does not say so.
    PageCap,
    /// The page before is given again.
    PageRepeat,
    /// The reply ends in the middle of its body.
    TruncatedBody,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::LostRequest,
        Self::LostReply,
        Self::LateApply,
        Self::Status429,
        Self::Status500,
        Self::Status503,
        Self::Timeout,
        Self::Slow,
        Self::TokenExpiry,
        Self::PageCap,
        Self::PageRepeat,
        Self::TruncatedBody,
    ];

    /// Whether it makes sense for a request. Lists are recognised by their query.
    fn fits(self, side: Side, method: &Method, query: &str) -> bool {
        let has = |name: &str| query.to_ascii_lowercase().split('&').any(|p| p.starts_with(name));
        match self {
            Self::TokenExpiry => side == Side::Halo,
            Self::PageCap => *method == Method::GET && has("page_size="),
            Self::PageRepeat if side == Side::Hit => *method == Method::GET && has("cursor="),
            Self::PageRepeat => {
                let first = query.to_ascii_lowercase().split('&').any(|p| p == "page_no=1");
                *method == Method::GET && has("page_no=") && !first
            }
            Self::LateApply => *method != Method::GET,
            _ => true,
        }
    }
}

/// A scripted fault: it strikes the first request that fits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scripted {
    /// `halo` or `hit`; both when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<SideName>,
    /// The method; any when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The path below `/api` (Halo) or the base URL (HIT), or the whole path; case does not matter, a `*` at
    /// the end stands for anything, `{id}` for one segment. Any when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What happens.
    pub fault: Fault,
    /// How many requests that fit are let through before.
    #[serde(default)]
    pub skip: u32,
    /// How often it strikes.
    #[serde(default = "one")]
    pub times: u32,
    /// Seconds in `Retry-After` of a 429 or 503; no header when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
}

fn one() -> u32 {
    1
}

/// A side as JSON names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SideName {
    /// HaloPSA.
    Halo,
    /// HumanizeIT.
    Hit,
}

impl From<SideName> for Side {
    fn from(name: SideName) -> Self {
        match name {
            SideName::Halo => Self::Halo,
            SideName::Hit => Self::Hit,
        }
    }
}

/// How long the faults that take time take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// After how long a late request is done.
    pub late: Duration,
    /// How late a slow reply is.
    pub slow: Duration,
    /// How long a connection without reply stays open.
    pub hold: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            late: Duration::from_millis(60),
            slow: Duration::from_millis(150),
            hold: Duration::from_secs(30),
        }
    }
}

/// What the layer does to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strike {
    /// What happens.
    pub fault: Fault,
    /// Seconds in `Retry-After`.
    pub retry_after: Option<u32>,
    /// How long things take.
    pub timing: Timing,
}

/// The most random faults in a row for one method and path: whoever repeats a request gets through.
const STREAK: u8 = 2;

/// The highest rate; more would not be a fault but an outage.
pub const HIGHEST_RATE: f64 = 0.5;

#[derive(Debug)]
struct Plan {
    rate: f64,
    random: fastrand::Rng,
    next: VecDeque<Scripted>,
    timing: Timing,
    streaks: HashMap<String, u8>,
    struck: BTreeMap<Fault, u64>,
}

/// Decides which requests are struck. Clones share the decision.
#[derive(Debug, Clone)]
pub struct Faults(Arc<Mutex<Plan>>);

impl Faults {
    /// Random faults at a rate (0 to 0.5) from a seed.
    #[must_use]
    pub fn new(rate: f64, seed: u64) -> Self {
        Self(Arc::new(Mutex::new(Plan {
            rate: rate.clamp(0.0, HIGHEST_RATE),
            random: fastrand::Rng::with_seed(seed),
            next: VecDeque::new(),
            timing: Timing::default(),
            streaks: HashMap::new(),
            struck: BTreeMap::new(),
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets rate and seed of the random faults.
    pub fn set_random(&self, rate: f64, seed: u64) {
        let mut plan = self.lock();
        plan.rate = rate.clamp(0.0, HIGHEST_RATE);
        plan.random = fastrand::Rng::with_seed(seed);
        plan.streaks.clear();
    }

    /// Replaces the script.
    pub fn set_script(&self, next: Vec<Scripted>) {
        self.lock().next = next.into();
    }

    /// Sets how long things take.
    pub fn set_timing(&self, timing: Timing) {
        self.lock().timing = timing;
    }

    /// How long things take.
    #[must_use]
    pub fn timing(&self) -> Timing {
        self.lock().timing
    }

    /// The rate in force.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.lock().rate
    }

    /// What of the script has not struck.
    #[must_use]
    pub fn waiting(&self) -> Vec<Scripted> {
        self.lock().next.iter().cloned().collect()
    }

    /// How often each fault struck.
    #[must_use]
    pub fn struck(&self) -> BTreeMap<Fault, u64> {
        self.lock().struck.clone()
    }

    /// What happens to a request. The script comes first; random faults spare everything outside the APIs, so
    /// tokens are given out.
    #[must_use]
    pub fn strike(&self, side: Side, method: &Method, path: &str, query: &str) -> Option<Strike> {
        let mut plan = self.lock();
        let timing = plan.timing;
        let strike =
            plan.scripted(side, method, path, query).or_else(|| plan.random(side, method, path, query))?;
        *plan.struck.entry(strike.0).or_default() += 1;
        Some(Strike { fault: strike.0, retry_after: strike.1, timing })
    }
}

impl Plan {
    fn scripted(
        &mut self,
        side: Side,
        method: &Method,
        path: &str,
        query: &str,
    ) -> Option<(Fault, Option<u32>)> {
        let index = self.next.iter().position(|s| {
            s.side.is_none_or(|name| Side::from(name) == side)
                && s.method.as_ref().is_none_or(|m| m.eq_ignore_ascii_case(method.as_str()))
                && s.path.as_ref().is_none_or(|p| fits_path(p, side, path))
                && (!matches!(s.fault, Fault::PageCap | Fault::PageRepeat)
                    || s.fault.fits(side, method, query))
        })?;
        let entry = self.next.get_mut(index)?;
        if entry.skip > 0 {
            entry.skip -= 1;
            return None;
        }
        let found = (entry.fault, entry.retry_after);
        entry.times = entry.times.saturating_sub(1);
        if entry.times == 0 {
            self.next.remove(index);
        }
        Some(found)
    }

    fn random(
        &mut self,
        side: Side,
        method: &Method,
        path: &str,
        query: &str,
    ) -> Option<(Fault, Option<u32>)> {
        if self.rate <= 0.0 || !path.to_ascii_lowercase().starts_with("/api") {
            return None;
        }
        let hit = self.random.f64() < self.rate;
        let streak = self.streaks.entry(format!("{side:?} {method} {path}")).or_default();
        if !hit || *streak >= STREAK {
            *streak = 0;
            return None;
        }
        *streak += 1;
        let fitting: Vec<Fault> =
            Fault::ALL.iter().copied().filter(|f| f.fits(side, method, query)).collect();
        let fault = *fitting.get(self.random.usize(..fitting.len()))?;
        let retry_after = self.random.bool().then_some(1);
        Some((fault, retry_after))
    }
}

/// Whether a path fits a script's pattern.
fn fits_path(pattern: &str, side: Side, path: &str) -> bool {
    let base = match side {
        Side::Halo => "/api",
        Side::Hit => crate::hit::BASE,
    };
    let path = path.to_ascii_lowercase();
    let pattern = pattern.to_ascii_lowercase();
    let below = path.strip_prefix(base).unwrap_or(&path);
    [path.as_str(), below].iter().any(|path| fits_pattern(&pattern, path))
}

fn fits_pattern(pattern: &str, path: &str) -> bool {
    if let Some(start) = pattern.strip_suffix('*') {
        return path.starts_with(start);
    }
    let (mut wanted, mut given) =
        (pattern.trim_end_matches('/').split('/'), path.trim_end_matches('/').split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(w), Some(g)) if w == g || (w.starts_with('{') && w.ends_with('}')) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(fault: Fault, path: &str) -> Scripted {
        Scripted {
            side: Some(SideName::Halo),
            method: Some("POST".into()),
            path: Some(path.into()),
            fault,
            skip: 1,
            times: 1,
            retry_after: None,
        }
    }

    #[test]
    fn a_script_strikes_once_after_its_skips() {
        let faults = Faults::new(0.0, 1);
        faults.set_script(vec![script(Fault::LostReply, "/Tickets")]);
        let post = |path| faults.strike(Side::Halo, &Method::POST, path, "").map(|s| s.fault);
        assert_eq!(post("/api/actions"), None);
        assert_eq!(post("/api/tickets"), None);
        assert_eq!(post("/api/Tickets"), Some(Fault::LostReply));
        assert_eq!(post("/api/tickets"), None);
    }

    #[test]
    fn patterns_stand_for_segments_and_ends() {
        assert!(fits_path("/roadmap-items/{id}", Side::Hit, "/api/v1/roadmap-items/it_1"));
        assert!(!fits_path("/roadmap-items", Side::Hit, "/api/v1/roadmap-items/it_1"));
        assert!(fits_path("/Tickets*", Side::Halo, "/api/tickets/12"));
        assert!(fits_path("/auth/token", Side::Halo, "/auth/token"));
    }

    #[test]
    fn random_faults_repeat_with_their_seed_and_let_the_third_try_through() {
        let run = |seed| {
            let faults = Faults::new(0.5, seed);
            (0..400)
                .map(|_| faults.strike(Side::Halo, &Method::POST, "/api/tickets", "").map(|s| s.fault))
                .collect::<Vec<_>>()
        };
        let first = run(7);
        assert_eq!(first, run(7));
        assert_ne!(first, run(8));
        assert!(first.windows(3).all(|w| w.iter().any(Option::is_none)));
        assert!(first.iter().flatten().count() > 60);
    }

    #[test]
    fn faults_of_pages_need_a_page() {
        assert!(!Fault::PageCap.fits(Side::Halo, &Method::GET, "count=5"));
        assert!(Fault::PageCap.fits(Side::Halo, &Method::GET, "page_no=1&page_size=100"));
        assert!(!Fault::PageRepeat.fits(Side::Halo, &Method::GET, "page_no=1&page_size=100"));
        assert!(Fault::PageRepeat.fits(Side::Halo, &Method::GET, "page_no=2&page_size=100"));
    }
}
