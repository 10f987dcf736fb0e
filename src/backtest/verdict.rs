//! One line on a result, in fixed words: what damns it comes before what would praise it.

use super::baseline::{Baseline, Yardstick};
use super::figure::{Figure, Undefined};
use super::performance::Performance;
use super::timing::RandomTiming;
use crate::outcome::Interval;

/// Below this the growth of a year is not told, and no verdict either.
pub(super) const FEWEST_DAYS: f64 = 90.0;
/// So many independent outcomes it takes to tell a rate, as everywhere in this house; round trips stand for them.
pub(super) const FEWEST_TRADES: usize = 30;

/// What a result comes down to. Whoever is told one of the later ones has passed all before it.
///
/// The order is that of how little the next question is worth: without a trade there is nothing to ask about, and a record that
/// is too short answers nothing. Then come the facts of the record, which no test can mend: a loss, and less for its risk than
/// holding gave. Only then is it asked whether a gain could be luck, for which there must be enough of it; and only what passes
/// that is worth the question whether it lives on higher costs. What is not known counts as not shown. The evidence is against
/// rules like these: almost 15,000 looked profitable and none predicted out of sample (Hudson & Urquhart, 2021); most of
/// what remains is eaten by costs (Svogun & Bazán-Palomino, 2022; Jaquart et al., 2021).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Nothing was closed, and nothing was ever held.
    NoTrades,
    /// Under 90 days.
    TooShort,
    /// The equity at the end is below what was put in.
    LosesMoney,
    /// Its Sharpe ratio is below that of holding all pairs at equal parts, or of holding them at a target volatility. Returns
    /// alone would not do: who holds less earns and risks less, and most that looks like skill is lower risk (Habeli et al.,
    /// 2024; Grobys et al.), so that the second is the honest opponent.
    WorseThanHolding,
    /// Under 30 closed round trips.
    TooFewTrades,
    /// The same holdings at random times do as well in one of twenty cases, or the deflated Sharpe ratio is below 0.95, or the
    /// 95 % interval of the mean daily return holds 0; or one of these is not known.
    Luck,
    /// At twice the costs nothing is earned; said only where that was tried.
    DiesAtTwiceCosts,
    /// Nothing of all that.
    Distinguishable,
}

impl Verdict {
    /// The chance of being wrong that is accepted, of the random-timing test as of any other (Fisher, 1925).
    pub const LEVEL: f64 = 0.05;
    /// How sure the ratio must be above what the best of all trials has by luck (Bailey & López de Prado, 2014).
    pub const SURE: f64 = 0.95;

    /// All of them, the most damning first.
    pub const ALL: [Self; 8] = [
        Self::NoTrades,
        Self::TooShort,
        Self::LosesMoney,
        Self::WorseThanHolding,
        Self::TooFewTrades,
        Self::Luck,
        Self::DiesAtTwiceCosts,
        Self::Distinguishable,
    ];

    /// The line.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NoTrades => "no trades",
            Self::TooShort => "too short to tell",
            Self::LosesMoney => "loses money after costs",
            Self::WorseThanHolding => "worse than holding",
            Self::TooFewTrades => "too few trades to tell",
            Self::Luck => "not distinguishable from luck",
            Self::DiesAtTwiceCosts => "dies at twice the costs",
            Self::Distinguishable => "distinguishable from luck on this data; that is no promise",
        }
    }

    /// What these grounds come down to: the first that holds.
    pub fn of(grounds: &Grounds) -> Self {
        let holds = |verdict: &Self| verdict.holds(grounds);
        Self::ALL.into_iter().find(holds).unwrap_or(Self::Distinguishable)
    }

    fn holds(self, grounds: &Grounds) -> bool {
        match self {
            Self::NoTrades => grounds.trades == 0 && !grounds.time_in_market.is_ok_and(|share| share > 0.0),
            Self::TooShort => grounds.days < FEWEST_DAYS,
            Self::LosesMoney => is_lost(grounds.total_return),
            Self::WorseThanHolding => grounds.sharpe.is_ok_and(|own| grounds.holding.is_ok_and(|held| own < held)),
            Self::TooFewTrades => grounds.trades < FEWEST_TRADES,
            Self::Luck => !grounds.are_beyond_luck(),
            Self::DiesAtTwiceCosts => grounds.at_twice_costs.is_some_and(|total| !total.is_ok_and(|total| total > 0.0)),
            Self::Distinguishable => true,
        }
    }
}

fn is_lost(total_return: Figure) -> bool {
    total_return.map_or_else(|why| why == Undefined::AccountLost, |total| total < 0.0)
}

/// What a verdict is told from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grounds {
    /// How many days the course has.
    pub days: f64,
    /// Closed round trips.
    pub trades: usize,
    /// The share of the moments at which anything was held.
    pub time_in_market: Figure,
    /// The total return, as a share.
    pub total_return: Figure,
    /// The Sharpe ratio of days, of a year.
    pub sharpe: Figure,
    /// The higher one of holding at equal parts and of holding at a target volatility; of the one that has one.
    pub holding: Figure,
    /// The p-value of random timing.
    pub timing_p: Figure,
    /// The deflated Sharpe ratio.
    pub deflated: Figure,
    /// The 95 % interval of the mean daily return.
    pub mean_interval: Figure<Interval>,
    /// The total return at twice the costs, where that was tried.
    pub at_twice_costs: Option<Figure>,
}

impl Grounds {
    /// Of a result and what it is held against.
    pub fn of(
        performance: &Performance,
        baselines: &[Baseline],
        timing: &Figure<RandomTiming>,
        at_twice_costs: Option<Figure>,
    ) -> Self {
        Self {
            days: performance.days,
            trades: performance.trading.count,
            time_in_market: performance.time_in_market,
            total_return: performance.growth.total_return,
            sharpe: performance.growth.sharpe,
            holding: holding(baselines),
            timing_p: timing.map(|timing| timing.p),
            deflated: performance.luck.deflated,
            mean_interval: performance.luck.mean_interval,
            at_twice_costs,
        }
    }

    fn are_beyond_luck(&self) -> bool {
        let timed = self.timing_p.is_ok_and(|p| p < Verdict::LEVEL);
        let sure = self.deflated.is_ok_and(|sure| sure >= Verdict::SURE);
        timed && sure && self.mean_interval.is_ok_and(|interval| interval.low > 0.0)
    }
}

fn holding(baselines: &[Baseline]) -> Figure {
    let is_holding = |b: &&Baseline| matches!(b.yardstick, Yardstick::EqualWeight | Yardstick::VolatilityTarget);
    let sharpes = baselines.iter().filter(is_holding).map(|baseline| baseline.growth.sharpe);
    sharpes.reduce(|a, b| a.map_or(b, |a| Ok(b.map_or(a, |b| a.max(b))))).unwrap_or(Err(Undefined::TooFew))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::super::baseline::baselines;
    use super::super::course::Course;
    use super::super::performance::Evidence;
    use super::super::samples::{chance, hourly, hours, market_of, wandering};
    use super::super::timing::random_timing;
    use super::*;

    /// Grounds on which nothing can be said against a result.
    fn good() -> Grounds {
        Grounds {
            days: 1826.0,
            trades: 200,
            time_in_market: Ok(0.4),
            total_return: Ok(1.2),
            sharpe: Ok(1.5),
            holding: Ok(0.8),
            timing_p: Ok(0.004),
            deflated: Ok(0.97),
            mean_interval: Ok(Interval { low: 0.0001, high: 0.002 }),
            at_twice_costs: Some(Ok(0.3)),
        }
    }

    #[test]
    fn every_ground_has_its_verdict() {
        use Verdict::{
            DiesAtTwiceCosts, Distinguishable, LosesMoney, Luck, NoTrades, TooFewTrades, TooShort, WorseThanHolding,
        };
        let unknown = Err(Undefined::NotFinite);
        let around_zero = Ok(Interval { low: 0.0, high: 0.002 });
        let g = good();
        for (what, grounds, verdict) in [
            ("all well", g, Distinguishable),
            ("twice the costs not tried", Grounds { at_twice_costs: None, ..g }, Distinguishable),
            ("nothing held", Grounds { trades: 0, time_in_market: Ok(0.0), ..g }, NoTrades),
            ("nothing known", Grounds { trades: 0, time_in_market: Err(Undefined::TooFew), ..g }, NoTrades),
            ("held and never sold", Grounds { trades: 0, ..g }, TooFewTrades),
            ("just too short", Grounds { days: 89.99, ..g }, TooShort),
            ("just long enough", Grounds { days: 90.0, ..g }, Distinguishable),
            ("a loss", Grounds { total_return: Ok(-0.001), ..g }, LosesMoney),
            ("everything lost", Grounds { total_return: Err(Undefined::AccountLost), ..g }, LosesMoney),
            ("nothing earned", Grounds { total_return: Ok(0.0), ..g }, Distinguishable),
            ("below holding", Grounds { sharpe: Ok(0.79), ..g }, WorseThanHolding),
            ("like holding", Grounds { sharpe: Ok(0.8), ..g }, Distinguishable),
            ("holding is unknown", Grounds { holding: Err(Undefined::NoSpread), ..g }, Distinguishable),
            ("few trades", Grounds { trades: 29, ..g }, TooFewTrades),
            ("trades enough", Grounds { trades: 30, ..g }, Distinguishable),
            ("random times do as well", Grounds { timing_p: Ok(0.05), ..g }, Luck),
            ("random times hardly do", Grounds { timing_p: Ok(0.0499), ..g }, Distinguishable),
            ("random times are unknown", Grounds { timing_p: unknown, ..g }, Luck),
            ("the best of many", Grounds { deflated: Ok(0.9499), ..g }, Luck),
            ("sure enough", Grounds { deflated: Ok(0.95), ..g }, Distinguishable),
            ("trials are unknown", Grounds { deflated: Err(Undefined::UnknownTrials), ..g }, Luck),
            ("the mean may be nothing", Grounds { mean_interval: around_zero, ..g }, Luck),
            ("the mean is unknown", Grounds { mean_interval: Err(Undefined::TooFew), ..g }, Luck),
            ("twice the costs", Grounds { at_twice_costs: Some(Ok(0.0)), ..g }, DiesAtTwiceCosts),
            ("lost at twice", Grounds { at_twice_costs: Some(Err(Undefined::AccountLost)), ..g }, DiesAtTwiceCosts),
        ] {
            assert_eq!(Verdict::of(&grounds), verdict, "{what}");
        }
    }

    #[test]
    fn of_several_the_most_damning_is_told() {
        let mut grounds = Grounds {
            days: 10.0,
            trades: 0,
            time_in_market: Ok(0.0),
            total_return: Ok(-0.1),
            sharpe: Ok(-1.0),
            timing_p: Ok(0.5),
            at_twice_costs: Some(Ok(-0.5)),
            ..good()
        };
        let mend: [fn(&mut Grounds); 7] = [
            |g| (g.trades, g.time_in_market) = (1, Ok(0.1)),
            |g| g.days = 365.0,
            |g| g.total_return = Ok(0.1),
            |g| g.sharpe = Ok(2.0),
            |g| g.trades = 100,
            |g| g.timing_p = Ok(0.01),
            |g| g.at_twice_costs = Some(Ok(0.1)),
        ];
        let mut told = vec![Verdict::of(&grounds)];
        for mend in mend {
            mend(&mut grounds);
            told.push(Verdict::of(&grounds));
        }
        assert_eq!(told, Verdict::ALL);
    }

    #[test]
    fn every_verdict_has_words_of_its_own() {
        let words: BTreeSet<&str> = Verdict::ALL.into_iter().map(Verdict::words).collect();
        assert_eq!(words.len(), Verdict::ALL.len());
    }

    /// An account that holds these shares of a coin, without costs.
    fn told(weights: &[f64], closes: &[f64]) -> (Verdict, Grounds) {
        let earned = |k: usize| if k == 0 { 0.0 } else { weights[k - 1] * (closes[k] / closes[k - 1] - 1.0) };
        let mut equity = vec![1000.0];
        for k in 0..closes.len() {
            equity.push(equity[k] * (1.0 + earned(k)));
        }
        let market = market_of(vec![hourly(closes)]);
        let course = Course { moments: hours(closes.len()), equity, weights: vec![weights.to_vec()] };
        let targets = BTreeMap::new();
        let evidence = Evidence { course: &course, market: &market, trades: &[], targets: &targets, trials: None };
        let performance = Performance::of(&evidence, &mut chance(1));
        let timing = random_timing(&course, &market, &mut chance(2));
        let grounds = Grounds::of(&performance, &baselines(&course, &market, &[]), &timing, None);
        (Verdict::of(&grounds), grounds)
    }

    #[test]
    fn courses_come_down_to_what_they_are() {
        let closes = wandering(24 * 120, 0.005, &mut chance(9));
        assert_eq!(told(&vec![0.0; closes.len()], &closes).0, Verdict::NoTrades);
        assert_eq!(told(&vec![1.0; 500], &closes[..500]).0, Verdict::TooShort);
        let wrong: Vec<f64> =
            closes.windows(2).map(|pair| if pair[1] < pair[0] { 1.0 } else { 0.0 }).chain([0.0]).collect();
        assert_eq!(told(&wrong, &closes).0, Verdict::LosesMoney);
        let right: Vec<f64> = wrong.iter().map(|weight| 1.0 - weight).collect();
        let (verdict, grounds) = told(&right, &closes);
        assert_eq!((verdict, grounds.deflated), (Verdict::TooFewTrades, Err(Undefined::UnknownTrials)));
        assert!(grounds.sharpe.unwrap() > grounds.holding.unwrap() && grounds.timing_p.unwrap() < 0.001);
    }
}
