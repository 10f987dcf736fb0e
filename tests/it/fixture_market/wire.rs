//! The exchange's wire form: rows of candles, and what it says about its pairs.

use super::coins::{COINS, Candle, Coin};
use super::{MINUTE, SERVER_TIME};

/// The first line of a file of candles.
pub(super) const HEADER: &str = "open_time_ms,open,high,low,close,volume,close_time_ms,\
                                 quote_volume,trades,taker_buy_base,taker_buy_quote,ignore\n";

impl Coin {
    pub(super) fn symbol(&self) -> String {
        format!("{}USDT", self.base)
    }

    /// One row of a file.
    pub(super) fn row(&self, candle: &Candle, minutes: i64) -> String {
        let price = |ticks| decimal(ticks, self.tick);
        let volume = |lots| decimal(lots, self.lot);
        let quote = |units| decimal(units, self.tick + self.lot);
        let columns = [
            candle.open_time.to_string(),
            price(candle.open),
            price(candle.high),
            price(candle.low),
            price(candle.close),
            volume(candle.volume),
            (candle.open_time + minutes * MINUTE - 1).to_string(),
            quote(candle.quote_volume),
            candle.trades.to_string(),
            volume(candle.taker_base),
            quote(candle.taker_quote),
            "0".to_owned(),
        ];
        columns.join(",") + "\n"
    }

    /// Its entry in `exchangeInfo.json`.
    fn entry(&self, base: &str, status: &str) -> String {
        let tick = decimal(1, self.tick);
        let step = decimal(1, self.lot);
        let most = decimal(self.minute_volume * 1000, self.lot);
        let market = decimal(self.minute_volume * 13 + 7, self.lot);
        ENTRY
            .replace("BASE", base)
            .replace("STATUS", status)
            .replace("TICK", &tick)
            .replace("STEP", &step)
            .replace("MARKET_MOST", &market)
            .replace("MOST", &most)
    }
}

/// Units of 10^-places as the exchange writes them: always eight decimals.
fn decimal(units: i64, places: u32) -> String {
    let one = 10_i64.pow(places);
    format!("{}.{:08}", units / one, units % one * 10_i64.pow(8 - places))
}

const EXCHANGE: &str = r#"{
  "timezone": "UTC",
  "serverTime": SERVER_TIME,
  "rateLimits": [
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000},
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 100},
    {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 200000},
    {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 300000}
  ],
  "exchangeFilters": [],
  "symbols": [
ENTRIES
  ]
}
"#;

const ENTRY: &str = r#"    {
      "symbol": "BASEUSDT",
      "status": "STATUS",
      "baseAsset": "BASE",
      "baseAssetPrecision": 8,
      "quoteAsset": "USDT",
      "quotePrecision": 8,
      "quoteAssetPrecision": 8,
      "baseCommissionPrecision": 8,
      "quoteCommissionPrecision": 8,
      "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"],
      "icebergAllowed": true,
      "ocoAllowed": true,
      "otoAllowed": true,
      "quoteOrderQtyMarketAllowed": true,
      "allowTrailingStop": true,
      "cancelReplaceAllowed": true,
      "amendAllowed": true,
      "isSpotTradingAllowed": true,
      "isMarginTradingAllowed": false,
      "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "TICK", "maxPrice": "1000000.00000000", "tickSize": "TICK"},
        {"filterType": "LOT_SIZE", "minQty": "STEP", "maxQty": "MOST", "stepSize": "STEP"},
        {"filterType": "ICEBERG_PARTS", "limit": 100},
        {"filterType": "MARKET_LOT_SIZE", "minQty": "0.00000000", "maxQty": "MARKET_MOST", "stepSize": "0.00000000"},
        {"filterType": "TRAILING_DELTA", "minTrailingAboveDelta": 10, "maxTrailingAboveDelta": 2000, "minTrailingBelowDelta": 10, "maxTrailingBelowDelta": 2000},
        {"filterType": "PERCENT_PRICE_BY_SIDE", "bidMultiplierUp": "1.2", "bidMultiplierDown": "0.5", "askMultiplierUp": "2", "askMultiplierDown": "0.8", "avgPriceMins": 5},
        {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": true, "maxNotional": "9000000.00000000", "applyMaxToMarket": false, "avgPriceMins": 5},
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200}
      ],
      "permissions": [],
      "permissionSets": [["SPOT"]],
      "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
      "allowedSelfTradePreventionModes": ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"]
    }"#;

/// All pairs, and the one that POL took the place of: it is still listed and no longer traded.
pub(super) fn exchange_info() -> String {
    let mut entries: Vec<_> = COINS.iter().map(|coin| coin.entry(coin.base, "TRADING")).collect();
    entries.push(COINS[4].entry("MATIC", "BREAK"));
    EXCHANGE.replace("SERVER_TIME", &SERVER_TIME.to_string()).replace("ENTRIES", &entries.join(",\n"))
}
