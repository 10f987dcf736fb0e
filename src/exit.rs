//! Every way this program can end. The README's table says the same; a test compares them.

use crate::health::Level;
use crate::store::StoreError;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything asked for was done.
    Ok,
    /// A bug or an unforeseen failure.
    Internal,
    /// Bad arguments or configuration; nothing was touched.
    Usage,
    /// Finished, but a pair, a timeframe or an agent failed or was stale; the rest is recorded.
    Degraded,
    /// No usable market data; nothing decided.
    Unavailable,
    /// Another run holds the lock; nothing was touched.
    Busy,
    /// A risk halt or a pause is in force: data collected, positions protected, no entries.
    Halted,
    /// The database cannot be used, or the disk is full.
    Storage,
    /// By the convention of monitoring plugins, whose codes mean something else: `trader status --format nagios` only.
    Plugin(PluginExit),
}

/// How a monitoring plugin ends (<https://nagios-plugins.org/doc/guidelines.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PluginExit {
    /// All is well.
    Ok,
    /// It deserves a look.
    Warning,
    /// Somebody has to do something.
    Critical,
    /// It could not look.
    Unknown,
}

impl PluginExit {
    const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Critical => "critical",
            Self::Unknown => "unknown",
        }
    }
}

impl From<Level> for PluginExit {
    fn from(level: Level) -> Self {
        match level {
            Level::Ok => Self::Ok,
            Level::Warning => Self::Warning,
            Level::Critical => Self::Critical,
        }
    }
}

impl Exit {
    /// All of them but those of plugins, by code.
    pub const ALL: [Self; 8] = [
        Self::Ok,
        Self::Internal,
        Self::Usage,
        Self::Degraded,
        Self::Unavailable,
        Self::Busy,
        Self::Halted,
        Self::Storage,
    ];

    /// The code that cron and scripts read.
    pub const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Internal => 1,
            Self::Usage => 2,
            Self::Degraded => 3,
            Self::Unavailable => 4,
            Self::Busy => 5,
            Self::Halted => 6,
            Self::Storage => 7,
            Self::Plugin(plugin) => plugin.code(),
        }
    }

    /// Its name, the `status` of a summary.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Internal => "internal",
            Self::Usage => "usage",
            Self::Degraded => "degraded",
            Self::Unavailable => "unavailable",
            Self::Busy => "busy",
            Self::Halted => "halted",
            Self::Storage => "storage",
            Self::Plugin(plugin) => plugin.name(),
        }
    }
}

impl From<&StoreError> for Exit {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::Busy(_) => Self::Busy,
            StoreError::Open { .. }
            | StoreError::Missing(_)
            | StoreError::Older { .. }
            | StoreError::Newer { .. }
            | StoreError::Foreign(_)
            | StoreError::Mixed { .. }
            | StoreError::Damaged { .. }
            | StoreError::BadRow(_)
            | StoreError::Sql(_) => Self::Storage,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
