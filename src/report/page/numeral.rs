//! Numbers for people: grouped, with a true minus, as many digits as say something, and units a thin space away.

/// Between a number and its unit; the line never breaks there.
const THIN: char = '\u{202f}';
const MINUS: char = '\u{2212}';

/// A number with so many decimals, its thousands apart.
pub(super) fn fixed(value: f64, decimals: usize) -> String {
    let digits = format!("{:.decimals$}", value.abs());
    let (whole, rest) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let is_zero = digits.bytes().all(|b| matches!(b, b'0' | b'.'));
    let sign = if value < 0.0 && !is_zero { MINUS.to_string() } else { String::new() };
    format!("{sign}{}{rest}", grouped(whole))
}

/// A whole number, its thousands apart.
pub(super) fn count(n: u64) -> String {
    grouped(&n.to_string())
}

/// A number of digits, in groups of three.
fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number to about three digits: 0.123, 1.23, 12.3, 123, 1,234.
pub(super) fn telling(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 99.95 => 0,
        size if size >= 9.995 => 1,
        size if size >= 0.9995 => 2,
        _ => 3,
    };
    fixed(value, decimals)
}

/// Percent, to about three digits but never finer than hundredths.
pub(super) fn percent(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 99.95 => 0,
        size if size >= 9.995 => 1,
        _ => 2,
    };
    with_unit(&fixed(value, decimals), "%")
}

/// A number and its unit.
pub(super) fn with_unit(number: &str, unit: &str) -> String {
    format!("{number}{THIN}{unit}")
}

/// Words in which no number is parted from its percent sign.
pub(super) fn unparted(words: &str) -> String {
    words.replace(" %", &format!("{THIN}%"))
}

/// A price: about four digits, the more decimals the smaller it is.
pub(super) fn price(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 999.5 => 0,
        size if size >= 9.995 => 2,
        size if size >= 0.9995 => 3,
        size if size >= 0.01 => 5,
        _ => 8,
    };
    fixed(value, decimals)
}

/// The label of a tick: as few digits as it takes, thousands and millions by a letter.
pub(super) fn tick(value: f64) -> String {
    let (scaled, letter) = match value.abs() {
        size if size >= 1e9 => (value / 1e9, "bn"),
        size if size >= 1e6 => (value / 1e6, "m"),
        size if size >= 1e4 => (value / 1e3, "k"),
        _ => (value, ""),
    };
    let decimals = (0..=10).find(|d| is_told_by(scaled, *d)).unwrap_or(10);
    format!("{}{letter}", fixed(scaled, usize::try_from(decimals).unwrap_or_default()))
}

fn is_told_by(value: f64, decimals: i32) -> bool {
    let scaled = value * 10.0_f64.powi(decimals);
    (scaled - scaled.round()).abs() < 1e-6 * scaled.abs().max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_its_percent_sign() {
        assert_eq!(unparted("hold at 25 % volatility"), "hold at 25\u{202f}% volatility");
    }

    #[test]
    fn numbers_are_told_as_people_read_them() {
        for (told, expected) in [
            (fixed(1_234_567.891, 2), "1,234,567.89"),
            (fixed(-1234.5, 1), "−1,234.5"),
            (fixed(-0.001, 2), "0.00"),
            (fixed(999.999, 1), "1,000.0"),
            (count(43_801), "43,801"),
            (count(7), "7"),
            (telling(0.123_45), "0.123"),
            (telling(-1.234), "−1.23"),
            (telling(99.96), "100"),
            (percent(121.713), "122\u{202f}%"),
            (percent(17.262), "17.3\u{202f}%"),
            (percent(-2.617), "−2.62\u{202f}%"),
            (percent(0.0), "0.00\u{202f}%"),
            (price(93_576.2), "93,576"),
            (price(0.123_456), "0.12346"),
            (tick(0.0), "0"),
            (tick(2000.0), "2,000"),
            (tick(20_000.0), "20k"),
            (tick(2_500_000.0), "2.5m"),
            (tick(-0.25), "−0.25"),
            (tick(0.000_02), "0.00002"),
        ] {
            assert_eq!(told, expected);
        }
    }
}
