//! What a decision expects, told before anybody can know: the net return of buying at the close that was decided on and
//! selling after the horizon, costs inside. HOLD and SELL say the same of the purchase they advise against.
//!
//! ```text
//! z      = 2 atanh(score / 100), held at ±3          the score, standardised: score = 100 tanh(z / 2)
//! σ      = EWMA of squared log returns a candle, half-life 72 h; σ_h = σ √(h / candle)
//! mean   = b z σ_h − cost                            b is the information coefficient, 0.03 until learnt
//! p10 …  = mean + q σ_h                              q of the normal law until learnt, then of standardised misses
//! p_gain = 0.5 + 0.05 tanh(score / 50)               the prior; calibrated once 50 independent outcomes are known
//! ```
//!
//! Sources: Grinold & Kahn, "Active Portfolio Management" (forecast = IC · volatility · score); EWMA volatility as in
//! `RiskMetrics`, 1996; the prior slope and the ladder of calibration are ours and deliberately timid.

use super::Calibration;
use crate::ledger::Costs;
use crate::market::{Candle, Series};

/// The slope that is believed before anything was learnt.
pub const PRIOR_SLOPE: f64 = 0.03;
/// Half-life of the volatility, in hours.
const HALF_LIFE_H: f64 = 72.0;
/// Returns that it takes to speak of volatility at all.
const RETURNS_NEEDED: usize = 24;
const MS_PER_H: f64 = 3_600_000.0;
/// The 10 % quantile of the standard normal law; the 90 % quantile is its mirror.
const Q10: f64 = -1.281_551_565_544_600_4;

/// What earlier outcomes of one horizon have taught.
#[derive(Clone, Debug, PartialEq)]
pub struct Experience {
    /// Names it in the database; none before anything was learnt.
    pub id: Option<i64>,
    /// Standardised forward return for one z.
    pub slope: f64,
    /// The 10, 50 and 90 % quantiles of standardised misses; none while there are too few.
    pub misses: Option<[f64; 3]>,
    /// From a score to a probability.
    pub calibration: Calibration,
}

impl Experience {
    /// Nothing was learnt yet.
    pub const NONE: Self = Self { id: None, slope: PRIOR_SLOPE, misses: None, calibration: Calibration::Prior };
}

/// What is expected of one horizon. Returns are shares: 0.01 is one percent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// From the close that was decided on, in milliseconds.
    pub horizon_ms: i64,
    /// The score, standardised; 0 where there was no opinion.
    pub z: f64,
    /// Standard deviation of the return over the horizon; none with too few candles.
    pub sigma: Option<f64>,
    /// The expected net return.
    pub mean: Option<f64>,
    /// Its 10, 50 and 90 % quantiles.
    pub quantiles: Option<[f64; 3]>,
    /// The probability that the net return is positive.
    pub p_gain: f64,
    /// The costs inside, as a share.
    pub cost: f64,
    /// What was learnt from; none is the prior.
    pub experience: Option<i64>,
}

/// Forecasts one horizon from the candles that were closed when it was asked.
pub fn forecast(
    series: &Series,
    score: Option<f64>,
    horizon_ms: i64,
    costs: &Costs,
    experience: &Experience,
) -> Forecast {
    let (score, cost) = (score.unwrap_or_default(), costs.round_trip());
    let z = standardised(score);
    let sigma = volatility(series).map(|sigma| sigma * bars(horizon_ms, series).sqrt());
    let mean = sigma.map(|sigma| experience.slope * z * sigma - cost);
    let misses = experience.misses.unwrap_or([Q10, 0.0, -Q10]);
    let quantiles = sigma.zip(mean).map(|(sigma, mean)| misses.map(|q| mean + q * sigma));
    let p_gain = experience.calibration.probability(score);
    Forecast { horizon_ms, z, sigma, mean, quantiles, p_gain, cost, experience: experience.id }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a few years")]
fn bars(horizon_ms: i64, series: &Series) -> f64 {
    horizon_ms as f64 / series.timeframe().ms() as f64
}

/// The score as a standard deviation: `2 atanh(score / 100)`, held at ±3.
pub fn standardised(score: f64) -> f64 {
    (2.0 * (score / 100.0).clamp(-0.999, 0.999).atanh()).clamp(-3.0, 3.0)
}

/// The standard deviation of one candle's log return: an exponential average of squares.
pub fn volatility(series: &Series) -> Option<f64> {
    let candles = series.candles();
    let half_life = HALF_LIFE_H * MS_PER_H / bars(1, series).recip();
    let keep = 0.5f64.powf(1.0 / half_life.max(1.0));
    let squares = candles.windows(2).map(|pair| log_return(&pair[0], &pair[1]).powi(2));
    let variance = squares.reduce(|average, square| keep * average + (1.0 - keep) * square)?;
    (candles.len() > RETURNS_NEEDED && variance > 0.0).then(|| variance.sqrt())
}

fn log_return(before: &Candle, after: &Candle) -> f64 {
    (after.close() / before.close()).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::{Bps, Timeframe, UtcMillis};

    const START: UtcMillis = UtcMillis::new(1_710_288_000_000);

    fn costs() -> Costs {
        let bps = Bps::from_real;
        Costs { fee: bps(10.0), slippage: bps(2.0), half_spread: bps(1.0) }
    }

    fn series(closes: impl IntoIterator<Item = f64>) -> Series {
        let candle =
            |(i, close): (i64, f64)| Candle::from_parts(Timeframe::H1.step(START, i), [close; 4], 1.0, None).unwrap();
        Series::new(Timeframe::H1, (0..).zip(closes).map(candle).collect()).unwrap()
    }

    /// Up by a percent, down by a percent (in logarithms): the volatility is one percent whatever the weights.
    fn swinging() -> Series {
        series((0..101).map(|i| if i % 2 == 0 { 100.0 } else { 100.0 * 0.01f64.exp() }))
    }

    #[test]
    fn the_score_is_standardised_and_held() {
        for (score, z) in [(0.0, 0.0), (46.211_715_7, 1.0), (-76.159_415_6, -2.0), (100.0, 3.0), (-100.0, -3.0)] {
            assert!((standardised(score) - z).abs() < 1e-8, "{score}");
        }
    }

    #[test]
    fn the_volatility_is_the_average_of_squares_with_a_half_life_of_three_days() {
        assert!((volatility(&swinging()).unwrap() - 0.01).abs() < 1e-12);
        assert_eq!(volatility(&series([100.0; 101])), None, "a price that never moves tells nothing");
        assert_eq!(volatility(&series((0..24).map(|i| 100.0 + f64::from(i)))), None, "too few");
        // 72 quiet hours after one jump halve its weight: 0.5^(72/72) of 0.04² remains, beside nothing.
        let jump = series(std::iter::once(100.0).chain(std::iter::repeat_n(100.0 * 0.04f64.exp(), 73)));
        assert!((volatility(&jump).unwrap() - 0.04 * 0.5f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn a_forecast_is_slope_times_score_times_volatility_less_the_costs() {
        let told = forecast(&swinging(), Some(46.211_715_726_000_975), 4 * 3_600_000, &costs(), &Experience::NONE);
        // sigma over four hours 0.02, costs 2 × 13 bps: 0.03 × 1 × 0.02 − 0.0026.
        assert!((told.mean.unwrap() + 0.002).abs() < 1e-12, "{told:?}");
        assert!((told.quantiles.unwrap()[0] - (-0.002 + Q10 * 0.02)).abs() < 1e-12);
        assert!((told.quantiles.unwrap()[2] - (-0.002 - Q10 * 0.02)).abs() < 1e-12);
        assert!((told.p_gain - (0.5 + 0.05 * (46.211_715_726f64 / 50.0).tanh())).abs() < 1e-9);
        assert_eq!(told.experience, None);
    }

    #[test]
    fn without_an_opinion_costs_are_expected_and_without_candles_nothing_is() {
        let told = forecast(&swinging(), None, 3_600_000, &costs(), &Experience::NONE);
        assert!((told.mean.unwrap() + 0.0026).abs() < 1e-12);
        assert!((told.p_gain - 0.5).abs() < 1e-12);
        let told = forecast(&series([1.0]), Some(50.0), 3_600_000, &costs(), &Experience::NONE);
        assert_eq!((told.mean, told.quantiles, told.sigma), (None, None, None));
    }

    #[test]
    fn what_was_learnt_moves_the_mean_and_the_quantiles() {
        let misses = Some([-2.0, 0.1, 1.5]);
        let taught = Experience { id: Some(7), slope: 0.0, misses, calibration: Calibration::Prior };
        let told = forecast(&swinging(), Some(90.0), 3_600_000, &costs(), &taught);
        let expected = [-0.0026 - 0.02, -0.0026 + 0.001, -0.0026 + 0.015];
        assert!(told.quantiles.unwrap().iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{told:?}");
        assert_eq!(told.experience, Some(7));
    }
}
