//! The standard normal distribution.

use std::f64::consts::{PI, SQRT_2, TAU};

use super::finite;

/// The density φ(z).
pub fn normal_density(z: f64) -> f64 {
    (-z * z / 2.0).exp() / TAU.sqrt()
}

/// The share of the distribution below `z`, Φ(z), between 0 and 1; of NaN it is NaN.
///
/// Φ(z) = erfc(−z/√2)/2, exact to about fifteen digits in both tails.
pub fn normal_cdf(z: f64) -> f64 {
    erfc(-z / SQRT_2) / 2.0
}

/// The z below which the share `p` lies, Φ⁻¹(p); none unless 0 < `p` < 1.
///
/// Algorithm AS 241, PPND16 (Wichura, *Applied Statistics* 37, 1988): exact to about fifteen digits.
pub fn normal_quantile(p: f64) -> Option<f64> {
    let q = p - 0.5;
    let z = if q.abs() <= 0.425 { central_quantile(q) } else { q.signum() * tail_quantile(p.min(1.0 - p)) };
    finite(z).filter(|_| 0.0 < p && p < 1.0)
}

fn central_quantile(q: f64) -> f64 {
    let r = 0.180_625 - q * q;
    q * polynomial(&CENTRE.0, r) / polynomial(&CENTRE.1, r)
}

/// How far out the share `p` of one tail begins.
fn tail_quantile(p: f64) -> f64 {
    let r = (-p.ln()).sqrt();
    let (coefficients, x) = if r <= 5.0 { (&NEAR, r - 1.6) } else { (&FAR, r - 5.0) };
    polynomial(&coefficients.0, x) / polynomial(&coefficients.1, x)
}

/// The complementary error function by rational Chebyshev approximations (Cody, *Mathematics of Computation* 23, 1969).
fn erfc(x: f64) -> f64 {
    let size = x.abs();
    let above = match size {
        s if s <= 0.468_75 => return 1.0 - erf_near_zero(x),
        s if s <= 4.0 => exp_minus_square(s) * polynomial(&ERFC_MIDDLE.0, s) / polynomial(&ERFC_MIDDLE.1, s),
        _ => erfc_far(size),
    };
    if x < 0.0 { 2.0 - above } else { above }
}

fn erf_near_zero(x: f64) -> f64 {
    let y = x * x;
    x * polynomial(&ERF.0, y) / polynomial(&ERF.1, y)
}

fn erfc_far(x: f64) -> f64 {
    let y = 1.0 / (x * x);
    let tail = y * polynomial(&ERFC_FAR.0, y) / polynomial(&ERFC_FAR.1, y);
    exp_minus_square(x) * (1.0 / PI.sqrt() - tail) / x
}

/// e^(−x²), with the rounding of the square made good.
fn exp_minus_square(x: f64) -> f64 {
    if x.is_infinite() {
        return 0.0;
    }
    let coarse = (x * 16.0).trunc() / 16.0;
    (-coarse * coarse).exp() * (-(x - coarse) * (x + coarse)).exp()
}

/// The coefficients stand from the constant on.
fn polynomial(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

/// The coefficients of a numerator and a denominator.
type Rational<const N: usize> = ([f64; N], [f64; N]);

const ERF: Rational<5> = (
    [
        3.209_377_589_138_469_4e3,
        3.774_852_376_853_02e2,
        1.138_641_541_510_501_6e2,
        3.161_123_743_870_565_6,
        1.857_777_061_846_031_5e-1,
    ],
    [2.844_236_833_439_171e3, 1.282_616_526_077_372_3e3, 2.440_246_379_344_441_7e2, 2.360_129_095_234_412_2e1, 1.0],
);

const ERFC_MIDDLE: Rational<9> = (
    [
        1.230_339_354_797_997_2e3,
        2.051_078_377_826_071_5e3,
        1.712_047_612_634_070_6e3,
        8.819_522_212_417_69e2,
        2.986_351_381_974_001e2,
        6.611_919_063_714_163e1,
        8.883_149_794_388_375,
        5.641_884_969_886_701e-1,
        2.153_115_354_744_038_5e-8,
    ],
    [
        1.230_339_354_803_749_4e3,
        3.439_367_674_143_721_6e3,
        4.362_619_090_143_247e3,
        3.290_799_235_733_459_6e3,
        1.621_389_574_566_690_2e3,
        5.371_811_018_620_099e2,
        1.176_939_508_913_125e2,
        1.574_492_611_070_983_5e1,
        1.0,
    ],
);

const ERFC_FAR: Rational<6> = (
    [
        6.587_491_615_298_378e-4,
        1.608_378_514_874_228e-2,
        1.257_817_261_112_292_5e-1,
        3.603_448_999_498_044_4e-1,
        3.053_266_349_612_323_4e-1,
        1.631_538_713_730_209_8e-2,
    ],
    [
        2.335_204_976_268_691_8e-3,
        6.051_834_131_244_132e-2,
        5.279_051_029_514_284e-1,
        1.872_952_849_923_460_5,
        2.568_520_192_289_822,
        1.0,
    ],
);

const CENTRE: Rational<8> = (
    [
        3.387_132_872_796_366_6,
        1.331_416_678_917_843_8e2,
        1.971_590_950_306_551_4e3,
        1.373_169_376_550_946e4,
        4.592_195_393_154_987e4,
        6.726_577_092_700_87e4,
        3.343_057_558_358_813e4,
        2.509_080_928_730_122_7e3,
    ],
    [
        1.0,
        4.231_333_070_160_091e1,
        6.871_870_074_920_579e2,
        5.394_196_021_424_751e3,
        2.121_379_430_158_659_6e4,
        3.930_789_580_009_271e4,
        2.872_908_573_572_194_3e4,
        5.226_495_278_852_545e3,
    ],
);

const NEAR: Rational<8> = (
    [
        1.423_437_110_749_683_6,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_6,
        1.270_458_252_452_368_4,
        2.417_807_251_774_506e-1,
        2.272_384_498_926_918_5e-2,
        7.745_450_142_783_414e-4,
    ],
    [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        6.897_673_349_851e-1,
        1.481_039_764_274_800_7e-1,
        1.519_866_656_361_645_7e-2,
        5.475_938_084_995_345e-4,
        1.050_750_071_644_416_8e-9,
    ],
);

const FAR: Rational<8> = (
    [
        6.657_904_643_501_104,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        2.965_605_718_285_048_9e-1,
        2.653_218_952_657_612_3e-2,
        1.242_660_947_388_078_4e-3,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288_1e-7,
    ],
    [
        1.0,
        5.998_322_065_558_879e-1,
        1.369_298_809_227_358e-1,
        1.487_536_129_085_061_5e-2,
        7.868_691_311_456_133e-4,
        1.846_318_317_510_054_7e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_8e-15,
    ],
);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_distribution_agrees_with_tables_to_ten_digits() {
        // The last four: an independent implementation with thirty digits.
        for (z, share) in [
            (1.644_853_627, 0.95),
            (-1.96, 0.024_997_895_15),
            (-3.0, 0.001_349_898_032),
            (0.5, 0.691_462_461_3),
            (4.0, 0.999_968_328_8),
            (0.0, 0.5),
            (-8.0, 6.220_960_574_272e-16),
            (-6.5, 4.016_000_583_859e-11),
            (-0.66, 0.254_626_914_671_3),
            (2.25, 0.987_775_527_345),
        ] {
            let actual = normal_cdf(z);
            assert!((actual - share).abs() <= 1e-9 * share, "Φ({z}): {actual} is not {share}");
        }
    }

    #[test]
    fn quantiles_agree_with_tables_to_ten_digits() {
        for (p, z) in [
            (0.001, -3.090_232_306),
            (0.025, -1.959_963_985),
            (0.95, 1.644_853_627),
            (0.99, 2.326_347_874),
            (0.5, 0.0),
            (1e-15, -7.941_345_326_171),
            (1e-9, -5.997_807_015_008),
            (0.3, -0.524_400_512_708),
            (0.07, -1.475_791_028_179),
            (0.999_999, 4.753_424_308_823),
        ] {
            let actual = normal_quantile(p).unwrap();
            assert!((actual - z).abs() <= 1e-9, "Φ⁻¹({p}): {actual} is not {z}");
        }
    }

    #[test]
    fn only_a_share_between_0_and_1_has_a_quantile() {
        for p in [0.0, 1.0, -0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert_eq!(normal_quantile(p), None, "{p}");
        }
    }

    #[test]
    fn the_ends_of_the_line_are_reached() {
        for (z, share) in [(f64::NEG_INFINITY, 0.0), (-40.0, 0.0), (40.0, 1.0), (f64::INFINITY, 1.0)] {
            assert!((normal_cdf(z) - share).abs() < 1e-300, "{z}");
        }
        assert!(normal_cdf(f64::NAN).is_nan());
    }

    proptest! {
        #[test]
        fn a_quantile_is_where_its_share_lies(p in 1e-12f64..0.999_999) {
            let back = normal_cdf(normal_quantile(p).unwrap());
            prop_assert!((back - p).abs() <= 1e-12 * p.max(1e-3) || (back / p - 1.0).abs() < 1e-11, "{p} {back}");
        }

        #[test]
        fn both_sides_share_the_whole(z in -8.0f64..8.0) {
            prop_assert!((normal_cdf(z) + normal_cdf(-z) - 1.0).abs() < 1e-15);
        }

        #[test]
        fn more_lies_below_more(z in -8.0f64..8.0, further in 1e-6f64..2.0) {
            prop_assert!(normal_cdf(z) <= normal_cdf(z + further));
        }

        /// Against a step of the trapezoid rule.
        #[test]
        fn the_density_is_the_slope_of_the_distribution(z in -5.0f64..5.0) {
            let slope = (normal_cdf(z + 1e-5) - normal_cdf(z - 1e-5)) / 2e-5;
            prop_assert!((slope - normal_density(z)).abs() < 1e-9);
        }
    }
}
