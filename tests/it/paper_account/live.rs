//! On the exchange: entries at the book, stops between two runs, pairs that fall silent.

use crate::exchange_server::Exchange;
use crate::world::World;

/// One pair with its minutes, and a strategy that buys on the slightest reason.
pub(super) fn bold(exchange: &Exchange) -> World {
    World::facing(exchange)
        .with("TRADER_PAIRS", "BTC/USDT")
        .with("TRADER_TIMEFRAMES", "1m,1h")
        .with("TRADER_STRATEGY_BUY_SCORE", "1")
}

/// What was bought and sold, without the runs that did it.
pub(super) fn books(world: &World) -> Vec<Vec<String>> {
    world.query("SELECT order_id, at, reference, price, quantity, notional, fee, risk FROM fills ORDER BY id")
}
