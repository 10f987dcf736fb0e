//! What an account went through, and the market beside it: the two things that everything else here is told from.

use super::figure::{Figure, Undefined};
use crate::statistics::{
    PeriodSharpe, PeriodsPerYear, cagr, covers_a_quarter, max_drawdown, returns_of_equity, total_return,
};
use crate::unit::{Symbol, Timeframe, UtcMillis};

/// A smaller share of the account than this in a coin is what sales leave behind, and not held on purpose.
const CRUMBS: f64 = 0.001;

/// What an account went through.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Course {
    /// The moments at which it was looked at: the ends of all candles that were decided on, evenly spaced, and the delay of
    /// the run.
    pub moments: Vec<UtcMillis>,
    /// Cash and coins at the newest close, in the asset of the account, after all costs so far: first what was put in, then
    /// one value for each moment.
    pub equity: Vec<f64>,
    /// The share of the equity that is in the coins of each pair of the market, at each moment: 0 to 1.
    pub weights: Vec<Vec<f64>>,
}

/// The market beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Market {
    /// The pairs.
    pub pairs: Vec<Symbol>,
    /// Of each pair, the newest close at each moment, above 0; none before its first candle.
    pub closes: Vec<Vec<Option<f64>>>,
    /// Of each pair, what one side costs, as a share of what is traded: fee, half the spread and slippage.
    pub costs: Vec<f64>,
    /// Moments of a day, 24 for hours; at least 1.
    pub bars_per_day: usize,
    /// Moments of a year, 8760 for hours.
    pub per_year: PeriodsPerYear,
}

impl Course {
    /// The shares of the pairs together, at each moment; crumbs below a thousandth count as nothing.
    pub fn held(&self) -> Vec<f64> {
        let on_purpose = |weight: f64| if weight >= CRUMBS { weight } else { 0.0 };
        let of_pair = |weights: &Vec<f64>, moment| weights.get(moment).copied().map_or(0.0, on_purpose);
        let together = |moment| self.weights.iter().map(|weights| of_pair(weights, moment)).sum();
        (0..self.moments.len()).map(together).collect()
    }

    /// The most moments in a row at which the coin of any one pair is held; crumbs are not.
    pub fn longest_holding(&self) -> usize {
        let is_held = |weight: &f64| *weight >= CRUMBS;
        let of_pair = |weights: &Vec<f64>| {
            let runs = weights.chunk_by(|a, b| is_held(a) == is_held(b)).filter(|run| is_held(&run[0]));
            runs.map(<[f64]>::len).max().unwrap_or_default()
        };
        self.weights.iter().map(of_pair).max().unwrap_or_default()
    }

    /// Of each pair, what was bought and sold up to each moment since the one before, as a share of the equity, at least 0.
    ///
    /// It is the change of the share that prices did not make: coins that are only held are no turnover.
    pub fn traded(&self, market: &Market) -> Vec<Vec<f64>> {
        let pairs = self.weights.iter().zip(&market.closes);
        pairs.map(|(weights, closes)| traded(weights, closes, self.equity.get(1..).unwrap_or_default())).collect()
    }

    /// What it grew by.
    pub fn growth(&self, market: &Market) -> Growth {
        Growth::of(&self.equity, &self.moments, market)
    }

    /// The simple returns of its days, as [`daily_returns`].
    pub fn daily_returns(&self, market: &Market) -> Figure<Vec<f64>> {
        daily_returns(&self.equity, &self.moments, market.bars_per_day)
    }
}

fn traded(weights: &[f64], closes: &[Option<f64>], equity: &[f64]) -> Vec<f64> {
    let mut before: Option<(f64, f64)> = None;
    let one = |((weight, close), equity): ((&f64, &Option<f64>), &f64)| {
        let close = close.unwrap_or(f64::NAN);
        let kept = before.filter(|(coins, _)| *coins != 0.0).map_or(0.0, |(worth, then)| worth * close / then);
        before = Some((weight * equity, close));
        (weight - kept / equity).abs()
    };
    weights.iter().zip(closes).zip(equity).map(one).collect()
}

/// Whether each moment is the first of its day, UTC: then the newest closes are those of the day before.
pub fn midnights(moments: &[UtcMillis], bars_per_day: usize) -> Vec<bool> {
    let bar_ms = Timeframe::D1.ms() / i64::try_from(bars_per_day).unwrap_or(i64::MAX).max(1);
    moments.iter().map(|moment| moment.since_ms(Timeframe::D1.floor(*moment)) < bar_ms).collect()
}

/// The simple returns of the days of a curve that begins with what was put in, from midnight to midnight UTC.
///
/// The first day begins with the curve; the last one is left out unless it has ended.
pub fn daily_returns(equity: &[f64], moments: &[UtcMillis], bars_per_day: usize) -> Figure<Vec<f64>> {
    let ends = midnights(moments, bars_per_day).into_iter().skip(1);
    let later = equity.iter().skip(2).zip(ends).filter(|(_, is_midnight)| *is_midnight).map(|(value, _)| *value);
    let days: Vec<f64> = equity.first().copied().into_iter().chain(later).collect();
    returns(&days)
}

/// The simple returns of a curve.
pub fn returns(equity: &[f64]) -> Figure<Vec<f64>> {
    if equity.len() < 2 {
        return Err(Undefined::TooFew);
    }
    let is_finite = equity.iter().all(|value| value.is_finite());
    returns_of_equity(equity).ok_or(if is_finite { Undefined::AccountLost } else { Undefined::NotFinite })
}

/// The Sharpe ratio of a year of independent days, from the returns of days: times √365.
pub fn daily_sharpe(daily: &[f64]) -> Figure {
    let sharpe = PeriodSharpe::of(daily).ok_or(without_spread(daily))?;
    Ok(sharpe.annualised(PeriodsPerYear::DAILY).value())
}

/// Why returns have no Sharpe ratio.
pub(super) fn without_spread(returns: &[f64]) -> Undefined {
    if returns.len() < 2 { Undefined::TooFew } else { Undefined::NoSpread }
}

/// The few figures that a result is held against its baselines by; after all costs, marked at every close.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Growth {
    /// What the account made of itself, as a share: at least −1.
    pub total_return: Figure,
    /// The growth of a year that makes that, as a share; undefined below 90 days.
    pub cagr: Figure,
    /// The Sharpe ratio of daily returns, of a year: times √365 (Sharpe, 1966; never √252, markets do not close).
    pub sharpe: Figure,
    /// The largest drop from a peak, as a share of the peak: 0 to 1; 0 when the curve never fell.
    pub max_drawdown: Figure,
}

impl Growth {
    /// Of a curve that begins with what was put in and has one value more than there are moments.
    pub fn of(equity: &[f64], moments: &[UtcMillis], market: &Market) -> Self {
        let total_return = returns(equity).and_then(|returns| total_return(&returns).ok_or(Undefined::NotFinite));
        Self {
            total_return,
            cagr: total_return.and_then(|total| yearly(total, moments.len(), market.per_year)),
            sharpe: daily_returns(equity, moments, market.bars_per_day).and_then(|daily| daily_sharpe(&daily)),
            max_drawdown: max_drawdown(equity).ok_or(Undefined::AccountLost),
        }
    }
}

/// The growth of a year that makes a total return over so many bars, as a share; undefined below 90 days.
pub fn yearly(total: f64, bars: usize, per_year: PeriodsPerYear) -> Figure {
    let telling = covers_a_quarter(bars, per_year).then_some(()).ok_or(Undefined::Under90Days);
    telling.and_then(|()| cagr(total, bars, per_year).ok_or(Undefined::NotFinite))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::samples::{assert_close, hourly, hours, market_of};
    use super::*;

    #[test]
    fn a_day_begins_with_the_first_moment_after_midnight() {
        let late = |hour: i64| hours(1)[0].plus_ms(hour * 3_600_000 + 90_000);
        let moments: Vec<UtcMillis> = (22..27).map(late).collect();
        assert_eq!(midnights(&moments, 24), [false, false, true, false, false]);
        let days: Vec<UtcMillis> = (0..3).map(|day| late(24 * day)).collect();
        assert_eq!(midnights(&days, 1), [true; 3]);
        assert_eq!(midnights(&(0..7).map(|bar| late(4 * bar)).collect::<Vec<_>>(), 6)[5..], [false, true]);
    }

    #[test]
    fn days_go_from_midnight_to_midnight_and_the_last_must_have_ended() {
        // 100 from the first midnight on; 110 at the second, 99 at the third; then half a day.
        let mut equity = vec![100.0; 1 + 24];
        equity.extend([110.0; 24]);
        equity.extend([99.0; 12]);
        let daily = daily_returns(&equity, &hours(60), 24).unwrap();
        assert_eq!(daily.len(), 2);
        assert_close("up", daily[0], 0.1);
        assert_close("down", daily[1], -0.1);
        // From noon on, the first day is half a one.
        let daily = daily_returns(&equity[12..], &hours(60)[12..], 24).unwrap();
        assert_eq!(daily.len(), 2);
    }

    #[test]
    fn a_short_curve_tells_little() {
        let market = market_of(vec![]);
        let growth = Growth::of(&[100.0; 49], &hours(48), &market);
        assert_eq!(growth.total_return, Ok(0.0));
        assert_eq!((growth.cagr, growth.sharpe), (Err(Undefined::Under90Days), Err(Undefined::TooFew)));
        assert_eq!(growth.max_drawdown, Ok(0.0));
        let growth = Growth::of(&[100.0; 97], &hours(96), &market);
        assert_eq!(growth.sharpe, Err(Undefined::NoSpread));
        let none = Growth::of(&[], &[], &market);
        assert_eq!((none.total_return, none.max_drawdown), (Err(Undefined::TooFew), Err(Undefined::AccountLost)));
        let lost = Growth::of(&[100.0, 0.0, 0.0], &hours(2), &market);
        assert_eq!((lost.total_return, lost.max_drawdown), (Err(Undefined::AccountLost), Ok(1.0)));
        let broken = Growth::of(&[100.0, f64::NAN, 1.0], &hours(2), &market);
        assert_eq!(broken.total_return, Err(Undefined::NotFinite));
    }

    #[test]
    fn a_year_of_hours_grows_by_what_it_made() {
        let equity: Vec<f64> = (0..=8760).map(|hour| 1000.0 * 1.5_f64.powf(f64::from(hour) / 8760.0)).collect();
        let growth = Growth::of(&equity, &hours(8760), &market_of(vec![]));
        assert_close("total", growth.total_return.unwrap(), 0.5);
        assert_close("a year", growth.cagr.unwrap(), 0.5);
    }

    #[test]
    fn weights_that_only_prices_moved_are_no_turnover() {
        // Half of the account buys at 100; the price doubles, then halves; then all is sold.
        let market = market_of(vec![hourly(&[100.0, 100.0, 200.0, 100.0, 100.0])]);
        let course = Course {
            moments: hours(5),
            equity: vec![1000.0, 1000.0, 1000.0, 1500.0, 1000.0, 1000.0],
            weights: vec![vec![0.0, 0.5, 2.0 / 3.0, 0.5, 0.0]],
        };
        let traded = course.traded(&market);
        for (one, expected) in traded[0].iter().zip([0.0, 0.5, 0.0, 0.0, 0.5]) {
            assert_close("traded", *one, expected);
        }
    }

    #[test]
    fn at_prices_that_stand_still_turnover_is_the_change_of_weights() {
        let weights = vec![0.0, 0.5, 0.5, 0.2, 0.0, 0.0, 1.0, 1.0];
        let course = Course { moments: hours(8), equity: vec![1.0; 9], weights: vec![weights] };
        let traded = course.traded(&market_of(vec![hourly(&[7.0; 8])]));
        assert_close("sum", traded[0].iter().sum::<f64>(), 2.0);
    }

    #[test]
    fn crumbs_are_not_held() {
        let weights = vec![vec![0.0, 0.3, 0.000_9], vec![0.2, 0.001, 0.000_9]];
        let course = Course { moments: hours(3), equity: vec![1.0; 4], weights };
        assert_eq!(course.held(), [0.2, 0.301, 0.0]);
        assert_eq!((course.longest_holding(), Course::default().longest_holding()), (2, 0));
    }

    proptest! {
        #[test]
        fn coins_that_are_only_held_are_never_turnover(
            prices in prop::collection::vec(0.5f64..2.0, 2..40), share in 0.01f64..1.0,
        ) {
            let worth: Vec<f64> = prices.iter().map(|price| share * price / prices[0]).collect();
            let mut equity = vec![1.0];
            equity.extend(worth.iter().map(|worth| worth + 1.0 - share));
            let weights = worth.iter().zip(&equity[1..]).map(|(worth, equity)| worth / equity).collect();
            let course = Course { moments: hours(prices.len()), equity, weights: vec![weights] };
            let traded = course.traded(&market_of(vec![hourly(&prices)]));
            prop_assert!((traded[0].iter().sum::<f64>() - share).abs() < 1e-9);
        }
    }
}
