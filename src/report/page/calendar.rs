//! The axis of time: marked where years, months, days or hours begin, whichever are few enough; and what a month is called.

use crate::unit::{Timeframe, UtcMillis};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const HOUR_MS: i64 = 3_600_000;

/// A month in three letters, counted from 1.
pub(super) fn month_name(month: u32) -> &'static str {
    usize::try_from(month).ok().and_then(|month| MONTHS.get(month.checked_sub(1)?)).copied().unwrap_or_default()
}

/// The day of an instant, like 3 Mar 2024.
pub(super) fn day(at: UtcMillis) -> String {
    at.date().map_or_else(|| at.to_string(), |(year, month, day)| format!("{day} {} {year}", month_name(month)))
}

/// From when to when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: UtcMillis,
    pub(super) to: UtcMillis,
}

/// What lies between two marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Years(i32),
    Months(u32),
    Days(u32),
    Hours(i64),
}

/// All of them, the shortest first.
const STEPS: [Step; 16] = [
    Step::Hours(1),
    Step::Hours(3),
    Step::Hours(6),
    Step::Hours(12),
    Step::Days(1),
    Step::Days(2),
    Step::Days(5),
    Step::Days(10),
    Step::Months(1),
    Step::Months(2),
    Step::Months(3),
    Step::Months(6),
    Step::Years(1),
    Step::Years(2),
    Step::Years(5),
    Step::Years(10),
];

impl Span {
    /// How far along an instant lies: 0 at the beginning, 1 at the end.
    pub(super) fn place(self, at: UtcMillis) -> f64 {
        at.since_ms(self.from) as f64 / self.to.since_ms(self.from).max(1) as f64
    }

    /// Where it is marked, and with what; at most so many times.
    pub(super) fn ticks(self, most: usize) -> Vec<(UtcMillis, String)> {
        let of_step = |step: Step| (step, self.instants(step, most));
        let (step, instants) = STEPS.map(of_step).into_iter().find(|(_, all)| all.len() <= most).unwrap_or_default();
        let mut ticks = Vec::new();
        for (i, at) in instants.iter().enumerate() {
            let before = i.checked_sub(1).map(|before| instants[before]);
            ticks.push((*at, step.label(*at, before)));
        }
        ticks
    }

    /// The instants of a step within it; none too many to count.
    fn instants(self, step: Step, most: usize) -> Vec<UtcMillis> {
        let within = |at: &UtcMillis| (self.from..=self.to).contains(at);
        let day_ms = Timeframe::D1.ms();
        match step {
            Step::Hours(hours) => {
                every(self.from, hours * HOUR_MS).take_while(|at| *at <= self.to).take(most + 1).collect()
            }
            Step::Days(days) => every(self.from, day_ms)
                .take_while(|at| *at <= self.to)
                .take((most + 1) * 12)
                .filter(|at| at.date().is_some_and(|(_, _, day)| is_marked(day, days)))
                .collect(),
            Step::Months(months) => firsts(self, months).filter(within).collect(),
            Step::Years(years) => firsts(self, 12).filter(within).filter(|at| is_year(*at, years)).collect(),
        }
    }
}

impl Default for Step {
    fn default() -> Self {
        Self::Years(10)
    }
}

impl Step {
    /// The shortest word that tells where one is; the next larger one where that changes.
    fn label(self, at: UtcMillis, before: Option<UtcMillis>) -> String {
        let Some((year, month, day)) = at.date() else { return String::new() };
        let is_new = |part: fn((i32, u32, u32)) -> i64| {
            before.and_then(UtcMillis::date).is_none_or(|b| part(b) != part((year, month, day)))
        };
        let (month_word, is_new_year) = (month_name(month), is_new(|date| i64::from(date.0)));
        match self {
            Self::Years(_) => year.to_string(),
            Self::Months(_) if month == 1 => year.to_string(),
            Self::Months(_) if before.is_none() => format!("{month_word} {year}"),
            Self::Months(_) if is_new_year => format!("{month_word} {year}"),
            Self::Months(_) => month_word.to_owned(),
            Self::Days(_) => format!("{day} {month_word}"),
            Self::Hours(_) if is_new(|date| i64::from(date.2)) => format!("{day} {month_word}"),
            Self::Hours(_) => format!("{:02}:00", at.get().rem_euclid(Timeframe::D1.ms()) / HOUR_MS),
        }
    }
}

fn every(from: UtcMillis, ms: i64) -> impl Iterator<Item = UtcMillis> {
    let first = from.plus_ms((ms - from.get().rem_euclid(ms)) % ms);
    std::iter::successors(Some(first), move |at| Some(at.plus_ms(ms)))
}

/// Days of a month in steps from the first on; none so near its end that the next first is close.
fn is_marked(day: u32, step: u32) -> bool {
    (day - 1).is_multiple_of(step) && (step == 1 || day + step / 2 < 31)
}

/// The first days of months, each so many after the last, from that of January on.
fn firsts(span: Span, months: u32) -> impl Iterator<Item = UtcMillis> {
    let ends = span.from.date().zip(span.to.date());
    let years = ends.into_iter().flat_map(|(from, to)| from.0..=to.0);
    let of_year =
        move |year| (1..=12).step_by(months as usize).filter_map(move |month| UtcMillis::of_date((year, month, 1)));
    years.flat_map(of_year)
}

fn is_year(at: UtcMillis, step: i32) -> bool {
    at.date().is_some_and(|(year, ..)| year % step == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UtcMillis {
        text.parse().unwrap()
    }

    fn labels(from: &str, to: &str, most: usize) -> Vec<String> {
        let span = Span { from: at(from), to: at(to) };
        span.ticks(most).into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn time_is_marked_where_years_months_days_and_hours_begin() {
        for (from, to, expected) in [
            ("2021-01-01", "2025-12-31", &["2021", "2022", "2023", "2024", "2025"][..]),
            ("2011-05-01", "2025-12-31", &["2012", "2014", "2016", "2018", "2020", "2022", "2024"]),
            ("2023-01-01", "2024-12-31", &["2023", "Apr", "Jul", "Oct", "2024", "Apr", "Jul", "Oct"]),
            ("2023-10-20", "2024-03-10", &["Nov 2023", "Dec", "2024", "Feb", "Mar"]),
            ("2024-02-25", "2024-03-20", &["26 Feb", "1 Mar", "6 Mar", "11 Mar", "16 Mar"]),
            ("2024-02-27", "2024-03-03", &["27 Feb", "28 Feb", "29 Feb", "1 Mar", "2 Mar", "3 Mar"]),
            ("2024-03-05", "2024-03-06T12:00", &["5 Mar", "06:00", "12:00", "18:00", "6 Mar", "06:00", "12:00"]),
        ] {
            assert_eq!(labels(from, to, 8), expected, "{from} to {to}");
        }
    }

    #[test]
    fn a_mark_lies_where_it_says() {
        let span = Span { from: at("2023-10-20"), to: at("2024-03-10") };
        let ticks = span.ticks(8);
        assert_eq!(ticks[2].0, at("2024-01-01"));
        assert!((Span { from: at("2024-01-01"), to: at("2024-01-05") }.place(at("2024-01-02")) - 0.25).abs() < 1e-12);
    }

    #[test]
    fn a_span_of_nothing_and_one_without_end_have_ticks_that_are_few() {
        assert!(labels("2024-03-05T10:20", "2024-03-05T10:30", 8).len() <= 8);
        let ages = Span { from: UtcMillis::new(0), to: UtcMillis::END };
        assert!(ages.ticks(8).len() <= 14);
        let broken = Span { from: UtcMillis::new(i64::MIN), to: UtcMillis::new(i64::MAX) };
        assert_eq!(broken.ticks(8).len(), 0);
    }

    #[test]
    fn days_and_months_have_names() {
        assert_eq!((month_name(1), month_name(12), month_name(13), month_name(0)), ("Jan", "Dec", "", ""));
        assert_eq!(day(at("2024-02-29T23:59")), "29 Feb 2024");
    }
}
