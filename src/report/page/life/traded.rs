//! Trades: predicted against realised, what the difference is made of, and each of them.

use super::LifePage;
use super::told::{known, many};
use crate::report::page::axis::Axis;
use crate::report::page::markup::{Markup, Tag, tag};
use crate::report::page::numeral::{self, count, fixed, percent, telling, with_unit};
use crate::report::page::plane::{Plane, Sight};
use crate::report::page::table::{Column, table, trade_table};
use crate::report::page::{figure, section};
use crate::report::{LifeTrade, Number};
use crate::unit::UtcMillis;

impl LifePage<'_> {
    pub(super) fn traded(&self) -> Markup {
        let trades = &self.document.trades.list;
        if trades.is_empty() {
            return section("trades", "Trades", [tag("p").class("prose").text("No trade was closed.").into()]);
        }
        let charts = tag("div").class("two").put(self.scatter()).put(self.misses());
        section("trades", "Trades", [charts.into(), self.trade_list()])
    }

    fn scatter(&self) -> Markup {
        let mark = |trade: &LifeTrade| {
            let (x, y) = (trade.predicted_pct?.get(), trade.realised_pct?.get());
            let words = format!(
                "{} until {}: forecast {}, realised {}",
                trade.symbol,
                crate::report::page::calendar::day(trade.closed_at),
                percent(x),
                percent(y)
            );
            Some((x, y, words))
        };
        let marks: Vec<(f64, f64, String)> = self.document.trades.list.iter().filter_map(mark).collect();
        let share = |value| with_unit(&numeral::tick(value), "%");
        let note =
            format!("{}, each with the forecast of its longest horizon.", many(marks.len() as u64, "trade", "trades"));
        let plane = Plane {
            words: format!("Realised return against the one forecast, of {} trades.", count(marks.len() as u64)),
            along: Axis::even(marks.iter().map(|(x, ..)| *x)),
            upright: Axis::even(marks.iter().map(|(_, y, _)| *y).chain([0.0])),
            tell: (share, share),
            name: "forecast, net of costs",
            height: 240,
            layers: vec![Sight::Level(0.0), Sight::Same, Sight::Marks(marks)],
        };
        figure("Forecast and realised", Markup::text(note), [plane.drawn()])
    }

    /// What the mean difference is made of.
    fn misses(&self) -> Markup {
        let m = &self.document.trades.misses;
        let (forecast, realised) = (("Forecast", m.predicted_pct), ("Realised", m.realised_pct));
        let parts: Vec<_> = std::iter::once(forecast).chain(m.parts.named()).chain([realised]).collect();
        let most = parts.iter().filter_map(|(_, n)| n.map(|n| n.get().abs())).fold(0.0, f64::max);
        let row = |(name, value): &(&str, Option<Number>)| {
            let name =
                if name.starts_with(char::is_uppercase) { tag("strong").text(name).into() } else { Markup::text(name) };
            vec![name, bar(*value, most), known(*value, percent)]
        };
        let columns = [Column::Name("On average"), Column::Words(""), Column::Numbers("")];
        let mut note = format!("{} whose miss is told", many(m.trades as u64, "trade", "trades"));
        for (why, n) in
            m.untold.iter().map(|(why, n)| (why.replace('_', " "), *n)).chain([("waiting".to_owned(), m.waiting)])
        {
            if n > 0 {
                note = format!("{note}; {} more: {why}", count(n as u64));
            }
        }
        let title = "Why they missed";
        if m.trades == 0 {
            return figure(title, Markup::text(format!("{note}.")), []);
        }
        figure(
            title,
            Markup::text(format!("{note}.")),
            [table("From the forecast to what was realised", &columns, parts.iter().map(row)).into()],
        )
    }

    fn trade_list(&self) -> Markup {
        let trades = &self.document.trades.list;
        let columns = [
            Column::Name("Pair"),
            Column::Words("Opened"),
            Column::Words("Closed"),
            Column::Words("Left by"),
            Column::Numbers("Profit"),
            Column::Numbers("R"),
            Column::Numbers("Forecast"),
            Column::Numbers("Realised"),
        ];
        trade_table("--format json tells all", &columns, trades.iter().map(row).collect())
    }
}

fn row(trade: &LifeTrade) -> Vec<Markup> {
    vec![
        Markup::text(&trade.symbol),
        minute(trade.opened_at),
        minute(trade.closed_at),
        Markup::text(trade.reason.replace('_', " ")),
        signed(trade.profit.real(), fixed(trade.profit.real(), 2)).into(),
        known(trade.r_multiple, telling),
        known(trade.predicted_pct, percent),
        known(trade.realised_pct, percent),
    ]
}

/// Coloured by its sign, which it has before it as well.
fn signed(value: f64, text: String) -> Tag {
    tag("span").class(if value > 0.0 { "gain" } else { "loss" }).text(text)
}

/// An instant to the minute; a narrow screen shows the day alone.
pub(super) fn minute(instant: UtcMillis) -> Markup {
    let text = instant.to_string();
    let Some((day, time)) = text.split_once('T') else { return Markup::text(text) };
    let time = tag("span").class("x").text(format!(" {}", time.get(..5).unwrap_or(time)));
    [Markup::text(day), time.into()].into_iter().collect()
}

/// A bar as long as the value beside the largest one.
fn bar(value: Option<Number>, most: f64) -> Markup {
    let Some(value) = value else { return Markup::default() };
    let width = if most > 0.0 { 100.0 * value.get().abs() / most } else { 0.0 };
    let class = if value.get() < 0.0 { "bar minus" } else { "bar" };
    tag("span").class(class).set("style", format!("width:{width:.1}%")).into()
}
