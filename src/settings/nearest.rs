//! What somebody may have meant who mistyped a key.

/// More letters than these are no slip of the fingers.
const MOST_SLIPS: usize = 3;

/// The key that is written most like this one: the one it is the end of, or the one it becomes with the fewest letters added,
/// left out or changed. None where nothing comes near.
pub(super) fn nearest<'k>(written: &str, keys: &'k [String]) -> Option<&'k str> {
    let is_end = |key: &&String| key.strip_suffix(written).is_some_and(|before| before.ends_with('.'));
    if !written.is_empty()
        && let Some(key) = keys.iter().find(is_end)
    {
        return Some(key);
    }
    let most = MOST_SLIPS.min(written.len() / 3);
    let slips = |key: &'k String| (slips(written, key), key.as_str());
    keys.iter().map(slips).filter(|(slips, _)| *slips <= most).min().map(|(_, key)| key)
}

/// How many letters have to be added, left out or changed to come from one to the other (Levenshtein, 1966).
fn slips(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.iter().enumerate() {
            let changed = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_letters_added_left_out_or_changed() {
        for (a, b, count) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("rsi", "rsi", 0),
            ("rsy", "rsi", 1),
        ] {
            assert_eq!(slips(a, b), count, "{a} {b}");
        }
    }

    #[test]
    fn what_is_far_from_everything_is_nothing() {
        let keys = ["exits.stop_atr", "risk.heat_pct"].map(str::to_owned);
        assert_eq!(nearest("exits.stopatr", &keys), Some("exits.stop_atr"));
        assert_eq!(nearest("heat_pct", &keys), Some("risk.heat_pct"));
        for written in ["", "x", "costs.fee_bps", "pct"] {
            assert_eq!(nearest(written, &keys), None, "{written}");
        }
    }
}
