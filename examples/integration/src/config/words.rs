//! Small texts with a meaning: durations, rates, and the word somebody probably meant.

use std::time::Duration;

/// `250ms`, `30s`, `15m`, `24h`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u64 = text[..digits].parse().ok()?;
    let unit = match &text[digits..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number.checked_mul(unit).filter(|ms| *ms <= 366 * 24 * 3_600_000).map(Duration::from_millis)
}

/// `60/60`: so many requests in so many seconds.
pub(super) fn rate(text: &str) -> Option<(u32, Duration)> {
    let (requests, seconds) = text.split_once('/')?;
    let requests: u32 = requests.trim().parse().ok().filter(|number| *number > 0)?;
    let seconds: u64 = seconds.trim().parse().ok().filter(|number| (1..=3600).contains(number))?;
    Some((requests, Duration::from_secs(seconds)))
}

/// `"a", "b" or "c"`.
pub(super) fn quoted(words: &[String]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// The known word that is nearest to `word`, if it is near enough to be meant.
pub(super) fn nearest<'w>(word: &str, known: &'w [String]) -> Option<&'w str> {
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    known
        .iter()
        .map(|candidate| (distance(&word.to_lowercase(), candidate), candidate.as_str()))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Edit distance, counting two exchanged neighbours once.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let same = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(row[j - 1] + 1).min(rows[i - 1][j - 1] + same);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        for (text, ms) in [("250ms", 250), ("30s", 30_000), ("15m", 900_000), ("24h", 86_400_000), ("0s", 0)]
        {
            assert_eq!(duration(text), Some(Duration::from_millis(ms)), "{text}");
        }
        for text in ["", "5", "s", "-5s", "5 s", "1.5h", "5d", "99999999999999999999h", "9999999h"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let known = ["resource_server", "tenant", "client_id"].map(str::to_owned);
        for (word, meant) in
            [("resorce_server", "resource_server"), ("tenatn", "tenant"), ("Client_ID", "client_id")]
        {
            assert_eq!(nearest(word, &known), Some(meant));
        }
        assert_eq!(nearest("password", &known), None);
    }

    #[test]
    fn rates_are_requests_per_seconds() {
        assert_eq!(rate("500/180"), Some((500, Duration::from_secs(180))));
        for text in ["", "60", "0/60", "60/0", "a/b", "60/60s"] {
            assert_eq!(rate(text), None, "{text}");
        }
    }
}
