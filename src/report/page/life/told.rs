//! Figures in words, and why there are none.

use crate::report::page::markup::{Markup, tag};
use crate::report::page::numeral;
use crate::report::{Figure, Number};

/// A number as it is told.
pub(super) fn known(number: Option<Number>, tell: impl Fn(f64) -> String) -> Markup {
    match number {
        Some(number) => Markup::text(tell(number.get())),
        None => none("unknown"),
    }
}

/// Why there is none.
pub(super) fn none(why: &str) -> Markup {
    tag("span").class("none").text(why).into()
}

/// Why there is none, in as few words as a cell of a table has room for; the rest is told to who points at it.
pub(super) fn briefly(why: &str) -> Markup {
    match why.split_once(": ") {
        Some((brief, rest)) => tag("span").class("none").set("title", rest).text(brief).into(),
        None => none(why),
    }
}

/// A figure as it is told, or why there is none.
pub(super) fn told(figure: &Figure, tell: impl Fn(f64) -> String) -> Markup {
    match figure.value {
        Some(value) => Markup::text(tell(value.get())),
        None => none(figure.why.as_deref().unwrap_or("unknown")),
    }
}

/// Two ends; nothing where one is not known.
pub(super) fn ends(ends: [Option<Number>; 2], tell: impl Fn(f64) -> String) -> Option<String> {
    let [low, high] = ends;
    Some(format!("{} to {}", tell(low?.get()), tell(high?.get())))
}

/// The interval of a figure in words; nothing where there is none.
pub(super) fn interval(figure: &Figure, tell: impl Fn(f64) -> String) -> String {
    figure.interval.and_then(|pair| ends(pair, tell)).map_or_else(String::new, |words| format!("95\u{202f}%: {words}"))
}

/// How many independent outcomes: whole ones, and parts of the first few.
pub(super) fn worth(n: f64) -> String {
    numeral::fixed(n, usize::from(n > 0.0 && n < 9.95))
}

/// A mark of a count; what lies between two counts has none.
pub(super) fn whole(value: f64) -> String {
    if (value - value.round()).abs() < 1e-6 { numeral::tick(value) } else { String::new() }
}

/// One thing, or many of them.
pub(super) fn many(n: u64, one: &str, more: &str) -> String {
    match n {
        1 => format!("1 {one}"),
        n => format!("{} {more}", numeral::count(n)),
    }
}
