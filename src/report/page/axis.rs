//! Axes: where a value lies between the ends of one, and where it is marked: at 1, 2 or 5 times a power of ten.

/// How values are spaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spacing {
    /// The same difference, the same distance.
    Linear,
    /// The same ratio, the same distance: for what multiplies.
    Log,
}

/// From this ratio of the highest to the lowest on, equal ratios are worth equal distances.
const MULTIPLIES: f64 = 5.0;
/// What is left free above and below, as a share of the axis.
const FREE: f64 = 0.04;

/// An axis of values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    spacing: Spacing,
}

impl Axis {
    /// One that holds all these values: by ratios where they multiply, and with some room at both ends.
    pub(super) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = ends(values);
        if low > 0.0 && high / low >= MULTIPLIES {
            let room = (high / low).powf(FREE);
            return Self { low: low / room, high: high * room, spacing: Spacing::Log };
        }
        Self::even([low, high])
    }

    /// One from 0 to the farthest of these values, which all lie on the same side of it.
    pub(super) fn from_zero(values: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = ends(values.into_iter().chain([0.0]));
        let (low, high) = if low < high { (low * (1.0 + FREE), high * (1.0 + FREE)) } else { (0.0, 1.0) };
        Self { low, high, spacing: Spacing::Linear }
    }

    /// One that holds all these values, equal differences at equal distances, with some room at both ends.
    pub(super) fn even(values: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = ends(values);
        let room = if high > low { FREE * (high - low) } else { 0.05 * high.abs().max(1.0) };
        Self { low: low - room, high: high + room, spacing: Spacing::Linear }
    }

    /// One with these ends, the lower one first.
    pub(super) const fn exactly(low: f64, high: f64) -> Self {
        Self { low, high, spacing: Spacing::Linear }
    }

    /// Its lower end.
    pub(super) const fn low(&self) -> f64 {
        self.low
    }

    /// Its upper end.
    pub(super) const fn high(&self) -> f64 {
        self.high
    }

    /// How values are spaced.
    pub(super) const fn spacing(&self) -> Spacing {
        self.spacing
    }

    /// How far up a value lies: 0 at the lower end, 1 at the upper one.
    pub(super) fn place(&self, value: f64) -> f64 {
        match self.spacing {
            Spacing::Linear => (value - self.low) / (self.high - self.low),
            Spacing::Log => (value / self.low).ln() / (self.high / self.low).ln(),
        }
    }

    /// Round values on it, at most so many (at least 2), the lowest first.
    pub(super) fn ticks(&self, most: usize) -> Vec<f64> {
        let most = most.max(2);
        let log = (self.spacing == Spacing::Log).then(|| self.log_ticks(most));
        log.filter(|ticks| ticks.len() >= 2).unwrap_or_else(|| self.linear_ticks(most))
    }

    /// The multiples of the smallest step that gives few enough.
    fn linear_ticks(&self, most: usize) -> Vec<f64> {
        let least = ((self.high - self.low) / most as f64).log10().floor();
        let steps = (0..4).flat_map(|more| [1.0, 2.0, 5.0].map(|n| n * 10.0_f64.powf(least + f64::from(more))));
        let mut more = Vec::new();
        for ticks in steps.map(|step| multiples(self.low, self.high, step)) {
            // One mark alone tells no distance: rather one too many.
            if ticks.len() <= most {
                return if ticks.len() < 2 { more } else { ticks };
            }
            more = ticks;
        }
        more
    }

    /// 1, 2 and 5 times each power of ten; the powers alone, or some of them, where that is too many.
    fn log_ticks(&self, most: usize) -> Vec<f64> {
        let powers = multiples(self.low.log10().floor(), self.high.log10().ceil(), 1.0);
        let within = |factors: &[f64]| -> Vec<f64> {
            let all = powers.iter().flat_map(|power| factors.iter().map(|n| n * 10.0_f64.powf(*power)));
            all.filter(|tick| (self.low..=self.high).contains(tick)).collect()
        };
        let (all, some, tens) = (within(&[1.0, 2.0, 5.0]), within(&[1.0, 3.0]), within(&[1.0]));
        let every = tens.len().div_ceil(most).max(1);
        let few = tens.into_iter().step_by(every).collect();
        [all, some].into_iter().find(|ticks| ticks.len() <= most).unwrap_or(few)
    }
}

fn ends(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let known = values.into_iter().filter(|value| value.is_finite());
    let (low, high) = known.fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
    if low <= high { (low, high) } else { (0.0, 1.0) }
}

/// The multiples of a step from one end to the other.
fn multiples(low: f64, high: f64, step: f64) -> Vec<f64> {
    let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
    let mut all = Vec::new();
    let mut n = first;
    // Far more than any axis bears: the caller takes a longer step.
    while n <= last && all.len() < 100 {
        all.push(n * step);
        n += 1.0;
    }
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn linear(low: f64, high: f64) -> Axis {
        Axis { low, high, spacing: Spacing::Linear }
    }

    fn log(low: f64, high: f64) -> Axis {
        Axis { low, high, spacing: Spacing::Log }
    }

    #[track_caller]
    fn assert_ticks(axis: Axis, most: usize, expected: &[f64]) {
        let ticks = axis.ticks(most);
        let is_same = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-9 * b.abs().max(1e-9);
        assert!(ticks.len() == expected.len() && ticks.iter().zip(expected).all(is_same), "{ticks:?}");
    }

    #[test]
    fn ticks_lie_at_1_2_or_5_times_a_power_of_ten() {
        assert_ticks(linear(0.0, 10.0), 6, &[0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_ticks(linear(-15.7, 0.0), 4, &[-15.0, -10.0, -5.0, 0.0]);
        assert_ticks(linear(0.0, 4.6), 2, &[0.0, 2.0, 4.0]);
        assert_ticks(linear(0.0, 0.031), 5, &[0.0, 0.01, 0.02, 0.03]);
        assert_ticks(linear(960.0, 1240.0), 6, &[1000.0, 1050.0, 1100.0, 1150.0, 1200.0]);
        assert_ticks(log(800.0, 26_000.0), 6, &[1000.0, 2000.0, 5000.0, 10_000.0, 20_000.0]);
        assert_ticks(log(800.0, 260_000.0), 5, &[1000.0, 3000.0, 10_000.0, 30_000.0, 100_000.0]);
        assert_ticks(log(0.5, 2e9), 5, &[1.0, 100.0, 10_000.0, 1e6, 1e8]);
    }

    #[test]
    fn what_multiplies_is_spaced_by_ratios() {
        assert_eq!(Axis::of([100.0, 499.0]).spacing(), Spacing::Linear);
        let axis = Axis::of([100.0, 10_000.0]);
        assert_eq!(axis.spacing(), Spacing::Log);
        assert!((axis.place(1000.0) - 0.5).abs() < 1e-12);
        assert_eq!(Axis::of([-1.0, 100.0]).spacing(), Spacing::Linear);
    }

    #[test]
    fn an_axis_of_nothing_or_of_one_value_still_has_two_ends() {
        for axis in
            [Axis::of([]), Axis::of([1000.0]), Axis::from_zero([0.0]), Axis::from_zero([]), Axis::of([f64::NAN])]
        {
            assert!(axis.high > axis.low && axis.ticks(5).len() >= 2, "{axis:?}");
        }
        assert!((Axis::from_zero([-12.0, -3.0]).place(0.0) - 1.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn ticks_are_few_in_order_and_on_the_axis(low in -1e6f64..1e6, more in 1e-3f64..1e7, most in 3usize..9) {
            for axis in [Axis::of([low, low + more]), Axis::of([low.abs() + 1e-3, (low.abs() + 1e-3) * (5.0 + more)])] {
                let ticks = axis.ticks(most);
                prop_assert!((2..=most + 2).contains(&ticks.len()), "{:?}: {:?}", axis, ticks);
                prop_assert!(ticks.windows(2).all(|pair| pair[0] < pair[1]));
                prop_assert!(ticks.iter().all(|tick| (-1e-6..=1.0 + 1e-6).contains(&axis.place(*tick))));
            }
        }
    }
}
