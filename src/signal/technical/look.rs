//! A candle and what each rule says of it, with the sentence that explains it.

use super::Rule;
use crate::indicator::{Indicator, Readings};
use crate::market::Candle;

/// A candle with its readings; each rule is a question to it.
pub(super) struct Look<'a> {
    candle: &'a Candle,
    readings: &'a Readings,
    atr: Option<f64>,
    /// How the averages of the close lie to each other: two rules ask for it.
    averages: Option<f64>,
}

impl<'a> Look<'a> {
    pub(super) fn new(candle: &'a Candle, readings: &'a Readings) -> Self {
        let mut look = Self { candle, readings, atr: readings.get(Indicator::Atr14), averages: None };
        look.averages = look.compare_averages();
        look
    }
}

impl Look<'_> {
    /// −1…+1.
    pub(super) fn strength(&self, rule: Rule) -> Option<f64> {
        match rule {
            Rule::EmaTrend => self.averages,
            Rule::Ema200 => self.ema_200(),
            Rule::Macd => self.macd(),
            Rule::Adx => self.adx(),
            Rule::Rsi => self.rsi(),
            Rule::Stochastic => self.stochastic(),
            Rule::Bollinger => self.bollinger(),
            Rule::Atr => self.atr(),
            Rule::Obv => self.obv(),
            Rule::Vwap => self.vwap(),
        }
    }

    /// The sentence that explains it.
    pub(super) fn text(&self, rule: Rule) -> Option<String> {
        Some(match rule {
            Rule::EmaTrend => {
                let [fast, middle, slow] = self.three()?;
                format!("EMA-9 {} EMA-21 {} EMA-50", side(fast, middle), side(middle, slow))
            }
            Rule::Ema200 => self.away_from(Indicator::Ema200, "EMA-200")?,
            Rule::Macd => {
                let (macd, hist) = (self.read(Indicator::Macd)?, self.read(Indicator::MacdHist)?);
                format!("MACD {} zero and {} its signal", side(macd, 0.0), side(hist, 0.0))
            }
            Rule::Adx => {
                let (adx, averages) = (self.read(Indicator::Adx14)?, self.averages?);
                format!("ADX {adx:.0}: {}", trend_word(trending(adx), averages))
            }
            Rule::Rsi => {
                let rsi = self.read(Indicator::Rsi14)?;
                format!("RSI {rsi:.1}, {} 50", side(rsi, 50.0))
            }
            Rule::Stochastic => {
                let (k, d) = (self.read(Indicator::StochK)?, self.read(Indicator::StochD)?);
                format!("Stochastic %K {k:.0} {} %D {d:.0}", side(k, d))
            }
            Rule::Bollinger => {
                let share = self.share_of_band()?;
                let band = if share < 0.0 { "lower" } else { "upper" };
                format!("close {:.0} % of the way to the {band} Bollinger band", share.abs() * 100.0)
            }
            Rule::Atr => {
                let moved = self.moved()?;
                format!("candle {} by {:.1} ATR", if moved < 0.0 { "fell" } else { "rose" }, moved.abs())
            }
            Rule::Obv => {
                let flow = self.read(Indicator::ObvFlow)?;
                format!("on-balance volume of 14 candles {:+.0} % of their volume", flow * 100.0)
            }
            Rule::Vwap => self.away_from(Indicator::Vwap, "the day's VWAP")?,
        })
    }

    fn read(&self, indicator: Indicator) -> Option<f64> {
        self.readings.get(indicator)
    }

    /// A distance between prices in ATRs; 0 while nothing moves at all.
    fn in_atrs(&self, distance: f64) -> Option<f64> {
        let atr = self.atr?;
        Some(if atr > 0.0 { distance / atr } else { 0.0 })
    }

    fn three(&self) -> Option<[f64; 3]> {
        Some([self.read(Indicator::Ema9)?, self.read(Indicator::Ema21)?, self.read(Indicator::Ema50)?])
    }

    /// How far the close lies from a price, in ATRs.
    fn close_from(&self, indicator: Indicator) -> Option<f64> {
        self.in_atrs(self.candle.close() - self.read(indicator)?)
    }

    fn away_from(&self, indicator: Indicator, name: &str) -> Option<String> {
        let (away, price) = (self.close_from(indicator)?, self.read(indicator)?);
        Some(format!("close {:.1} ATR {} {name}", away.abs(), side(self.candle.close(), price)))
    }

    /// Full strength when EMA-9 lies half an ATR from EMA-21 and EMA-21 one ATR from EMA-50, both the same way.
    fn compare_averages(&self) -> Option<f64> {
        let [fast, middle, slow] = self.three()?;
        Some(f64::midpoint(ramp(self.in_atrs(fast - middle)?, 0.5), ramp(self.in_atrs(middle - slow)?, 1.0)))
    }

    /// Full strength five ATRs away.
    fn ema_200(&self) -> Option<f64> {
        Some(ramp(self.close_from(Indicator::Ema200)?, 5.0))
    }

    /// Half for the MACD one ATR from zero, half for it a quarter of an ATR from its signal.
    fn macd(&self) -> Option<f64> {
        let (macd, hist) = (self.read(Indicator::Macd)?, self.read(Indicator::MacdHist)?);
        Some(f64::midpoint(ramp(self.in_atrs(macd)?, 1.0), ramp(self.in_atrs(hist)?, 0.25)))
    }

    /// The averages' direction, in so far as there is a trend.
    fn adx(&self) -> Option<f64> {
        Some(trending(self.read(Indicator::Adx14)?) * self.averages?)
    }

    /// Full strength at 70 and 30.
    fn rsi(&self) -> Option<f64> {
        Some(ramp(self.read(Indicator::Rsi14)? - 50.0, 20.0))
    }

    /// Half for %K at 80 or 20, half for it ten away from %D.
    fn stochastic(&self) -> Option<f64> {
        let (k, d) = (self.read(Indicator::StochK)?, self.read(Indicator::StochD)?);
        Some(f64::midpoint(ramp(k - 50.0, 30.0), ramp(k - d, 10.0)))
    }

    /// Against the move, from the middle (nothing) to a band (full strength).
    fn bollinger(&self) -> Option<f64> {
        Some(-ramp(self.share_of_band()?, 1.0))
    }

    fn share_of_band(&self) -> Option<f64> {
        let (upper, middle) = (self.read(Indicator::BbUpper)?, self.read(Indicator::BbMiddle)?);
        let (away, width) = (self.candle.close() - middle, upper - middle);
        Some(if width > 0.0 { away / width } else { 0.0 })
    }

    /// Full strength when the candle moved by one and a half ATRs.
    fn atr(&self) -> Option<f64> {
        Some(ramp(self.moved()?, 1.5))
    }

    fn moved(&self) -> Option<f64> {
        self.in_atrs(self.candle.close() - self.candle.open())
    }

    /// Full strength when half of the volume of 14 candles went one way on balance.
    fn obv(&self) -> Option<f64> {
        Some(ramp(self.read(Indicator::ObvFlow)?, 0.5))
    }

    /// Full strength two ATRs away.
    fn vwap(&self) -> Option<f64> {
        Some(ramp(self.close_from(Indicator::Vwap)?, 2.0))
    }
}

/// 0 at an ADX of 15 (no trend) to 1 at 40 (a strong one).
fn trending(adx: f64) -> f64 {
    ((adx - 15.0) / 25.0).clamp(0.0, 1.0)
}

/// Straight from −1 at `−full` through 0 to +1 at `full`, and level beyond.
fn ramp(distance: f64, full: f64) -> f64 {
    (distance / full).clamp(-1.0, 1.0)
}

fn side(a: f64, b: f64) -> &'static str {
    if a > b {
        "above"
    } else if a < b {
        "below"
    } else {
        "at"
    }
}

fn trend_word(strength: f64, averages: f64) -> &'static str {
    if strength <= 0.0 {
        "no trend"
    } else if averages > 0.0 {
        "confirms the rise"
    } else if averages < 0.0 {
        "confirms the fall"
    } else {
        "a trend without a direction in the averages"
    }
}
