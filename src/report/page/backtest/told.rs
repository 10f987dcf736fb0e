//! Figures in words, and why there are none.

use crate::report::page::markup::{Markup, tag};
use crate::report::page::numeral;
use crate::report::{FigureReport, Number};

/// A figure as it is told, or why there is none.
pub(super) fn told(figure: &FigureReport, tell: impl Fn(f64) -> String) -> Markup {
    match (figure.value, figure.interval) {
        (Some(value), _) => Markup::text(tell(value.get())),
        (None, Some([low, high])) => Markup::text(ends(low, high, tell)),
        (None, None) => tag("span").class("none").text(figure.why.unwrap_or("unknown")).into(),
    }
}

/// An interval as it is told; nothing where there is none.
pub(super) fn interval(figure: &FigureReport, tell: impl Fn(f64) -> String) -> Option<String> {
    figure.interval.map(|[low, high]| ends(low, high, tell))
}

fn ends(low: Option<Number>, high: Option<Number>, tell: impl Fn(f64) -> String) -> String {
    let end = |end: Option<Number>| end.map_or_else(|| "?".to_owned(), |end| tell(end.get()));
    format!("{} to {}", end(low), end(high))
}

/// A figure in a sentence; nothing where there is none.
pub(super) fn value(figure: &FigureReport, tell: impl Fn(f64) -> String) -> Option<String> {
    figure.value.map(|value| tell(value.get()))
}

/// A probability: three digits, and never a certainty, which samples do not give.
pub(super) fn probability(p: f64) -> String {
    match p {
        p if p > 0.9995 => "over 0.999".to_owned(),
        p if p < 0.0005 => "under 0.001".to_owned(),
        p => numeral::fixed(p, 3),
    }
}

/// Hundredths of a percent.
pub(super) fn bps(value: f64) -> String {
    numeral::with_unit(&numeral::fixed(value, 1), "bps")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backtest::Undefined;

    #[test]
    fn what_is_not_known_tells_why() {
        let none = told(&FigureReport::plain(Err(Undefined::Under90Days)), numeral::percent);
        assert_eq!(none.into_string(), "<span class=\"none\">under 90 days</span>");
        assert_eq!(told(&FigureReport::percent(Ok(0.173)), numeral::percent).into_string(), "17.3\u{202f}%");
        assert_eq!(interval(&FigureReport::plain(Ok(1.0)), numeral::telling), None);
    }

    #[test]
    fn a_probability_is_never_rounded_to_certainty() {
        let told = [0.999_9, 1.0, 0.000_1, 0.0, 0.05].map(probability);
        assert_eq!(told, ["over 0.999", "over 0.999", "under 0.001", "under 0.001", "0.050"]);
    }
}
