//! How far luck explains a result, from the returns of its days: hours would look independent and are not, and there would
//! be many times too many of them.

use super::course::without_spread;
use super::figure::{Figure, Undefined};
use crate::outcome::Interval;
use crate::statistics::{PeriodSharpe, PeriodsPerYear, Sampled, TrackRecord, Trials, block_length, mean, stationary};

/// How many resamples an interval is taken from.
pub const RESAMPLES: usize = 1000;
/// How sure intervals are, and how sure a record must be of itself.
const CONFIDENCE: f64 = 0.95;

/// How far luck explains a result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Luck {
    /// What inference knows of the days: their number, their Sharpe ratio per day, skewness and raw kurtosis. It is what is
    /// kept of a trial.
    pub record: Figure<TrackRecord>,
    /// The probabilistic Sharpe ratio: how sure the true ratio is above 0, 0 to 1 (Bailey & López de Prado, 2012).
    pub above_zero: Figure,
    /// The deflated Sharpe ratio: how sure the true ratio is above what the best of all trials would have without any skill,
    /// 0 to 1 (Bailey & López de Prado, 2014). Undefined when the trials are not told.
    pub deflated: Figure,
    /// The minimum track record length: how many days like these show at 5 % that the true ratio is above 0, at least 1 (Bailey
    /// & López de Prado, 2012). Undefined unless the ratio is above 0.
    pub days_needed: Figure,
    /// The 95 % interval of the Sharpe ratio of a year from daily returns, by the stationary bootstrap (Politis & Romano,
    /// 1994) with 1,000 resamples.
    pub sharpe_interval: Figure<Interval>,
    /// That of the mean daily return, as a share, from the same resamples.
    pub mean_interval: Figure<Interval>,
    /// The mean length of their blocks, in days: the cube root of the number of days.
    pub block_days: usize,
}

impl Luck {
    /// Of the returns of days, or why there are none. The trials' ratios are those of days too; chance is drawn from
    /// `uniform`, numbers from 0 on and below 1, and the same numbers give the same figures.
    pub fn of(daily: &Figure<Vec<f64>>, trials: Option<&Trials>, uniform: &mut impl FnMut() -> f64) -> Self {
        let known = daily.as_deref().map_err(|why| *why);
        let record = known.and_then(|daily| TrackRecord::of(daily).ok_or(without_spread(daily)));
        let block_days = block_length(known.map_or(0, <[f64]>::len), 1);
        let (means, sharpes) = match known {
            Ok(daily) => resampled(daily, block_days, uniform),
            Err(why) => (Err(why), Err(why)),
        };
        Self {
            record,
            above_zero: record.and_then(|r| r.probability_above(PeriodSharpe::ZERO).ok_or(Undefined::NotFinite)),
            deflated: record.and_then(|record| deflated(Some(&record), trials)),
            days_needed: record.and_then(|record| days_needed(&record)),
            sharpe_interval: sharpes,
            mean_interval: means,
            block_days,
        }
    }
}

/// The deflated Sharpe ratio of a record beside all trials, 0 to 1 (Bailey & López de Prado, 2014); undefined without either.
pub fn deflated(record: Option<&TrackRecord>, trials: Option<&Trials>) -> Figure {
    let (record, trials) = (record.ok_or(Undefined::NoSpread)?, trials.ok_or(Undefined::UnknownTrials)?);
    trials.deflated(record).ok_or(Undefined::NotFinite)
}

fn days_needed(record: &TrackRecord) -> Figure {
    let why = if record.sharpe > PeriodSharpe::ZERO { Undefined::NotFinite } else { Undefined::NotAboveZero };
    record.minimum_length(PeriodSharpe::ZERO, 1.0 - CONFIDENCE).ok_or(why)
}

/// The intervals of the mean and of the Sharpe ratio of a year.
fn resampled(daily: &[f64], block: usize, uniform: &mut impl FnMut() -> f64) -> (Figure<Interval>, Figure<Interval>) {
    if daily.len() < 2 {
        return (Err(Undefined::TooFew), Err(Undefined::TooFew));
    }
    let (mut means, mut sharpes) = (Vec::with_capacity(RESAMPLES), Vec::with_capacity(RESAMPLES));
    for _ in 0..RESAMPLES {
        let drawn: Vec<f64> = stationary(daily.len(), block, uniform).into_iter().map(|row| daily[row]).collect();
        means.extend(mean(&drawn));
        sharpes.extend(PeriodSharpe::of(&drawn).map(|sharpe| sharpe.annualised(PeriodsPerYear::DAILY).value()));
    }
    (interval(means, Undefined::NotFinite), interval(sharpes, Undefined::FlatResample))
}

/// The interval of a statistic, unless it was undefined in even one resample.
fn interval(values: Vec<f64>, why: Undefined) -> Figure<Interval> {
    let all = Some(values).filter(|values| values.len() == RESAMPLES);
    all.and_then(Sampled::new).and_then(|sampled| sampled.interval(CONFIDENCE)).ok_or(why)
}

#[cfg(test)]
mod tests {
    use super::super::samples::{assert_close, chance};
    use super::*;

    /// Twelve returns whose figures are computed elsewhere.
    const A: [f64; 12] = [0.010, -0.005, 0.020, -0.015, 0.007, 0.012, -0.020, 0.004, 0.009, -0.003, 0.015, -0.008];

    #[test]
    fn twelve_days_are_as_sure_as_computed_elsewhere() {
        let trials = Trials { count: 1.0, variance: 0.0 };
        let luck = Luck::of(&Ok(A.to_vec()), Some(&trials), &mut chance(1));
        for (what, figure, expected) in
            [("above 0", luck.above_zero, 0.712_242_678_6), ("needed", luck.days_needed, 95.918_573_46)]
        {
            assert!((figure.unwrap() / expected - 1.0).abs() < 1e-8, "{what}: {figure:?}");
        }
        assert_eq!((luck.deflated, luck.block_days), (luck.above_zero, 3));
        // Another generator gave −0.1546 to 0.5743 per day.
        let (interval, year) = (luck.sharpe_interval.unwrap(), 365.0_f64.sqrt());
        assert!((interval.low / year + 0.1546).abs() < 0.05 && (interval.high / year - 0.5743).abs() < 0.05);
        let mean = luck.mean_interval.unwrap();
        assert!(mean.low < 0.0 && mean.high > 0.002_166);
    }

    #[test]
    fn the_same_chance_gives_the_same_figures_and_more_trials_less_certainty() {
        let (few, many) = (Trials { count: 2.0, variance: 0.01 }, Trials { count: 100.0, variance: 0.01 });
        let luck = |trials, seed| Luck::of(&Ok(A.to_vec()), trials, &mut chance(seed));
        assert_eq!(luck(Some(&few), 7), luck(Some(&few), 7));
        assert!(luck(Some(&few), 7).deflated.unwrap() > luck(Some(&many), 7).deflated.unwrap());
        assert_eq!(luck(None, 7).deflated, Err(Undefined::UnknownTrials));
    }

    #[test]
    fn what_days_do_not_define_has_its_reason() {
        let luck = |daily: Figure<Vec<f64>>| Luck::of(&daily, None, &mut chance(3));
        let none = luck(Err(Undefined::AccountLost));
        assert_eq!((none.record, none.mean_interval), (Err(Undefined::AccountLost), Err(Undefined::AccountLost)));
        let one = luck(Ok(vec![0.01]));
        assert_eq!((one.record, one.sharpe_interval), (Err(Undefined::TooFew), Err(Undefined::TooFew)));
        let flat = luck(Ok(vec![0.0; 100]));
        assert_eq!((flat.above_zero, flat.sharpe_interval), (Err(Undefined::NoSpread), Err(Undefined::FlatResample)));
        assert_eq!(flat.mean_interval, Ok(Interval { low: 0.0, high: 0.0 }));
        let falling = luck(Ok(A.map(|r| -r).to_vec()));
        assert_eq!(falling.days_needed, Err(Undefined::NotAboveZero));
        assert_close("the other way", falling.above_zero.unwrap(), 1.0 - luck(Ok(A.to_vec())).above_zero.unwrap());
    }
}
