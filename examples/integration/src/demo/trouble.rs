use super::Story;
use crate::exit::Failure;
impl Story {
    pub(super) async fn trouble(&mut self) -> Result<(), Failure> {
        Ok(())
    }
}
