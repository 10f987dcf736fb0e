//! The one integration binary. Each module holds one promise to the outside.

/// The house: floor order, purity, doors, tidiness.
mod architecture;
/// The recording in `fixtures/market`, its generator, and that both agree.
mod fixture_market;
