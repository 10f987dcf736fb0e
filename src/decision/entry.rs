//! What an entry has to show beside its score: that the score lasted, that the move it speaks of is worth its costs, and how
//! much of the account so restless a coin may be.

use crate::ledger::Costs;
use crate::signal::{Backing, Score};
use crate::unit::{Bps, Decimal};

/// What is asked of entries beside the score. The default asks nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EntryPolicy {
    /// The candle before has to call for the entry as well, from this score on.
    pub confirmed_from: Option<Score>,
    /// The expected move has to be worth its costs.
    pub edge: Option<EdgeGate>,
    /// Positions in restless coins are smaller.
    pub volatility_target: Option<VolatilityTarget>,
}

/// The expected move against the round trip.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EdgeGate {
    /// The correlation that scores are taken to have with the return that follows.
    pub ic: f64,
    /// The horizon, in candles.
    pub horizon_candles: f64,
    /// So many times the cost of a round trip it has to be.
    pub over_cost: f64,
}

/// A position is at most the target over the coin's own volatility.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VolatilityTarget {
    /// Of a year, as a share: 0.15 is 15 %.
    pub yearly: f64,
    /// Candles in a year.
    pub candles_per_year: f64,
}

/// An expected move, and what it has to be; shares of the money put in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// What is expected, before costs.
    pub expected: f64,
    /// What it has to be at least.
    pub needed: f64,
}

impl EdgeGate {
    /// The edge of a score: `ic × z × σ √horizon`, with z the standardised score, `2 artanh(score/100)`.
    ///
    /// Standardised forecasts have the slope of their correlation with the outcome (Grinold & Kahn, *Active Portfolio
    /// Management*, 2000, chapter 6). Nothing is expected where the volatility is not known.
    pub fn edge(&self, score: Score, backing: &Backing, costs: &Costs) -> Edge {
        let z = 2.0 * (score.get() / 100.0).clamp(-0.999, 0.999).atanh();
        let sigma = backing.volatility.unwrap_or_default();
        Edge {
            expected: self.ic * z * sigma * self.horizon_candles.sqrt(),
            needed: self.over_cost * costs.round_trip(),
        }
    }
}

impl VolatilityTarget {
    /// The largest share of the account that a position may cost; none of it where the volatility is not known.
    pub fn share(&self, backing: &Backing) -> Decimal {
        let yearly = backing.volatility.map(|sigma| sigma * self.candles_per_year.sqrt());
        let share = yearly.filter(|yearly| *yearly > 0.0).map_or(0.0, |yearly| (self.yearly / yearly).min(1.0));
        Bps::from_real(1e4 * share).share()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::samples::terms;

    const GATE: EdgeGate = EdgeGate { ic: 0.05, horizon_candles: 168.0, over_cost: 1.0 };

    /// The sheet of the rules (quant facts, §4.3): at an IC of 0.05 and 30 bps, the z a week's edge needs at a daily volatility.
    #[test]
    fn the_published_table_of_needed_scores_holds() {
        let bps = |bps: f64| Bps::from_real(bps);
        let costs = Costs { fee: bps(10.0), slippage: bps(4.0), half_spread: bps(1.0) };
        for (daily_pct, over_cost, z) in [
            (2.5, 1.0, 0.91),
            (2.5, 1.5, 1.36),
            (2.5, 2.0, 1.81),
            (3.5, 1.0, 0.65),
            (3.5, 1.5, 0.97),
            (3.5, 2.0, 1.30),
            (4.5, 1.0, 0.50),
            (4.5, 1.5, 0.76),
            (4.5, 2.0, 1.01),
        ] {
            let backing = Backing { volatility: Some(daily_pct / 100.0 / 24.0_f64.sqrt()), before: None };
            let gate = EdgeGate { over_cost, ..GATE };
            let passes = |z: f64| {
                let edge = gate.edge(Score::nearest(100.0 * (z / 2.0_f64).tanh()), &backing, &costs);
                edge.expected >= edge.needed
            };
            assert!(passes(z + 0.01) && !passes(z - 0.01), "{daily_pct} % a day, {over_cost} times the costs");
        }
    }

    #[test]
    fn without_a_volatility_nothing_is_expected_and_nothing_may_be_held() {
        let backing = Backing { volatility: None, before: None };
        assert_eq!(GATE.edge(Score::nearest(90.0), &backing, &terms().costs).expected.to_bits(), 0.0_f64.to_bits());
        let target = VolatilityTarget { yearly: 0.15, candles_per_year: 8760.0 };
        assert_eq!(target.share(&backing), Decimal::ZERO);
    }

    /// 0.5 % an hour are 46.8 % a year (statistics facts, §13); 15 % over that is 0.3205.
    #[test]
    fn a_position_is_the_target_over_the_volatility_and_never_more_than_all() {
        let target = VolatilityTarget { yearly: 0.15, candles_per_year: 8760.0 };
        let share = |sigma: f64| target.share(&Backing { volatility: Some(sigma), before: None });
        assert_eq!(share(0.005).round_dp(4), Decimal::new(3205, 4));
        assert_eq!((share(0.0), share(1e-9)), (Decimal::ZERO, Decimal::ONE));
    }
}
