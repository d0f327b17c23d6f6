//! Steps 5 to 7: pairing, the preview, the first apply.

use super::Story;
use crate::engine::Reach;
use crate::exit::Failure;

impl Story {
    pub(super) async fn pairing(&mut self) -> Result<(), Failure> {
        self.tell.step("Pairing: what is there twice already is linked, not made again");
        let _looked = self.desk.plan(Reach::Everything).await?;
        let q = self.desk.app.store.questions().await?;
        for c in &q.clients {
            self.tell.item(format!("{c:?}"));
        }
        for c in &q.pairings {
            self.tell.item(format!("{c:?}"));
        }
        Ok(())
    }

    pub(super) async fn preview_and_apply(&mut self) -> Result<(), Failure> {
        self.tell.step("Preview");
        let looked = self.desk.plan(Reach::Everything).await?;
        self.tell.say(format!("{:?}", looked.planned.plan.head.counts));
        let done = self.desk.apply(&looked, None).await?;
        self.tell.say(format!("{:?}", done.report));
        Ok(())
    }
}
