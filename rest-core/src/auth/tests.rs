use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::FutureExt;
use futures_util::future::join_all;
use proptest::prelude::*;

use super::*;
use crate::clock::{Clock, Sleep};
use crate::error::{Error, ErrorKind};
use crate::test_util::ManualClock;

#[test]
fn credentials_leave_over_tls_or_not_at_all() {
    let allowed = |address: &str| guard_destination(&address.parse().unwrap()).is_ok();
    for address in ["https://example.com/", "http://127.0.0.1:80/", "http://[::1]/", "http://localhost:1/"] {
        assert!(allowed(address), "{address}");
    }
    for address in [
        "http://example.com/",
        "http://127.0.0.1.example.com/",
        "http://localhost.example.com/",
        "/relative",
        "ftp://x/",
    ] {
        assert!(!allowed(address), "{address}");
    }
}

#[test]
fn secrets_that_fit_no_header_are_refused_without_being_shown() {
    let error = Auth::bearer("sec\nret").unwrap_err();
    assert!(error.is_configuration() && !format!("{error} {error:?}").contains("ret\""));
}

struct Server {
    clock: ManualClock,
    fetches: AtomicU32,
    lifetime: Duration,
    latency: Duration,
}

impl Server {
    fn new(lifetime: u64) -> (ManualClock, TokenCache, Self) {
        let clock = ManualClock::new();
        let cache = TokenCache::new(clock.clone());
        let server = Self {
            clock: clock.clone(),
            fetches: AtomicU32::new(0),
            lifetime: Duration::from_secs(lifetime),
            latency: Duration::from_millis(100),
        };
        (clock, cache, server)
    }

    async fn fetch(&self) -> Result<Token, Error> {
        let number = self.fetches.fetch_add(1, Ordering::SeqCst) + 1;
        self.clock.sleep(self.latency).await;
        Ok(Token::new(format!("token-{number}")).expires_in(self.lifetime))
    }

    async fn hang(&self) -> Result<Token, Error> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        std::future::pending().await
    }

    async fn fail(&self) -> Result<Token, Error> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        self.clock.sleep(self.latency).await;
        Err(Error::new(ErrorKind::Connect, "down"))
    }

    fn fetched(&self) -> u32 {
        self.fetches.load(Ordering::SeqCst)
    }
}

#[test]
fn a_thousand_callers_make_one_fetch() {
    let (clock, cache, server) = Server::new(3600);
    let got = clock.block_on(join_all((0..1000).map(|_| cache.get(|| server.fetch()))));
    assert_eq!(server.fetched(), 1);
    assert!(got.into_iter().all(|credential| credential.unwrap().generation() == 1));
}

#[test]
fn callers_that_waited_share_the_error_and_the_next_one_tries_anew() {
    let (clock, cache, server) = Server::new(3600);
    let got = clock.block_on(join_all((0..50).map(|_| cache.get(|| server.fail()))));
    assert!(got.into_iter().all(|result| result.is_err()));
    assert_eq!(server.fetched(), 1);
    assert!(clock.block_on(cache.get(|| server.fetch())).is_ok());
    assert_eq!(server.fetched(), 2);
}

#[test]
fn a_cancelled_fetch_does_not_poison_the_waiters() {
    let (clock, cache, server) = Server::new(3600);
    let mut fetcher = Box::pin(cache.get(|| server.fetch()));
    let mut waiter = Box::pin(cache.get(|| server.fetch()));
    assert!((&mut fetcher).now_or_never().is_none());
    assert!((&mut waiter).now_or_never().is_none());
    drop(fetcher);
    assert_eq!(clock.block_on(waiter).unwrap().generation(), 1);
    assert_eq!(server.fetched(), 2);
}

#[test]
fn renewal_is_early_and_a_failed_one_is_invisible_while_the_old_token_lives() {
    let (clock, cache, server) = Server::new(3600);
    clock.block_on(async {
        cache.get(|| server.fetch()).await.unwrap();
        clock.sleep(Duration::from_secs(3600 - 400)).await;
        cache.get(|| server.fail()).await.unwrap();
        assert_eq!(server.fetched(), 1, "not early enough");
        clock.sleep(Duration::from_secs(200)).await;
        assert_eq!(cache.get(|| server.fail()).await.unwrap().generation(), 1);
        assert_eq!(server.fetched(), 2);
        cache.get(|| server.fail()).await.unwrap();
        assert_eq!(server.fetched(), 2, "after a failure the renewal pauses");
        clock.sleep(Duration::from_secs(30)).await;
        assert_eq!(cache.get(|| server.fetch()).await.unwrap().generation(), 2);
    });
}

#[test]
fn an_early_renewal_that_hangs_costs_one_caller_a_moment_while_the_old_token_lives() {
    let (clock, cache, server) = Server::new(3600);
    clock.block_on(async {
        cache.get(|| server.fetch()).await.unwrap();
        clock.sleep(Duration::from_secs(3600 - 240)).await;
        let before = clock.elapsed();
        assert_eq!(cache.get(|| server.hang()).await.unwrap().generation(), 1);
        assert!(clock.elapsed() - before < Duration::from_secs(3));
        assert_eq!(cache.get(|| server.hang()).await.unwrap().generation(), 1);
        assert_eq!(server.fetched(), 2, "then it pauses");
        clock.sleep(Duration::from_secs(30)).await;
        assert_eq!(cache.get(|| server.fetch()).await.unwrap().generation(), 2);
    });
}

#[test]
fn an_early_renewal_that_its_caller_gives_up_is_not_taken_up_by_the_next() {
    let (clock, cache, server) = Server::new(3600);
    clock.block_on(async {
        cache.get(|| server.fetch()).await.unwrap();
        clock.sleep(Duration::from_secs(3600 - 240)).await;
        let given_up = crate::clock::until(cache.get(|| server.hang()), clock.sleep(Duration::from_secs(1)));
        assert!(given_up.await.is_none());
        assert_eq!(cache.get(|| server.hang()).await.unwrap().generation(), 1);
        assert_eq!(server.fetched(), 2);
    });
}

#[test]
fn a_token_that_is_nearly_over_is_renewed_however_long_that_takes() {
    let (clock, cache, mut server) = Server::new(3600);
    clock.block_on(async {
        cache.get(|| server.fetch()).await.unwrap();
        clock.sleep(Duration::from_secs(3600 - 6)).await;
        server.latency = Duration::from_secs(20);
        assert_eq!(cache.get(|| server.fetch()).await.unwrap().generation(), 2);
    });
}

#[test]
fn while_one_renews_the_others_go_on_with_the_old_token() {
    let (clock, cache, server) = Server::new(3600);
    clock.block_on(async {
        cache.get(|| server.fetch()).await.unwrap();
        clock.sleep(Duration::from_secs(3500)).await;
        let got = join_all((0..10).map(|_| cache.get(|| server.fetch()))).await;
        let mut generations: Vec<_> = got.into_iter().map(|got| got.unwrap().generation()).collect();
        generations.sort_unstable();
        assert_eq!(generations, [1, 1, 1, 1, 1, 1, 1, 1, 1, 2]);
        assert_eq!(server.fetched(), 2);
    });
}

#[test]
fn a_refusal_drops_only_the_token_that_was_refused() {
    let (clock, cache, server) = Server::new(3600);
    clock.block_on(async {
        let first = cache.get(|| server.fetch()).await.unwrap();
        cache.invalidate(first.generation());
        let second = cache.get(|| server.fetch()).await.unwrap();
        assert_eq!((second.generation(), server.fetched()), (2, 2));
        cache.invalidate(first.generation());
        assert_eq!(cache.get(|| server.fetch()).await.unwrap().generation(), 2, "late news of the first");
    });
}

#[test]
fn a_server_that_hands_out_dead_tokens_is_not_hammered() {
    let (clock, cache, server) = Server::new(0);
    let got = clock.block_on(join_all((0..20).map(|_| cache.get(|| server.fetch()))));
    assert!(got.iter().all(Result::is_ok));
    assert_eq!(server.fetched(), 1);
}

proptest! {
    /// Whatever the lifetime and the pattern of use, no token is used after its end, fetches that succeed are
    /// never closer than they must be, and the caller always gets a token.
    #[test]
    fn tokens_are_never_used_after_their_end(
        lifetime in 20_u64..10_000,
        waits in proptest::collection::vec(0_u64..4000, 1..40),
        seed: u64,
    ) {
        let clock = ManualClock::new();
        let cache = TokenCache::with(Arc::new(clock.clone()), crate::sanitize::Secrets::default(), seed);
        let born = std::sync::Mutex::new(vec![Duration::ZERO]);
        clock.block_on(async {
            for wait in waits {
                clock.sleep(Duration::from_secs(wait)).await;
                let credential = cache.get(|| async {
                    born.lock().unwrap().push(clock.now().since_origin());
                    Ok(Token::new("t").expires_in(Duration::from_secs(lifetime)))
                }).await.unwrap();
                let born = born.lock().unwrap();
                let age = clock.elapsed() - born[usize::try_from(credential.generation()).unwrap()];
                assert!(age < Duration::from_secs(lifetime));
                assert_eq!(usize::try_from(credential.generation()).unwrap(), born.len() - 1);
                if let [.., one, two] = born.as_slice() && *one > Duration::ZERO {
                    assert!(*two - *one >= Duration::from_secs(lifetime).mul_f64(0.6), "renewed too early");
                }
            }
        });
    }
}
