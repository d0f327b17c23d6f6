//! Ids that people type: the whole of it, or a beginning that fits only one.

use std::fmt::Display;

use crate::exit::Failure;

/// How much of a long id is shown in tables.
const SHOWN: usize = 8;
/// Shorter beginnings are refused: they fit today and not tomorrow.
const SHORTEST: usize = 4;

/// The beginning of an id, as tables show it.
pub(super) fn short(id: &impl Display) -> String {
    id.to_string().chars().take(SHOWN).collect()
}

/// The one candidate that `typed` is, or is the beginning of.
pub(super) fn find<T: Copy + Display>(
    typed: &str,
    sort: &str,
    list: &str,
    candidates: impl IntoIterator<Item = T>,
) -> Result<T, Failure> {
    let typed = typed.trim().to_lowercase();
    let mut fitting = candidates.into_iter().filter(|id| id.to_string().starts_with(&typed));
    let way_out = format!("`{list}` lists them with their ids");
    if typed.len() < SHORTEST {
        let what = format!("{typed:?} is too short for the id of {sort}");
        return Err(Failure::usage("id_too_short", what, way_out));
    }
    match (fitting.next(), fitting.next()) {
        (Some(found), None) => Ok(found),
        (Some(_), Some(_)) => {
            let what = format!("{typed:?} is the beginning of more than one id");
            Err(Failure::usage("id_ambiguous", what, "type more of it"))
        }
        (None, _) => Err(Failure::usage("not_open", format!("there is no open {sort} {typed}"), way_out)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_enough_if_it_is_the_only_one() {
        let ids = ["abcd1111", "abcd2222", "ffff0000"];
        let found = |typed| find(typed, "issue", "halo-hit issues", ids).map_err(|failure| failure.code());
        assert_eq!(found("ABCD1"), Ok("abcd1111"));
        assert_eq!(found("ffff0000"), Ok("ffff0000"));
        assert_eq!(found("abcd"), Err("id_ambiguous"));
        assert_eq!(found("abc"), Err("id_too_short"));
        assert_eq!(found("eeee"), Err("not_open"));
    }
}
