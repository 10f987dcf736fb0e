//! The one integration binary. Each module holds one promise to the outside.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

/// The house: floor order, purity, doors, tidiness.
mod architecture;
/// The recording in `fixtures/market`, its generator, and that both agree.
mod fixture_market;
/// The indicators against TA-Lib's values on recorded candles.
mod golden;
