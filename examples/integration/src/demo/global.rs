use super::Story;
use crate::exit::Failure;
impl Story {
    pub(super) async fn global(&mut self) -> Result<(), Failure> {
        Ok(())
    }
}
