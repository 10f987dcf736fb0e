//! Scores and the points they are made of, in whole tenths: sums are exact, and the same on every machine.

use std::fmt;

/// Adding and taking off one and a half times 2^52 rounds small numbers to whole ones, to even ones at the half; and the last bits
/// of a whole number with it added count its ones.
pub(super) const WHOLE: f64 = 6_755_399_441_055_744.0;

/// Points of one rule, positive for rising prices, in tenths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Points(i32);

impl Points {
    /// The share `strength` (−1…+1, held there) of a rule's weight, rounded to tenths away from zero at the half.
    pub fn of(weight: f64, strength: f64) -> Self {
        // A strength that is not a number says nothing.
        let strength = if strength.is_nan() { 0.0 } else { strength.clamp(-1.0, 1.0) };
        Self(nearest(weight.clamp(0.0, 100.0) * strength * 10.0))
    }

    /// As a number.
    pub fn get(self) -> f64 {
        f64::from(self.0) / 10.0
    }
}

/// The nearest whole number, away from zero at the half: `f64::round` for numbers this small, without a call.
fn nearest(tenths: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "between -1000 and 1000")]
    let whole = tenths as i32;
    let rest = tenths - f64::from(whole);
    whole + i32::from(rest >= 0.5) - i32::from(rest <= -0.5)
}

impl fmt::Display for Points {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:+.1}", self.get())
    }
}

/// An opinion's direction and strength, −100…+100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Score(i32);

impl Score {
    /// The sum of points, held at ±100.
    pub fn sum(points: impl IntoIterator<Item = Points>) -> Self {
        Self(points.into_iter().map(|p| p.0).sum::<i32>().clamp(-1000, 1000))
    }

    /// As a number.
    pub fn get(self) -> f64 {
        f64::from(self.0) / 10.0
    }

    /// In tenths.
    pub const fn tenths(self) -> i32 {
        self.0
    }

    /// From tenths, held at ±100.
    pub fn from_tenths(tenths: i32) -> Self {
        Self(tenths.clamp(-1000, 1000))
    }

    /// 50 % + |score|/2, to a tenth: ±40 is 70 %, the neutral zone lies between.
    pub fn confidence_pct(self) -> f64 {
        f64::from(500 + (self.0.abs() + 1) / 2) / 10.0
    }

    /// The nearest score, held at ±100.
    pub fn nearest(value: f64) -> Self {
        Self(Points::of(100.0, value / 100.0).0)
    }
}

/// From where on a score is acted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Bullish from this score on.
    pub buy: Score,
    /// Bearish from this score down.
    pub sell: Score,
}

impl Thresholds {
    /// ±40, which is 70 % confidence.
    pub const DEFAULT: Self = Self { buy: Score(400), sell: Score(-400) };

    /// Which way a score leans.
    pub fn leaning(&self, score: Score) -> Leaning {
        if score >= self.buy {
            Leaning::Bullish
        } else if score <= self.sell {
            Leaning::Bearish
        } else {
            Leaning::Neutral
        }
    }
}

/// Which way a score leans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaning {
    /// Prices are expected to rise.
    Bullish,
    /// No opinion strong enough.
    Neutral,
    /// Prices are expected to fall.
    Bearish,
}

impl Leaning {
    /// Its word in JSON and in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bullish => "BULLISH",
            Self::Neutral => "NEUTRAL",
            Self::Bearish => "BEARISH",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confidence_grows_with_the_strength_of_the_score_in_either_direction() {
        for (strength, confidence) in
            [(0.0, 50.0), (40.0, 70.0), (-40.0, 70.0), (12.5, 56.3), (12.6, 56.3), (0.1, 50.1), (-100.0, 100.0)]
        {
            let score = Score::sum([Points::of(100.0, strength / 100.0)]);
            assert!((score.confidence_pct() - confidence).abs() < 1e-12, "{strength}");
        }
    }

    #[test]
    fn a_score_is_held_at_its_ends() {
        assert!((Score::sum([Points::of(80.0, 1.0); 3]).get() - 100.0).abs() < 1e-12);
        assert!((Score::sum([Points::of(80.0, -1.0); 3]).get() + 100.0).abs() < 1e-12);
    }

    #[test]
    fn a_strength_beyond_its_range_or_not_a_number_does_no_harm() {
        for (strength, tenths) in
            [(5.0, 150), (-5.0, -150), (f64::NAN, 0), (f64::INFINITY, 150), (0.5, 75), (0.004, 1), (-0.004, -1)]
        {
            assert_eq!(Points::of(15.0, strength), Points(tenths), "{strength}");
        }
    }

    #[test]
    fn tenths_are_the_nearest_away_from_zero_at_the_half() {
        for tenths in
            [0.0, 0.5, -0.5, 0.499_999_999_999_999_94, -0.499_999_999_999_999_94, 1.5, -2.5, 999.5, -999.5, 7.2]
        {
            assert!((f64::from(nearest(tenths)) - tenths.round()).abs() < 1e-12, "{tenths}");
        }
    }

    #[test]
    fn the_neutral_zone_lies_strictly_between_the_thresholds() {
        for (score, leaning) in
            [(40.0, Leaning::Bullish), (39.9, Leaning::Neutral), (-39.9, Leaning::Neutral), (-40.0, Leaning::Bearish)]
        {
            assert_eq!(Thresholds::DEFAULT.leaning(Score::nearest(score)), leaning, "{score}");
        }
    }
}
