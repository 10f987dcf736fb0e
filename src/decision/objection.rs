//! Why an order was not approved: a closed list, each with a stable code and its numbers.

use std::fmt;

use super::entry::Edge;
use super::risk::RiskState;
use crate::signal::Score;
use crate::unit::{Decimal, Money, Price, UtcMillis};

/// What stood against an order, the gravest first. All but the first are about entries alone.
#[derive(Clone, Debug, PartialEq)]
pub enum Objection {
    /// The account has lived on past this run's moment: neither entry nor exit can follow from the decision.
    Ahead {
        /// The account's newest moment.
        account: UtcMillis,
        /// The run's.
        run: UtcMillis,
    },
    /// The account takes no entries.
    State(RiskState),
    /// The coin is held already, or an order for it is under way.
    Held,
    /// A stop ended the last trade of this coin not long ago.
    CoolDown {
        /// Until then.
        until: UtcMillis,
    },
    /// The pair is not paid in the account's asset.
    OtherAsset {
        /// What it is paid in.
        asset: String,
    },
    /// There are as many positions as there may be, orders under way included.
    Positions {
        /// How many there are.
        open: usize,
        /// How many there may be.
        limit: usize,
    },
    /// The market's bid and ask are not known.
    NoQuote,
    /// The exchange's rules for the pair are not known.
    NoRules,
    /// The candle before did not call for it.
    Unconfirmed {
        /// Its score.
        before: Option<Score>,
        /// It has to be as high as this.
        needed: Score,
    },
    /// The expected move is not worth its costs.
    SmallEdge(Edge),
    /// There is no stop to be had: the range of prices is unknown, or so large that the stop would lie below zero,
    /// or the market has reached it already.
    NoStop,
    /// All stops together leave less than half of what a trade may lose.
    Heat {
        /// What they would lose.
        open: Money,
        /// What they may lose.
        limit: Money,
    },
    /// There is too little money left.
    Cash {
        /// What is free.
        free: Money,
    },
    /// The exchange takes no order so small, at the entry or when it is to be sold at the stop.
    TooSmall {
        /// How many coins it would have been.
        quantity: Decimal,
        /// What they would be worth at the stop, after the fee of the buy.
        at_stop: Money,
        /// The least that is taken.
        least: Option<Decimal>,
    },
    /// The exchange would refuse to sell at the stop: too far from the market.
    StopOutOfRange {
        /// The stop.
        stop: Price,
        /// The lowest price it takes now.
        lowest: Price,
    },
}

impl Objection {
    /// Its code in JSON and in the database.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Ahead { .. } => "account_ahead",
            Self::State(RiskState::Warning) => "risk_warning",
            Self::State(RiskState::DayLoss) => "risk_day_loss",
            Self::State(RiskState::Paused) => "risk_paused",
            Self::State(RiskState::Halted | RiskState::Normal) => "risk_halted",
            Self::Held => "position_open",
            Self::Positions { .. } => "max_positions",
            Self::CoolDown { .. } => "cool_down",
            Self::NoRules => "rules_unknown",
            Self::OtherAsset { .. } => "other_asset",
            Self::NoQuote => "quote_unknown",
            Self::Unconfirmed { .. } => "unconfirmed",
            Self::SmallEdge(_) => "small_edge",
            Self::NoStop => "no_stop",
            Self::Heat { .. } => "heat",
            Self::Cash { .. } => "cash",
            Self::TooSmall { .. } => "too_small",
            Self::StopOutOfRange { .. } => "stop_out_of_range",
        }
    }
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ahead { account, run } => {
                write!(f, "the account stands at {account}, after this run's moment {run}: no order can follow")
            }
            Self::State(state) => write!(f, "{}: {}", state.word(), state.meaning()),
            Self::Held => f.write_str("the coin is held already, or an order for it is under way"),
            Self::Positions { open, limit } => write!(f, "{open} positions, at most {limit} may be open"),
            Self::CoolDown { until } => write!(f, "its last trade was stopped out; left alone until {until}"),
            Self::NoRules => f.write_str("the exchange's steps and limits for the pair are not known"),
            Self::OtherAsset { asset } => write!(f, "it is paid in {asset}, which the account does not hold"),
            Self::NoQuote => f.write_str("the market's bid and ask are not known"),
            Self::Unconfirmed { before, needed } => match before {
                Some(before) => {
                    write!(
                        f,
                        "the score of the candle before was {:.1}, {:.1} is needed twice",
                        before.get(),
                        needed.get()
                    )
                }
                None => write!(f, "there is no score of the candle before, {:.1} is needed twice", needed.get()),
            },
            Self::SmallEdge(Edge { expected, needed }) => {
                write!(f, "{:.2} % is expected before costs, {:.2} % is needed", 100.0 * expected, 100.0 * needed)
            }
            Self::NoStop => {
                f.write_str("no stop: too few candles for the true range, or it would lie below 0 or above the bid")
            }
            Self::Heat { open, limit } => write!(f, "all stops together would lose {open}, at most {limit} may be"),
            Self::Cash { free } => write!(f, "{free} is free, too little for an order"),
            Self::TooSmall { quantity, at_stop, least } => match least {
                Some(least) => write!(f, "{quantity} coins are worth {at_stop} at the stop, {least} is the least"),
                None => write!(f, "{quantity} coins are too few for an order"),
            },
            Self::StopOutOfRange { stop, lowest } => {
                write!(f, "the exchange takes no sale below {lowest}, the stop would be {stop}")
            }
        }
    }
}
