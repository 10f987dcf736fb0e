//! Where candles came from, and whose word counts more.

/// Where candles came from; it stays with each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The exchange's REST interface.
    Rest,
    /// A file of the exchange's public archive.
    Archive,
    /// A recording.
    Replay,
}

impl Source {
    /// Its word in JSON and in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Rest => "rest",
            Self::Archive => "archive",
            Self::Replay => "replay",
        }
    }

    /// The source of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Rest, Self::Archive, Self::Replay].into_iter().find(|s| s.word() == word)
    }

    /// Whether a candle from this source may replace one stored from `stored`. The archive may not replace the exchange's
    /// own answer: it lacks some trades (binance-public-data, issue 475).
    pub fn overrules(self, stored: Self) -> bool {
        self != Self::Archive || stored == Self::Archive
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_archive_never_replaces_what_the_exchange_said() {
        for (new, stored, replaces) in [
            (Source::Rest, Source::Archive, true),
            (Source::Rest, Source::Rest, true),
            (Source::Archive, Source::Rest, false),
            (Source::Archive, Source::Archive, true),
            (Source::Replay, Source::Replay, true),
        ] {
            assert_eq!(new.overrules(stored), replaces, "{new:?} over {stored:?}");
        }
    }
}
