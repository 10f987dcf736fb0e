//! Charts over time as inline SVG.
//!
//! What has to keep its size, text and marks, lies in pixels and percents of the width; curves lie in a picture inside that is
//! stretched to whatever width there is, with strokes that are not. So one chart serves a phone, a desk and paper.

use std::fmt::Write;

use super::axis::Axis;
use super::calendar::Span;
use super::markup::{Markup, Tag, tag};
use super::thinning::{Point, thinned};
use crate::unit::UtcMillis;

/// The columns that a curve is thinned to, about the pixels of a wide screen.
const COLUMNS: u32 = 960;
/// What a place on the upright axis is counted in.
const UPRIGHT: f64 = 1000.0;
/// Marks of time on a wide screen; every other one goes on a narrow one.
const TIMES: usize = 8;
/// From so many marks of time on, a narrow screen shows every other one.
const MANY_TIMES: usize = 6;
/// Pixels that a mark on the upright axis needs at least.
const TICK_PX: u32 = 38;
/// Of more deals than this nobody can point at one: no words are told of each.
const TOLD: usize = 250;
/// More than these would hide each other: their lines alone tell them.
const MARKED: usize = 1000;
/// Pixels from the letter of a line to the next one.
const LETTER_PX: f64 = 11.0;

/// A curve: values at instants, in order.
pub(super) type Curve = Vec<(UtcMillis, f64)>;

/// The curve in so many parts at most, each told by its mean at its end; the curve itself where that is not much shorter.
pub(super) fn averaged(curve: Curve, parts: usize) -> (Curve, usize) {
    let each = curve.len().div_ceil(parts.max(1));
    if each < 8 {
        return (curve, 1);
    }
    let mean = |part: &[(UtcMillis, f64)]| {
        let (end, _) = part.last()?;
        Some((*end, part.iter().map(|(_, value)| value).sum::<f64>() / part.len() as f64))
    };
    let means: Curve = curve.chunks(each).filter_map(mean).collect();
    // The first part is drawn from its beginning.
    let first = curve.first().zip(means.first()).map(|((begin, _), (_, value))| (*begin, *value));
    (first.into_iter().chain(means).collect(), each)
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stroke {
    /// What the page is about.
    Own,
    /// What it is held against: quieter, told apart by its dashes.
    Other(usize),
    /// What both live on.
    Price,
}

impl Stroke {
    const fn class(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Price => "price",
            Self::Other(n) => ["o0", "o1", "o2", "o3", "o4"][n % 5],
        }
    }

    /// The letter that tells a quiet line from the others, where the dashes alone might not.
    pub(super) const fn letter(self) -> Option<&'static str> {
        match self {
            Self::Own | Self::Price => None,
            Self::Other(n) => Some(["A", "B", "C", "D", "E"][n % 5]),
        }
    }
}

/// Something that began and ended: its ends, whether it won, and what is told of it.
#[derive(Clone, Debug)]
pub(super) struct Deal {
    pub(super) from: (UtcMillis, f64),
    pub(super) to: (UtcMillis, f64),
    pub(super) has_won: bool,
    pub(super) words: String,
}

/// What lies on a chart, from the lowest layer up.
#[derive(Clone, Debug)]
pub(super) enum Layer {
    /// A curve.
    Line(Stroke, Curve),
    /// The room between a curve and 0.
    Area(Curve),
    /// A value that never moves.
    Level(f64),
    /// From entry to exit.
    Deals(Vec<Deal>),
    /// Entries and exits, without a line between them.
    Ends(Vec<Deal>),
    /// From when to when, and upright from where to where: all of them in one shade.
    Columns(&'static str, Vec<(UtcMillis, UtcMillis, f64, f64)>),
}

/// A chart over time.
#[derive(Clone, Debug)]
pub(super) struct Chart {
    /// What it shows, for those who do not see it.
    pub(super) words: String,
    pub(super) span: Span,
    pub(super) axis: Axis,
    /// How a mark on the upright axis is told.
    pub(super) tell: fn(f64) -> String,
    /// In pixels.
    pub(super) height: u32,
    pub(super) layers: Vec<Layer>,
}

impl Chart {
    /// The picture.
    pub(super) fn drawn(&self) -> Markup {
        let picture = tag("svg").class("plot").set("role", "img").set("aria-label", &self.words);
        picture.set("height", self.height + 24).put(self.grid()).put(self.curves()).put(self.marks()).into()
    }

    /// Pixels from the top.
    fn px(&self, value: f64) -> f64 {
        ((1.0 - self.axis.place(value)) * f64::from(self.height) * 10.0).round() / 10.0
    }

    fn grid(&self) -> Tag {
        let ticks = self.axis.ticks((self.height / TICK_PX).max(2) as usize);
        let levels = ticks.into_iter().map(|value| self.level(value));
        let times = self.span.ticks(TIMES);
        let is_many = times.len() >= MANY_TIMES;
        let times = times.iter().enumerate().map(|(i, (at, label))| self.time(*at, label, is_many && i % 2 == 1));
        tag("g").class("grid").set("aria-hidden", "true").all(levels).all(times)
    }

    fn level(&self, value: f64) -> Markup {
        let y = self.px(value);
        let line = tag("line").set("x2", "100%").set("y1", y).set("y2", y);
        let label =
            tag("text").set("x", "100%").set("dx", self.room()).set("y", y).set("dy", ".35em").text((self.tell)(value));
        [line, label].into_iter().collect()
    }

    /// Pixels between the chart and its labels: letters stand between.
    fn room(&self) -> u32 {
        let has_letter = |layer: &Layer| matches!(layer, Layer::Line(stroke, _) if stroke.letter().is_some());
        if self.layers.iter().any(has_letter) { 18 } else { 6 }
    }

    fn time(&self, at: UtcMillis, label: &str, is_extra: bool) -> Tag {
        let (x, bottom) = (percent(self.span.place(at)), self.height);
        let line = tag("line").set("x1", &x).set("x2", &x).set("y1", bottom).set("y2", bottom + 5);
        let text = tag("text").set("x", &x).set("y", bottom + 18).text(label);
        tag("g").class(if is_extra { "t x" } else { "t" }).put(line).put(text)
    }

    fn curves(&self) -> Tag {
        let inner = tag("svg").class("curves").set("viewBox", format!("0 0 {COLUMNS} {UPRIGHT}"));
        let inner = inner.set("preserveAspectRatio", "none").set("width", "100%").set("height", self.height);
        inner.all(self.layers.iter().map(|layer| self.layer(layer)))
    }

    fn layer(&self, layer: &Layer) -> Markup {
        let line = |class, d: String| tag("path").class(class).set("d", d);
        match layer {
            Layer::Line(stroke, curve) => line(stroke.class(), path(&self.places(curve))).into(),
            Layer::Area(curve) => {
                let places = self.places(curve);
                [line("area", closed(&places, self.upright(0.0))), line("own", path(&places))].into_iter().collect()
            }
            Layer::Ends(_) => Markup::default(),
            Layer::Columns(class, columns) => line(*class, columns.iter().map(|c| self.column(*c)).collect()).into(),
            Layer::Level(value) => line("level", format!("M0 {0}H{COLUMNS}", self.upright(*value))).into(),
            Layer::Deals(deals) => {
                let of =
                    |has_won: bool| deals.iter().filter(|d| d.has_won == has_won).map(|d| self.segment(d)).collect();
                [line("lost", of(false)), line("won", of(true))].into_iter().collect()
            }
        }
    }

    fn column(&self, (from, to, low, high): (UtcMillis, UtcMillis, f64, f64)) -> String {
        let [x1, x2] =
            [from, to].map(|at| (self.span.place(at).clamp(0.0, 1.0) * f64::from(COLUMNS) * 10.0).round() / 10.0);
        // A little air between two of them.
        let air = (x2 - x1) * 0.1;
        let (top, bottom) = (self.upright(high), self.upright(low));
        format!("M{:.1} {top}H{:.1}V{bottom}H{:.1}Z", x1 + air, x2 - air, x1 + air)
    }

    /// Where the points of a curve lie, thinned to what is seen of them.
    fn places(&self, curve: &Curve) -> Vec<(u32, i64)> {
        let points: Vec<Point> = curve.iter().map(|(at, value)| (self.span.place(*at), *value)).collect();
        thinned(&points, COLUMNS).into_iter().map(|(column, value)| (column, self.upright(value))).collect()
    }

    #[expect(clippy::cast_possible_truncation, reason = "meant: it is held near the chart")]
    fn upright(&self, value: f64) -> i64 {
        ((1.0 - self.axis.place(value)) * UPRIGHT).round().clamp(-UPRIGHT, 2.0 * UPRIGHT) as i64
    }

    fn segment(&self, deal: &Deal) -> String {
        let x = |at: UtcMillis| (self.span.place(at) * f64::from(COLUMNS) * 10.0).round() / 10.0;
        let [a, b] = [deal.from, deal.to].map(|(at, price)| format!("{} {}", x(at), self.upright(price)));
        format!("M{a}L{b}")
    }

    fn marks(&self) -> Tag {
        let deals = self.layers.iter().filter_map(|layer| match layer {
            Layer::Deals(deals) | Layer::Ends(deals) if deals.len() <= MARKED => Some(deals),
            _ => None,
        });
        tag("g")
            .class("marks")
            .all(deals.flat_map(|deals| deals.iter().map(|deal| self.ends_of(deal, deals.len() <= TOLD))))
            .put(self.letters())
    }

    /// The letters of lines, at their ends and apart from each other.
    fn letters(&self) -> Markup {
        let end = |layer: &Layer| match layer {
            Layer::Line(stroke, curve) => Some((stroke.letter()?, self.px(curve.last()?.1))),
            _ => None,
        };
        let (letters, ends): (Vec<_>, Vec<_>) = self.layers.iter().filter_map(end).unzip();
        let places = spread(&ends, LETTER_PX, f64::from(self.height));
        let letter = |(letter, y): (&str, f64)| {
            tag("text").class("letter").set("x", "100%").set("dx", 4).set("y", y).set("dy", ".35em").text(letter)
        };
        letters.into_iter().zip(places).map(letter).collect()
    }

    fn ends_of(&self, deal: &Deal, is_told: bool) -> Tag {
        let mark = |shape: &str, (at, price): (UtcMillis, f64)| {
            tag("use").set("href", shape).set("x", percent(self.span.place(at))).set("y", self.px(price))
        };
        let end = if deal.has_won { "#won" } else { "#lost" };
        let words = is_told.then(|| tag("title").text(&deal.words));
        tag("g").all(words).put(mark("#in", deal.from)).put(mark(end, deal.to))
    }
}

/// Moves heights as little as it takes to keep them this far apart, and above the lower end.
fn spread(heights: &[f64], apart: f64, lowest: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..heights.len()).collect();
    order.sort_by(|a, b| heights[*a].total_cmp(&heights[*b]));
    let mut places = heights.to_vec();
    let mut next = f64::MIN;
    for &i in &order {
        places[i] = places[i].max(next);
        next = places[i] + apart;
    }
    let mut next = lowest;
    for &i in order.iter().rev() {
        places[i] = places[i].min(next);
        next = places[i] - apart;
    }
    places
}

fn percent(along: f64) -> String {
    format!("{}%", (along * 10_000.0).round() / 100.0)
}

/// A line through these places, each told from the one before; of places in a row at one height only the ends.
fn path(places: &[(u32, i64)]) -> String {
    let Some(&(x, y)) = places.first() else { return String::new() };
    let is_told = |i: usize| i + 1 == places.len() || places[i - 1].1 != places[i].1 || places[i].1 != places[i + 1].1;
    let (mut text, mut last) = (format!("M{x} {y}"), (x, y));
    for &(x, y) in (1..places.len()).filter(|i| is_told(*i)).map(|i| &places[i]) {
        let (along, down) = (x.saturating_sub(last.0), y - last.1);
        // Writing to a string cannot fail.
        let _ = match (along, down) {
            (along, 0) => write!(text, "h{along}"),
            (0, down) => write!(text, "v{down}"),
            (along, down) if down < 0 => write!(text, "l{along}{down}"),
            (along, down) => write!(text, "l{along} {down}"),
        };
        last = (x, y);
    }
    text
}

/// The same, closed at a height.
fn closed(places: &[(u32, i64)], base: i64) -> String {
    let (Some(first), Some(last)) = (places.first(), places.last()) else { return String::new() };
    let line = path(places);
    let tail = line.find(['l', 'h', 'v']).map_or("", |at| &line[at..]);
    format!("M{} {base}V{}{tail}H{}V{base}Z", first.0, first.1, last.0)
}

/// What the lines are: each with its stroke, its name and what is told of it.
pub(super) fn legend(entries: impl IntoIterator<Item = (Stroke, String, String)>) -> Tag {
    let entry = |(stroke, name, value): (Stroke, String, String)| {
        let line = tag("line").class(stroke.class()).set("x2", 28).set("y1", 4).set("y2", 4);
        let swatch = tag("svg").class("swatch").set("aria-hidden", "true").set("width", 28).set("height", 8).put(line);
        let class = if stroke == Stroke::Own { "mine" } else { "their" };
        let letter = stroke.letter().map(|letter| tag("i").text(letter));
        tag("li").class(class).put(swatch).all(letter).put(tag("span").text(name)).text(" ").put(tag("b").text(value))
    };
    tag("ul").class("legend").all(entries.into_iter().map(entry))
}

#[cfg(test)]
mod tests {
    use super::super::numeral;
    use super::*;

    fn hour(n: i64) -> UtcMillis {
        UtcMillis::new(1_704_067_200_000 + n * 3_600_000)
    }

    fn chart(layers: Vec<Layer>) -> String {
        let span = Span { from: hour(0), to: hour(100) };
        let chart = Chart {
            words: "an \"x\"".to_owned(),
            span,
            axis: Axis::from_zero([0.0, 10.0]),
            tell: numeral::tick,
            height: 100,
            layers,
        };
        chart.drawn().into_string()
    }

    #[test]
    fn a_line_is_told_step_by_step_and_of_a_flat_one_only_the_ends() {
        assert_eq!(
            path(&[(0, 500), (1, 490), (1, 510), (3, 510), (4, 510), (9, 510), (9, 400)]),
            "M0 500l1-10v20h8v-110"
        );
        assert_eq!(path(&[(0, 5), (2, 9)]), "M0 5l2 4");
        assert_eq!((path(&[(7, 5)]), path(&[])), ("M7 5".to_owned(), String::new()));
        assert_eq!(closed(&[(2, 30), (5, 40), (6, 20)], 100), "M2 100V30l3 10l1-20H6V100Z");
        assert_eq!(closed(&[], 100), "");
    }

    #[test]
    fn thousands_of_deals_are_told_by_their_lines_alone() {
        let one = Deal { from: (hour(0), 5.0), to: (hour(50), 9.0), has_won: true, words: "words".to_owned() };
        for (many, words, marks) in [(TOLD, TOLD, 2 * TOLD), (TOLD + 1, 0, 2 * TOLD + 2), (MARKED + 1, 0, 0)] {
            let drawn = chart(vec![Layer::Deals(vec![one.clone(); many])]);
            let found = [drawn.matches("<title>").count(), drawn.matches("<use").count(), drawn.matches("M0 ").count()];
            assert_eq!(found, [words, marks, many]);
        }
    }

    #[test]
    fn letters_move_apart_and_stay_on_the_chart() {
        assert_eq!(spread(&[50.0, 10.0, 52.0], 11.0, 100.0), [50.0, 10.0, 61.0]);
        assert_eq!(spread(&[99.0, 99.0, 20.0], 11.0, 100.0), [89.0, 100.0, 20.0]);
        assert_eq!(spread(&[], 11.0, 100.0), [] as [f64; 0]);
    }

    #[test]
    fn a_long_curve_is_averaged_and_a_short_one_left_alone() {
        let curve: Curve = (0..20).map(|i| (hour(i), i as f64)).collect();
        assert_eq!(averaged(curve.clone(), 3), (curve.clone(), 1));
        assert_eq!(averaged(curve, 2), (vec![(hour(0), 4.5), (hour(9), 4.5), (hour(19), 14.5)], 10));
        assert_eq!(averaged(Curve::new(), 2), (Curve::new(), 1));
    }

    #[test]
    fn years_of_hours_take_no_more_room_than_a_screen_has_columns() {
        let curve: Curve = (0..43_824).map(|i| (hour(i), ((i * 7919) % 1009) as f64)).collect();
        let span = Span { from: hour(0), to: hour(43_823) };
        let line = Layer::Line(Stroke::Own, curve);
        let chart = Chart {
            words: String::new(),
            span,
            axis: Axis::of([0.0, 1009.0]),
            tell: numeral::tick,
            height: 300,
            layers: vec![line],
        };
        let length = chart.drawn().into_string().len();
        assert!(length < 60_000, "{length}");
    }

    #[test]
    fn a_chart_has_words_and_escapes_them() {
        let drawn = chart(vec![Layer::Level(5.0)]);
        assert!(
            drawn.starts_with("<svg class=\"plot\" role=\"img\" aria-label=\"an &quot;x&quot;\" height=\"124\">"),
            "{drawn}"
        );
    }

    #[test]
    fn what_won_and_what_lost_differ_in_shape() {
        let deal = |has_won| Deal { from: (hour(0), 5.2), to: (hour(50), 10.4), has_won, words: "<b>".to_owned() };
        let drawn = chart(vec![Layer::Deals(vec![deal(true), deal(false)])]);
        for part in [
            "<use href=\"#in\" x=\"0%\" y=\"50\"/>",
            "<use href=\"#won\" x=\"50%\" y=\"0\"/>",
            "href=\"#lost\"",
            "&lt;b&gt;",
            "class=\"won\" d=\"M0 500L480 0\"",
        ] {
            assert!(drawn.contains(part), "{part}: {drawn}");
        }
    }
}
