//! Things to choose, and what somebody means who names one.

use std::fmt;

/// One thing to choose.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    /// What an answer file calls it: an id, mostly.
    pub(super) key: String,
    /// What people call it.
    pub(super) name: String,
    /// What helps to choose.
    pub(super) note: String,
}

impl Choice {
    pub(super) fn new(key: impl fmt::Display, name: impl Into<String>, note: impl Into<String>) -> Self {
        Choice { key: key.to_string(), name: name.into(), note: note.into() }
    }
}

/// The choice that a person typed: its number in the list, its name, its id, or a part of one name.
pub(super) fn typed(text: &str, choices: &[Choice]) -> Result<usize, String> {
    if let Ok(number) = text.parse::<usize>()
        && (1..=choices.len()).contains(&number)
    {
        return Ok(number - 1);
    }
    stored(text, choices)
}

/// The choice that a file names: by its id, its name, or a part of one name.
pub(super) fn stored(text: &str, choices: &[Choice]) -> Result<usize, String> {
    if let Some(at) = choices.iter().position(|choice| choice.key == text) {
        return Ok(at);
    }
    let wanted = text.to_lowercase();
    let fitting = |test: &dyn Fn(&str) -> bool| {
        let of = choices.iter().enumerate().filter(|(_, choice)| test(&choice.name.to_lowercase()));
        of.map(|(at, _)| at).collect::<Vec<_>>()
    };
    let exact = fitting(&|name| name == wanted);
    let part = if exact.is_empty() && wanted.chars().count() >= 3 {
        fitting(&|name| name.contains(&wanted))
    } else {
        exact
    };
    match part.as_slice() {
        [only] => Ok(*only),
        [] => Err(format!("{text:?} is none of the choices.")),
        several => {
            let names: Vec<String> = several
                .iter()
                .take(5)
                .map(|at| format!("{} ({})", choices[*at].name, choices[*at].key))
                .collect();
            Err(format!("{text:?} could be {}; type its number or its id.", names.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_found_by_number_id_name_or_part_and_never_guessed() {
        let choices = [
            Choice::new(21, "Opportunity", ""),
            Choice::new(2, "Renewal", ""),
            Choice::new(7, "On Hold", ""),
            Choice::new(9, "On Hold", ""),
        ];
        assert_eq!(typed("2", &choices), Ok(1));
        // In a file a number is an id, whatever stands at that place of the list.
        assert_eq!(stored("2", &choices), Ok(1));
        assert_eq!(typed("21", &choices), Ok(0));
        assert_eq!(stored("renewal", &choices), Ok(1));
        assert_eq!(typed("oppor", &choices), Ok(0));
        assert!(typed("on hold", &choices).unwrap_err().contains("On Hold (7), On Hold (9)"));
        assert!(typed("op", &choices).is_err());
        assert!(typed("0", &choices).is_err());
        assert!(stored("1", &choices).is_err());
    }
}
