//! Equities between which the state of the account stays what it is.

use super::levels::{NEAR, highest, larger, lowest};
use crate::decision::{Limits, RiskState};

/// The state of the account stays what it is while equity stays between lines that move with the peak and the day.
#[derive(Debug)]
pub(super) struct Lines {
    pub(super) state: RiskState,
    pub(super) peak: f64,
    pub(super) day_start: f64,
    /// What is left of the peak, or of the day's start, at each limit.
    warning: f64,
    emergency: f64,
    day: f64,
    /// How far decimals may lie from floats, whatever the amounts.
    pub(super) grain: f64,
}

impl Lines {
    /// Of these limits.
    pub(super) fn of(limits: &Limits) -> Self {
        let [warning, emergency, day] =
            [limits.warning_drawdown, limits.emergency_drawdown, limits.daily_loss].map(|loss| 1.0 - loss.real());
        Self { state: RiskState::Normal, peak: 0.0, day_start: 0.0, warning, emergency, day, grain: 0.0 }
    }

    /// The first moment at which the state might be another, or how many there are.
    pub(super) fn quiet(&self, equity: &[f64]) -> usize {
        let (low, high) = (lowest(equity), highest(equity));
        if self.holds(low, larger(self.peak, high)) && self.holds(high, larger(self.peak, high)) {
            return equity.len();
        }
        let mut peak = self.peak;
        let mut stays = |equity: &f64| {
            peak = larger(peak, *equity);
            self.holds(*equity, peak)
        };
        equity.iter().take_while(|equity| stays(equity)).count()
    }

    /// Whether this equity surely leaves the state as it is.
    fn holds(&self, equity: f64, peak: f64) -> bool {
        let margin = peak * NEAR + self.grain;
        let (warning, emergency, day) = (peak * self.warning, peak * self.emergency, self.day_start * self.day);
        match self.state {
            RiskState::Normal => equity > larger(larger(warning, emergency), day) + margin,
            RiskState::Warning => equity < warning - margin && equity > larger(emergency, day) + margin,
            RiskState::DayLoss => equity > emergency + margin,
            RiskState::Paused => false,
            RiskState::Halted => true,
        }
    }
}
