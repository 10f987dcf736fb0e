//! The returns of months and of years, by hand of a curve, and the table of them.

use std::collections::BTreeMap;

use super::calendar::month_name;
use super::markup::{Markup, Tag, tag};
use super::numeral;
use crate::unit::UtcMillis;

/// Returns of the months of a year and of the year, as shares; none where the curve has no value, or had lost everything.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Year {
    pub(super) months: [Option<f64>; 12],
    pub(super) whole: Option<f64>,
}

/// The returns of a curve that began with `start`, by the year.
///
/// The value at the end of a month, midnight included, is the last one of that month and the first of the next. The first and
/// the last month are as long as the curve has of them.
pub(super) fn years(start: f64, curve: &[(UtcMillis, f64)]) -> BTreeMap<i32, Year> {
    let mut ends: Vec<((i32, u32), f64)> = Vec::new();
    for (at, value) in curve {
        // Midnight belongs to the day that ends with it.
        let Some((year, month, _)) = at.plus_ms(-1).date() else { continue };
        match ends.last_mut() {
            Some((last, end)) if *last == (year, month) => *end = *value,
            _ => ends.push(((year, month), *value)),
        }
    }
    let mut years: BTreeMap<i32, Year> = BTreeMap::new();
    let (mut before, mut year_before) = (start, start);
    for (i, ((year, month), end)) in ends.iter().enumerate() {
        let told = years.entry(*year).or_default();
        if let Some(place) = usize::try_from(*month).ok().and_then(|m| told.months.get_mut(m.checked_sub(1)?)) {
            *place = growth(before, *end);
        }
        told.whole = growth(year_before, *end);
        before = *end;
        if ends.get(i + 1).is_some_and(|((next, _), _)| next != year) {
            year_before = *end;
        }
    }
    years
}

fn growth(before: f64, after: f64) -> Option<f64> {
    Some(after / before - 1.0).filter(|growth| growth.is_finite())
}

/// The table: a row for each month, a column for each year, and the years below.
pub(super) fn months_table(years: &BTreeMap<i32, Year>) -> Tag {
    let most = years.values().flat_map(|year| year.months).flatten().fold(0.0, |most: f64, r| most.max(r.abs()));
    let heads = years.keys().map(|year| tag("th").set("scope", "col").text(year));
    let head = tag("tr").put(tag("th").set("scope", "col").text("Month")).all(heads);
    let row = |month: usize| {
        let cells = years.values().map(|year| cell(year.months.get(month).copied().flatten(), most));
        tag("tr").put(row_head(month_name(u32::try_from(month + 1).unwrap_or_default()))).all(cells)
    };
    let whole = tag("tr").put(row_head("Year")).all(years.values().map(|year| cell(year.whole, f64::INFINITY)));
    let table = tag("table").class("months").put(tag("caption").text("Returns of months and years, in percent"));
    table.put(tag("thead").put(head)).put(tag("tbody").all((0..12).map(row))).put(tag("tfoot").put(whole))
}

fn row_head(name: &str) -> Tag {
    tag("th").set("scope", "row").text(name)
}

/// A return, the darker the larger it is beside the largest one.
fn cell(r: Option<f64>, most: f64) -> Tag {
    let Some(r) = r else { return tag("td").class("none").put(Markup::text("\u{b7}")) };
    tag("td").class(shade(r, most)).text(numeral::fixed(100.0 * r, 1))
}

fn shade(r: f64, most: f64) -> &'static str {
    let part = r.abs() / most;
    let depth = [0.0, 0.25, 0.5, 0.75].iter().filter(|step| part > **step).count();
    match (r.abs() < 0.0005, r > 0.0) {
        (true, _) => "flat",
        (false, true) => ["", "g1", "g2", "g3", "g4"][depth],
        (false, false) => ["", "l1", "l2", "l3", "l4"][depth],
    }
}

#[cfg(test)]
mod tests {
    use super::super::chart::Curve;
    use super::*;

    fn curve(values: &[(&str, f64)]) -> Curve {
        values.iter().map(|(at, value)| (at.parse::<UtcMillis>().unwrap(), *value)).collect()
    }

    #[test]
    fn months_and_years_are_those_of_the_calendar() {
        // 100 → 110 in November, → 99 in December; → 198 in January; nothing in February; then half of it.
        let curve = curve(&[
            ("2023-11-20T01:00", 105.0),
            ("2023-12-01", 110.0),
            ("2023-12-01T01:00", 120.0),
            ("2024-01-01", 99.0),
            ("2024-01-31T23:00", 198.0),
            ("2024-02-10", 198.0),
            ("2024-03-01", 198.0),
            ("2024-03-05T12:00", 99.0),
        ]);
        let years = years(100.0, &curve);
        let told = |r: Option<f64>| r.map(|r| (r * 1e9).round() / 1e9);
        assert_eq!(years.keys().copied().collect::<Vec<_>>(), [2023, 2024]);
        let (first, second) = (years[&2023], years[&2024]);
        assert_eq!(
            (told(first.months[10]), told(first.months[11]), told(first.whole)),
            (Some(0.1), Some(-0.1), Some(-0.01))
        );
        assert_eq!(
            (told(second.months[0]), told(second.months[1]), told(second.months[2])),
            (Some(1.0), Some(0.0), Some(-0.5))
        );
        assert_eq!((told(second.whole), first.months[9], second.months[3]), (Some(0.0), None, None));
    }

    #[test]
    fn months_make_their_year() {
        let curve: Curve = (0..9000)
            .map(|i| (UtcMillis::new(1_672_531_200_000 + i * 3_600_000), 100.0 + ((i * 37) % 91) as f64))
            .collect();
        for year in years(100.0, &curve).values() {
            let product: f64 = year.months.iter().flatten().map(|r| 1.0 + r).product();
            assert!((product - 1.0 - year.whole.unwrap()).abs() < 1e-9);
        }
    }

    #[test]
    fn nothing_has_no_months_and_what_was_lost_no_return() {
        assert_eq!(years(100.0, &[]), BTreeMap::new());
        let lost = years(100.0, &curve(&[("2024-01-10", 0.0), ("2024-02-10", 0.0)]));
        assert_eq!((lost[&2024].months[0], lost[&2024].months[1], lost[&2024].whole), (Some(-1.0), None, Some(-1.0)));
    }

    #[test]
    fn a_shade_tells_sign_and_size() {
        let most = 0.2;
        for (r, class) in
            [(0.0, "flat"), (0.0004, "flat"), (0.01, "g1"), (0.06, "g2"), (0.2, "g4"), (-0.11, "l3"), (-0.2, "l4")]
        {
            assert_eq!(shade(r, most), class, "{r}");
        }
        assert_eq!(shade(-0.5, f64::INFINITY), "");
        let table = Markup::from(months_table(&years(100.0, &curve(&[("2024-01-10", 90.0)])))).into_string();
        assert!(table.contains("<td class=\"l4\">−10.0</td>") && table.contains("scope=\"row\">Year</th>"), "{table}");
    }
}
