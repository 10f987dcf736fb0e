//! Predicted against actual: what forecasts were worth, with the numbers that say how much to believe of it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Number, percent};
use crate::outcome::{self, Interval, Span};
use crate::unit::{Symbol, Timeframe};

/// Independent outcomes that it takes to show errors, hit rates and shares.
pub const NEEDED_FOR_RATES: f64 = 30.0;
/// To show an information coefficient.
pub const NEEDED_FOR_IC: f64 = 50.0;
/// To show scores of probabilities and intervals.
pub const NEEDED_FOR_PROBABILITIES: f64 = 100.0;

/// A figure, or why it is not shown yet.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Figure {
    /// The figure; null while there is too little to tell it from.
    pub value: Option<Number>,
    /// Its 95 % interval, on the effective number of outcomes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<[Option<Number>; 2]>,
    /// Why it is null: `too early: n_eff 12 of 30`, or `undefined`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Figure {
    /// A figure that takes so many independent outcomes.
    pub(super) fn of(value: Option<Number>, n_eff: f64, needed: f64) -> Self {
        if n_eff < needed {
            let why = Some(format!("too early: n_eff {n_eff:.0} of {needed:.0}"));
            return Self { value: None, interval: None, why };
        }
        let why = value.is_none().then(|| "undefined".to_owned());
        Self { value, interval: None, why }
    }

    /// With its interval, where it is shown at all.
    pub(super) fn with(mut self, interval: Option<Interval>) -> Self {
        self.interval = interval.filter(|_| self.value.is_some()).map(|i| [percent(i.low), percent(i.high)]);
        self
    }
}

/// One resolved forecast, as this report needs it. Returns are shares.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The pair.
    pub pair: Symbol,
    /// The time it looked at: from the close that was decided on to its end.
    pub span: Span,
    /// The mean that was forecast.
    pub predicted: f64,
    /// Its 10 and 90 % quantiles.
    pub range: Option<(f64, f64)>,
    /// The probability of a gain that was forecast.
    pub p_gain: f64,
    /// The costs inside.
    pub cost: f64,
    /// The purchase was made.
    pub was_bought: bool,
    /// The coin was held already: the account needed no purchase to gain or lose by it.
    pub was_held: bool,
    /// The net return.
    pub net: f64,
    /// What it was in money, or would have been.
    pub money: f64,
}

/// A bin of the reliability table.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct BinReport {
    /// From this probability on, in percent.
    pub from_pct: f64,
    /// Forecasts in it.
    pub count: usize,
    /// Their mean probability.
    pub forecast_pct: Option<Number>,
    /// How many of them gained.
    pub observed_pct: Option<Number>,
    /// The 95 % interval of that.
    pub interval_pct: Option<[Option<Number>; 2]>,
}

/// An error rate, in counts and in money.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ErrorRate {
    /// Wrong ones.
    pub count: usize,
    /// Of so many.
    pub of: usize,
    /// The rate.
    pub rate_pct: Figure,
    /// What the wrong ones lost, or would have brought. Chances of a pair that overlap count as far as they are alone:
    /// nobody could have taken all of them with the same money.
    pub money: Option<Number>,
}

/// Forecasts of one horizon against what became of them.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct HorizonScore {
    /// The horizon.
    pub horizon_h: i64,
    /// The length of the candles that were decided on.
    pub timeframe: &'static str,
    /// `horizon`: close to close. `policy`: under the exit policy. `trade`: realised.
    pub kind: &'static str,
    /// Forecasts whose outcome is known.
    pub n: usize,
    /// So many independent ones they are worth.
    pub n_eff: Option<Number>,
    /// Forecasts whose horizon has not ended; of trades, those that are open.
    pub waiting: usize,
    /// Those without an outcome, or without a forecast to compare it with, by reason.
    pub unresolvable: BTreeMap<String, usize>,
    /// The share of outcomes that gained: what "always the same answer" scores beside.
    pub base_rate_pct: Figure,
    /// Mean of actual less predicted.
    pub bias_pct: Figure,
    /// Mean absolute error.
    pub mae_pct: Figure,
    /// Median absolute error.
    pub median_ae_pct: Figure,
    /// Root of the mean squared error.
    pub rmse_pct: Figure,
    /// 1 less the squared error over that of always forecasting 0; above 0 is better.
    pub r_squared_against_zero: Figure,
    /// The line of actual on predicted (Mincer and Zarnowitz): an honest forecast has slope 1 and intercept 0.
    pub slope_of_actual: Figure,
    /// Its intercept.
    pub intercept_of_actual_pct: Figure,
    /// How often the sign was right.
    pub hit_rate_pct: Figure,
    /// How often "always the same answer" is right.
    pub always_same_pct: Figure,
    /// Matthews' correlation of forecast and actual gains, at a probability of one half.
    pub matthews: Figure,
    /// Spearman's rank correlation of predicted and actual.
    pub information_coefficient: Figure,
    /// Its t, on the effective number of outcomes; beyond ±2 it is hardly chance.
    pub information_coefficient_t: Figure,
    /// Mean squared error of the probabilities.
    pub brier: Figure,
    /// Against always forecasting the base rate; above 0 is better.
    pub brier_skill: Figure,
    /// The mean of −log of the probability given to what happened.
    pub log_loss: Figure,
    /// Mean distance of forecast probabilities from what happened, over the bins below.
    pub calibration_error: Figure,
    /// The share of outcomes within the 10 to 90 % range; 80 is honest.
    pub coverage_pct: Figure,
    /// Bought and lost.
    pub false_positives: ErrorRate,
    /// Neither bought nor held, and would have earned more than twice the costs.
    pub false_negatives: ErrorRate,
    /// Forecast probabilities against what happened.
    pub reliability: Vec<BinReport>,
}

/// What is counted beside the judged forecasts.
#[derive(Clone, Debug)]
pub struct Counts {
    /// The horizon, in hours.
    pub horizon_h: i64,
    /// The length of the candles that were decided on.
    pub timeframe: Timeframe,
    /// What kind of outcome.
    pub kind: &'static str,
    /// So many independent outcomes.
    pub n_eff: f64,
    /// Still waiting.
    pub waiting: usize,
    /// Without an outcome, by reason.
    pub unresolvable: BTreeMap<String, usize>,
}

impl HorizonScore {
    /// Scores resolved forecasts.
    pub fn of(judged: &[Judged], counts: Counts) -> Self {
        let n_eff = counts.n_eff;
        let pairs: Vec<(f64, f64)> = judged.iter().map(|j| (j.predicted, j.net)).collect();
        let gained: Vec<(f64, bool)> = judged.iter().map(|j| (j.p_gain, j.net > 0.0)).collect();
        let rate = |share: Option<f64>| Figure::of(share.and_then(percent), n_eff, NEEDED_FOR_RATES);
        let interval = |share: Option<f64>| share.and_then(|share| outcome::wilson(share * n_eff, n_eff));
        let base = share(judged, |j| j.net > 0.0);
        let hits = outcome::sign_hit_rate(&pairs);
        let same = base.map(|base| base.max(1.0 - base));
        let inside = share(judged, |j| j.range.is_some_and(|(low, high)| (low..=high).contains(&j.net)));
        let score = |value: Option<f64>| Figure::of(value.and_then(rounded), n_eff, NEEDED_FOR_PROBABILITIES);
        let ic = outcome::information_coefficient(&pairs);
        let ic_t = ic.and_then(|ic| outcome::t_statistic(ic, n_eff));
        let line = outcome::actual_on_predicted(&pairs);
        let plain = |value: Option<f64>| Figure::of(value.and_then(rounded), n_eff, NEEDED_FOR_RATES);
        Self {
            horizon_h: counts.horizon_h,
            timeframe: counts.timeframe.name(),
            kind: counts.kind,
            n: judged.len(),
            n_eff: rounded(n_eff),
            waiting: counts.waiting,
            unresolvable: counts.unresolvable,
            base_rate_pct: rate(base).with(interval(base)),
            bias_pct: rate(outcome::bias(&pairs)),
            mae_pct: rate(outcome::mae(&pairs)),
            median_ae_pct: rate(outcome::median_ae(&pairs)),
            rmse_pct: rate(outcome::rmse(&pairs)),
            r_squared_against_zero: plain(outcome::r_squared_against_zero(&pairs)),
            slope_of_actual: plain(line.map(|line| line.slope)),
            intercept_of_actual_pct: rate(line.map(|line| line.intercept)),
            hit_rate_pct: rate(hits).with(interval(hits)),
            always_same_pct: rate(same),
            matthews: plain(outcome::Confusion::at(0.5, &gained).matthews()),
            information_coefficient: Figure::of(ic.and_then(rounded), n_eff, NEEDED_FOR_IC),
            information_coefficient_t: Figure::of(ic_t.and_then(rounded), n_eff, NEEDED_FOR_IC),
            brier: score(outcome::brier(&gained)),
            brier_skill: score(outcome::brier_skill(&gained)),
            log_loss: score(outcome::log_loss(&gained)),
            calibration_error: score(outcome::calibration_error(&gained)),
            coverage_pct: Figure::of(inside.and_then(percent), n_eff, NEEDED_FOR_PROBABILITIES).with(interval(inside)),
            false_positives: false_positives(judged),
            false_negatives: false_negatives(judged),
            reliability: reliability(&gained, n_eff),
        }
    }
}

/// Six decimals: enough for people, and the same on every machine.
fn rounded(value: f64) -> Option<Number> {
    Number::exact((value * 1e6).round() / 1e6)
}

fn share(judged: &[Judged], which: impl Fn(&Judged) -> bool) -> Option<f64> {
    let count = judged.iter().filter(|j| which(j)).count();
    (!judged.is_empty()).then(|| count as f64 / judged.len() as f64)
}

pub(super) fn false_positives(judged: &[Judged]) -> ErrorRate {
    error_rate(judged, |j| j.was_bought, |j| j.net <= 0.0)
}

pub(super) fn false_negatives(judged: &[Judged]) -> ErrorRate {
    error_rate(judged, |j| !j.was_bought && !j.was_held, |j| j.net > 2.0 * j.cost)
}

fn error_rate(judged: &[Judged], counts: impl Fn(&Judged) -> bool, is_wrong: impl Fn(&Judged) -> bool) -> ErrorRate {
    let all: Vec<&Judged> = judged.iter().filter(|j| counts(j)).collect();
    let count = all.iter().filter(|j| is_wrong(j)).count();
    let rate = (!all.is_empty()).then(|| count as f64 / all.len() as f64);
    let spans: Vec<Span> = all.iter().map(|j| j.span).collect();
    let worth = outcome::independent_spans(&spans);
    let interval = rate.and_then(|rate| outcome::wilson(rate * worth, worth));
    ErrorRate {
        count,
        of: all.len(),
        rate_pct: Figure::of(rate.and_then(percent), worth, NEEDED_FOR_RATES).with(interval),
        money: rounded(money(&all, is_wrong)),
    }
}

/// The money of the wrong ones among all chances of their kind.
fn money(all: &[&Judged], is_wrong: impl Fn(&Judged) -> bool) -> f64 {
    let mut by_pair: BTreeMap<&Symbol, Vec<&Judged>> = BTreeMap::new();
    for judged in all {
        by_pair.entry(&judged.pair).or_default().push(judged);
    }
    let mut sum = 0.0;
    for chances in by_pair.values() {
        let spans: Vec<Span> = chances.iter().map(|j| j.span).collect();
        let alone = outcome::uniqueness(&spans).into_iter();
        sum +=
            chances.iter().zip(alone).filter(|(j, _)| is_wrong(j)).map(|(j, alone)| alone * j.money.abs()).sum::<f64>();
    }
    sum
}

fn reliability(gained: &[(f64, bool)], n_eff: f64) -> Vec<BinReport> {
    if n_eff < NEEDED_FOR_PROBABILITIES {
        return Vec::new();
    }
    let worth = n_eff / gained.len().max(1) as f64;
    let bins = outcome::reliability(gained, worth);
    let width = 100.0 / bins.len() as f64;
    let report = |(i, bin): (usize, &outcome::Bin)| BinReport {
        from_pct: width * i as f64,
        count: bin.count,
        forecast_pct: bin.mean_p.and_then(percent),
        observed_pct: bin.observed.and_then(percent),
        interval_pct: bin.interval.map(|i| [percent(i.low), percent(i.high)]),
    };
    bins.iter().enumerate().map(report).collect()
}

/// Why trades missed their forecast, on average. In percent of what they cost.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct MissReport {
    /// Trades whose miss is told.
    pub trades: usize,
    /// Closed trades whose longest horizon has not ended.
    pub waiting: usize,
    /// Closed trades whose miss cannot be told, by reason.
    pub untold: BTreeMap<String, usize>,
    /// The mean that was forecast.
    pub predicted_pct: Option<Number>,
    /// The mean that was realised.
    pub realised_pct: Option<Number>,
    /// What lies between them.
    #[serde(flatten)]
    pub parts: MissParts,
}

/// What realised less predicted is made of, in percent of what the trade cost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct MissParts {
    /// The market went another way.
    pub market_pct: Option<Number>,
    /// The exit came before or after the horizon.
    pub exit_policy_pct: Option<Number>,
    /// The entry was not at the close that was decided on.
    pub entry_delay_pct: Option<Number>,
    /// Spread and slippage were others than assumed.
    pub slippage_pct: Option<Number>,
    /// Fees were others than assumed.
    pub fees_pct: Option<Number>,
    /// Ticks, steps and crumbs.
    pub rounding_pct: Option<Number>,
}

impl MissParts {
    /// From shares: market, policy, delay, slippage, fees, rounding.
    pub fn of(parts: [Option<f64>; 6]) -> Self {
        let [market, policy, delay, slippage, fees, rounding] = parts.map(|part| part.and_then(percent));
        Self {
            market_pct: market,
            exit_policy_pct: policy,
            entry_delay_pct: delay,
            slippage_pct: slippage,
            fees_pct: fees,
            rounding_pct: rounding,
        }
    }

    /// As they stand, with their names.
    pub const fn named(&self) -> [(&'static str, Option<Number>); 6] {
        [
            ("market", self.market_pct),
            ("exit policy", self.exit_policy_pct),
            ("entry delay", self.entry_delay_pct),
            ("slippage", self.slippage_pct),
            ("fees", self.fees_pct),
            ("rounding", self.rounding_pct),
        ]
    }
}

/// What `trader outcomes` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "trader.outcomes.v1")]
pub struct OutcomesDocument {
    /// Always `trader.outcomes.v1`.
    pub schema: &'static str,
    /// For each horizon and kind.
    pub horizons: Vec<HorizonScore>,
    /// Why trades missed their forecast.
    pub misses: MissReport,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::UtcMillis;

    fn judged(predicted: f64, net: f64, was_bought: bool) -> Judged {
        Judged {
            pair: "BTC/USDT".parse().unwrap(),
            span: (UtcMillis::new(0), UtcMillis::new(1)),
            predicted,
            range: Some((-0.01, 0.01)),
            p_gain: 0.5,
            cost: 0.001,
            was_bought,
            was_held: false,
            net,
            money: 100.0 * net,
        }
    }

    fn counts(n_eff: f64) -> Counts {
        let (waiting, unresolvable) = (0, BTreeMap::new());
        Counts { horizon_h: 4, timeframe: Timeframe::H1, kind: "horizon", n_eff, waiting, unresolvable }
    }

    #[test]
    fn too_small_a_sample_gives_no_figures_but_says_how_far_it_is() {
        let score = HorizonScore::of(&[judged(0.01, 0.02, true)], counts(12.4));
        assert_eq!(score.hit_rate_pct.why.as_deref(), Some("too early: n_eff 12 of 30"));
        assert_eq!(score.information_coefficient.why.as_deref(), Some("too early: n_eff 12 of 50"));
        assert_eq!(score.brier.why.as_deref(), Some("too early: n_eff 12 of 100"));
        assert!(score.hit_rate_pct.value.is_none() && score.reliability.is_empty());
    }

    #[test]
    fn errors_are_counted_and_weighed_in_money() {
        let all = [
            judged(0.01, -0.02, true),   // bought and lost 2 of 100
            judged(0.01, 0.03, true),    // bought and gained
            judged(-0.01, 0.05, false),  // not bought, would have brought 5
            judged(-0.01, 0.001, false), // not bought, not worth the costs
            judged(-0.01, -0.02, false),
        ];
        // Each of them a hundred times, one after the other.
        let at = UtcMillis::new;
        let apart = all.iter().cycle().zip(0..500).map(|(j, i)| Judged { span: (at(i), at(i + 1)), ..j.clone() });
        let score = HorizonScore::of(&apart.collect::<Vec<_>>(), counts(200.0));
        assert_eq!((score.false_positives.count, score.false_positives.of), (100, 200));
        assert_eq!((score.false_negatives.count, score.false_negatives.of), (100, 300));
        assert_eq!(score.false_positives.money, Number::exact(200.0));
        assert_eq!(score.false_negatives.money, Number::exact(500.0));
        assert_eq!(score.false_positives.rate_pct.value, Number::exact(50.0));
        // Three of five gained; three of five signs were right; two of five lie within the range.
        assert_eq!(score.base_rate_pct.value, Number::exact(60.0));
        assert_eq!(score.always_same_pct.value, Number::exact(60.0));
        assert_eq!(score.hit_rate_pct.value, Number::exact(40.0));
        assert_eq!(score.coverage_pct.value, Number::exact(20.0));
        // Actual less predicted: −0.03, 0.02, 0.06, 0.011, −0.01.
        assert_eq!(score.bias_pct.value, Number::exact(1.02));
        assert_eq!(score.mae_pct.value, Number::exact(2.62));
    }

    #[test]
    fn chances_that_overlap_bring_no_more_money_than_one_that_is_taken() {
        let at = UtcMillis::new;
        let chance = |pair: &str, hour: i64| Judged {
            pair: pair.parse().unwrap(),
            span: (at(hour), at(hour + 4)),
            ..judged(0.0, 0.05, false)
        };
        let money = |all: &[Judged]| HorizonScore::of(all, counts(200.0)).false_negatives.money.map(Number::get);
        // Three at once are one of 5; beside them stands another pair's.
        let three: Vec<Judged> = (0..3).map(|_| chance("BTC/USDT", 0)).collect();
        assert_eq!(money(&three), Some(5.0));
        assert_eq!(money(&[three.clone(), vec![chance("ETH/USDT", 0)]].concat()), Some(10.0));
        // From hour to hour, 97 of four hours cover 100 hours: 25 of them, one after the other.
        let hourly: Vec<Judged> = (0..97).map(|hour| chance("BTC/USDT", hour)).collect();
        assert_eq!(money(&hourly), Some(125.0));
    }

    #[test]
    fn a_coin_that_was_held_is_no_chance_that_was_missed() {
        let held = Judged { was_held: true, ..judged(0.01, 0.05, false) };
        let score = HorizonScore::of(&[held, judged(0.01, 0.05, false)], counts(200.0));
        assert_eq!((score.false_negatives.count, score.false_negatives.of), (1, 1));
        assert_eq!((score.false_positives.count, score.false_positives.of), (0, 0));
    }

    #[test]
    fn the_interval_rests_on_the_effective_number() {
        let all: Vec<Judged> = (0..100).map(|i| judged(0.01, if i < 55 { 0.02 } else { -0.02 }, false)).collect();
        let interval =
            |n_eff| HorizonScore::of(&all, counts(n_eff)).hit_rate_pct.interval.unwrap().map(|n| n.unwrap().get());
        // Wilson, 55 of 100: 45.2446 to 64.3855 (statistics textbooks); of fewer it is wider.
        let [low, high] = interval(100.0);
        assert!((low - 45.2446).abs() < 1e-3 && (high - 64.3855).abs() < 1e-3, "{low} to {high}");
        let [low, high] = interval(40.0);
        assert!(low < 40.1 && high > 69.2, "{low} to {high}");
    }
}
