//! The numbers that several tests share.

/// Twelve returns of a strategy.
pub(super) const A: [f64; 12] =
    [0.010, -0.005, 0.020, -0.015, 0.007, 0.012, -0.020, 0.004, 0.009, -0.003, 0.015, -0.008];

/// The returns of its benchmark.
pub(super) const BENCHMARK: [f64; 12] =
    [0.012, -0.008, 0.018, -0.020, 0.010, 0.008, -0.015, 0.002, 0.012, -0.001, 0.010, -0.012];

/// Equal to nine digits: the values have ten.
pub(super) fn assert_close(what: &str, actual: impl Into<Option<f64>>, expected: f64) {
    assert_near(what, actual, expected, 1e-8);
}

/// Equal but for a share of the expected value.
pub(super) fn assert_near(what: &str, actual: impl Into<Option<f64>>, expected: f64, share: f64) {
    let actual = actual.into().unwrap_or(f64::NAN);
    let tolerance = (expected.abs() * share).max(1e-12);
    assert!((actual - expected).abs() <= tolerance, "{what}: {actual} is not {expected}");
}

/// The same numbers in every language; far too weak for anything but tests.
pub(super) struct Lcg(u32);

impl Lcg {
    pub(super) const fn new(seed: u32) -> Self {
        Self(seed)
    }

    /// The next number from 0 on and below 1.
    pub(super) fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(self.0) / 4_294_967_296.0
    }

    /// The next number of nearly a standard normal distribution.
    pub(super) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// The columns of a matrix of pseudo-normal numbers that is filled row by row.
pub(super) fn columns(seed: u32, rows: usize, columns: usize) -> Vec<Vec<f64>> {
    let mut lcg = Lcg::new(seed);
    let mut matrix = vec![Vec::with_capacity(rows); columns];
    for _ in 0..rows {
        for column in &mut matrix {
            column.push(lcg.normal());
        }
    }
    matrix
}

/// Good random numbers (Steele, Lea & Flood, *`SplitMix`*, 2014).
pub(super) fn splitmix(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[test]
fn the_pseudo_random_numbers_are_those_of_every_language() {
    let mut lcg = Lcg::new(12345);
    for expected in [0.020_402_685_74, 0.016_547_848_24, 0.543_155_794_5, 0.634_904_056_1, 0.910_029_513_8] {
        assert_close("uniform", lcg.uniform(), expected);
    }
    let mut lcg = Lcg::new(12345);
    for expected in [-0.555_054_11, 1.494_471_386, -0.909_095_395_8, 0.725_798_852_3, 0.735_876_503_9] {
        // Sums less 6 are given to fewer digits than their terms.
        assert_close("normal", lcg.normal(), expected);
    }
}
