//! What the choice of the best of many combinations comes down to, in fixed words.

use super::figure::Figure;
use super::verdict::{FEWEST_DAYS, FEWEST_TRADES, Verdict};

/// A choice that is as often among the worse half as among the better one says nothing (Bailey et al., 2017).
const EVEN: f64 = 0.5;
/// What the neighbours of a peak that is no accident keep of it.
const KEPT: f64 = 0.5;

/// What a choice comes down to: the first that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Choice {
    /// Under 90 days.
    TooShort,
    /// No combination has a Sharpe ratio: nothing was ever held.
    NothingHeld,
    /// The best one has none above 0.
    AllLose,
    /// The best one closed under 30 round trips.
    TooFewTrades,
    /// The deflated Sharpe ratio of the best is below 0.95, or not known; or overfitting is not known.
    Luck,
    /// The best in one half of the time is among the worse half in the other more often than not.
    Overfitted,
    /// The combinations around the best keep less than half of its ratio, or none was tried.
    Lonely,
    /// Nothing of all that.
    Stable,
}

/// What a choice is judged by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChoiceGrounds {
    /// How many days there are.
    pub days: usize,
    /// Round trips that the best one closed.
    pub trades: usize,
    /// The Sharpe ratio of the best.
    pub sharpe: Option<f64>,
    /// Its deflated Sharpe ratio.
    pub deflated: Figure,
    /// The probability of backtest overfitting.
    pub overfitting: Option<f64>,
    /// The share of its ratio that its neighbours keep.
    pub kept: Option<f64>,
}

impl Choice {
    /// All of them, the most damning first.
    pub const ALL: [Self; 8] = [
        Self::TooShort,
        Self::NothingHeld,
        Self::AllLose,
        Self::TooFewTrades,
        Self::Luck,
        Self::Overfitted,
        Self::Lonely,
        Self::Stable,
    ];

    /// What these grounds come down to.
    pub fn of(grounds: &ChoiceGrounds) -> Self {
        if (grounds.days as f64) < FEWEST_DAYS {
            return Self::TooShort;
        }
        let Some(sharpe) = grounds.sharpe else { return Self::NothingHeld };
        if sharpe <= 0.0 {
            Self::AllLose
        } else if grounds.trades < FEWEST_TRADES {
            Self::TooFewTrades
        } else if !grounds.deflated.is_ok_and(|sure| sure >= Verdict::SURE) || grounds.overfitting.is_none() {
            Self::Luck
        } else if !grounds.overfitting.is_some_and(|probability| probability <= EVEN) {
            Self::Overfitted
        } else if !grounds.kept.is_some_and(|kept| kept >= KEPT) {
            Self::Lonely
        } else {
            Self::Stable
        }
    }

    /// The line.
    pub const fn words(self) -> &'static str {
        match self {
            Self::TooShort => "too short to tell",
            Self::NothingHeld => "nothing was ever held",
            Self::AllLose => "all of them lose after costs",
            Self::TooFewTrades => "the best has too few trades to tell",
            Self::Luck => "the best is not distinguishable from luck",
            Self::Overfitted => {
                "the choice is overfitted: the best of one half is no better than the rest in the other"
            }
            Self::Lonely => "the best stands alone: its neighbours keep less than half of it",
            Self::Stable => "the best is distinguishable from luck on this data; that is no promise",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::figure::Undefined;
    use super::*;

    #[test]
    fn the_first_that_holds_counts() {
        let good = ChoiceGrounds {
            days: 90,
            trades: 30,
            sharpe: Some(1.5),
            deflated: Ok(0.97),
            overfitting: Some(0.2),
            kept: Some(0.8),
        };
        for (grounds, choice) in [
            (good, Choice::Stable),
            (ChoiceGrounds { days: 89, sharpe: None, ..good }, Choice::TooShort),
            (ChoiceGrounds { deflated: Ok(0.95), overfitting: Some(0.5), kept: Some(0.5), ..good }, Choice::Stable),
            (ChoiceGrounds { kept: Some(0.49), ..good }, Choice::Lonely),
            (ChoiceGrounds { kept: None, ..good }, Choice::Lonely),
            (ChoiceGrounds { overfitting: Some(0.51), kept: None, ..good }, Choice::Overfitted),
            (ChoiceGrounds { overfitting: None, ..good }, Choice::Luck),
            (ChoiceGrounds { deflated: Ok(0.94), overfitting: None, ..good }, Choice::Luck),
            (ChoiceGrounds { deflated: Err(Undefined::UnknownTrials), ..good }, Choice::Luck),
            (ChoiceGrounds { trades: 29, deflated: Ok(0.1), ..good }, Choice::TooFewTrades),
            (ChoiceGrounds { sharpe: Some(0.0), trades: 1, deflated: Ok(0.1), ..good }, Choice::AllLose),
            (ChoiceGrounds { sharpe: None, ..good }, Choice::NothingHeld),
        ] {
            assert_eq!(Choice::of(&grounds), choice, "{grounds:?}");
        }
        let words: std::collections::BTreeSet<&str> = Choice::ALL.into_iter().map(Choice::words).collect();
        assert_eq!(words.len(), Choice::ALL.len());
    }
}
