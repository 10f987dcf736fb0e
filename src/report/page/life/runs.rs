//! The health of the runs, and what the page was made from.

use super::LifePage;
use super::told::{ends, known, whole};
use crate::report::page::axis::Axis;
use crate::report::page::calendar::Span;
use crate::report::page::chart::{Chart, Layer};
use crate::report::page::markup::{Markup, tag};
use crate::report::page::numeral::{self, count, percent, with_unit};
use crate::report::page::table::{Column, Told, figures, table};
use crate::report::page::{figure, section};
use crate::report::{AgentHealth, DayOfRuns, Freshness};
use crate::unit::{Timeframe, UtcMillis};

/// From so many days on, weeks are drawn.
const MANY_DAYS: usize = 150;

/// How runs end, from the best to the worst: the class of the column, its name, and the exit codes of it.
const KINDS: [(&str, &str, &[&str]); 4] = [
    ("fine", "ok", &["ok"]),
    ("held", "ok, entries stopped", &["halted"]),
    ("part", "degraded", &["degraded"]),
    ("dead", "failed or cut off", &["internal", "usage", "unavailable", "busy", "storage", "unfinished", "unknown"]),
];
const MISSED: (&str, &str) = ("gone", "missed");

impl LifePage<'_> {
    pub(super) fn runs(&self) -> Markup {
        let runs = &self.document.runs;
        if runs.count == 0 {
            return section("runs", "Health", [tag("p").class("prose").text("No run.").into()]);
        }
        let took = runs.duration_ms_median.zip(runs.duration_ms_p95);
        let took = took.map_or_else(String::new, |(median, p95)| {
            format!(" Half of them took at most {}, 95 of 100 at most {}.", ms(median as f64), ms(p95 as f64))
        });
        let words = match runs.count {
            1 => format!("One run; one is due every {}.", runs.every),
            n => format!(
                "{} runs; {} of {} came, one every {}.{took}",
                count(n),
                count(runs.met),
                count(runs.expected),
                runs.every
            ),
        };
        let prose: Markup = tag("p").class("prose").text(words).into();
        let agents: Markup = self.agents();
        let tables = tag("div").class("two").put(agents).put(self.freshness());
        section("runs", "Health", [prose, self.by_day(), tables.into()])
    }

    fn by_day(&self) -> Markup {
        let days = &self.document.runs.days;
        let (each, unit) = if days.len() > MANY_DAYS { (7, "week") } else { (1, "day") };
        let parts: Vec<(UtcMillis, UtcMillis, [u64; 5])> = days.chunks(each).filter_map(part).collect();
        let Some(span) = parts.first().zip(parts.last()).map(|(first, last)| Span { from: first.0, to: last.1 }) else {
            return Markup::default();
        };
        let layers = (0..5).map(|kind| Layer::Columns(class(kind), stacked(&parts, kind)));
        let most = parts.iter().map(|(.., counts)| counts.iter().sum::<u64>() as f64);
        let totals: Vec<u64> = (0..5).map(|kind| parts.iter().map(|(.., counts)| counts[kind]).sum()).collect();
        let entries = (0..5).filter(|kind| totals[*kind] > 0).map(|kind| key(kind, totals[kind]));
        let legend: Markup = tag("ul").class("legend").all(entries).into();
        let words = format!("Runs by {unit} and how they ended.");
        let chart = Chart {
            words: words.clone(),
            span,
            axis: Axis::from_zero(most),
            tell: whole,
            height: 130,
            layers: layers.collect(),
        };
        figure("Runs", Markup::text(words), [legend, chart.drawn()])
    }

    fn agents(&self) -> Markup {
        let row = |agent: &AgentHealth| {
            vec![
                Markup::text(&agent.name),
                Markup::text(count(agent.executions)),
                known(agent.success_pct, percent),
                Markup::text(ends(agent.success_interval_pct, percent).unwrap_or_default()),
                known(agent.duration_ms_mean, ms),
            ]
        };
        let columns = [
            Column::Name("Part"),
            Column::Numbers("Times"),
            Column::Numbers("Ok"),
            Column::Numbers("95\u{202f}%"),
            Column::Numbers("Mean"),
        ];
        table("What the parts of the runs did", &columns, self.document.runs.agents.iter().map(row)).into()
    }

    /// A row for each pair, a column for each length of candles.
    fn freshness(&self) -> Markup {
        let all = &self.document.runs.freshness;
        let is_there = |name: &&'static str| all.iter().any(|f| f.timeframe == *name);
        let lengths: Vec<&'static str> = Timeframe::ALL.into_iter().map(Timeframe::name).filter(is_there).collect();
        let same = |a: &Freshness, b: &Freshness| a.symbol == b.symbol;
        let cell = |pair: &[Freshness], length: &str| {
            let found = pair.iter().find(|f| f.timeframe == length);
            found.map_or_else(|| Markup::text("\u{2013}"), |f| Markup::text(age(f.age_s)))
        };
        let row = |pair: &[Freshness]| {
            let name = pair.first().map_or_else(Markup::default, |f| Markup::text(&f.symbol));
            std::iter::once(name).chain(lengths.iter().map(|length| cell(pair, length))).collect()
        };
        let columns: Vec<Column> =
            std::iter::once(Column::Name("Pair")).chain(lengths.iter().map(|name| Column::Numbers(name))).collect();
        let caption = format!("Age of the newest candles at {}", self.document.as_of);
        table(&caption, &columns, all.chunk_by(same).map(row)).into()
    }

    /// The end of the page.
    pub(super) fn made(&self) -> Markup {
        let document = self.document;
        let plain = |name, words: String| Told { name, figure: Markup::text(words), note: Markup::default() };
        let open = |at: Option<UtcMillis>, words: &str| at.map_or_else(|| words.to_owned(), |at| at.to_string());
        let all = [
            plain("Program", format!("trader {}", document.version)),
            plain("Database", document.contents.unwrap_or("empty").to_owned()),
            plain("From", open(document.since, "the first run")),
            plain("Until", open(document.until, "everything there is")),
            plain("Told at", document.as_of.to_string()),
            plain("Strategy", format!("{} on {}", document.strategy, document.timeframe)),
        ];
        section("made", "Made from", [figures("all", all).into()])
    }
}

/// A stretch of days: its ends, and how many runs ended in each way, the missed ones last.
fn part(days: &[DayOfRuns]) -> Option<(UtcMillis, UtcMillis, [u64; 5])> {
    let (first, last) = days.first().zip(days.last())?;
    let mut counts = [0; 5];
    for day in days {
        for (name, n) in &day.by_exit {
            let kind = KINDS.iter().position(|(.., names)| names.contains(name)).unwrap_or(KINDS.len() - 1);
            counts[kind] += n;
        }
        counts[4] += day.missed();
    }
    Some((first.from, Timeframe::D1.step(last.from, 1), counts))
}

fn class(kind: usize) -> &'static str {
    KINDS.get(kind).map_or(MISSED.0, |(class, ..)| class)
}

/// The columns of a kind, upon those of the kinds before it.
fn stacked(parts: &[(UtcMillis, UtcMillis, [u64; 5])], kind: usize) -> Vec<(UtcMillis, UtcMillis, f64, f64)> {
    let filled = parts.iter().filter(|(.., counts)| counts[kind] > 0);
    let column = |(from, to, counts): &(UtcMillis, UtcMillis, [u64; 5])| {
        let below = counts[..kind].iter().sum::<u64>() as f64;
        (*from, *to, below, below + counts[kind] as f64)
    };
    filled.map(column).collect()
}

fn key(kind: usize, total: u64) -> Markup {
    let name = KINDS.get(kind).map_or(MISSED.1, |(_, name, _)| name);
    let shape = tag("rect").class(class(kind)).set("width", 12).set("height", 12);
    let swatch = tag("svg").class("swatch").set("aria-hidden", "true").set("width", 12).set("height", 12).put(shape);
    tag("li").put(swatch).put(tag("span").text(name)).text(" ").put(tag("b").text(count(total))).into()
}

fn ms(value: f64) -> String {
    if value >= 9_950.0 {
        with_unit(&numeral::fixed(value / 1000.0, 1), "s")
    } else {
        with_unit(&numeral::fixed(value, 0), "ms")
    }
}

fn age(seconds: i64) -> String {
    let value = seconds as f64;
    match seconds {
        s if s < 120 => with_unit(&numeral::fixed(value, 0), "s"),
        s if s < 7200 => with_unit(&numeral::fixed(value / 60.0, 0), "min"),
        s if s < 172_800 => with_unit(&numeral::fixed(value / 3600.0, 1), "h"),
        _ => with_unit(&numeral::fixed(value / 86_400.0, 1), "days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_and_durations_are_told_in_the_unit_that_fits() {
        let thin = |words: &str| words.replace(' ', "\u{202f}");
        for (seconds, expected) in [(30, "30 s"), (3600, "60 min"), (7200, "2.0 h"), (259_200, "3.0 days")] {
            assert_eq!(age(seconds), thin(expected));
        }
        assert_eq!((ms(412.0), ms(12_340.0)), (thin("412 ms"), thin("12.3 s")));
    }
}
