//! Being asked to stop: at once where nothing is under way, else after the step in hand.

use std::sync::Arc;
use std::time::Duration;

use rest_core::clock::Sleep;
use tokio::sync::watch;

/// Somebody may ask for an end. Clones share the wish.
///
/// Reading is simply given up: nothing is lost by that. Carrying out a plan goes on until the operation in hand has
/// ended or would have to wait; the rest of the plan is not tried, and the next run plans it again. A server that does not
/// answer meanwhile is not waited for as long as at other times.
#[derive(Clone, Debug)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Default for Stop {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Stop {
    /// Nobody has asked yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for the end.
    pub fn request(&self) {
        self.0.send_replace(true);
    }

    /// Whether somebody has asked.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until somebody asks.
    ///
    /// # Cancel safety
    /// May be dropped and called again.
    pub async fn requested(&self) {
        let mut wish = self.0.subscribe();
        // The sender lives as long as this call.
        let _ = wish.wait_for(|asked| *asked).await;
    }

    /// What `work` gives, or nothing if somebody asks for the end before it is there. `work` is dropped then.
    pub async fn unless<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.requested() => None,
            done = work => Some(done),
        }
    }

    /// The same, where `work` may go on for a while after somebody has asked.
    pub async fn unless_after<T>(
        &self,
        grace: Duration,
        time: &(impl Sleep + ?Sized),
        work: impl Future<Output = T>,
    ) -> Option<T> {
        let over = async {
            self.requested().await;
            time.sleep(grace).await;
        };
        tokio::select! {
            biased;
            done = work => Some(done),
            () = over => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use rest_core::clock::SystemClock;

    use super::*;

    #[tokio::test]
    async fn work_is_given_up_when_somebody_asks() {
        let stop = Stop::new();
        assert_eq!(stop.unless(async { 1 }).await, Some(1));
        let (other, waits) = (stop.clone(), stop.clone());
        let waiting = tokio::spawn(async move { waits.unless(std::future::pending::<()>()).await });
        other.request();
        assert_eq!(waiting.await.unwrap(), None);
        assert!(stop.is_requested());
        assert_eq!(stop.unless(async { 1 }).await, None);
    }

    #[tokio::test]
    async fn work_in_hand_has_its_time_after_somebody_has_asked() {
        let (stop, long) = (Stop::new(), Duration::from_secs(3_600));
        let never = std::future::pending::<()>;
        assert_eq!(stop.unless_after(Duration::ZERO, &SystemClock, async { 1 }).await, Some(1));
        stop.request();
        let soon = async {
            tokio::task::yield_now().await;
            2
        };
        assert_eq!(stop.unless_after(long, &SystemClock, soon).await, Some(2));
        assert_eq!(stop.unless_after(Duration::from_millis(1), &SystemClock, never()).await, None);
    }
}
