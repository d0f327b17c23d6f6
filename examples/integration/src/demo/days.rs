use super::Story;
use crate::exit::Failure;
impl Story {
    pub(super) async fn won(&mut self) -> Result<(), Failure> {
        Ok(())
    }
    pub(super) async fn conflict(&mut self) -> Result<(), Failure> {
        Ok(())
    }
    pub(super) async fn new_status(&mut self) -> Result<(), Failure> {
        Ok(())
    }
}
