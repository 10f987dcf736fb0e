//! The indicators by name, each with its warm-up and what is left of its start-up error.

use std::fmt;

/// A reading we take of each candle. The names are those of the JSON and of the columns in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Indicator {
    /// Exponential moving average of the close over 9 candles.
    Ema9,
    /// Exponential moving average of the close over 21 candles.
    Ema21,
    /// Exponential moving average of the close over 50 candles.
    Ema50,
    /// Exponential moving average of the close over 200 candles.
    Ema200,
    /// EMA-12 less EMA-26 of the close.
    Macd,
    /// EMA-9 of the MACD.
    MacdSignal,
    /// MACD less its signal.
    MacdHist,
    /// Relative strength index over 14 candles, Wilder's smoothing, 0–100; 50 when nothing moved.
    Rsi14,
    /// Slow stochastic %K 14/3, 0–100; 50 when there is no range.
    StochK,
    /// Slow stochastic %D 14/3/3, 0–100.
    StochD,
    /// Upper Bollinger band: 20 candles, 2 population standard deviations.
    BbUpper,
    /// Middle Bollinger band: the simple mean of 20 closes.
    BbMiddle,
    /// Lower Bollinger band.
    BbLower,
    /// Average true range over 14 candles, Wilder's smoothing.
    Atr14,
    /// Average directional index over 14 candles, 0–100.
    Adx14,
    /// On-balance volume, counted from the first candle of the pass.
    Obv,
    /// Volume-weighted average of the typical price since 00:00 UTC; none for daily candles.
    Vwap,
    /// Change of the on-balance volume over 14 candles as a share of the volume traded in them, −1…+1.
    ObvFlow,
}

impl Indicator {
    /// Those that are printed and stored, in that order.
    pub const SHOWN: [Self; 17] = [
        Self::Ema9,
        Self::Ema21,
        Self::Ema50,
        Self::Ema200,
        Self::Macd,
        Self::MacdSignal,
        Self::MacdHist,
        Self::Rsi14,
        Self::StochK,
        Self::StochD,
        Self::BbUpper,
        Self::BbMiddle,
        Self::BbLower,
        Self::Atr14,
        Self::Adx14,
        Self::Obv,
        Self::Vwap,
    ];
    /// After so many candles all of them may say something.
    pub const LONGEST_WARM_UP: usize = Self::Ema200.warm_up();
    /// How many there are.
    pub const COUNT: usize = Self::ObvFlow as usize + 1;

    /// Its name in JSON and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ema9 => "ema_9",
            Self::Ema21 => "ema_21",
            Self::Ema50 => "ema_50",
            Self::Ema200 => "ema_200",
            Self::Macd => "macd",
            Self::MacdSignal => "macd_signal",
            Self::MacdHist => "macd_hist",
            Self::Rsi14 => "rsi_14",
            Self::StochK => "stoch_k",
            Self::StochD => "stoch_d",
            Self::BbUpper => "bb_upper",
            Self::BbMiddle => "bb_middle",
            Self::BbLower => "bb_lower",
            Self::Atr14 => "atr_14",
            Self::Adx14 => "adx_14",
            Self::Obv => "obv",
            Self::Vwap => "vwap",
            Self::ObvFlow => "obv_flow",
        }
    }

    /// How many candles it needs before it says anything. (VWAP also needs to have seen its day begin.)
    pub const fn warm_up(self) -> usize {
        match self {
            Self::Ema9 => 9,
            Self::Ema21 => 21,
            Self::Ema50 => 50,
            Self::Ema200 => 200,
            Self::Macd => 26,
            Self::MacdSignal | Self::MacdHist => 34,
            Self::Rsi14 | Self::Atr14 | Self::ObvFlow => 15,
            Self::StochK => 16,
            Self::StochD => 18,
            Self::BbUpper | Self::BbMiddle | Self::BbLower => 20,
            Self::Adx14 => 28,
            Self::Obv | Self::Vwap => 1,
        }
    }

    /// The share of the error in its seed that is left after `candles` candles; 0 for those without a memory beyond
    /// their window, `None` before the warm-up.
    ///
    /// A recursive average forgets by `1 − α` a candle, α = 2/(n+1) for an EMA and 1/n for Wilder's. Where one average
    /// feeds another (MACD signal, ADX), k candles after the second began the share is at most (1 + k·α)(1 − α)^k.
    /// After 1,000 candles EMA-200 keeps 3.4e-4 of its seed's error and everything else less than 1e-15.
    pub fn start_up_error(self, candles: usize) -> Option<f64> {
        let after = i32::try_from(candles.checked_sub(self.warm_up())?).unwrap_or(i32::MAX);
        Some(match self {
            Self::Ema9 => forgets(2.0 / 10.0, after),
            Self::Ema21 => forgets(2.0 / 22.0, after),
            Self::Ema50 => forgets(2.0 / 51.0, after),
            Self::Ema200 => forgets(2.0 / 201.0, after),
            Self::Macd => forgets(2.0 / 27.0, after),
            Self::MacdSignal | Self::MacdHist => forgets_twice(2.0 / 27.0, after),
            Self::Rsi14 | Self::Atr14 => forgets(1.0 / 14.0, after),
            Self::Adx14 => forgets_twice(1.0 / 14.0, after),
            Self::StochK
            | Self::StochD
            | Self::BbUpper
            | Self::BbMiddle
            | Self::BbLower
            | Self::Obv
            | Self::Vwap
            | Self::ObvFlow => 0.0,
        })
    }
}

fn forgets(alpha: f64, candles: i32) -> f64 {
    (1.0 - alpha).powi(candles)
}

fn forgets_twice(alpha: f64, candles: i32) -> f64 {
    (1.0 + f64::from(candles) * alpha) * forgets(alpha, candles)
}

impl fmt::Display for Indicator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
