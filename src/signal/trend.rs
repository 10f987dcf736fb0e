//! The trend analyst: five rules with published evidence over prices of weeks, each measured in standard deviations.
//!
//! | rule | z, held at ±3 | source |
//! |---|---|---|
//! | `tsmom` | mean of `r / (σ √n)` over 7, 14 and 28 days | Liu & Tsyvinski, NBER 24877, 2018 |
//! | `averages` | mean of `ln(close / SMA) / (σ √(n/3))` over 5 to 100 days | Detzel, Liu, Strauss, Zhou & Zhu, 2021 |
//! | `channels` | `3 × share − 1`, of five channels of 10 to 90 days those broken out of | Zarattini, Pagani & Barbon, 2025 |
//! | `crosses` | mean of `(EMA − EMA) / (σ × close)` of four-hour closes, over what a random walk has | Baz et al., *Dissecting Investment Strategies*, 2015 |
//! | `agreement` | 1.5 × the mean sign of close against EMA-21 of 1 h, 4 h and 1 d | confirms, at most a fifth of the score |
//!
//! σ is the exponentially weighted volatility of a candle, half-life 72 hours; n counts candles. The weighted sum of the z's is
//! scaled to unit variance, `z = D Σ w z`, and gives the score `100 tanh(z/2)`. `D = 1/√(w'Cw)` with all correlations of rules
//! taken to be 0.7, since all of them read the same price: a prior, not a fit. The evidence is not one-sided: almost 15,000
//! rules looked profitable, and none of them predicted out of sample (Hudson & Urquhart, 2021).

mod block;
mod strengths;
mod units;

pub use self::strengths::TrendStrengths;

use self::units::Units;
use super::{Analyst, AnalystName, Backing, NotReady, Points, Reason, Score, Signal, Unweighted, Watch};
use crate::indicator::{AVERAGE_DAYS, BREAKOUT_COUNTS, CHANNEL_DAYS, SlowPass, SlowReadings, readings};
use crate::market::{Candle, Depth, View};
use crate::unit::Timeframe;

/// A rule of the trend analyst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrendRule {
    /// Time-series momentum over 7, 14 and 28 days.
    Tsmom,
    /// The price against its averages over 5 to 100 days.
    Averages,
    /// Breakouts from channels of 10 to 90 days.
    Channels,
    /// Fast exponential averages against slow ones.
    Crosses,
    /// Whether 1 h, 4 h and 1 d go the same way.
    Agreement,
}

impl TrendRule {
    /// All rules, in the order in which they are reported.
    pub const ALL: [Self; 5] = [Self::Tsmom, Self::Averages, Self::Channels, Self::Crosses, Self::Agreement];

    /// Its code in JSON, in the database and in the configuration.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Tsmom => "tsmom",
            Self::Averages => "averages",
            Self::Channels => "channels",
            Self::Crosses => "crosses",
            Self::Agreement => "agreement",
        }
    }
}

/// What each rule weighs; only their proportions count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrendWeights([f64; TrendRule::ALL.len()]);

impl TrendWeights {
    /// The default weights.
    pub const DEFAULT: Self = Self([18.0, 15.0, 18.0, 12.0, 7.0]);

    /// Weights by rule; `weight` is asked for each. They are at least 0.
    pub fn new(weight: impl Fn(TrendRule) -> f64) -> Self {
        Self(TrendRule::ALL.map(weight))
    }

    /// The weight of a rule.
    pub const fn get(&self, rule: TrendRule) -> f64 {
        self.0[rule as usize]
    }
}

/// The analyst that reads slow trends.
#[derive(Clone, Debug, PartialEq)]
pub struct Trend {
    weights: TrendWeights,
}

/// The correlation that two rules are taken to have.
const CORRELATION: f64 = 0.7;
/// The most that the sum is scaled up by.
const MOST_SCALE: f64 = 2.0;
/// A single rule says no more than this.
const MOST_Z: f64 = 3.0;
/// Below this share of the weights nothing is said.
const LEAST_WEIGHT: f64 = 0.6;
/// The days of its slowest average.
const SLOWEST_DAYS: u16 = AVERAGE_DAYS[AVERAGE_DAYS.len() - 1];
/// The days that its views hold at least: the longest channel, and the time that its breakouts count.
const DAYS: u16 = CHANNEL_DAYS[CHANNEL_DAYS.len() - 1] + BREAKOUT_COUNTS;

impl Trend {
    /// An analyst with these weights.
    pub const fn new(weights: TrendWeights) -> Self {
        Self { weights }
    }

    /// Closed candles before it says anything: the warm-up of its slowest average.
    pub fn needed(timeframe: Timeframe) -> usize {
        usize::try_from(i64::from(SLOWEST_DAYS) * Timeframe::D1.ms() / timeframe.ms()).unwrap_or(usize::MAX)
    }

    /// How far its views look back.
    pub const fn depth(timeframe: Timeframe) -> Depth {
        Depth::of(timeframe, DAYS as i64 * Timeframe::D1.ms())
    }

    /// What each rule weighs.
    pub const fn weights(&self) -> &TrendWeights {
        &self.weights
    }

    /// What goes from candle to candle of a view.
    pub fn watch(&self, timeframe: Timeframe) -> TrendWatch {
        TrendWatch {
            units: Units::of(timeframe),
            weights: self.weights,
            pass: SlowPass::new(timeframe),
            newest: None,
            told: Told::NotAsked,
        }
    }
}

impl Analyst for Trend {
    fn analyse(&self, view: &View) -> Result<Signal, NotReady> {
        let (timeframe, candles) = (view.timeframe(), view.series().candles());
        let not_ready = NotReady { candles: candles.len(), needed: Self::needed(timeframe) };
        let (Some((newest, before)), true) = (candles.split_last(), candles.len() >= not_ready.needed) else {
            return Err(not_ready);
        };
        let mut watch = self.watch(timeframe);
        for candle in before {
            watch.skip(candle);
        }
        let (score, backing) = watch.next(newest).ok_or(not_ready)?;
        let reasons = watch.look().ok_or(not_ready)?.reasons();
        let readings = readings(view.series()).ok_or(not_ready)?;
        Ok(Signal { analyst: AnalystName::Trend, candle: newest.open_time(), score, backing, reasons, readings })
    }
}

/// Takes the candles of a view one after another.
#[derive(Debug)]
pub struct TrendWatch {
    units: Units,
    weights: TrendWeights,
    pass: SlowPass,
    newest: Option<SlowReadings>,
    /// What is said of the newest, where it was asked.
    told: Told,
}

/// What is said of a candle: nothing may be said of it, or nobody has asked.
#[derive(Clone, Copy, Debug)]
enum Told {
    NotAsked,
    Asked(Option<Score>),
}

impl Watch for TrendWatch {
    fn skip(&mut self, candle: &Candle) {
        self.newest = Some(self.pass.next(candle));
        self.told = Told::NotAsked;
    }

    fn next(&mut self, candle: &Candle) -> Option<(Score, Backing)> {
        let before = match self.told {
            Told::Asked(score) => score,
            Told::NotAsked => self.score(),
        };
        self.skip(candle);
        let score = self.score();
        self.told = Told::Asked(score);
        Some((score?, Backing { before, volatility: self.newest?.volatility }))
    }
}

impl TrendWatch {
    fn look(&self) -> Option<Look> {
        Look::new(&self.weights, &self.units, self.newest.as_ref()?)
    }

    fn score(&self) -> Option<Score> {
        self.look().map(|look| look.score())
    }

    /// What the rules say of the newest candle, whatever they weigh.
    fn z(&self) -> Z {
        self.newest.as_ref().map_or(NOTHING, |readings| z(&self.units, readings))
    }
}

impl Unweighted for TrendWatch {
    type Strengths = TrendStrengths;

    fn begin(&self, strengths: &mut TrendStrengths) {
        strengths.begin(self.z());
    }

    fn note(&mut self, candles: &[Candle], strengths: &mut TrendStrengths) {
        for candle in candles {
            self.skip(candle);
            strengths.push(self.z(), self.newest.and_then(|readings| readings.volatility));
        }
    }
}

/// What each rule says, in standard deviations; not a number where it has nothing to read.
pub(super) type Z = [f64; TrendRule::ALL.len()];

/// No rule has anything to read.
const NOTHING: Z = [f64::NAN; TrendRule::ALL.len()];

/// What the rules say of a candle; nothing without a volatility.
fn z(units: &Units, readings: &SlowReadings) -> Z {
    let Some(sigma) = readings.volatility.filter(|sigma| *sigma > 0.0) else { return NOTHING };
    TrendRule::ALL.map(|rule| units.strength(rule, readings, sigma).map_or(f64::NAN, held))
}

/// What the rules weigh that say something.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shares {
    /// Of all rules; their sum is 1.
    shares: Z,
    /// What their sum is scaled up by.
    scale: f64,
}

impl Shares {
    /// None where too little of the weight has anything to read.
    pub(super) fn of(weights: &TrendWeights, is_told: [bool; TrendRule::ALL.len()]) -> Option<Self> {
        let told = |rule: TrendRule| if is_told[rule as usize] { weights.get(rule) } else { 0.0 };
        let whole: f64 = TrendRule::ALL.into_iter().map(|rule| weights.get(rule)).sum();
        let told_of: f64 = TrendRule::ALL.into_iter().map(told).sum();
        if told_of <= 0.0 || told_of < LEAST_WEIGHT * whole {
            return None;
        }
        let shares = TrendRule::ALL.map(|rule| told(rule) / told_of);
        Some(Self { shares, scale: scale(&shares) })
    }

    /// Which rules say something.
    #[inline]
    pub(super) fn told(z: &Z) -> [bool; TrendRule::ALL.len()] {
        z.map(|z| !z.is_nan())
    }

    /// What follows from it.
    #[inline]
    pub(super) fn score(&self, z: &Z) -> Score {
        let points_per_z = self.points_per_z(z);
        // A rule that says nothing gives no points.
        Score::sum(TrendRule::ALL.into_iter().map(|rule| self.points(rule, z, points_per_z)))
    }

    /// What the share of a rule times its z makes of points.
    #[inline]
    fn points_per_z(&self, z: &Z) -> f64 {
        let said = |z: f64| if z.is_nan() { 0.0 } else { z };
        points_per_z(z.iter().zip(&self.shares).map(|(z, share)| share * said(*z)).sum(), self.scale)
    }

    #[inline]
    fn points(&self, rule: TrendRule, z: &Z, points_per_z: f64) -> Points {
        Points::of(100.0, self.shares[rule as usize] * z[rule as usize] * points_per_z)
    }
}

/// What the rules say of a candle, and what they weigh.
struct Look {
    z: Z,
    shares: Shares,
}

impl Look {
    /// None without a volatility, or where too little of the weight has anything to read.
    fn new(weights: &TrendWeights, units: &Units, readings: &SlowReadings) -> Option<Self> {
        let z = z(units, readings);
        Some(Self { z, shares: Shares::of(weights, Shares::told(&z))? })
    }

    fn score(&self) -> Score {
        self.shares.score(&self.z)
    }

    fn reasons(&self) -> Vec<Reason> {
        let points_per_z = self.shares.points_per_z(&self.z);
        let reason = |rule: TrendRule| {
            let z = Some(self.z[rule as usize]).filter(|z| !z.is_nan());
            Reason {
                code: rule.code(),
                points: z.map(|_| self.shares.points(rule, &self.z, points_per_z)),
                text: z.map_or_else(|| "nothing to read yet".to_owned(), |z| text(rule, z)),
            }
        };
        TrendRule::ALL.into_iter().map(reason).collect()
    }
}

/// `tanh(D s / 2) / s`, which is D/2 at 0: so much of the score falls to each unit of the sum.
fn points_per_z(sum: f64, scale: f64) -> f64 {
    if sum.abs() < 1e-9 { scale / 2.0 } else { (scale * sum / 2.0).tanh() / sum }
}

/// `1/√(w'Cw)` with one correlation for all.
fn scale(weights: &[f64]) -> f64 {
    let squares: f64 = weights.iter().map(|weight| weight * weight).sum();
    let sum: f64 = weights.iter().sum();
    (1.0 / (squares + CORRELATION * (sum * sum - squares)).sqrt()).min(MOST_SCALE)
}

fn held(z: f64) -> f64 {
    z.clamp(-MOST_Z, MOST_Z)
}

fn text(rule: TrendRule, z: f64) -> String {
    match rule {
        TrendRule::Tsmom => format!("returns of 7, 14 and 28 days: {z:+.2} standard deviations"),
        TrendRule::Averages => format!("the close against its means of 5 to 100 days: {z:+.2} standard deviations"),
        TrendRule::Channels => {
            let channels = CHANNEL_DAYS.len();
            let broken_out_of = (z + 1.0) / 3.0 * channels as f64;
            format!("broken out of {broken_out_of:.0} of {channels} channels of 10 to 90 days")
        }
        TrendRule::Crosses => {
            format!("fast averages against slow ones of four-hour closes: {z:+.2} standard deviations")
        }
        TrendRule::Agreement => match z {
            1.5.. => "1 h, 4 h and 1 d rise together".to_owned(),
            ..=-1.5 => "1 h, 4 h and 1 d fall together".to_owned(),
            _ => "1 h, 4 h and 1 d do not agree".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests;
