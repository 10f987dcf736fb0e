//! Hindsight at scale: what the same decisions would have done over years of recorded candles.
//!
//! Uses the pure rooms before it. It owns no strategy and no fill rule: moment after moment it asks `signal`, `decision` and
//! `execution` what the cycle asks them once an hour, so that a backtest and as many runs of the cycle end in the same books,
//! to the last digit. What came of it is told in figures, each of which may be undefined for a reason, beside what anybody could
//! have done, and in one verdict. Combinations of parameters are tried in a sweep, chosen and judged in turn when walking
//! forward, and each of both has its own verdict; verification asks whether any of it can be believed. This room never reads a
//! clock or a file, and what chance it needs comes in as an argument.

mod attempt;
mod bar;
mod baseline;
mod choice;
mod columns;
mod course;
mod figure;
mod grid;
mod luck;
mod performance;
mod replay;
mod tape;
mod timing;
mod trading;
mod verdict;
mod verify;
mod walk;
mod weighing;

#[cfg(test)]
mod samples;

pub use attempt::{Attempt, Days};
pub use bar::{Bar, bars};
pub use baseline::{Baseline, Yardstick, baselines};
pub use choice::{Choice, ChoiceGrounds};
pub use course::{Course, Growth, Market, daily_returns, daily_sharpe, midnights, returns, yearly};
pub use figure::{Figure, Undefined};
pub use grid::{Axis, Grid, GridError, draw};
pub use luck::{Luck, RESAMPLES, deflated};
pub use performance::{Evidence, Performance};
pub use replay::{Attention, Moment, Replayed, Rules, Silent, Witness, replay};
pub use tape::{Tape, TapeError};
pub use timing::{RandomTiming, SHIFTS, random_timing};
pub use trading::Trading;
pub use verdict::{Grounds, Verdict};
pub use verify::{Break, Check, Finding, Gauge, Reader, Subject, Uniform, Verified, decision_in_words};
pub use walk::{Leg, Walk, Walked, WalkedGrounds, chained, held_at_equal_parts, left_after_selling};
pub use weighing::{Strengths, unsaid_bars};
