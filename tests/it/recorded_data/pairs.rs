//! What the exchange really says of pairs: its limits over the years, and a book.

use super::recordings;
use crate::exchange_server::{Exchange, Fault};
use crate::world::World;

/// Limits as they are stored: tick, step, smallest order, smallest and largest quantity, factors of a sale's price.
const LIMITS: &str = "tick_size, step_size, min_notional, min_quantity, max_quantity, sell_down, sell_up";

#[test]
fn recorded_limits_of_pairs_are_read_whatever_their_year() {
    let Some(folder) = recordings("wire/exchange_info") else { return };
    for (name, bitcoin) in [
        ("mainnet-2020-10-09-extract", ["0.01", "0.000001", "10", "0.000001", "520.35942554", "0.2", "5"]),
        ("mainnet-2023-09-08-extract", ["0.01", "0.00001", "5", "0.00001", "168.82682004", "0.2", "5"]),
        ("mainnet-2025-08-07-25symbols", ["0.01", "0.00001", "5", "0.00001", "97.09521512", "0.2", "5"]),
        ("testnet-2024-09-08-extract", ["0.01", "0.00001", "5", "0.00001", "129.84957276", "0.2", "5"]),
        ("testnet-2025-08-23-BTCUSDT-reserialized", ["0.01", "0.00001", "5", "0.00001", "88.09927941", "0.2", "5"]),
    ] {
        let exchange = Exchange::start();
        let body = std::fs::read(folder.join(format!("{name}.json"))).unwrap();
        exchange.break_always(&["exchangeInfo"], Fault::RawBody(body));
        let world = World::facing(&exchange).with("TRADER_PAIRS", "BTC/USDT");
        world.run(&["cycle"]).expect(0);
        for table in ["symbols", "symbol_history"] {
            assert_eq!(world.query(&format!("SELECT {LIMITS} FROM {table}")), [bitcoin], "{name}: {table}");
        }
    }
}

#[test]
fn a_recorded_book_is_a_quote() {
    let Some(folder) = recordings("wire/market") else { return };
    let exchange = Exchange::start();
    let body = std::fs::read(folder.join("ticker_bookTicker-BTCUSDT.json")).unwrap();
    exchange.break_always(&["bookTicker"], Fault::RawBody(body));
    let world = World::facing(&exchange).with("TRADER_PAIRS", "BTC/USDT");
    let run = world.run(&["-vv", "cycle"]).expect(0);
    assert!(run.stderr.contains("BTC/USDT: bid 6621.55, ask 6622.1 ["), "{run}");
}
