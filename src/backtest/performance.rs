//! What a course was worth: every figure is told from equity that is marked at all closes, after all costs.

use std::collections::BTreeMap;

use super::course::{Course, Growth, Market, returns, without_spread};
use super::figure::{Figure, Undefined};
use super::luck::Luck;
use super::trading::Trading;
use crate::ledger::{OrderId, Trade};
use crate::statistics::{
    AnnualSharpe, PeriodSharpe, PeriodsPerYear, Tail, Trials, Underwater, autocorrelations, calmar, default_lag,
    exposure, historical_tail, lo_factor, longest_drawdown, sortino_per_year, time_in_market, ulcer_index,
};
use crate::unit::Price;

/// The share of the days that is their tail.
const TAIL: f64 = 0.05;
/// Days of a year, for the sum of returns that depend on each other.
const DAYS_OF_YEAR: usize = 365;

/// What a performance is told from.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// What the account went through.
    pub course: &'a Course,
    /// The market beside it.
    pub market: &'a Market,
    /// Closed round trips, in order.
    pub trades: &'a [Trade],
    /// Their targets by the names of their entries, as far as they are known: a round trip does not hold its own.
    pub targets: &'a BTreeMap<OrderId, Price>,
    /// Everything that was ever tried, in Sharpe ratios of days; none when it is not known.
    pub trials: Option<&'a Trials>,
}

/// What a course was worth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Performance {
    /// At how many moments the account was looked at.
    pub bars: usize,
    /// How many days that are, 24 hours each.
    pub days: f64,
    /// Total return, growth per year, Sharpe ratio of days and the largest drawdown.
    pub growth: Growth,
    /// The Sharpe ratio of the returns of bars, of a year of independent bars: times √8760 for hours. Shown beside that of
    /// days, which counts.
    pub sharpe_of_bars: Figure,
    /// The Sharpe ratio of days, of a year in which they depend on each other as these days did: times η(365) in place of √365
    /// (Lo, 2002), with autocorrelations up to the lag ⌊4 (n/100)^(2/9)⌋.
    pub sharpe_by_lo: Figure,
    /// The Sortino ratio of daily returns, of a year, against 0 (Sortino & Price, 1994).
    pub sortino: Figure,
    /// The growth of a year for each share of the largest drawdown (Young, 1991).
    pub calmar: Figure,
    /// The longest time below a peak, in bars, and whether the peak was reached again; undefined when the equity never fell.
    pub longest_drawdown: Figure<Underwater>,
    /// The root of the mean square drawdown over all bars, 0 to 1 (Martin & `McCann`, 1989).
    pub ulcer_index: Figure,
    /// The loss of a day that one in twenty exceeds (value at risk), and the mean of these (expected shortfall), as positive
    /// shares of the equity; undefined under 100 days.
    pub tail: Figure<Tail>,
    /// The mean share of the equity that is in coins, 0 to 1.
    pub exposure: Figure,
    /// The share of the moments at which any coin is held, 0 to 1; crumbs below a thousandth of the account do not count.
    pub time_in_market: Figure,
    /// What a year buys and sells, one way each, in accounts: at least 0. Coins whose price moves are no turnover.
    pub annual_turnover: Figure,
    /// What the closed round trips were worth.
    pub trading: Trading,
    /// How far luck explains it.
    pub luck: Luck,
}

impl Performance {
    /// Of this evidence; chance is drawn from `uniform`, numbers from 0 on and below 1.
    pub fn of(evidence: &Evidence, uniform: &mut impl FnMut() -> f64) -> Self {
        let (course, market) = (evidence.course, evidence.market);
        let (growth, daily, held) = (course.growth(market), course.daily_returns(market), course.held());
        let of_days = |figure: fn(&[f64]) -> Figure| daily.as_deref().map_err(|why| *why).and_then(figure);
        let fallen = |known: bool| if known { Undefined::NeverFell } else { Undefined::AccountLost };
        Self {
            bars: course.moments.len(),
            days: days(course.moments.len(), market),
            growth,
            sharpe_of_bars: sharpe_of_bars(course, market),
            sharpe_by_lo: of_days(sharpe_by_lo),
            sortino: of_days(sortino),
            calmar: calmar_of(&growth),
            longest_drawdown: longest_drawdown(&course.equity).ok_or(fallen(growth.max_drawdown.is_ok())),
            ulcer_index: ulcer_index(&course.equity).ok_or(Undefined::AccountLost),
            tail: daily.as_deref().map_err(|why| *why).and_then(tail),
            exposure: exposure(&held).ok_or(Undefined::TooFew),
            time_in_market: time_in_market(&held).ok_or(Undefined::TooFew),
            annual_turnover: annual_turnover(course, market),
            trading: Trading::of(evidence.trades, &course.equity, evidence.targets),
            luck: Luck::of(&daily, evidence.trials, uniform),
        }
    }
}

fn days(bars: usize, market: &Market) -> f64 {
    bars as f64 / market.bars_per_day.max(1) as f64
}

fn sharpe_of_bars(course: &Course, market: &Market) -> Figure {
    let returns = returns(&course.equity)?;
    let sharpe = PeriodSharpe::of(&returns).ok_or(without_spread(&returns))?;
    Ok(sharpe.annualised(market.per_year).value())
}

fn sharpe_by_lo(daily: &[f64]) -> Figure {
    let sharpe = PeriodSharpe::of(daily).ok_or(without_spread(daily))?;
    let rhos = autocorrelations(daily, default_lag(daily.len())).ok_or(Undefined::NoSpread)?;
    let factor = lo_factor(DAYS_OF_YEAR, &rhos).ok_or(Undefined::NoYearlyVariance)?;
    sharpe.annualised_by(factor).map(AnnualSharpe::value).ok_or(Undefined::NotFinite)
}

fn sortino(daily: &[f64]) -> Figure {
    let why = if daily.is_empty() { Undefined::TooFew } else { Undefined::NoLosingDay };
    sortino_per_year(daily, 0.0, PeriodsPerYear::DAILY).ok_or(why)
}

fn calmar_of(growth: &Growth) -> Figure {
    calmar(growth.cagr?, growth.max_drawdown?).ok_or(Undefined::NeverFell)
}

fn tail(daily: &[f64]) -> Figure<Tail> {
    historical_tail(daily, TAIL).ok_or(Undefined::TailTooThin)
}

fn annual_turnover(course: &Course, market: &Market) -> Figure {
    let years = market.per_year.years(course.moments.len());
    let all: f64 = course.traded(market).iter().flatten().sum();
    let yearly = all / years;
    if yearly.is_finite() {
        Ok(yearly)
    } else {
        Err(if years > 0.0 { Undefined::NotFinite } else { Undefined::TooFew })
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{assert_close, chance, hourly, hours, market_of, round_trip, wandering};
    use super::*;

    fn evidence<'a>(course: &'a Course, market: &'a Market, targets: &'a BTreeMap<OrderId, Price>) -> Evidence<'a> {
        Evidence { course, market, trades: &[], targets, trials: None }
    }

    /// An account that holds one coin throughout.
    fn holding(closes: &[f64]) -> (Course, Market) {
        let mut equity = vec![closes[0]];
        equity.extend(closes);
        let course = Course { moments: hours(closes.len()), equity, weights: vec![vec![1.0; closes.len()]] };
        (course, market_of(vec![hourly(closes)]))
    }

    fn of(course: &Course, market: &Market) -> Performance {
        Performance::of(&evidence(course, market, &BTreeMap::new()), &mut chance(5))
    }

    #[test]
    fn six_bars_are_worth_what_can_be_counted_by_hand() {
        let (course, market) = holding(&[100.0, 120.0, 90.0, 130.0, 80.0, 110.0]);
        let performance = of(&course, &market);
        assert_eq!((performance.bars, performance.growth.cagr), (6, Err(Undefined::Under90Days)));
        for (what, figure, expected) in [
            ("total", performance.growth.total_return, 0.1),
            ("drawdown", performance.growth.max_drawdown, 50.0 / 130.0),
            ("exposure", performance.exposure, 1.0),
            ("time in market", performance.time_in_market, 1.0),
            // The one purchase, in six hours.
            ("turnover", performance.annual_turnover, 8760.0 / 6.0),
        ] {
            assert_close(what, figure.unwrap(), expected);
        }
        assert_eq!(performance.longest_drawdown, Ok(Underwater { bars: 2, recovered: false }));
        assert_eq!((performance.calmar, performance.tail), (Err(Undefined::Under90Days), Err(Undefined::TooFew)));
        assert_close("days", performance.days, 0.25);
    }

    #[test]
    fn twelve_days_have_the_ratios_computed_elsewhere() {
        let days = [0.010, -0.005, 0.020, -0.015, 0.007, 0.012, -0.020, 0.004, 0.009, -0.003, 0.015, -0.008];
        let mut closes = vec![100.0; 24];
        for r in days {
            let last = closes[closes.len() - 1] * (1.0 + r);
            closes.extend([last; 24]);
        }
        let (course, market) = holding(&closes);
        let performance = of(&course, &market);
        for (what, figure, expected) in [
            ("Sharpe", performance.growth.sharpe, 3.347_841_733),
            ("Sortino", performance.sortino, 5.332_857_863),
            ("total", performance.growth.total_return, 0.025_450_42),
            ("drawdown", performance.growth.max_drawdown, 0.02),
            ("above 0", performance.luck.above_zero, 0.712_242_678_6),
        ] {
            let actual = figure.unwrap();
            assert!((actual / expected - 1.0).abs() < 1e-8, "{what}: {actual}");
        }
        // They turn back so often that a year of them has no variance.
        assert_eq!(performance.sharpe_by_lo, Err(Undefined::NoYearlyVariance));
        assert_eq!(performance.tail, Err(Undefined::TailTooThin));
        // The hours between have no returns: their ratio of a year is another one.
        assert!(performance.sharpe_of_bars.unwrap() > 0.0);
    }

    #[test]
    fn an_account_that_never_moved_has_reasons_in_place_of_figures() {
        let course = Course { moments: hours(2400), equity: vec![1000.0; 2401], weights: vec![vec![0.0; 2400]] };
        let performance = of(&course, &market_of(vec![hourly(&[5.0; 2400])]));
        assert_eq!((performance.growth.total_return, performance.growth.cagr), (Ok(0.0), Ok(0.0)));
        assert_eq!((performance.exposure, performance.time_in_market), (Ok(0.0), Ok(0.0)));
        assert_eq!((performance.annual_turnover, performance.ulcer_index), (Ok(0.0), Ok(0.0)));
        assert_eq!((performance.calmar, performance.sortino), (Err(Undefined::NeverFell), Err(Undefined::NoLosingDay)));
        assert_eq!(performance.longest_drawdown, Err(Undefined::NeverFell));
        assert_eq!(
            (performance.sharpe_of_bars, performance.sharpe_by_lo),
            (Err(Undefined::NoSpread), Err(Undefined::NoSpread))
        );
        assert_eq!(performance.trading.win_rate, Err(Undefined::NoTrades));
    }

    #[test]
    fn no_course_at_all_is_no_figure() {
        let performance = of(&Course::default(), &market_of(vec![]));
        assert_eq!((performance.bars, performance.days), (0, 0.0));
        let figures =
            [performance.exposure, performance.time_in_market, performance.annual_turnover, performance.sortino];
        assert_eq!(figures, [Err(Undefined::TooFew); 4]);
    }

    #[test]
    fn the_worst_days_of_a_year_are_a_tail_and_prices_have_no_scale() {
        let closes = wandering(8760, 0.005, &mut chance(11));
        let (course, market) = holding(&closes);
        let performance = of(&course, &market);
        let tail = performance.tail.unwrap();
        assert!(tail.cvar >= tail.var && tail.var > 0.0 && tail.cvar < 0.2, "{tail:?}");
        let daily = course.daily_returns(&market).unwrap();
        let eta = lo_factor(365, &autocorrelations(&daily, 5).unwrap()).unwrap();
        let by_lo = performance.growth.sharpe.unwrap() * eta / 365.0_f64.sqrt();
        assert_close("by Lo", performance.sharpe_by_lo.unwrap(), by_lo);
        let scaled: Vec<f64> = closes.iter().map(|close| close * 1024.0).collect();
        let (other, market) = holding(&scaled);
        assert_eq!(of(&other, &market), performance);
    }

    #[test]
    fn round_trips_are_told_with_the_course() {
        let (course, market) = holding(&[100.0, 120.0]);
        let (targets, trades) = (BTreeMap::new(), [round_trip(20.0, 10.0)]);
        let evidence = Evidence { trades: &trades, ..evidence(&course, &market, &targets) };
        let performance = Performance::of(&evidence, &mut chance(1));
        assert_eq!((performance.trading.count, performance.trading.expectancy), (1, Ok(2.0)));
    }
}
