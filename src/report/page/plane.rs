//! Charts of one value against another: points, clouds of points, what lies between two ends, and columns.
//!
//! As on charts over time, text and marks lie in pixels and percents of the width and keep their size; clouds and columns lie in
//! a picture inside that is stretched to whatever width there is.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::axis::Axis;
use super::markup::{Markup, Tag, tag};

/// What a place in the picture inside is counted in, along and upright.
const ALONG: f64 = 960.0;
const UPRIGHT: f64 = 1000.0;
/// Marks along the lower axis on a wide screen; every other one goes on a narrow one.
const MARKS: usize = 7;
/// From so many on, a narrow screen shows every other one.
const MANY_MARKS: usize = 5;
/// Pixels that a mark on the upright axis needs at least.
const TICK_PX: u32 = 38;
/// Of more points than this nobody can tell one from another: they are drawn as a cloud.
const POINTS: usize = 600;
/// Cells of a cloud, along and upright.
const CELLS: (u32, u32) = (64, 40);
/// Shades of a cloud.
const SHADES: usize = 4;

/// A value with what is told of it: where it lies along, and upright from where to where.
#[derive(Clone, Debug)]
pub(super) struct Whisker {
    pub(super) along: f64,
    pub(super) upright: f64,
    pub(super) ends: Option<(f64, f64)>,
    pub(super) words: String,
}

/// What lies on a chart, from the lowest layer up.
#[derive(Clone, Debug)]
pub(super) enum Sight {
    /// Where both values are the same.
    Same,
    /// An upright value that never moves.
    Level(f64),
    /// Points; very many of them as a cloud, the darker the more.
    Points(Vec<(f64, f64)>),
    /// Single points with what is told of each, gains and losses apart.
    Marks(Vec<(f64, f64, String)>),
    /// Points with their ends, joined.
    Whiskers(Vec<Whisker>),
    /// From 0 up: between two values along, so high, and what is told of it.
    Columns(Vec<(f64, f64, f64, String)>),
}

/// How a mark on an axis is told.
type Tell = fn(f64) -> String;

/// A chart of one value against another.
#[derive(Clone, Debug)]
pub(super) struct Plane {
    /// What it shows, for those who do not see it.
    pub(super) words: String,
    pub(super) along: Axis,
    pub(super) upright: Axis,
    /// How marks on the lower and on the upright axis are told.
    pub(super) tell: (Tell, Tell),
    /// What the lower axis is.
    pub(super) name: &'static str,
    /// In pixels.
    pub(super) height: u32,
    pub(super) layers: Vec<Sight>,
}

impl Plane {
    /// The picture.
    pub(super) fn drawn(&self) -> Markup {
        let picture = tag("svg").class("plot plane").set("role", "img").set("aria-label", &self.words);
        let picture = picture.set("height", self.height + 42);
        picture.put(self.grid()).put(self.inside()).put(self.marks()).into()
    }

    /// Pixels from the top.
    fn px(&self, value: f64) -> f64 {
        ((1.0 - self.upright.place(value).clamp(0.0, 1.0)) * f64::from(self.height) * 10.0).round() / 10.0
    }

    /// Percent of the width.
    fn pct(&self, value: f64) -> String {
        format!("{}%", (self.along.place(value).clamp(0.0, 1.0) * 10_000.0).round() / 100.0)
    }

    fn grid(&self) -> Tag {
        let levels = self.upright.ticks((self.height / TICK_PX).max(2) as usize).into_iter().map(|v| self.level(v));
        let marks = self.along.ticks(MARKS);
        let is_many = marks.len() >= MANY_MARKS;
        let marks = marks.iter().enumerate().map(|(i, value)| self.mark(*value, is_many && i % 2 == 1));
        let name = tag("text").class("name").set("x", "100%").set("y", self.height + 36).text(self.name);
        tag("g").class("grid").set("aria-hidden", "true").all(levels).all(marks).put(name)
    }

    fn level(&self, value: f64) -> Markup {
        let y = self.px(value);
        let line = tag("line").set("x2", "100%").set("y1", y).set("y2", y);
        let label = tag("text").set("x", "100%").set("dx", 6).set("y", y).set("dy", ".35em").text((self.tell.1)(value));
        [line, label].into_iter().collect()
    }

    fn mark(&self, value: f64, is_extra: bool) -> Tag {
        let (x, bottom) = (self.pct(value), self.height);
        let line = tag("line").set("x1", &x).set("x2", &x).set("y1", bottom).set("y2", bottom + 5);
        let text = tag("text").set("x", &x).set("y", bottom + 18).text((self.tell.0)(value));
        tag("g").class(if is_extra { "m x" } else { "m" }).put(line).put(text)
    }

    fn inside(&self) -> Tag {
        let inner = tag("svg").class("curves").set("viewBox", format!("0 0 {ALONG} {UPRIGHT}"));
        let inner = inner.set("preserveAspectRatio", "none").set("width", "100%").set("height", self.height);
        inner.all(self.layers.iter().map(|layer| self.layer(layer)))
    }

    /// A place in the picture inside, held within it.
    fn at(&self, along: f64, upright: f64) -> (f64, f64) {
        let one = |place: f64, whole: f64| (place.clamp(0.0, 1.0) * whole * 10.0).round() / 10.0;
        (one(self.along.place(along), ALONG), UPRIGHT - one(self.upright.place(upright), UPRIGHT))
    }

    fn layer(&self, layer: &Sight) -> Markup {
        let path = |class, d: String| tag("path").class(class).set("d", d);
        match layer {
            Sight::Same => path("level", self.same()).into(),
            Sight::Level(value) => path("level", format!("M0 {}H{ALONG}", self.at(0.0, *value).1)).into(),
            Sight::Points(points) if points.len() > POINTS => self.cloud(points),
            Sight::Whiskers(all) => path("own", self.joined(all)).into(),
            Sight::Columns(all) => {
                let column = |(from, to, height, words): &(f64, f64, f64, String)| {
                    let ((left, top), (right, bottom)) = (self.at(*from, *height), self.at(*to, 0.0));
                    // A little air between two of them.
                    let air = (right - left) * 0.06;
                    let d = format!("M{:.1} {top}H{:.1}V{bottom}H{:.1}Z", left + air, right - air, left + air);
                    path("column", d).put(tag("title").text(words))
                };
                all.iter().filter(|column| column.2 > 0.0).map(column).collect()
            }
            Sight::Points(_) | Sight::Marks(_) => Markup::default(),
        }
    }

    /// Where both values are the same, as far as both axes go.
    fn same(&self) -> String {
        let (low, high) = (self.along.low().max(self.upright.low()), self.along.high().min(self.upright.high()));
        if low >= high {
            return String::new();
        }
        let ((x1, y1), (x2, y2)) = (self.at(low, low), self.at(high, high));
        format!("M{x1} {y1}L{x2} {y2}")
    }

    fn joined(&self, all: &[Whisker]) -> String {
        let mut text = String::new();
        for (i, whisker) in all.iter().enumerate() {
            let (x, y) = self.at(whisker.along, whisker.upright);
            // Writing to a string cannot fail.
            let _ = write!(text, "{}{x} {y}", if i == 0 { 'M' } else { 'L' });
        }
        text
    }

    /// Cells in shades: each next one holds four times as many points.
    fn cloud(&self, points: &[(f64, f64)]) -> Markup {
        let mut cells: BTreeMap<(u32, u32), usize> = BTreeMap::new();
        for (along, upright) in points {
            let cell = (cell(self.along.place(*along), CELLS.0), cell(1.0 - self.upright.place(*upright), CELLS.1));
            *cells.entry(cell).or_default() += 1;
        }
        let most = cells.values().copied().max().unwrap_or(1).max(2) as f64;
        let (width, height) = (ALONG / f64::from(CELLS.0), UPRIGHT / f64::from(CELLS.1));
        let mut shades: [String; SHADES] = Default::default();
        for ((x, y), count) in &cells {
            let (left, top) = (f64::from(*x) * width, f64::from(*y) * height);
            let _ = write!(shades[shade(*count, most)], "M{left} {top}h{width}v{height}h-{width}z");
        }
        let classes = ["d1", "d2", "d3", "d4"];
        let filled = classes.into_iter().zip(shades).filter(|(_, d)| !d.is_empty());
        filled.map(|(class, d)| tag("path").class(class).set("d", d)).collect()
    }

    fn marks(&self) -> Tag {
        let point = |x: f64, y: f64| tag("circle").set("cx", self.pct(x)).set("cy", self.px(y));
        let of = |layer: &Sight| -> Markup {
            match layer {
                Sight::Points(points) if points.len() <= POINTS => {
                    points.iter().map(|(x, y)| point(*x, *y).class("dot").set("r", 2)).collect()
                }
                Sight::Marks(marks) => {
                    let mark = |(x, y, words): &(f64, f64, String)| {
                        let shape = if *y > 0.0 { "#won" } else { "#lost" };
                        let mark = tag("use").set("href", shape).set("x", self.pct(*x)).set("y", self.px(*y));
                        tag("g").put(tag("title").text(words)).put(mark)
                    };
                    marks.iter().map(mark).collect()
                }
                Sight::Whiskers(all) => all.iter().map(|whisker| self.whisker(whisker)).collect(),
                Sight::Same | Sight::Level(_) | Sight::Points(_) | Sight::Columns(_) => Markup::default(),
            }
        };
        tag("g").class("marks").all(self.layers.iter().map(of))
    }

    fn whisker(&self, whisker: &Whisker) -> Tag {
        let x = self.pct(whisker.along);
        let line = whisker.ends.map(|(low, high)| {
            tag("line").class("ends").set("x1", &x).set("x2", &x).set("y1", self.px(low)).set("y2", self.px(high))
        });
        let point = tag("circle").class("told").set("cx", &x).set("cy", self.px(whisker.upright)).set("r", 3.6);
        tag("g").put(tag("title").text(&whisker.words)).all(line).put(point)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "meant: it is held within the cells")]
fn cell(place: f64, count: u32) -> u32 {
    ((place.clamp(0.0, 1.0) * f64::from(count)).floor() as u32).min(count - 1)
}

/// Which shade so many points have beside the most that one cell has: equal ratios, equal steps.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "meant: it is held within the shades")]
fn shade(count: usize, most: f64) -> usize {
    (((count as f64).ln() / most.ln() * SHADES as f64).floor() as usize).min(SHADES - 1)
}

#[cfg(test)]
mod tests {
    use super::super::numeral;
    use super::*;

    fn plane(layers: Vec<Sight>) -> String {
        let plane = Plane {
            words: "a \"b\"".to_owned(),
            along: Axis::exactly(0.0, 10.0),
            upright: Axis::exactly(0.0, 100.0),
            tell: (numeral::tick, numeral::tick),
            name: "along",
            height: 200,
            layers,
        };
        plane.drawn().into_string()
    }

    #[test]
    fn every_kind_of_layer_lies_where_it_says() {
        let whisker = Whisker { along: 5.0, upright: 50.0, ends: Some((25.0, 75.0)), words: "<half>".to_owned() };
        let layers = vec![
            Sight::Same,
            Sight::Level(25.0),
            Sight::Points(vec![(2.5, 75.0)]),
            Sight::Marks(vec![(1.0, 10.0, "won".to_owned()), (1.0, -1.0, "lost".to_owned())]),
            Sight::Whiskers(vec![whisker]),
            Sight::Columns(vec![(0.0, 5.0, 50.0, "five".to_owned()), (5.0, 10.0, 0.0, "nothing".to_owned())]),
        ];
        let drawn = plane(layers);
        for part in [
            "role=\"img\" aria-label=\"a &quot;b&quot;\"",
            "d=\"M0 1000L960 900\"",
            "d=\"M0 750H960\"",
            "<circle cx=\"25%\" cy=\"50\" class=\"dot\" r=\"2\"/>",
            "<use href=\"#won\" x=\"10%\" y=\"180\"/>",
            "<use href=\"#lost\" x=\"10%\" y=\"200\"/>",
            "<title>&lt;half&gt;</title>",
            "class=\"ends\" x1=\"50%\" x2=\"50%\" y1=\"150\" y2=\"50\"",
            "d=\"M28.8 500H451.2V1000H28.8Z\"",
        ] {
            assert!(drawn.contains(part), "{part}: {drawn}");
        }
        assert!(!drawn.contains("nothing"), "a column without height is not drawn");
    }

    #[test]
    fn a_hundred_thousand_points_take_no_more_room_than_their_cells() {
        let points: Vec<(f64, f64)> =
            (0..100_000).map(|i| (f64::from(i % 997) / 99.7, f64::from(i % 1009) / 10.09)).collect();
        let drawn = plane(vec![Sight::Points(points)]);
        assert!(drawn.len() < 90_000 && !drawn.contains("<circle"), "{}", drawn.len());
        assert!(drawn.contains("class=\"d4\""));
    }

    #[test]
    fn the_fullest_cell_is_the_darkest_and_a_single_point_the_lightest() {
        for (count, most, expected) in [(1, 256.0, 0), (3, 256.0, 0), (4, 256.0, 1), (64, 256.0, 3), (256, 256.0, 3)] {
            assert_eq!(shade(count, most), expected, "{count}");
        }
    }

    #[test]
    fn what_lies_beyond_the_axes_is_drawn_at_their_ends() {
        let drawn = plane(vec![Sight::Points(vec![(99.0, -99.0)])]);
        assert!(drawn.contains("cx=\"100%\" cy=\"200\""), "{drawn}");
    }
}
