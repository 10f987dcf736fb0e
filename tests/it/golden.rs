//! The indicators against TA-Lib's values, computed from the recorded candles (when the recordings are there).

use std::path::PathBuf;

use trader::exchange::{MarketData, Pages, Recording, Wanted};
use trader::indicator::{Indicator, Pass, Readings};
use trader::market::{Candle, SeriesKey};
use trader::unit::{Timeframe, UtcMillis};

/// The recordings that were handed to the builders; not part of this repository.
fn recordings() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    if folder.join("golden").is_dir() {
        return Some(folder);
    }
    println!("SKIPPED: {} is not there; the recorded candles are needed for this", folder.display());
    None
}

fn candles(
    folder: &std::path::Path,
    symbol: &str,
    timeframe: Timeframe,
    from: UtcMillis,
    to: UtcMillis,
) -> Vec<Candle> {
    let key = SeriesKey { symbol: symbol.parse().unwrap(), timeframe };
    let end = timeframe.step(to, 1).plus_ms(1);
    let mut recording = Recording::open(&folder.join("klines"), Some(end)).unwrap();
    let wanted = Wanted { key, from: Some(from), to: Some(to), pages: Pages::All };
    let answer = recording.candles(&[wanted], end).remove(0);
    assert_eq!(answer.fault, None);
    answer.batch.candles
}

fn readings(timeframe: Timeframe, candles: &[Candle]) -> Vec<Readings> {
    let mut pass = Pass::new(timeframe);
    candles.iter().map(|c| pass.next(c)).collect()
}

/// A few values of the reference files, so that they are looked at with the recordings alone.
const A_FEW: [(&str, &str, &str, Timeframe, &str, Indicator, f64); 12] = [
    (
        "BTC/USDT",
        "2023-11-01",
        "2024-03-09T00:00:00Z",
        Timeframe::H1,
        "ema_200",
        Indicator::Ema200,
        64_387.644_375_464_85,
    ),
    (
        "BTC/USDT",
        "2023-11-01",
        "2024-03-09T00:00:00Z",
        Timeframe::H1,
        "rsi_14",
        Indicator::Rsi14,
        54.257_122_607_448_46,
    ),
    (
        "BTC/USDT",
        "2023-11-01",
        "2024-03-09T00:00:00Z",
        Timeframe::H1,
        "macd_hist",
        Indicator::MacdHist,
        -20.937_003_405_039_206,
    ),
    (
        "BTC/USDT",
        "2023-11-01",
        "2024-03-09T00:00:00Z",
        Timeframe::H1,
        "stoch_d",
        Indicator::StochD,
        55.017_254_230_323_26,
    ),
    (
        "BTC/USDT",
        "2023-11-01",
        "2024-03-09T00:00:00Z",
        Timeframe::H1,
        "bb_upper",
        Indicator::BbUpper,
        69_035.598_629_019_15,
    ),
    (
        "BTC/USDT",
        "2023-11-01",
        "2024-03-09T00:00:00Z",
        Timeframe::H1,
        "atr_14",
        Indicator::Atr14,
        730.507_273_268_252_3,
    ),
    (
        "BTC/USDT",
        "2023-11-01",
        "2024-03-09T00:00:00Z",
        Timeframe::H1,
        "adx_14",
        Indicator::Adx14,
        30.278_944_499_201_998,
    ),
    ("BTC/USDT", "2023-11-01", "2024-03-09T00:00:00Z", Timeframe::H1, "vwap", Indicator::Vwap, 68_127.623_333_333_34),
    ("AVAX/USDT", "2022-01-01", "2023-12-12T00:00:00Z", Timeframe::H4, "ema_9", Indicator::Ema9, 37.091_247_565_453_76),
    (
        "AVAX/USDT",
        "2022-01-01",
        "2023-12-12T00:00:00Z",
        Timeframe::H4,
        "macd",
        Indicator::Macd,
        2.871_385_222_206_846_8,
    ),
    (
        "AVAX/USDT",
        "2022-01-01",
        "2023-12-12T00:00:00Z",
        Timeframe::H4,
        "stoch_k",
        Indicator::StochK,
        85.962_457_082_963_91,
    ),
    (
        "AVAX/USDT",
        "2022-01-01",
        "2023-12-12T00:00:00Z",
        Timeframe::H4,
        "adx_14",
        Indicator::Adx14,
        50.939_211_565_565_93,
    ),
];

fn agrees(ours: f64, reference: f64) -> bool {
    (ours - reference).abs() <= 1e-6 * reference.abs()
}

#[test]
fn a_few_values_agree_with_ta_lib() {
    let Some(folder) = recordings() else { return };
    for (symbol, from, at, timeframe, name, indicator, reference) in A_FEW {
        let candles = candles(&folder, symbol, timeframe, from.parse().unwrap(), at.parse().unwrap());
        let last = readings(timeframe, &candles).pop().unwrap();
        let ours = last.get(indicator).unwrap();
        assert!(agrees(ours, reference), "{symbol} {timeframe} {name}: {ours} instead of {reference}");
    }
}

#[test]
fn every_value_of_the_reference_files_agrees_within_a_millionth() {
    let Some(folder) = recordings() else { return };
    let files = [
        ("BTCUSDT-1h-from-2023-11-01.csv", "BTC/USDT", Timeframe::H1, "2023-11-01"),
        ("AVAXUSDT-4h-from-2022-01-01.csv", "AVAX/USDT", Timeframe::H4, "2022-01-01"),
    ];
    for (file, symbol, timeframe, from) in files {
        let mut reader = csv::Reader::from_path(folder.join("golden").join(file)).unwrap();
        let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let rows: Vec<Vec<f64>> =
            reader.records().map(|r| r.unwrap().iter().map(|f| f.parse().unwrap()).collect()).collect();
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds, written without a fraction")]
        let time = |row: &[f64]| UtcMillis::new(row[0] as i64);
        let candles = candles(&folder, symbol, timeframe, from.parse().unwrap(), time(&rows[rows.len() - 1]));
        let ours = readings(timeframe, &candles);
        let mut compared = 0;
        for row in &rows {
            let at = ours.iter().position(|r| r.open_time() == time(row)).unwrap();
            for (name, reference) in names.iter().zip(row).skip(1) {
                let value = value(&ours, at, name);
                assert!(agrees(value, *reference), "{file} {} {name}: {value} instead of {reference}", time(row));
                compared += 1;
            }
        }
        assert_eq!(compared, rows.len() * 17, "every column was compared");
        assert!(rows.len() >= 120);
    }
}

fn value(readings: &[Readings], at: usize, name: &str) -> f64 {
    let get = |i: usize, indicator| readings[i].get(indicator).unwrap();
    match name {
        "obv_change_14" => get(at, Indicator::Obv) - get(at - 14, Indicator::Obv),
        "vwap_session" => get(at, Indicator::Vwap),
        name => get(at, Indicator::SHOWN.into_iter().find(|i| i.name() == name).unwrap()),
    }
}
