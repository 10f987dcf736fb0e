//! How grave something is.

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    Ok,
    /// It deserves a look.
    Warning,
    /// Somebody has to do something.
    Critical,
}

impl Level {
    /// Its word in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// What one look at everything comes to. Where several hold, the last of them in this order counts: data that cannot be
/// stored is graver than data that is missing, which is graver than an account that takes no entries and guards what it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Nothing to do.
    Healthy,
    /// It works, but not all of it.
    Degraded,
    /// The account takes no entries.
    Halted,
    /// Data is too old, or runs are missing.
    Stale,
    /// The database is damaged, or the disk is full or soon will be.
    Storage,
}
