//! Whether the timing of a course was worth anything: the same holdings at other times, by chance.

use super::course::{Course, Market};
use super::figure::{Figure, Undefined};
use crate::statistics::random_strategy_p;

/// How many other times are tried.
pub const SHIFTS: usize = 1000;

/// What the timing of a course was worth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RandomTiming {
    /// The total return of the course's own weights at their own times, as a share: from close to close, at the costs of the
    /// market. Not quite that of the account, whose fills lie between closes.
    pub own: f64,
    /// The mean total return of the same weights at other times.
    pub others: f64,
    /// How likely other times do at least as well: (1 + as good ones)/(1 + all), above 0 and at most 1.
    pub p: f64,
    /// How far the weights are shifted at least, in bars: the longest holding of a pair, or 1 when that is more than half of the time.
    pub least_shift: usize,
}

/// Shifts the weights of a course around by [`SHIFTS`] offsets that chance draws from `uniform`, numbers from 0 on and below 1:
/// what is shifted beyond the end goes on at the beginning.
///
/// Exposure, holding times and turnover stay what they are, to the last trade, and so do the costs; only the times change
/// (the permutation test of Aronson, *Evidence-Based Technical Analysis*, 2006, with whole holdings). A pair that begins later
/// is shifted within its own time, by the same part of it. A weight at a close earns what its pair does until the next one.
///
/// Undefined when nothing was ever held, and of fewer than three moments.
pub fn random_timing(course: &Course, market: &Market, uniform: &mut impl FnMut() -> f64) -> Figure<RandomTiming> {
    let bars = course.moments.len().saturating_sub(1);
    if bars < 2 {
        return Err(Undefined::TooFew);
    }
    let longest = course.longest_holding();
    if longest == 0 {
        return Err(Undefined::NeverInvested);
    }
    let least_shift = if 2 * longest <= bars { longest } else { 1 };
    let turning = Turning::of(course, market, bars);
    let mut sums = vec![0.0; bars];
    let own = turning.total_return(0, &mut sums);
    let shifts = (0..SHIFTS).map(|_| least_shift + below(bars - 2 * least_shift + 1, uniform));
    let others: Vec<f64> = shifts.map(|shift| turning.total_return(shift, &mut sums)).collect();
    let p = random_strategy_p(own, &others).ok_or(Undefined::NotFinite)?;
    Ok(RandomTiming { own, others: others.iter().sum::<f64>() / SHIFTS as f64, p, least_shift })
}

/// A whole number below `count`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "meant: the product is 0 to count")]
fn below(count: usize, uniform: &mut impl FnMut() -> f64) -> usize {
    ((uniform() * count as f64) as usize).min(count.saturating_sub(1))
}

/// The weights of a course, ready to be turned around.
struct Turning {
    pairs: Vec<Turned>,
    bars: usize,
}

/// A pair during its own time, its last bars of the course.
struct Turned {
    /// The return of each bar.
    returns: Vec<f64>,
    /// The weights twice, one after the other, so that each turn is a piece of them.
    weights: Vec<f64>,
    /// What trading to these weights cost, twice.
    costs: Vec<f64>,
}

impl Turning {
    fn of(course: &Course, market: &Market, bars: usize) -> Self {
        let mut pairs = Vec::new();
        let weighed = course.weights.iter().zip(course.traded(market));
        for ((weights, traded), (closes, cost)) in weighed.zip(market.closes.iter().zip(&market.costs)) {
            pairs.push(Turned::of(weights, closes, &traded, *cost, bars));
        }
        Self { pairs, bars }
    }

    /// What the weights make `shift` bars later, after costs; `sums` is room for the return of each bar.
    fn total_return(&self, shift: usize, sums: &mut [f64]) -> f64 {
        sums.fill(0.0);
        for pair in &self.pairs {
            pair.add(shift, self.bars, sums);
        }
        sums.iter().map(|r| (1.0 + r).max(0.0)).product::<f64>() - 1.0
    }
}

impl Turned {
    fn of(weights: &[f64], closes: &[Option<f64>], traded: &[f64], cost: f64, bars: usize) -> Self {
        let begins = closes.iter().take_while(|close| close.is_none()).count().min(bars);
        let step = |pair: &[Option<f64>]| pair[0].zip(pair[1]).map_or(0.0, |(before, after)| after / before - 1.0);
        let returns: Vec<f64> = closes.get(begins..=bars).unwrap_or_default().windows(2).map(step).collect();
        let own = |values: &[f64]| {
            let later = values.iter().copied().skip(begins).chain(std::iter::repeat(0.0));
            later.take(returns.len()).collect::<Vec<f64>>().repeat(2)
        };
        let costs: Vec<f64> = traded.iter().map(|traded| traded * cost).collect();
        Self { weights: own(weights), costs: own(&costs), returns }
    }

    fn add(&self, shift: usize, bars: usize, sums: &mut [f64]) {
        let length = self.returns.len();
        // The same part of its own time.
        let turn = (shift * length + bars / 2) / bars % length.max(1);
        let (weights, costs) = (&self.weights[length - turn..], &self.costs[length - turn..]);
        let from = sums.len() - length;
        for (((sum, r), weight), cost) in sums[from..].iter_mut().zip(&self.returns).zip(weights).zip(costs) {
            *sum += weight * r - cost;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::samples::{assert_close, chance, hourly, hours, market_of, wandering};
    use super::*;

    /// An account with these weights, whose equity is not looked at but by turnover: it stays what it was.
    fn course(weights: Vec<Vec<f64>>) -> Course {
        let moments = weights[0].len();
        Course { moments: hours(moments), equity: vec![1.0; moments + 1], weights }
    }

    #[test]
    fn own_times_make_what_can_be_counted_by_hand() {
        let market = market_of(vec![hourly(&[100.0, 110.0, 99.0, 99.0])]);
        // In from the first moment to the second, at a cost of a thousandth; then out.
        let course = course(vec![vec![1.0, 0.0, 0.0, 0.0]]);
        let timing = random_timing(&course, &market, &mut chance(1)).unwrap();
        // The sale costs what it is worth by then.
        assert_close("own", timing.own, (1.1 - 0.001) * (1.0 - 0.0011) - 1.0);
        assert_eq!(timing.least_shift, 1);
        // Shifted by one it loses, by two it earns nothing: only the own times are as good.
        assert_close("p", timing.p, 1.0 / 1001.0);
    }

    #[test]
    fn what_is_always_held_has_no_timing() {
        let mut uniform = chance(2);
        let prices = wandering(500, 0.01, &mut uniform);
        let mut steady = course(vec![vec![1.0; 500]]);
        steady.equity = std::iter::once(prices[0]).chain(prices.iter().copied()).collect();
        let timing = random_timing(&steady, &market_of(vec![hourly(&prices)]), &mut uniform).unwrap();
        assert!(timing.p > 0.3, "{timing:?}");
    }

    #[test]
    fn who_knows_the_next_hour_is_told_from_luck() {
        let mut uniform = chance(3);
        let prices = wandering(2000, 0.01, &mut uniform);
        let mut weights: Vec<f64> = prices.windows(2).map(|pair| if pair[1] > pair[0] { 1.0 } else { 0.0 }).collect();
        weights.push(0.0);
        let timing = random_timing(&course(vec![weights]), &market_of(vec![hourly(&prices)]), &mut uniform).unwrap();
        assert_close("p", timing.p, 1.0 / 1001.0);
        assert!(timing.own > timing.others);
    }

    #[test]
    fn what_cannot_be_shifted_has_its_reason() {
        let market = market_of(vec![hourly(&[1.0; 5])]);
        let never = random_timing(&course(vec![vec![0.0; 5]]), &market, &mut chance(1));
        assert_eq!(never, Err(Undefined::NeverInvested));
        let short = random_timing(&course(vec![vec![1.0; 2]]), &market, &mut chance(1));
        assert_eq!(short, Err(Undefined::TooFew));
    }

    #[test]
    fn a_pair_that_begins_later_is_shifted_within_its_own_time() {
        let mut late = hourly(&[10.0; 101]);
        late[..51].fill(None);
        let mut weights = vec![0.0; 101];
        weights[60..70].fill(0.5);
        let market = market_of(vec![late]);
        let turning = Turning::of(&course(vec![weights]), &market, 100);
        assert_eq!((turning.pairs[0].returns.len(), turning.pairs[0].weights.len()), (49, 98));
        // Costs are paid whenever it is: twice half the account at a thousandth.
        for shift in 0..100 {
            let total = turning.total_return(shift, &mut [0.0; 100]);
            assert!((total + 0.001).abs() < 1e-6, "{shift}: {total}");
        }
    }

    /// Holdings by chance of two pairs, the second from a third of the time on.
    fn holdings(seed: u64, bars: usize) -> (Course, Market) {
        let mut uniform = chance(seed);
        let mut closes =
            vec![hourly(&wandering(bars, 0.01, &mut uniform)), hourly(&wandering(bars, 0.02, &mut uniform))];
        closes[1][..bars / 3].fill(None);
        let mut weights = vec![vec![0.0; bars]; 2];
        for (k, weights) in weights.iter_mut().enumerate() {
            let mut weight = 0.0;
            for (moment, one) in weights.iter_mut().enumerate().skip(k * bars / 3) {
                if moment % 20 == 0 {
                    weight = if uniform() < 0.5 { 0.0 } else { 0.4 };
                }
                *one = weight;
            }
        }
        (course(weights), market_of(closes))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn shifts_keep_exposure_and_turnover(seed in 0u64..1000, shift in 0usize..300) {
            let (course, market) = holdings(seed, 301);
            let turning = Turning::of(&course, &market, 300);
            // At prices that stand still, all that is left of a return is what the trades cost.
            let spent = |shift, weigh: f64| {
                let mut sums = vec![0.0; 300];
                for pair in &turning.pairs {
                    let returns = vec![weigh; pair.returns.len()];
                    let (weights, costs) = (pair.weights.clone(), pair.costs.clone());
                    Turned { returns, weights, costs }.add(shift, 300, &mut sums);
                }
                sums.iter().sum::<f64>()
            };
            prop_assert!((spent(shift, 0.0) - spent(0, 0.0)).abs() < 1e-12);
            prop_assert!((spent(shift, 1.0) - spent(0, 1.0)).abs() < 1e-9);
        }

        #[test]
        fn prices_have_no_scale_and_chance_repeats_itself(seed in 0u64..1000) {
            let (course, market) = holdings(seed, 301);
            let mut scaled = market.clone();
            scaled.closes.iter_mut().flatten().flatten().for_each(|close| *close *= 64.0);
            let one = random_timing(&course, &market, &mut chance(seed)).ok();
            prop_assert_eq!(one, random_timing(&course, &scaled, &mut chance(seed)).ok());
        }

        #[test]
        fn costs_never_help(seed in 0u64..1000, more in 0.0f64..0.01) {
            let (course, market) = holdings(seed, 301);
            let dear = Market { costs: vec![0.001 + more; 2], ..market.clone() };
            let own = |market| random_timing(&course, market, &mut chance(1)).map(|timing| timing.own);
            if let (Ok(cheap), Ok(dear)) = (own(&market), own(&dear)) {
                prop_assert!(dear <= cheap + 1e-12);
            }
        }
    }
}
