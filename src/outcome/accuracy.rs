//! How near predicted values came to the actual ones. All take pairs of (predicted, actual).

use super::mean;

/// A standard deviation below this is rounding.
const NO_SPREAD: f64 = 1e-15;

/// A straight line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// Its value at 0.
    pub intercept: f64,
    /// How much it rises for each 1.
    pub slope: f64,
}

impl Line {
    /// Its value at `x`.
    pub const fn at(self, x: f64) -> f64 {
        self.intercept + self.slope * x
    }
}

/// The mean of actual − predicted: positive when forecasts were too low.
pub fn bias(pairs: &[(f64, f64)]) -> Option<f64> {
    mean(pairs.iter().map(|(predicted, actual)| actual - predicted))
}

/// The mean absolute error.
pub fn mae(pairs: &[(f64, f64)]) -> Option<f64> {
    mean(pairs.iter().map(|(predicted, actual)| (actual - predicted).abs()))
}

/// The median absolute error; of an even number, the mean of the middle two.
pub fn median_ae(pairs: &[(f64, f64)]) -> Option<f64> {
    let mut errors: Vec<f64> = pairs.iter().map(|(predicted, actual)| (actual - predicted).abs()).collect();
    errors.sort_by(f64::total_cmp);
    let finite = errors.last()?.is_finite();
    let (lower, upper) = (errors[(errors.len() - 1) / 2], errors[errors.len() / 2]);
    finite.then_some(f64::midpoint(lower, upper))
}

/// The root of the mean squared error.
pub fn rmse(pairs: &[(f64, f64)]) -> Option<f64> {
    mean(pairs.iter().map(|(predicted, actual)| (actual - predicted).powi(2))).map(f64::sqrt)
}

/// The share of forecasts that named the right direction.
///
/// A forecast of 0 names no direction and is not counted; an outcome of 0 is in no direction and is a miss.
pub fn sign_hit_rate(pairs: &[(f64, f64)]) -> Option<f64> {
    let named: Vec<_> = pairs.iter().filter(|(predicted, _)| *predicted != 0.0).collect();
    let right = |(predicted, actual): &(f64, f64)| if *predicted > 0.0 { *actual > 0.0 } else { *actual < 0.0 };
    mean(named.into_iter().map(|pair| f64::from(right(pair)))).filter(|_| all_finite(pairs))
}

pub(super) fn all_finite(pairs: &[(f64, f64)]) -> bool {
    pairs.iter().all(|(predicted, actual)| predicted.is_finite() && actual.is_finite())
}

/// Pearson's correlation; none when one side has no spread.
pub fn pearson(pairs: &[(f64, f64)]) -> Option<f64> {
    let spread = Spread::of(pairs)?;
    let defined = spread.is_wide(spread.xx) && spread.is_wide(spread.yy);
    defined.then(|| (spread.xy / (spread.xx * spread.yy).sqrt()).clamp(-1.0, 1.0))
}

/// Actual = intercept + slope × predicted by least squares: 0 and 1 for an honest forecast (Mincer & Zarnowitz, 1969).
pub fn actual_on_predicted(pairs: &[(f64, f64)]) -> Option<Line> {
    let spread = Spread::of(pairs)?;
    let slope = spread.is_wide(spread.xx).then(|| spread.xy / spread.xx)?;
    Some(Line { intercept: spread.mean_y - slope * spread.mean_x, slope })
}

/// 1 − (squared errors)/(squared outcomes): what is gained over always forecasting 0; negative when it is a loss.
pub fn r_squared_against_zero(pairs: &[(f64, f64)]) -> Option<f64> {
    let squared_error = rmse(pairs)?.powi(2);
    let squared_outcome = mean(pairs.iter().map(|(_, actual)| actual * actual))?;
    (squared_outcome > 0.0).then(|| 1.0 - squared_error / squared_outcome)
}

/// Sums of squares and products around the means.
struct Spread {
    n: f64,
    mean_x: f64,
    mean_y: f64,
    xx: f64,
    yy: f64,
    xy: f64,
}

impl Spread {
    fn of(pairs: &[(f64, f64)]) -> Option<Self> {
        let mean_x = mean(pairs.iter().map(|(x, _)| *x))?;
        let mean_y = mean(pairs.iter().map(|(_, y)| *y))?;
        let sum = |product: fn(f64, f64) -> f64| pairs.iter().map(|(x, y)| product(x - mean_x, y - mean_y)).sum();
        let (xx, yy, xy) = (sum(|x, _| x * x), sum(|_, y| y * y), sum(|x, y| x * y));
        Some(Self { n: pairs.len() as f64, mean_x, mean_y, xx, yy, xy })
    }

    /// Whether a sum of squares is more than rounding. A single value has no spread: 0/0 is not wide.
    fn is_wide(&self, squares: f64) -> bool {
        (squares / (self.n - 1.0)).sqrt() >= NO_SPREAD
    }
}

#[cfg(test)]
mod tests {
    use super::super::{assert_close, information_coefficient};
    use super::*;

    /// Predicted and actual returns of eight trades.
    const RETURNS: [(f64, f64); 8] = [
        (0.008, 0.005),
        (-0.004, -0.009),
        (0.012, 0.020),
        (0.001, -0.003),
        (-0.006, 0.002),
        (0.005, 0.007),
        (-0.002, -0.002),
        (0.009, 0.001),
    ];

    #[test]
    fn eight_returns_are_scored_as_computed_elsewhere() {
        let line = actual_on_predicted(&RETURNS).unwrap();
        for (what, actual, expected) in [
            ("bias", bias(&RETURNS), -0.000_25),
            ("mean absolute error", mae(&RETURNS), 0.004_75),
            ("median absolute error", median_ae(&RETURNS), 0.004_5),
            ("root mean squared error", rmse(&RETURNS), 0.005_545_268_253),
            ("sign hit rate", sign_hit_rate(&RETURNS), 0.75),
            ("Pearson", pearson(&RETURNS), 0.726_374_460_9),
            ("Spearman", information_coefficient(&RETURNS), 0.595_238_095_2),
            ("intercept", Some(line.intercept), -9.676_096_761e-5),
            ("slope", Some(line.slope), 0.946_699_467),
            ("R² against 0", r_squared_against_zero(&RETURNS), 0.570_680_628_3),
        ] {
            assert_close(what, actual, expected);
        }
    }

    #[test]
    fn a_forecast_of_nothing_names_no_direction_and_an_outcome_of_nothing_is_a_miss() {
        for (pairs, rate) in [
            (vec![(0.0, 1.0), (1.0, 1.0)], Some(1.0)),
            (vec![(1.0, 0.0), (1.0, 1.0)], Some(0.5)),
            (vec![(-1.0, -0.0)], Some(0.0)),
            (vec![(1e-300, 1e-300)], Some(1.0)),
            (vec![(0.0, 0.0), (-0.0, 1.0)], None),
        ] {
            assert_eq!(sign_hit_rate(&pairs), rate, "{pairs:?}");
        }
    }

    #[test]
    fn the_median_of_an_odd_number_is_the_middle_one() {
        assert_eq!(median_ae(&[(0.0, 5.0), (0.0, -1.0), (0.0, 2.0)]), Some(2.0));
    }

    #[test]
    fn what_the_numbers_do_not_define_is_none() {
        let one: &[_] = &[(1.0, 2.0)];
        assert_eq!((bias(one), mae(one), median_ae(one)), (Some(1.0), Some(1.0), Some(1.0)));
        assert_eq!((pearson(one), actual_on_predicted(one)), (None, None));
        let same_forecast = [(0.1, 1.0), (0.1, 2.0), (0.1, 4.0)];
        assert_eq!((pearson(&same_forecast), actual_on_predicted(&same_forecast)), (None, None));
        let same_outcome = [(1.0, 0.1), (2.0, 0.1), (4.0, 0.1)];
        assert_eq!(pearson(&same_outcome), None);
        assert_eq!(r_squared_against_zero(&[(1.0, 0.0)]), None);
        for pairs in [vec![], vec![(1.0, 2.0), (f64::NAN, 1.0), (3.0, 1.0)], vec![(1.0, 2.0), (2.0, f64::INFINITY)]] {
            let all =
                [bias, mae, median_ae, rmse, sign_hit_rate, pearson, r_squared_against_zero].map(|score| score(&pairs));
            assert_eq!((all, actual_on_predicted(&pairs)), ([None; 7], None), "{pairs:?}");
        }
    }
}
