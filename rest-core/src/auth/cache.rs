//! The token that a client holds: one fetch at a time, renewed early, kept while it lives.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderValue;

use super::{Token, bearer};
use crate::clock::{self, Moment, Time};
use crate::error::Error;
use crate::sanitize::Secrets;

/// A token ends so long before its end: the request still has to travel.
const SKEW: Duration = Duration::from_secs(5);

/// The earliest a token is renewed before its end.
const EARLY: Duration = Duration::from_secs(300);

/// So long no early renewal is tried after one that came to nothing.
const PAUSE: Duration = Duration::from_secs(15);

/// So long a caller whose token is still good waits for a new one.
const PATIENCE: Duration = Duration::from_secs(2);

/// So long a refusal is not blamed on a token that was fetched for a refusal and is refused all the same.
const INNOCENT: Duration = Duration::from_secs(60);

/// What a request is signed with.
#[derive(Clone, Debug)]
pub struct Credential {
    pub(crate) header: HeaderValue,
    pub(crate) generation: u64,
}

impl Credential {
    /// Which token it is, counted from 1: what [`TokenCache::invalidate`] takes.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The `authorization` header's value; marked sensitive, so that `Debug` hides it.
    pub fn header(&self) -> &HeaderValue {
        &self.header
    }
}

/// Holds one token for all callers.
///
/// - One fetch at a time; callers without a living token wait for it and share its result, errors included.
/// - Renewed early, at a moment that differs from client to client; meanwhile the old token serves.
/// - An early renewal that fails is invisible while the old token lives. One that hangs costs a single caller two
///   seconds, then the old token serves for a while before the next try.
/// - A caller that is dropped while it fetches does not harm the others: the next one fetches.
/// - A refused token is dropped only if it is still the current one, and the client drops one for a refusal at most
///   once a minute, unless the server names the token as the reason: servers answer a missing right alike.
pub struct TokenCache {
    state: Mutex<State>,
    flight: tokio::sync::Mutex<()>,
    time: Arc<dyn Time>,
    secrets: Secrets,
}

struct State {
    current: Option<Held>,
    generations: u64,
    /// How many fetches came to an end, and the last one's error.
    flights: u64,
    failure: Option<(u64, Error)>,
    not_early_before: Moment,
    /// The token before was dropped because it was refused.
    refused: bool,
    random: fastrand::Rng,
}

#[derive(Clone)]
struct Held {
    credential: Credential,
    ends: Option<Moment>,
    renew_from: Option<Moment>,
    /// Until when a refusal is not its fault.
    innocent_until: Moment,
}

impl Held {
    fn lives(&self, now: Moment) -> bool {
        self.ends.is_none_or(|ends| now < ends)
    }
}

impl TokenCache {
    /// An empty cache.
    pub fn new(time: impl Time) -> Self {
        Self::with(Arc::new(time), Secrets::default(), fastrand::u64(..))
    }

    pub(crate) fn with(time: Arc<dyn Time>, secrets: Secrets, seed: u64) -> Self {
        Self {
            state: Mutex::new(State {
                current: None,
                generations: 0,
                flights: 0,
                failure: None,
                not_early_before: Moment::default(),
                refused: false,
                random: fastrand::Rng::with_seed(seed),
            }),
            flight: tokio::sync::Mutex::new(()),
            time,
            secrets,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is consistent between any two statements, so a panic elsewhere does not spoil it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The current token, fetched or renewed by `fetch` if need be.
    ///
    /// # Errors
    ///
    /// The error of `fetch`, when no living token is left; callers that waited for the same fetch get the
    /// same error.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops its own fetch, and nothing else.
    pub async fn get<F, Fut>(&self, fetch: F) -> Result<Credential, Error>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<Token, Error>>,
    {
        let (known, flights) = {
            let state = self.state();
            let now = self.time.now();
            match &state.current {
                Some(held) if held.lives(now) => {
                    let due =
                        held.renew_from.is_some_and(|from| now >= from) && now >= state.not_early_before;
                    if !due {
                        return Ok(held.credential.clone());
                    }
                    (Some(held.clone()), state.flights)
                }
                _ => (None, state.flights),
            }
        };
        let _flight = match &known {
            Some(known) => match self.flight.try_lock() {
                Ok(flight) => flight,
                // Somebody else renews it; the old one is good enough.
                Err(_) => return Ok(known.credential.clone()),
            },
            None => self.flight.lock().await,
        };
        {
            let state = self.state();
            if state.flights > flights {
                // A fetch ended while this caller waited: its result is this caller's result, even a token
                // that is nearly over, for otherwise a server that hands out such tokens would be hammered.
                match (&state.failure, &state.current) {
                    (Some((flight, error)), _) if *flight > flights => return Err(error.clone()),
                    (_, Some(held)) => return Ok(held.credential.clone()),
                    _ => {}
                }
            }
        }
        let asked = self.time.now();
        if known.is_some() {
            // Noted before it is known how this ends: the caller may be dropped while it waits.
            self.state().not_early_before = asked + PAUSE;
        }
        let fetched = match known {
            Some(known) if known.lives(asked + PATIENCE) => {
                match clock::until(fetch(), self.time.sleep(PATIENCE)).await {
                    Some(fetched) => fetched,
                    None => {
                        tracing::warn!("renewing the access token takes long; the old one is still good");
                        return Ok(known.credential);
                    }
                }
            }
            _ => fetch().await,
        };
        let fetched = fetched.and_then(|token| Ok((bearer(&token.secret)?, token)));
        let mut state = self.state();
        state.flights += 1;
        match fetched {
            Ok((header, token)) => {
                state.failure = None;
                state.not_early_before = Moment::default();
                state.generations += 1;
                let credential = Credential { header, generation: state.generations };
                let life = token.lifetime.map(|lifetime| life(lifetime, state.random.f64()));
                let innocent_until =
                    if std::mem::take(&mut state.refused) { asked + INNOCENT } else { Moment::default() };
                state.current = Some(Held {
                    credential: credential.clone(),
                    innocent_until,
                    ends: life.map(|(ends, _)| asked + ends),
                    renew_from: life.map(|(_, renew)| asked + renew),
                });
                drop(state);
                self.secrets.add_token(token.secret);
                Ok(credential)
            }
            Err(error) => {
                let now = self.time.now();
                let alive = state.current.as_ref().filter(|held| held.lives(now));
                if let Some(alive) = alive.map(|held| held.credential.clone()) {
                    tracing::warn!(
                        error.r#type = error.kind().as_str(),
                        "renewing the access token failed; the old one is still good"
                    );
                    state.not_early_before = now + PAUSE;
                    return Ok(alive);
                }
                state.failure = Some((state.flights, error.clone()));
                Err(error)
            }
        }
    }

    /// Drops the token of this generation, because the server refused it. A newer one stays.
    pub fn invalidate(&self, generation: u64) {
        let mut state = self.state();
        if state.current.as_ref().is_some_and(|held| held.credential.generation == generation) {
            state.current = None;
            state.refused = true;
        }
    }

    /// The server refused a request that was signed with this generation, and `named` says whether it named the
    /// token as the reason. Drops the token, and says that signing anew may help; or neither.
    pub(crate) fn refused(&self, generation: u64, named: bool) -> bool {
        let now = self.time.now();
        let innocent = self.state().current.as_ref().is_some_and(|held| {
            held.credential.generation == generation && now < held.innocent_until && !named
        });
        if !innocent {
            self.invalidate(generation);
        }
        !innocent
    }
}

/// When a token of this lifetime ends, and when it is renewed, counted from when it was asked for.
fn life(lifetime: Duration, random: f64) -> (Duration, Duration) {
    let ends = lifetime.saturating_sub(SKEW.min(lifetime / 10));
    let early = EARLY.min(lifetime / 5);
    // Clients that were started together must not renew together.
    (ends, ends.saturating_sub(early + (early / 4).mul_f64(random)))
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("TokenCache")
            .field("generation", &state.generations)
            .field("holds_token", &state.current.is_some())
            .finish_non_exhaustive()
    }
}
