//! Why nothing was done: a closed list, each with a stable code and its numbers.

use std::fmt;

use crate::signal::NotReady;

/// The gates a decision passes, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// The exchange takes no orders for the pair.
    NotTrading,
    /// The exchange did not say whether it takes orders.
    StatusUnknown,
    /// The newest closed candle is too old.
    StaleData,
    /// There are not enough candles yet.
    NotReady,
    /// Too many candles are missing where the indicators look.
    GapInWarmUp,
}

impl Gate {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::StatusUnknown, Self::NotTrading, Self::StaleData, Self::NotReady, Self::GapInWarmUp];

    /// What to do about it.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::NotTrading => "wait until it is traded again, or take it out of the pairs",
            Self::StatusUnknown => "the next run asks the exchange again",
            Self::StaleData => "see whether the pair is traded; the next run asks again",
            Self::NotReady => "wait for more candles, or fetch older ones: trader backfill --from DATE",
            Self::GapInWarmUp => "wait until the gap is filled or lies further back; old gaps are asked for again",
        }
    }

    /// Its code in JSON and in the database.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotTrading => "symbol_not_trading",
            Self::StatusUnknown => "status_unknown",
            Self::StaleData => "stale_data",
            Self::NotReady => "not_ready",
            Self::GapInWarmUp => "gap_in_warm_up",
        }
    }
}

/// A gate that was closed, with the numbers it went by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The exchange takes no orders for the pair.
    NotTrading {
        /// The exchange's word.
        status: String,
    },
    /// The exchange did not say whether it takes orders.
    StatusUnknown,
    /// The newest closed candle is too old.
    StaleData {
        /// From its end to now.
        age_ms: i64,
        /// It must be younger than this.
        limit_ms: i64,
    },
    /// There are not enough candles yet.
    NotReady(NotReady),
    /// Too many candles are missing.
    GapInWarmUp {
        /// How many are missing.
        missing: usize,
        /// Among how many of the newest.
        window: usize,
        /// How many may be missing.
        limit: usize,
    },
}

impl Refusal {
    /// Which gate it was.
    pub const fn gate(&self) -> Gate {
        match self {
            Self::NotTrading { .. } => Gate::NotTrading,
            Self::StatusUnknown => Gate::StatusUnknown,
            Self::StaleData { .. } => Gate::StaleData,
            Self::NotReady(_) => Gate::NotReady,
            Self::GapInWarmUp { .. } => Gate::GapInWarmUp,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotTrading { status } => write!(f, "the exchange takes no orders for it: status {status}"),
            Self::StatusUnknown => f.write_str("the exchange did not say whether it takes orders for it"),
            Self::StaleData { age_ms, limit_ms } => {
                write!(f, "the newest closed candle ended {} s ago, the limit is {} s", age_ms / 1000, limit_ms / 1000)
            }
            Self::NotReady(not_ready) => not_ready.fmt(f),
            Self::GapInWarmUp { missing, window, limit } => {
                write!(f, "{missing} of the newest {window} candles are missing, at most {limit} may be")
            }
        }
    }
}
