//! The quality of signals: how strong they were, and how often the price went where they leaned.

use super::LifePage;
use super::told::{briefly, ends, told, whole, worth};
use crate::report::page::axis::Axis;
use crate::report::page::markup::{Markup, tag};
use crate::report::page::numeral::{self, count, percent, with_unit};
use crate::report::page::plane::{Plane, Sight};
use crate::report::page::table::{Column, table};
use crate::report::page::{figure, section};
use crate::report::{Bucket, ErrorRate, Figure, LifeHorizon, Number};

impl LifePage<'_> {
    pub(super) fn signals(&self) -> Markup {
        let s = &self.document.signals;
        if s.decisions == 0 {
            return section("signals", "Signals", [tag("p").class("prose").text("Nothing was decided.").into()]);
        }
        let prose: Markup = tag("p").class("prose").text(self.decided()).into();
        let charts: Markup = tag("div").class("two").put(scores(&s.scores)).put(confidences(&s.confidences)).into();
        let horizons = self.document.horizons.iter().filter(|h| h.score.n > 0);
        let open = self.middle().map(|h| h.score.horizon_h);
        let tables = horizons.map(|h| told_of(h, open == Some(h.score.horizon_h)));
        section("signals", "Signals", [prose, charts].into_iter().chain(tables).chain(self.in_the_way()))
    }

    fn decided(&self) -> String {
        let s = &self.document.signals;
        let without = match s.without_opinion {
            0 => String::new(),
            n => format!(" {} were without an opinion.", count(n)),
        };
        let [buys, sales, holds] = [s.buy, s.sell, s.hold].map(count);
        format!(
            "{} decisions: {buys} to buy, {sales} to sell or stay out, {holds} to hold.{without}",
            count(s.decisions)
        )
    }

    fn in_the_way(&self) -> Option<Markup> {
        let blocked = &self.document.signals.blocked;
        let rows = blocked.iter().map(|(code, n)| vec![Markup::text(code.replace('_', " ")), Markup::text(count(*n))]);
        let columns = [Column::Name("What stood in the way"), Column::Numbers("Times")];
        (!blocked.is_empty()).then(|| table("Decisions that were held back", &columns, rows).into())
    }
}

/// Scores from −100 to +100.
fn scores(buckets: &[Bucket]) -> Markup {
    let note = "How often the score lay where: below 0 it leaned down, above 0 up.";
    histogram("Scores", note, "score", numeral::tick, buckets)
}

fn confidences(buckets: &[Bucket]) -> Markup {
    let note = "50\u{202f}% is no opinion, 100\u{202f}% the strongest there can be.";
    histogram("Confidence", note, "confidence", |value| with_unit(&numeral::tick(value), "%"), buckets)
}

fn histogram(title: &str, note: &str, name: &'static str, tell: fn(f64) -> String, buckets: &[Bucket]) -> Markup {
    let column = |b: &Bucket| {
        let words = format!("{} to {}: {}", tell(b.from), tell(b.to), count(b.count));
        (b.from, b.to, b.count as f64, words)
    };
    let columns: Vec<_> = buckets.iter().map(column).collect();
    let (low, high) = buckets.first().zip(buckets.last()).map_or((0.0, 1.0), |(first, last)| (first.from, last.to));
    let most = buckets.iter().max_by_key(|b| b.count);
    let words = most.map_or_else(String::new, |b| {
        format!("{title} of decisions; most often {} to {}, {} times.", tell(b.from), tell(b.to), count(b.count))
    });
    let plane = Plane {
        words,
        along: Axis::exactly(low, high),
        upright: Axis::from_zero(buckets.iter().map(|b| b.count as f64)),
        tell: (tell, whole),
        name,
        height: 160,
        layers: vec![Sight::Columns(columns)],
    };
    figure(title, Markup::text(note.to_owned()), [plane.drawn()])
}

/// By confidence and by pair, after one horizon; folded away for all but one of them.
fn told_of(h: &LifeHorizon, is_open: bool) -> Markup {
    let tables: Markup = [bands(h), pairs(h)].into_iter().collect();
    if is_open {
        return tables;
    }
    let words = format!("The same after {} hours", h.score.horizon_h);
    tag("details").class("shown").put(tag("summary").text(words)).put(tables).into()
}

/// Whether the price went where the score leaned, by confidence.
fn bands(h: &LifeHorizon) -> Markup {
    let rows = h.bands.iter().map(|band| {
        vec![
            Markup::text(format!("{:.0} to {}", band.from_pct, with_unit(&format!("{:.0}", band.to_pct), "%"))),
            Markup::text(count(band.count as u64)),
            Markup::text(worth(band.n_eff.map_or(0.0, Number::get))),
            rate_of(&band.right_pct),
        ]
    });
    let columns =
        [Column::Name("Confidence"), Column::Numbers("Signals"), Column::Numbers("Worth"), Column::Numbers("Right")];
    let caption = format!("Whether the price went where the score leaned, after {} hours", h.score.horizon_h);
    table(&caption, &columns, rows).into()
}

fn pairs(h: &LifeHorizon) -> Markup {
    let rows = h.pairs.iter().map(|pair| {
        vec![
            Markup::text(&pair.symbol),
            Markup::text(count(pair.count as u64)),
            rate_of(&pair.right_pct),
            wrong(&pair.false_positives),
            rate(&pair.false_positives),
            wrong(&pair.false_negatives),
            rate(&pair.false_negatives),
        ]
    });
    let all = [
        tag("strong").text("all").into(),
        Markup::text(count(h.bands.iter().map(|band| band.count as u64).sum())),
        rate_of(&h.direction_pct),
        wrong(&h.score.false_positives),
        rate(&h.score.false_positives),
        wrong(&h.score.false_negatives),
        rate(&h.score.false_negatives),
    ];
    let columns = [
        Column::Name("Pair"),
        Column::Numbers("Signals"),
        Column::Numbers("Right"),
        Column::Numbers("Bought and lost"),
        Column::Numbers("Rate"),
        Column::Numbers("Missed gains"),
        Column::Numbers("Rate"),
    ];
    let caption = format!(
        "By pair, after {} hours; a missed gain was neither bought nor held and would have earned more than twice the costs",
        h.score.horizon_h
    );
    table(&caption, &columns, rows.chain([all.to_vec()])).into()
}

fn wrong(rate: &ErrorRate) -> Markup {
    Markup::text(format!("{} of {}", count(rate.count as u64), count(rate.of as u64)))
}

fn rate(rate: &ErrorRate) -> Markup {
    if rate.of == 0 { Markup::text("\u{2013}") } else { rate_of(&rate.rate_pct) }
}

/// A share with its interval, which a narrow screen leaves out.
fn rate_of(figure: &Figure) -> Markup {
    if figure.value.is_none() {
        return briefly(figure.why.as_deref().unwrap_or("unknown"));
    }
    let note = figure.interval.and_then(|pair| ends(pair, percent));
    let note = note.map(|note| tag("small").class("x").text(format!(" ({note})")));
    [Some(told(figure, percent)), note.map(Markup::from)].into_iter().flatten().collect()
}
