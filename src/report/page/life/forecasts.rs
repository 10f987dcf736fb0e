//! Predicted against actual, horizon by horizon.

use super::LifePage;
use super::told::{ends, interval, known, none, told, worth};
use crate::report::page::axis::Axis;
use crate::report::page::markup::{Markup, tag};
use crate::report::page::numeral::{self, count, percent, telling, with_unit};
use crate::report::page::plane::{Plane, Sight, Whisker};
use crate::report::page::table::{Column, Told, figures, table};
use crate::report::page::{figure, section};
use crate::report::{Figure, GroupReport, LifeHorizon, Number, ProbabilityGroup};

/// Of all points, the share at either end that may lie beyond an axis: one that fell by a half must not squeeze the rest.
const BEYOND: f64 = 0.005;

impl LifePage<'_> {
    pub(super) fn forecasts(&self) -> Markup {
        let words = "Every decision forecasts the net return of buying at its close and selling after each horizon. Outcomes \
                     that overlap and coins that move together count only for what they are worth: \u{201c}worth\u{201d} is the \
                     number of independent outcomes, and figures that would rest on too few are left out.";
        let prose: Markup = tag("p").class("prose").text(words).into();
        let horizons = self.document.horizons.iter().zip(self.judged).map(|(h, judged)| horizon(h, judged));
        let nothing = self.document.horizons.is_empty().then(|| nothing("Nothing was forecast yet."));
        section("forecasts", "Predicted against actual", std::iter::once(prose).chain(horizons).chain(nothing))
    }
}

fn nothing(words: &str) -> Markup {
    tag("p").class("prose").text(words).into()
}

fn horizon(h: &LifeHorizon, judged: &[(f64, f64)]) -> Markup {
    let title = format!("{} on {} candles", hours(h.score.horizon_h), h.score.timeframe);
    let head = tag("h3").class("horizon").text(title);
    if h.score.n == 0 {
        let words = match h.score.waiting {
            0 => "No outcome could be told.".to_owned(),
            n => format!("No horizon has ended yet; {} forecasts wait.", count(n as u64)),
        };
        return [Markup::from(head), nothing(&words)].into_iter().collect();
    }
    let (known, reasons) = scores(h);
    let list = |class| Markup::from(figures(class, known.clone()));
    let two = |left: Markup, right: Markup| Markup::from(tag("div").class("two").put(left).put(right));
    let parts = match (h.groups_why.is_some(), h.probability_groups_why.is_some()) {
        (false, false) => vec![two(scatter(judged), groups(h)), two(reliability(h), list("all one"))],
        (false, true) => vec![two(scatter(judged), groups(h)), list("all")],
        (true, false) => vec![two(scatter(judged), reliability(h)), list("all")],
        (true, true) => vec![two(scatter(judged), list("all one"))],
    };
    let reasons = tag("p").class("prose").text(reasons.join(" "));
    std::iter::once(head.into()).chain(parts).chain([reasons.into()]).collect()
}

fn hours(horizon_h: i64) -> String {
    match horizon_h {
        h if h % 24 == 0 && h > 24 => format!("{} days", h / 24),
        h => format!("{h} hours"),
    }
}

/// The label of a mark in percent.
fn share(value: f64) -> String {
    with_unit(&numeral::tick(value), "%")
}

fn scatter(judged: &[(f64, f64)]) -> Markup {
    let points: Vec<(f64, f64)> = judged.iter().map(|(predicted, net)| (100.0 * predicted, 100.0 * net)).collect();
    let along = most_of(points.iter().map(|(x, _)| *x).collect());
    let upright = most_of(points.iter().map(|(_, y)| *y).collect());
    let is_beyond = |(x, y): &&(f64, f64)| !(within(&along, *x) && within(&upright, *y));
    let beyond = points.iter().filter(is_beyond).count();
    let edge = if beyond == 0 { String::new() } else { format!(" {} lie beyond the edges.", count(beyond as u64)) };
    let note = format!("{} forecasts; on the line both are the same.{edge}", count(points.len() as u64));
    let seen = points.into_iter().filter(|point| !is_beyond(&point)).collect();
    let plane = Plane {
        words: format!("Net return that came against the one forecast, of {} forecasts.", count(judged.len() as u64)),
        along,
        upright,
        tell: (share, share),
        name: "forecast, net of costs",
        height: 260,
        layers: vec![Sight::Level(0.0), Sight::Points(seen), Sight::Same],
    };
    figure("Each forecast and what came", Markup::text(note), [plane.drawn()])
}

fn within(axis: &Axis, value: f64) -> bool {
    (axis.low()..=axis.high()).contains(&value)
}

/// An axis for all but the outermost values, zero inside.
fn most_of(mut values: Vec<f64>) -> Axis {
    values.sort_by(f64::total_cmp);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "meant: a place in a list")]
    let beyond = (values.len() as f64 * BEYOND) as usize;
    let kept = values.get(beyond..values.len() - beyond).unwrap_or_default();
    Axis::even(kept.iter().copied().chain([0.0]))
}

fn groups(h: &LifeHorizon) -> Markup {
    let title = "Means of like forecasts";
    let whiskers: Vec<Whisker> = h.groups.iter().filter_map(group).collect();
    let all = || {
        whiskers.iter().flat_map(|w| [w.upright, w.ends.map_or(w.upright, |e| e.0), w.ends.map_or(w.upright, |e| e.1)])
    };
    let note = format!(
        "{} groups of like size, the lowest forecasts first: forecast against what came on average, with its 95\u{202f}% interval.",
        whiskers.len()
    );
    let plane = Plane {
        words: format!("Mean net return against mean forecast, in {} groups.", whiskers.len()),
        along: Axis::even(whiskers.iter().map(|w| w.along)),
        upright: Axis::even(all().chain([0.0])),
        tell: (share, share),
        name: "mean forecast",
        height: 260,
        layers: vec![Sight::Level(0.0), Sight::Same, Sight::Whiskers(whiskers)],
    };
    figure(title, Markup::text(note), [plane.drawn()])
}

fn group(g: &GroupReport) -> Option<Whisker> {
    let (along, upright) = (g.predicted_pct?.get(), g.actual_pct?.get());
    Some(whisker(along, upright, g.interval_pct, g.count))
}

fn bin(g: &ProbabilityGroup) -> Option<Whisker> {
    let (along, upright) = (g.forecast_pct?.get(), g.observed_pct?.get());
    Some(whisker(along, upright, g.interval_pct, g.count))
}

fn whisker(along: f64, upright: f64, [low, high]: [Option<Number>; 2], n: usize) -> Whisker {
    let ends = low.zip(high).map(|(low, high)| (low.get(), high.get()));
    let range = ends.map_or_else(String::new, |(low, high)| format!(", {} to {}", percent(low), percent(high)));
    let words = format!("forecast {}, came {}{range}: {} forecasts", percent(along), percent(upright), count(n as u64));
    Whisker { along, upright, ends, words }
}

fn reliability(h: &LifeHorizon) -> Markup {
    let title = "Reliability of probabilities";
    let whiskers: Vec<Whisker> = h.probability_groups.iter().filter_map(bin).collect();
    let ends = |w: &Whisker| w.ends.map_or([w.upright; 2], |(low, high)| [low, high]);
    let upright = Axis::even(whiskers.iter().flat_map(ends));
    let plane = Plane {
        words: format!("How often forecasts gained against the probability told, in {} groups.", whiskers.len()),
        along: Axis::even(whiskers.iter().map(|w| w.along)),
        upright,
        tell: (share, share),
        name: "probability of a gain that was forecast",
        height: 220,
        layers: vec![Sight::Same, Sight::Whiskers(whiskers)],
    };
    let base = told(&h.score.base_rate_pct, percent);
    let note: Markup = [
        Markup::text("How many gained of those that were given a probability; on the line as many as told. Of all, "),
        base,
        Markup::text(" gained."),
    ]
    .into_iter()
    .collect();
    let rows = h.probability_groups.iter().map(|g| {
        vec![
            known(g.forecast_pct, percent),
            known(g.observed_pct, percent),
            ends_or_none(g.interval_pct),
            Markup::text(count(g.count as u64)),
        ]
    });
    let columns = [
        Column::Numbers("Forecast"),
        Column::Numbers("Gained"),
        Column::Numbers("95\u{202f}% interval"),
        Column::Numbers("Forecasts"),
    ];
    let listing = table("Groups of like probabilities", &columns, rows);
    let details = tag("details").put(tag("summary").text("The groups as a table")).put(listing);
    figure(title, note, [plane.drawn(), details.into()])
}

fn ends_or_none(pair: [Option<Number>; 2]) -> Markup {
    ends(pair, percent).map_or_else(|| none("unknown"), Markup::text)
}

/// The figures that are known, and in sentences why others are not.
fn scores(h: &LifeHorizon) -> (Vec<Told>, Vec<String>) {
    let one = |name, figure: Markup, note: String| Told { name, figure, note: Markup::text(note) };
    let s = &h.score;
    let mut all = vec![
        one("Outcomes", Markup::text(count(s.n as u64)), String::new()),
        one("Independent ones they are worth", known(s.n_eff, worth), String::new()),
    ];
    let mut missing = Missing::new();
    for (name, figure, tell) in shown(h) {
        match &figure.why {
            None => all.push(one(name, told(figure, tell), interval(figure, tell))),
            Some(why) => add(&mut missing, why, name),
        }
    }
    if let Some(parts) = h.brier_parts {
        let part = |name, value: Option<Number>| one(name, known(value, |v| numeral::fixed(v, 4)), String::new());
        all.extend([
            part("Unreliability in it (less is better)", parts.reliability),
            part("Resolution taken off (more is better)", parts.resolution),
            part("Uncertainty of the base rate in it", parts.uncertainty),
            part("What the groups hide in it", parts.within),
        ]);
    }
    let drawn =
        [("means of like forecasts", &h.groups_why), ("reliability of probabilities", &h.probability_groups_why)];
    for (name, why) in drawn.into_iter().filter_map(|(name, why)| Some((name, why.as_ref()?))) {
        add(&mut missing, why, name);
    }
    (all, reasons(h, &missing))
}

type Shown<'h> = (&'static str, &'h Figure, fn(f64) -> String);

/// The figures, with how they are told.
fn shown(h: &LifeHorizon) -> [Shown<'_>; 10] {
    let s = &h.score;
    [
        ("Mean error, actual less forecast", &s.bias_pct, percent),
        ("Mean absolute error", &s.mae_pct, percent),
        ("Information coefficient", &h.information_coefficient, telling),
        ("Sign of the forecast right", &s.hit_rate_pct, percent),
        ("Always the same answer right", &s.always_same_pct, percent),
        ("Price went where the score leaned", &h.direction_pct, percent),
        ("Within the 10 to 90\u{202f}% range", &s.coverage_pct, percent),
        ("Calibration error", &s.calibration_error, telling),
        ("Brier skill against the base rate", &s.brier_skill, telling),
        ("Brier score", &s.brier, telling),
    ]
}

/// Names by why they are missing.
type Missing<'n> = Vec<(String, Vec<&'n str>)>;

fn add<'n>(missing: &mut Missing<'n>, why: &str, name: &'n str) {
    match missing.iter_mut().find(|(reason, _)| reason == why) {
        Some((_, names)) => names.push(name),
        None => missing.push((why.to_owned(), vec![name])),
    }
}

/// Why figures are missing, and what kept forecasts from being judged.
fn reasons(h: &LifeHorizon, missing: &Missing<'_>) -> Vec<String> {
    let sentence = |(why, names): &(String, Vec<&str>)| {
        let names: Vec<String> = names.iter().map(|name| lowered(name)).collect();
        match why.strip_prefix("too early: ") {
            Some(how) => format!("Too early ({how}) for: {}.", names.join(", ")),
            None => format!("Not known ({why}): {}.", names.join(", ")),
        }
    };
    let mut all: Vec<String> = missing.iter().map(sentence).collect();
    let lost = h.score.unresolvable.iter();
    all.extend(lost.map(|(why, n)| format!("{} without an outcome: {}.", count(*n as u64), why.replace('_', " "))));
    let waiting = h.score.waiting as u64;
    all.extend((waiting > 0).then(|| format!("{} wait for their horizon to end.", count(waiting))));
    all
}

/// A name in the middle of a sentence; Brier stays Brier.
fn lowered(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().filter(|_| !name.starts_with("Brier")).map(char::to_lowercase);
    first.map_or_else(|| name.to_owned(), |first| first.chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_fell_by_a_half_does_not_squeeze_the_rest() {
        let values: Vec<f64> = (0..1000).map(|i| f64::from(i) / 500.0 - 1.0).chain([-50.0]).collect();
        let axis = most_of(values);
        assert!(axis.low() > -1.2 && axis.high() < 1.2, "{axis:?}");
        assert!(most_of(vec![1.0, 3.0]).low() < 0.0, "zero is inside");
    }
}
