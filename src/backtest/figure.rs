//! A figure, or why there is none: what is undefined is never 0.

/// A figure, or the reason why it is undefined.
pub type Figure<T = f64> = Result<T, Undefined>;

/// Why a figure is undefined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Undefined {
    /// Not as many values as it takes.
    TooFew,
    /// A growth rate per year says nothing of a shorter time.
    Under90Days,
    /// A tail of 5 % takes a hundred days.
    TailTooThin,
    /// All returns are the same.
    NoSpread,
    /// In some resamples all returns are the same: the interval has no end.
    FlatResample,
    /// The autocorrelations leave the sum of a year no variance.
    NoYearlyVariance,
    /// The equity was never below a former one.
    NeverFell,
    /// No day lost.
    NoLosingDay,
    /// No round trip was closed.
    NoTrades,
    /// No round trip lost.
    NoLosingTrade,
    /// A round trip had nothing at risk: it has no multiple of it.
    NothingAtRisk,
    /// All round trips earned the same multiple of their risk.
    TradesAlike,
    /// The account never held a coin.
    NeverInvested,
    /// The Sharpe ratio is not above 0: no record is long enough to show that it is.
    NotAboveZero,
    /// The target of a round trip that rested on an ambiguous candle is not told.
    UnknownTarget,
    /// It is not told how many trials there were.
    UnknownTrials,
    /// The equity fell to nothing, or below.
    AccountLost,
    /// A number is not finite.
    NotFinite,
}

impl Undefined {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::TooFew,
        Self::Under90Days,
        Self::TailTooThin,
        Self::NoSpread,
        Self::FlatResample,
        Self::NoYearlyVariance,
        Self::NeverFell,
        Self::NoLosingDay,
        Self::NoTrades,
        Self::NoLosingTrade,
        Self::NothingAtRisk,
        Self::TradesAlike,
        Self::NeverInvested,
        Self::NotAboveZero,
        Self::UnknownTarget,
        Self::UnknownTrials,
        Self::AccountLost,
        Self::NotFinite,
    ];

    /// The reason in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::TooFew => "too few values",
            Self::Under90Days => "under 90 days",
            Self::TailTooThin => "under 100 days",
            Self::NoSpread => "all returns are the same",
            Self::FlatResample => "all returns of a resample are the same",
            Self::NoYearlyVariance => "the days undo each other",
            Self::NeverFell => "the equity never fell",
            Self::NoLosingDay => "no day lost",
            Self::NoTrades => "no closed trade",
            Self::NoLosingTrade => "no trade lost",
            Self::NothingAtRisk => "a trade had nothing at risk",
            Self::TradesAlike => "all trades earned the same",
            Self::NeverInvested => "nothing was ever held",
            Self::NotAboveZero => "the Sharpe ratio is not above 0",
            Self::UnknownTarget => "the target of an ambiguous trade is not known",
            Self::UnknownTrials => "the number of trials is not known",
            Self::AccountLost => "the account was lost",
            Self::NotFinite => "a number is not finite",
        }
    }
}

impl std::fmt::Display for Undefined {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.words())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_reason_has_words_of_its_own() {
        let words: BTreeSet<String> = Undefined::ALL.iter().map(ToString::to_string).collect();
        assert_eq!(words.len(), Undefined::ALL.len());
        let reasons: BTreeSet<Undefined> = Undefined::ALL.into_iter().collect();
        assert_eq!(reasons.len(), Undefined::ALL.len());
    }
}
