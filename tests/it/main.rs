//! The one integration binary. Each module holds one promise to the outside.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

/// The house: floor order, purity, doors, tidiness.
mod architecture;
/// The recording in `fixtures/market`, its generator, and that both agree.
mod fixture_market;
/// The indicators against TA-Lib's values on recorded candles.
mod golden;
/// A loopback exchange that keeps Binance's rules, and breaks them on demand.
mod exchange_server;
/// A temporary world around the program: folders, environment, database.
mod world;
/// Whatever the exchange sends, the run ends in a clear error, the right exit code and an intact database.
mod bad_input;
/// How the program behaves towards the exchange: what it asks for, and what it does not.
mod manners;
/// How far back a decision looks, and what happens where there is less, a hole, or a page that fails.
mod looking_back;
/// Bid and ask: when they are asked for, and what becomes of a run without them.
mod quotes;
/// Deadlines, time-outs, retries.
mod patience;
/// Killed anywhere, run twice, and what the next run makes of it.
mod crash;
/// Disks and files that do not do what they should.
mod storage_faults;
/// What is written to a file, and what is never written over.
mod written_files;
/// The JSON on stdout, the way it is printed, and what a second run makes of it.
mod contract;
/// The paper account in the program's hands: trades, halts, kills, tampering, recorded months.
mod paper_account;
/// Backtests, held against runs of the cycle.
mod backtest;
/// The daily page and the report: told as the rows say, laid out by a real browser.
mod reports;
/// The job files in `deploy/`: their flags are those of the program, and their commands run.
mod deploy;
/// Metrics: the text, where it is written and pushed, and the real parts that read it.
mod metrics;
/// What watches over an installation in `deploy/monitoring`: dashboards, alerts, what they are made of.
mod dashboards;
/// The README, `crontab.example` and what a user sees, held against the program.
mod readme;
/// Backfill, import and outages: what is asked for, what is believed, what is asked for again.
mod history;
/// The recorded market data that was handed to the builders, where it is there.
mod recorded_data;
/// Runs that once went wrong: repeated without an exchange, late candles, stubborn bans, hostile answers.
mod stubborn_runs;
/// Messages: written with the facts, sent when the run is over, told once, never in the way of a run.
mod notices;
/// One look at the installation, one exit code.
mod status;
/// Each part of the installation tried for real.
mod doctor;
