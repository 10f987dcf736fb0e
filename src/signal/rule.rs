//! The rules of the technical analyst by name, and what each of them says about a candle.

use super::Points;

/// A rule of the technical analyst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Trend: the order of EMA-9, EMA-21 and EMA-50.
    EmaTrend,
    /// Trend: the price against EMA-200.
    Ema200,
    /// Trend: MACD against zero and against its signal.
    Macd,
    /// Trend: a strong ADX confirms the direction of the averages.
    Adx,
    /// Momentum: RSI against 50.
    Rsi,
    /// Momentum: Stochastic %K against 50 and against %D.
    Stochastic,
    /// Volatility: a price stretched towards a Bollinger band tends back.
    Bollinger,
    /// Volatility: a candle that moved by a good part of the average range.
    Atr,
    /// Volume: on-balance volume of the last 14 candles.
    Obv,
    /// Volume: the price against the day's volume-weighted average.
    Vwap,
}

impl Rule {
    /// All rules, in the order in which they are reported.
    pub const ALL: [Self; 10] = [
        Self::EmaTrend,
        Self::Ema200,
        Self::Macd,
        Self::Adx,
        Self::Rsi,
        Self::Stochastic,
        Self::Bollinger,
        Self::Atr,
        Self::Obv,
        Self::Vwap,
    ];

    /// Its code in JSON, in the database and in the configuration.
    pub const fn code(self) -> &'static str {
        match self {
            Self::EmaTrend => "ema_trend",
            Self::Ema200 => "ema_200",
            Self::Macd => "macd",
            Self::Adx => "adx",
            Self::Rsi => "rsi",
            Self::Stochastic => "stochastic",
            Self::Bollinger => "bollinger",
            Self::Atr => "atr",
            Self::Obv => "obv",
            Self::Vwap => "vwap",
        }
    }
}

/// What one rule says.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// The code of the rule.
    pub code: &'static str,
    /// Its points; none where it had nothing to read.
    pub points: Option<Points>,
    /// A sentence with its numbers.
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_stand_in_the_order_of_their_declaration() {
        // Weights are looked up by it.
        for (i, rule) in Rule::ALL.into_iter().enumerate() {
            assert_eq!(rule as usize, i);
        }
    }
}
