//! `trader`: an autonomous crypto trading system that cron starts once an hour.
//!
//! This file is the map of the house. The rooms stand in floor order: **a room uses only rooms declared before it**.
//! Values flow one way:
//!
//! ```text
//! bytes → candles → series → readings → score → signal → decision → approved order → fill → ledger → outcome → report
//! ```
//!
//! A test (`tests/it/architecture.rs`) holds the house to this order, keeps the pure rooms free of I/O, clocks and
//! chance, and lets each outside crate in by one door only.

// -- pure rooms: values in, values out --
/// Words with units: pairs, timeframes, instants, exact prices.
pub mod unit;
/// Facts: candles proven sane, series with known gaps, instruments, what could be known when.
pub mod market;
/// Readings of a series; the only door to yata; every reading knows its warm-up.
pub mod indicator;
/// Opinions: analysts that turn readings into a score with reasons.
pub mod signal;
/// What happened to our money: orders, fills, double entries, and the positions folded from them.
pub mod ledger;
/// Choices: what follows from opinions under a policy, and why something does not.
pub mod decision;
/// From an approved order to a fill: the pessimistic paper broker and the walk over fine candles.
pub mod execution;
/// Hindsight: forecasts, what became of them, and how good they were.
pub mod outcome;
/// Numbers in, numbers out: what returns, an equity curve or trades are worth, and how far luck explains it.
pub mod statistics;
/// Hindsight at scale: the same decisions over years of candles, swept over parameters, walked forward, and verified.
pub mod backtest;
/// When jobs run, as text for cron, systemd and launchd; and which backups are kept.
pub mod schedule;
/// Judgements on our own runs: freshness, success rates, missed cycles, and what else deserves a look.
pub mod health;
/// What we say, as values: the JSON shapes, tables, stories.
pub mod report;

// -- edge rooms: may fail, decide nothing --
/// Files that appear whole or not at all.
pub mod file;
/// What every line of the log carries, and what none of them shows.
pub mod journal;
/// Flags, environment and file become one validated value.
pub mod settings;
/// The only reader of clocks.
pub mod clock;
/// The way to servers: which URLs are allowed, whose certificates are trusted, what is told of an answer.
pub mod web;
/// Where candles come from: the exchange, recordings, archive files.
pub mod exchange;
/// The database.
pub mod store;
/// Messages to people: mail, webhooks, and the box that they wait in.
pub mod notice;
/// The Pushgateway that metrics are handed to.
pub mod gateway;

// -- recipe rooms: read, think, write, say --
/// Every way this program can end.
pub mod exit;
/// One file for each subcommand, and what several of them share.
pub mod command;
/// The command line as typed values.
pub mod cli;
