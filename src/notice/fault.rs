//! Why a message was not taken.

use thiserror::Error;

/// Why a message was not taken, without any secret, and whether another attempt may help.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// Something is missing here: a secret, a certificate. It is looked for again.
    #[error("{0}")]
    Setup(String),
    /// No answer, or none that could be used.
    #[error("{0}")]
    Unreachable(String),
    /// Not now.
    #[error("{text}")]
    NotNow {
        /// What was said.
        text: String,
        /// How long the other side asks to wait, in milliseconds.
        wait_ms: Option<i64>,
    },
    /// Never.
    #[error("{0}")]
    Refused(String),
}

impl Fault {
    /// Whether the other side will never take it.
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Refused(_))
    }

    /// How long the other side asks to wait.
    pub const fn wait_ms(&self) -> Option<i64> {
        match self {
            Self::NotNow { wait_ms, .. } => *wait_ms,
            Self::Setup(_) | Self::Unreachable(_) | Self::Refused(_) => None,
        }
    }
}
