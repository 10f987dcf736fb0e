//! Many candles at once: scores that are certain without the hyperbolic tangent of each.

use super::{Shares, TrendRule};
use crate::signal::Score;
use crate::signal::score::WHOLE;

/// A number of each candle of a block.
pub(super) type Lane = [f64; LANES];

/// So many candles a block holds: enough that the compiler makes loops of it, few enough for the nearest cache.
pub(super) const LANES: usize = 64;

/// `tanh(x) / x` is nearly `P(x²) / Q(x²)`, with these coefficients from the highest power down: the tenth convergent of
/// Lambert's continued fraction `1/(1 + x²/(3 + x²/(5 + …)))`.
const P: [f64; 5] = [55.0, 25_740.0, 2_837_835.0, 91_891_800.0, 654_729_075.0];
const Q: [f64; 6] = [1.0, 1_485.0, 315_315.0, 18_918_900.0, 310_134_825.0, 654_729_075.0];

/// Up to |x| = 3, which is the most there is (scale 2, z 3), the fraction is off by a share of 1.8e-11; with points of at most
/// 3,000 tenths before they are held, that and all rounding is less than 1e-7 of a tenth. Whatever lies nearer than this to where
/// rounding turns is reckoned exactly.
const DOUBT: f64 = 1e-6;

/// The sum of points of each candle, in tenths, and how far the points lie from whole tenths at most.
struct Sums {
    tenths: Lane,
    rest: Lane,
}

impl Shares {
    /// What [`Shares::score`] gives of each candle, where that is certain at a glance.
    pub(super) fn scores(&self, z: &[Lane; TrendRule::ALL.len()]) -> [Option<Score>; LANES] {
        let Sums { tenths, rest } = self.sums(z);
        let mut scores = [None; LANES];
        for (score, (tenths, rest)) in scores.iter_mut().zip(tenths.iter().zip(&rest)) {
            // Where a rule says nothing, or what it says is not a number, the sum is none either.
            let is_certain = *rest <= 0.5 - DOUBT && !tenths.is_nan();
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the sum of five whole numbers of at most a thousand each"
            )]
            let sum = *tenths as i32;
            *score = is_certain.then(|| Score::from_tenths(sum));
        }
        scores
    }

    fn sums(&self, z: &[Lane; TrendRule::ALL.len()]) -> Sums {
        let points_per_z = self.near_points_per_z(z);
        let mut sums = Sums { tenths: [0.0; LANES], rest: [0.0; LANES] };
        for (z, share) in z.iter().zip(&self.shares) {
            for i in 0..LANES {
                let tenths = (share * z[i] * points_per_z[i]).clamp(-1.0, 1.0) * 1000.0;
                let whole = tenths + WHOLE - WHOLE;
                let rest = (tenths - whole).abs();
                sums.tenths[i] += whole;
                sums.rest[i] = if rest > sums.rest[i] { rest } else { sums.rest[i] };
            }
        }
        sums
    }

    /// What the shares of rules times their z's make of points, nearly.
    fn near_points_per_z(&self, z: &[Lane; TrendRule::ALL.len()]) -> Lane {
        let half = self.scale / 2.0;
        let mut points = [0.0; LANES];
        for (z, share) in z.iter().zip(&self.shares) {
            for (sum, z) in points.iter_mut().zip(z) {
                *sum += share * z;
            }
        }
        for point in &mut points {
            let square = (half * *point) * (half * *point);
            let above = P[1..].iter().fold(P[0], |above, p| above * square + p);
            let below = Q[1..].iter().fold(Q[0], |below, q| below * square + q);
            *point = half * above / below;
        }
        points
    }
}
