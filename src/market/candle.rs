//! One closed candle, and the checks a row must pass to become one.

use crate::unit::{BadNumber, Price, Timeframe, UtcMillis, parse_candle_price, parse_candle_volume};

/// One candle: prices are positive decimals of at most 15 digits in order `low <= open, close <= high`, and volumes are
/// not negative. [`Row::check`] makes them, which also looks at the grid; [`Candle::from_parts`] reads them back, and
/// `Series::new` looks at the grid again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candle {
    open_time: UtcMillis,
    open: f64,
    high: f64,
    low: f64,
    close: f64,
    volume: f64,
    extras: Option<Extras>,
}

/// What the exchange sends beside the prices and the volume; some recordings lack it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extras {
    /// Volume in the quote asset.
    pub quote_volume: f64,
    /// Number of trades.
    pub trades: i64,
    /// Volume in the base asset of trades in which the taker bought.
    pub taker_buy_base: f64,
}

/// One row as it came from the exchange, an archive or a recording: nothing is believed yet.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// First millisecond of the candle.
    pub open_time: UtcMillis,
    /// Opening price.
    pub open: &'a [u8],
    /// Highest price.
    pub high: &'a [u8],
    /// Lowest price.
    pub low: &'a [u8],
    /// Closing price.
    pub close: &'a [u8],
    /// Volume in the base asset.
    pub volume: &'a [u8],
    /// What the exchange sends beside them.
    pub extras: Option<RawExtras<'a>>,
}

/// The rest of a row.
#[derive(Clone, Copy, Debug)]
pub struct RawExtras<'a> {
    /// Last millisecond of the candle.
    pub close_time: UtcMillis,
    /// Volume in the quote asset.
    pub quote_volume: &'a [u8],
    /// Number of trades.
    pub trades: i64,
    /// Volume in the base asset of trades in which the taker bought.
    pub taker_buy_base: &'a [u8],
}

/// The fields of a row that hold numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Opening price.
    Open,
    /// Highest price.
    High,
    /// Lowest price.
    Low,
    /// Closing price.
    Close,
    /// Volume in the base asset.
    Volume,
    /// Volume in the quote asset.
    QuoteVolume,
    /// Taker's buys in the base asset.
    TakerBuyBase,
}

/// Why a row is no candle.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Flaw {
    /// It does not open where a candle of this length may.
    #[error("opens off the grid")]
    OffGrid,
    /// It ends outside its own length.
    #[error("ends {0} ms after its opening, outside its length")]
    CloseTime(i64),
    /// A field is no number.
    #[error("{0:?} is {1}")]
    Number(Field, BadNumber),
    /// A price is zero.
    #[error("{0:?} is zero")]
    Zero(Field),
    /// The high lies below another price of the candle.
    #[error("high {high} lies below {other}")]
    HighTooLow {
        /// The high.
        high: f64,
        /// The price above it.
        other: f64,
    },
    /// The low lies above another price of the candle.
    #[error("low {low} lies above {other}")]
    LowTooHigh {
        /// The low.
        low: f64,
        /// The price below it.
        other: f64,
    },
    /// Takers bought more than was traded.
    #[error("takers bought more than was traded")]
    TakerAboveVolume,
    /// A negative number of trades.
    #[error("a negative number of trades")]
    NegativeTrades,
    /// Volume or a price range without a single trade.
    #[error("volume or a price range without a trade")]
    NoTrades,
    /// Not the columns a candle has.
    #[error("{0} columns instead of 12")]
    Columns(usize),
    /// A field is missing, empty or of another kind than the exchange documents.
    #[error("a field has the wrong kind")]
    Kind,
    /// It opens before what was asked for, or before there was an exchange.
    #[error("opens before what was asked for")]
    TooEarly,
    /// It opens before the row above it.
    #[error("stands out of order")]
    OutOfOrder,
    /// The row above it opens at the same time.
    #[error("stands twice")]
    Duplicate,
}

impl Row<'_> {
    /// The candle this row describes.
    ///
    /// A candle that ends early (the last one before an outage) is accepted: its prices are real trades.
    pub fn check(&self, timeframe: Timeframe) -> Result<Candle, Flaw> {
        if !timeframe.on_grid(self.open_time) {
            return Err(Flaw::OffGrid);
        }
        let candle = Candle {
            open_time: self.open_time,
            open: price(self.open, Field::Open)?,
            high: price(self.high, Field::High)?,
            low: price(self.low, Field::Low)?,
            close: price(self.close, Field::Close)?,
            volume: volume(self.volume, Field::Volume)?,
            extras: self.checked_extras(timeframe)?,
        };
        candle.in_order()?;
        candle.traded()?;
        Ok(candle)
    }

    fn checked_extras(&self, timeframe: Timeframe) -> Result<Option<Extras>, Flaw> {
        let Some(raw) = self.extras else { return Ok(None) };
        let length = raw.close_time.since_ms(self.open_time);
        if length < 0 || length >= timeframe.ms() {
            return Err(Flaw::CloseTime(length));
        }
        Ok(Some(Extras {
            quote_volume: volume(raw.quote_volume, Field::QuoteVolume)?,
            trades: raw.trades,
            taker_buy_base: volume(raw.taker_buy_base, Field::TakerBuyBase)?,
        }))
    }

    /// Whether the candle ends before its length is over, as the last one before an outage does.
    pub fn ends_early(&self, timeframe: Timeframe) -> bool {
        self.extras.is_some_and(|raw| raw.close_time.since_ms(self.open_time) < timeframe.ms() - 1)
    }
}

fn price(text: &[u8], field: Field) -> Result<f64, Flaw> {
    let value = parse_candle_price(text).map_err(|e| Flaw::Number(field, e))?;
    if value > 0.0 { Ok(value) } else { Err(Flaw::Zero(field)) }
}

fn volume(text: &[u8], field: Field) -> Result<f64, Flaw> {
    parse_candle_volume(text).map_err(|e| Flaw::Number(field, e))
}

impl Candle {
    /// A candle read back from where only checked candles are kept; checked again all the same, since files are edited.
    pub fn from_parts(
        open_time: UtcMillis,
        prices: [f64; 4],
        volume: f64,
        extras: Option<Extras>,
    ) -> Result<Self, Flaw> {
        let [open, high, low, close] = prices;
        let candle = Self { open_time, open, high, low, close, volume, extras };
        let sane = prices.iter().all(|p| *p > 0.0 && p.is_finite()) && volume >= 0.0 && volume.is_finite();
        if !sane {
            return Err(Flaw::Kind);
        }
        candle.in_order()?;
        Ok(candle)
    }

    fn in_order(&self) -> Result<(), Flaw> {
        let (top, bottom) = (self.open.max(self.close), self.open.min(self.close));
        if self.high < top.max(self.low) {
            return Err(Flaw::HighTooLow { high: self.high, other: top.max(self.low) });
        }
        if self.low > bottom {
            return Err(Flaw::LowTooHigh { low: self.low, other: bottom });
        }
        Ok(())
    }

    fn traded(&self) -> Result<(), Flaw> {
        let Some(extras) = self.extras else { return Ok(()) };
        let flat = self.high <= self.low;
        if extras.trades < 0 {
            Err(Flaw::NegativeTrades)
        } else if extras.taker_buy_base > self.volume {
            Err(Flaw::TakerAboveVolume)
        } else if extras.trades == 0 && !(flat && self.volume <= 0.0) {
            Err(Flaw::NoTrades)
        } else {
            Ok(())
        }
    }

    /// First millisecond.
    pub const fn open_time(&self) -> UtcMillis {
        self.open_time
    }

    /// Opening price.
    pub const fn open(&self) -> f64 {
        self.open
    }

    /// Highest price.
    pub const fn high(&self) -> f64 {
        self.high
    }

    /// Lowest price.
    pub const fn low(&self) -> f64 {
        self.low
    }

    /// Closing price.
    pub const fn close(&self) -> f64 {
        self.close
    }

    /// Closing price, exact.
    pub fn close_price(&self) -> Option<Price> {
        Price::from_candle(self.close)
    }

    /// Volume in the base asset.
    pub const fn volume(&self) -> f64 {
        self.volume
    }

    /// What the exchange sends beside prices and volume, where it is known.
    pub const fn extras(&self) -> Option<Extras> {
        self.extras
    }

    /// Typical price: the mean of high, low and close.
    pub fn typical(&self) -> f64 {
        (self.high + self.low + self.close) / 3.0
    }

    /// Whether both tell the same: a source that lacks the extras does not contradict one that has them.
    pub fn agrees_with(&self, other: &Self) -> bool {
        let bare = |c: &Self| Self { extras: None, ..*c };
        let extras_agree = self.extras.zip(other.extras).is_none_or(|(ours, theirs)| ours == theirs);
        bare(self) == bare(other) && extras_agree
    }

    /// One candle out of finer ones, the first of which opens with it.
    pub fn merged(open_time: UtcMillis, finer: &[Self]) -> Option<Self> {
        let (first, last) = (finer.first()?, finer.last()?);
        let extras = finer.iter().map(|c| c.extras).reduce(|sum, next| {
            let (sum, next) = (sum?, next?);
            Some(Extras {
                quote_volume: sum.quote_volume + next.quote_volume,
                trades: sum.trades.saturating_add(next.trades),
                taker_buy_base: sum.taker_buy_base + next.taker_buy_base,
            })
        })?;
        Some(Self {
            open_time,
            open: first.open,
            high: finer.iter().map(|c| c.high).fold(first.high, f64::max),
            low: finer.iter().map(|c| c.low).fold(first.low, f64::min),
            close: last.close,
            volume: finer.iter().map(|c| c.volume).sum(),
            extras,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: UtcMillis = UtcMillis::new(1_710_331_200_000);

    fn row() -> Row<'static> {
        Row {
            open_time: OPEN,
            open: b"100.0",
            high: b"110.0",
            low: b"90.0",
            close: b"105.0",
            volume: b"12.5",
            extras: Some(extras(3_599_999, 7, b"6.25")),
        }
    }

    fn extras(length: i64, trades: i64, taker_buy_base: &'static [u8]) -> RawExtras<'static> {
        RawExtras { close_time: OPEN.plus_ms(length), quote_volume: b"1300.5", trades, taker_buy_base }
    }

    #[test]
    fn a_row_with_a_flaw_is_no_candle() {
        let cases: Vec<(Row, Flaw)> = vec![
            (Row { open_time: OPEN.plus_ms(1), ..row() }, Flaw::OffGrid),
            (Row { extras: Some(extras(3_600_000, 7, b"1")), ..row() }, Flaw::CloseTime(3_600_000)),
            (Row { extras: Some(extras(-1, 7, b"1")), ..row() }, Flaw::CloseTime(-1)),
            (Row { open: b"NaN", ..row() }, Flaw::Number(Field::Open, BadNumber::Form)),
            (Row { close: b"-1", ..row() }, Flaw::Number(Field::Close, BadNumber::Form)),
            (Row { high: b"1e400", ..row() }, Flaw::Number(Field::High, BadNumber::Form)),
            (Row { low: b"0.000", ..row() }, Flaw::Zero(Field::Low)),
            (Row { high: b"104", ..row() }, Flaw::HighTooLow { high: 104.0, other: 105.0 }),
            (Row { high: b"80", ..row() }, Flaw::HighTooLow { high: 80.0, other: 105.0 }),
            (Row { low: b"101", ..row() }, Flaw::LowTooHigh { low: 101.0, other: 100.0 }),
            (Row { volume: b"-1", ..row() }, Flaw::Number(Field::Volume, BadNumber::Form)),
            (Row { extras: Some(extras(3_599_999, 7, b"13")), ..row() }, Flaw::TakerAboveVolume),
            (Row { extras: Some(extras(3_599_999, -1, b"1")), ..row() }, Flaw::NegativeTrades),
            (Row { extras: Some(extras(3_599_999, 0, b"1")), ..row() }, Flaw::NoTrades),
        ];
        for (row, flaw) in cases {
            assert_eq!(row.check(Timeframe::H1), Err(flaw));
        }
        assert!(row().check(Timeframe::H1).is_ok());
    }

    #[test]
    fn a_flat_candle_without_trades_and_one_that_ends_early_are_accepted() {
        let flat: &[u8] = b"100";
        let quiet = Row {
            open: flat,
            high: flat,
            low: flat,
            close: flat,
            volume: b"0",
            extras: Some(RawExtras { quote_volume: b"0", ..extras(0, 0, b"0") }),
            ..row()
        };
        assert!(quiet.check(Timeframe::H1).is_ok());
        assert!(quiet.ends_early(Timeframe::H1));
        assert!(!row().ends_early(Timeframe::H1));
    }

    #[test]
    fn a_source_without_extras_does_not_contradict_one_that_has_them() {
        let full = row().check(Timeframe::H1).unwrap();
        let bare = Row { extras: None, ..row() }.check(Timeframe::H1).unwrap();
        assert!(full.agrees_with(&bare) && bare.agrees_with(&full));
        let other = Row { close: b"104.9", ..row() }.check(Timeframe::H1).unwrap();
        assert!(!full.agrees_with(&other));
        let counted = Row { extras: Some(extras(3_599_999, 8, b"6.25")), ..row() };
        assert!(!full.agrees_with(&counted.check(Timeframe::H1).unwrap()));
    }

    #[test]
    fn stored_numbers_are_checked_again() {
        let candle = |prices| Candle::from_parts(OPEN, prices, 1.0, None);
        assert!(candle([100.0, 110.0, 90.0, 105.0]).is_ok());
        for prices in [
            [100.0, f64::NAN, 90.0, 105.0],
            [100.0, 110.0, 0.0, 105.0],
            [100.0, f64::INFINITY, 90.0, 105.0],
            [f64::NAN, 2.0, 1.0, 1.0],
        ] {
            assert!(candle(prices).is_err(), "{prices:?}");
        }
        assert!(Candle::from_parts(OPEN, [1.0; 4], -1.0, None).is_err());
    }
}
