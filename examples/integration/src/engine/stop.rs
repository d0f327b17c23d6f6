//! Being asked to stop: at once where nothing is under way, else after the step in hand.

use std::sync::Arc;

use tokio::sync::watch;

/// Somebody may ask for an end. Clones share the wish.
///
/// Reading is simply given up: nothing is lost by that. Carrying out a plan goes on until the operation in hand has
/// ended or would have to wait; the rest of the plan is not tried, and the next run plans it again.
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
}

#[cfg(test)]
mod tests {
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
}
