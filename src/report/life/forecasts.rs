//! Predicted against actual beside the scores of `trader outcomes`: groups of like forecasts, the parts of Brier's score, and
//! the direction of signals by confidence and by pair.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::outcome::{self, Interval, effective_n, like_groups};
use crate::report::outcomes::{ErrorRate, Figure, HorizonScore, Judged, false_negatives, false_positives};
use crate::report::{NEEDED_FOR_IC, NEEDED_FOR_PROBABILITIES, NEEDED_FOR_RATES, Number, percent};
use crate::unit::Symbol;

/// Independent outcomes that a group of like forecasts rests on at least.
const NEEDED_FOR_GROUP: f64 = 10.0;
/// Fewer groups than this tell nothing of a slope.
const FEWEST_GROUPS: usize = 3;
const MOST_GROUPS: usize = 10;
/// Confidence is told in bands of so many percent, from 50 on.
const BAND: f64 = 10.0;

/// A resolved forecast, with what the direction of the signal is held against.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// As `trader outcomes` needs it.
    pub judged: Judged,
    /// The score that was decided by; none where there was no opinion.
    pub score: Option<f64>,
    /// The return without costs.
    pub gross: f64,
}

impl Judgement {
    /// Whether the price went where the score leaned; none where it leaned nowhere.
    fn is_right(&self) -> Option<bool> {
        let score = self.score.filter(|score| *score != 0.0)?;
        Some(score * self.gross > 0.0)
    }

    /// In percent, 50 to 100.
    fn confidence(&self) -> Option<f64> {
        self.score.map(|score| 50.0 + score.abs() / 2.0)
    }
}

/// Forecasts of one horizon: the scores of `trader outcomes`, and what is drawn beside them.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LifeHorizon {
    /// The scores.
    #[serde(flatten)]
    pub score: HorizonScore,
    /// The 95 % interval of the information coefficient (Fisher's z on the effective number); null with it.
    pub information_coefficient_interval: Option<[Option<Number>; 2]>,
    /// Both in one.
    #[serde(skip)]
    pub information_coefficient: Figure,
    /// Forecasts in groups of like means, the lowest first: tenths, or fewer where too little is known. Empty when `groups_why`
    /// says why.
    pub groups: Vec<GroupReport>,
    /// Why there are no groups.
    pub groups_why: Option<String>,
    /// Forecasts in groups of like probabilities, the lowest first. Empty when `probability_groups_why` says why.
    pub probability_groups: Vec<ProbabilityGroup>,
    /// Why there are none.
    pub probability_groups_why: Option<String>,
    /// What Brier's score is made of over these groups.
    pub brier_parts: Option<BrierReport>,
    /// Whether the price went where the score leaned, over all.
    pub direction_pct: Figure,
    /// The same by confidence.
    pub bands: Vec<BandReport>,
    /// The same by pair, with the purchases that lost and the chances that were missed.
    pub pairs: Vec<PairReport>,
}

/// Forecasts of like means.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct GroupReport {
    /// So many.
    pub count: usize,
    /// Their mean.
    pub predicted_pct: Option<Number>,
    /// The mean of what came.
    pub actual_pct: Option<Number>,
    /// Its 95 % interval, on the effective number.
    pub interval_pct: [Option<Number>; 2],
}

/// Forecasts of like probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ProbabilityGroup {
    /// So many.
    pub count: usize,
    /// The mean probability of a gain.
    pub forecast_pct: Option<Number>,
    /// How many gained.
    pub observed_pct: Option<Number>,
    /// The 95 % interval of that, on the effective number.
    pub interval_pct: [Option<Number>; 2],
}

/// What Brier's score is made of: reliability − resolution + uncertainty + within.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct BrierReport {
    /// How far probabilities lie from what happened: less is better.
    pub reliability: Option<Number>,
    /// How far what happened differs from group to group: more is better.
    pub resolution: Option<Number>,
    /// What the base rate leaves open.
    pub uncertainty: Option<Number>,
    /// What the groups hide.
    pub within: Option<Number>,
}

/// Signals of like confidence.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct BandReport {
    /// From this confidence on.
    pub from_pct: f64,
    /// To this one.
    pub to_pct: f64,
    /// Signals that leaned one way.
    pub count: usize,
    /// So many independent ones they are worth.
    pub n_eff: Option<Number>,
    /// Those after which the price went that way.
    pub right: usize,
    /// Their share.
    pub right_pct: Figure,
}

/// Signals of a pair.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PairReport {
    /// The pair.
    pub symbol: Symbol,
    /// Signals that leaned one way.
    pub count: usize,
    /// So many independent ones they are worth.
    pub n_eff: Option<Number>,
    /// Those after which the price went that way.
    pub right: usize,
    /// Their share.
    pub right_pct: Figure,
    /// Bought and lost.
    pub false_positives: ErrorRate,
    /// Neither bought nor held, and would have earned more than twice the costs.
    pub false_negatives: ErrorRate,
}

impl LifeHorizon {
    /// What is told of these outcomes beside their scores.
    pub fn of(all: &[Judgement], score: HorizonScore) -> Self {
        let n_eff = score.n_eff.map_or(0.0, Number::get);
        let coefficient = score.information_coefficient.value.map(Number::get);
        let interval = coefficient.and_then(|ic| outcome::rank_interval(ic, n_eff)).filter(|_| n_eff >= NEEDED_FOR_IC);
        let ends = interval.map(|i| [six(i.low), six(i.high)]);
        let (groups, groups_why) = groups(all, n_eff);
        let (probability_groups, brier_parts, probability_groups_why) = probabilities(all, n_eff);
        let leaning: Vec<(&Judgement, bool)> = all.iter().filter_map(|j| Some((j, j.is_right()?))).collect();
        Self {
            information_coefficient_interval: ends,
            information_coefficient: Figure { interval: ends, ..score.information_coefficient.clone() },
            groups,
            groups_why,
            probability_groups,
            probability_groups_why,
            brier_parts,
            direction_pct: direction(&leaning).2,
            bands: bands(&leaning),
            pairs: pairs(all, &leaning),
            score,
        }
    }
}

/// Six decimals: enough for people, and the same on every machine.
fn six(value: f64) -> Option<Number> {
    Number::exact((value * 1e6).round() / 1e6)
}

/// How many groups so many independent outcomes carry; none when they are too few to show a slope.
fn carried(n_eff: f64, needed: f64) -> Result<usize, String> {
    let most = (1..=MOST_GROUPS).rev().find(|n| n_eff >= NEEDED_FOR_GROUP * *n as f64).unwrap_or_default();
    if n_eff < needed || most < FEWEST_GROUPS {
        return Err(format!("too early: n_eff {n_eff:.0} of {needed:.0}"));
    }
    Ok(most)
}

fn groups(all: &[Judgement], n_eff: f64) -> (Vec<GroupReport>, Option<String>) {
    let most = match carried(n_eff, NEEDED_FOR_RATES) {
        Ok(most) => most,
        Err(why) => return (Vec::new(), Some(why)),
    };
    let worth = n_eff / all.len().max(1) as f64;
    let predicted: Vec<f64> = all.iter().map(|j| j.judged.predicted).collect();
    let report = |group: Vec<usize>| {
        let actual: Vec<f64> = group.iter().map(|i| all[*i].judged.net).collect();
        let around = mean_interval(&actual, worth);
        GroupReport {
            count: group.len(),
            predicted_pct: percent(mean(group.iter().map(|i| predicted[*i]), group.len())),
            actual_pct: percent(mean(actual.iter().copied(), actual.len())),
            interval_pct: around.map_or([None; 2], |i| [percent(i.low), percent(i.high)]),
        }
    };
    let groups: Vec<GroupReport> = like_groups(&predicted, most).into_iter().map(report).collect();
    let why = (groups.len() < 2).then(|| "all forecasts are alike".to_owned());
    (if why.is_some() { Vec::new() } else { groups }, why)
}

type Probabilities = (Vec<ProbabilityGroup>, Option<BrierReport>, Option<String>);

fn probabilities(all: &[Judgement], n_eff: f64) -> Probabilities {
    let most = match carried(n_eff, NEEDED_FOR_PROBABILITIES) {
        Ok(most) => most,
        Err(why) => return (Vec::new(), None, Some(why)),
    };
    let told: Vec<(f64, bool)> = all.iter().map(|j| (j.judged.p_gain, j.judged.net > 0.0)).collect();
    let groups = like_groups(&told.iter().map(|(p, _)| *p).collect::<Vec<_>>(), most);
    let worth = n_eff / told.len().max(1) as f64;
    let report = |group: &Vec<usize>| {
        let happened = group.iter().filter(|i| told[**i].1).count() as f64;
        let around = outcome::wilson(happened * worth, group.len() as f64 * worth);
        ProbabilityGroup {
            count: group.len(),
            forecast_pct: percent(mean(group.iter().map(|i| told[*i].0), group.len())),
            observed_pct: percent(happened / group.len() as f64),
            interval_pct: around.map_or([None; 2], |i| [percent(i.low), percent(i.high)]),
        }
    };
    let parts = outcome::brier_parts(&told, &groups).map(|parts| BrierReport {
        reliability: six(parts.reliability),
        resolution: six(parts.resolution),
        uncertainty: six(parts.uncertainty),
        within: six(parts.within),
    });
    (groups.iter().map(report).collect(), parts, None)
}

fn mean(values: impl Iterator<Item = f64>, count: usize) -> f64 {
    values.sum::<f64>() / count as f64
}

/// The 95 % interval of a mean of values of which each is worth so much of an independent one.
fn mean_interval(values: &[f64], worth: f64) -> Option<Interval> {
    let n = values.len() as f64;
    let centre = mean(values.iter().copied(), values.len());
    let variance = values.iter().map(|v| (v - centre).powi(2)).sum::<f64>() / (n - 1.0);
    let half = 1.959_964 * (variance / (n * worth)).sqrt();
    half.is_finite().then_some(Interval { low: centre - half, high: centre + half })
}

/// How many are right, what they are worth, and their share.
fn direction(leaning: &[(&Judgement, bool)]) -> (usize, f64, Figure) {
    let right = leaning.iter().filter(|(_, is_right)| *is_right).count();
    let n_eff = effective_n(leaning.iter().map(|(j, _)| (j.judged.span, &j.judged.pair)));
    let share = (!leaning.is_empty()).then(|| right as f64 / leaning.len() as f64);
    let interval = share.and_then(|share| outcome::wilson(share * n_eff, n_eff));
    (right, n_eff, Figure::of(share.and_then(percent), n_eff, NEEDED_FOR_RATES).with(interval))
}

fn bands(leaning: &[(&Judgement, bool)]) -> Vec<BandReport> {
    let band = |n: u32| {
        let (from_pct, to_pct) = (50.0 + BAND * f64::from(n), 50.0 + BAND * f64::from(n + 1));
        let is_in = |confidence: f64| confidence >= from_pct && (confidence < to_pct || n == 4);
        let of: Vec<_> = leaning.iter().filter(|(j, _)| j.confidence().is_some_and(is_in)).copied().collect();
        let (right, n_eff, right_pct) = direction(&of);
        BandReport { from_pct, to_pct, count: of.len(), n_eff: six(n_eff), right, right_pct }
    };
    (0..5).map(band).filter(|band| band.count > 0).collect()
}

fn pairs(all: &[Judgement], leaning: &[(&Judgement, bool)]) -> Vec<PairReport> {
    let mut by_pair: BTreeMap<&Symbol, Vec<Judged>> = BTreeMap::new();
    for judgement in all {
        by_pair.entry(&judgement.judged.pair).or_default().push(judgement.judged.clone());
    }
    let report = |(symbol, judged): (&Symbol, Vec<Judged>)| {
        let of: Vec<_> = leaning.iter().filter(|(j, _)| j.judged.pair == *symbol).copied().collect();
        let (right, n_eff, right_pct) = direction(&of);
        PairReport {
            symbol: symbol.clone(),
            count: of.len(),
            n_eff: six(n_eff),
            right,
            right_pct,
            false_positives: false_positives(&judged),
            false_negatives: false_negatives(&judged),
        }
    };
    by_pair.into_iter().map(report).collect()
}

#[cfg(test)]
mod tests;
