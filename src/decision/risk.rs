//! The state of the account under its risk rules.
//!
//! | state | entered when | what it does | left when |
//! |---|---|---|---|
//! | normal | | entries and exits | |
//! | warning | equity is 15 % below its peak | no entries, exits as ever | equity is nearer to its peak, or `resume` |
//! | day loss | equity fell 5 % since 00:00 UTC | no entries, exits as ever | the next day |
//! | paused | `pause` | no entries, exits as ever | `resume` |
//! | halted | equity is 25 % below its peak | every position is sold at the market, no entries | `resume` |
//!
//! Equity is marked: cash and coins at the newest close. The day's loss and the halt are remembered, whatever equity does
//! afterwards. `resume` lets the peak begin anew at the equity of that moment when a drawdown stands in the way: nothing
//! that is not invested could ever recover.

use crate::unit::{Bps, Money};

/// The limits of the account. Percentages of equity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// What one trade may lose at its stop, costs inside.
    pub risk_per_trade: Bps,
    /// Positions held at the same time.
    pub max_positions: usize,
    /// What one position may cost.
    pub position_cap: Bps,
    /// What all stops together may lose, entries under way included.
    pub heat: Bps,
    /// What a day may lose.
    pub daily_loss: Bps,
    /// The drawdown that stops entries.
    pub warning_drawdown: Bps,
    /// The drawdown that closes everything.
    pub emergency_drawdown: Bps,
    /// After a stop, the coin is left alone for so long.
    pub cool_down_ms: i64,
}

/// How the account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RiskState {
    /// Entries and exits.
    Normal,
    /// No entries: the drawdown is large.
    Warning,
    /// No entries until the next day: today lost too much.
    DayLoss,
    /// No entries: somebody said so.
    Paused,
    /// Everything is sold, no entries: the emergency stop.
    Halted,
}

impl RiskState {
    /// All of them, the mildest first.
    pub const ALL: [Self; 5] = [Self::Normal, Self::Warning, Self::DayLoss, Self::Paused, Self::Halted];

    /// Its word in JSON and in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Warning => "warning",
            Self::DayLoss => "day_loss",
            Self::Paused => "paused",
            Self::Halted => "halted",
        }
    }

    /// What it does, in a sentence.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Normal => "entries and exits as decided",
            Self::Warning => "no new entries until the drawdown is smaller or `trader resume`; exits are managed",
            Self::DayLoss => "no new entries until 00:00 UTC; exits are managed",
            Self::Paused => "no new entries until `trader resume`; exits are managed",
            Self::Halted => "every position is sold at the market; no new entries until `trader resume`",
        }
    }

    /// Whether it lets entries through.
    pub const fn takes_entries(self) -> bool {
        matches!(self, Self::Normal)
    }
}

/// What the state is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standings {
    /// Cash and coins at the newest close.
    pub equity: Money,
    /// The highest equity since the beginning or the last `resume` that set it anew; this equity included.
    pub peak: Money,
    /// The equity at 00:00 UTC.
    pub day_start: Money,
    /// Today's loss reached its limit before.
    pub day_is_lost: bool,
    /// `pause` is in force.
    pub is_paused: bool,
    /// The emergency stop is in force.
    pub is_halted: bool,
}

impl Standings {
    /// How far equity lies below its peak, as a share of it.
    pub fn drawdown(&self) -> f64 {
        fall(self.peak, self.equity)
    }

    /// What today brought, as a share of the equity it began with; negative is a loss.
    pub fn day_return(&self) -> f64 {
        -fall(self.day_start, self.equity)
    }

    /// Whether today has lost as much as it may.
    pub fn loses_the_day(&self, floors: &Floors) -> bool {
        self.day_is_lost || self.has_reached(floors.day)
    }

    /// The state, the gravest that applies.
    pub fn state(&self, floors: &Floors) -> RiskState {
        if self.is_halted || self.has_reached(floors.emergency) {
            RiskState::Halted
        } else if self.is_paused {
            RiskState::Paused
        } else if self.loses_the_day(floors) {
            RiskState::DayLoss
        } else if self.has_reached(floors.warning) {
            RiskState::Warning
        } else {
            RiskState::Normal
        }
    }

    fn has_reached(&self, floor: Option<Money>) -> bool {
        floor.is_some_and(|floor| self.equity <= floor)
    }
}

/// The equities at which limits are reached, exactly; they move with the peak and with the day only. None where there was
/// nothing to lose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Floors {
    /// The loss of the day.
    pub day: Option<Money>,
    /// The drawdown that stops entries.
    pub warning: Option<Money>,
    /// The drawdown that closes everything.
    pub emergency: Option<Money>,
}

impl Floors {
    /// Of a peak and the equity that a day began with.
    pub fn of(peak: Money, day_start: Money, limits: &Limits) -> Self {
        let below = |from: Money, by: Bps| from.is_positive().then(|| from - from.share(by.share()));
        Self {
            day: below(day_start, limits.daily_loss),
            warning: below(peak, limits.warning_drawdown),
            emergency: below(peak, limits.emergency_drawdown),
        }
    }

    /// Of the standings of an account.
    pub fn under(standings: &Standings, limits: &Limits) -> Self {
        Self::of(standings.peak, standings.day_start, limits)
    }
}

fn fall(from: Money, to: Money) -> f64 {
    (from - to).ratio(from).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::Decimal;

    pub(crate) const LIMITS: fn() -> Limits = || Limits {
        risk_per_trade: Bps::from_real(200.0),
        max_positions: 3,
        position_cap: Bps::from_real(3333.0),
        heat: Bps::from_real(600.0),
        daily_loss: Bps::from_real(500.0),
        warning_drawdown: Bps::from_real(1500.0),
        emergency_drawdown: Bps::from_real(2500.0),
        cool_down_ms: 12 * 3_600_000,
    };

    fn money(cents: i64) -> Money {
        Money::new(Decimal::new(cents, 2))
    }

    fn standing(equity: i64, peak: i64, day_start: i64) -> Standings {
        let (equity, peak, day_start) = (money(equity), money(peak), money(day_start));
        Standings { equity, peak, day_start, day_is_lost: false, is_paused: false, is_halted: false }
    }

    #[test]
    fn a_limit_is_reached_just_at_its_figure() {
        for (equity, peak, day_start, state) in [
            (100_000, 100_000, 100_000, RiskState::Normal),
            (95_001, 100_000, 100_000, RiskState::Normal),
            (95_000, 100_000, 100_000, RiskState::DayLoss),
            (85_001, 100_000, 85_001, RiskState::Normal),
            (85_000, 100_000, 85_000, RiskState::Warning),
            (75_001, 100_000, 75_001, RiskState::Warning),
            (75_000, 100_000, 75_000, RiskState::Halted),
            (0, 100_000, 1, RiskState::Halted),
            (0, 0, 0, RiskState::Normal),
        ] {
            let standing = standing(equity, peak, day_start);
            assert_eq!(standing.state(&Floors::under(&standing, &LIMITS())), state, "{equity} of {peak}, {day_start}");
        }
    }

    #[test]
    fn the_gravest_state_counts_and_what_was_said_or_lost_is_remembered() {
        let calm = standing(100_000, 100_000, 100_000);
        for (standing, state) in [
            (Standings { is_paused: true, ..calm }, RiskState::Paused),
            (Standings { is_halted: true, is_paused: true, ..calm }, RiskState::Halted),
            (Standings { day_is_lost: true, ..calm }, RiskState::DayLoss),
            (Standings { day_is_lost: true, is_paused: true, ..calm }, RiskState::Paused),
        ] {
            assert_eq!(standing.state(&Floors::under(&standing, &LIMITS())), state, "{standing:?}");
            assert!(!state.takes_entries());
        }
    }

    #[test]
    fn drawdown_and_the_days_return_are_shares() {
        let standing = standing(90_000, 120_000, 80_000);
        assert!((standing.drawdown() - 0.25).abs() < 1e-12);
        assert!((standing.day_return() - 0.125).abs() < 1e-12);
    }
}
