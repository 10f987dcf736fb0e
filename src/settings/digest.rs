//! Short names for long things.

use sha2::{Digest, Sha256};

/// The first 64 bits of the SHA-256, as 16 hex digits.
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(8).fold(String::with_capacity(16), |hex, b| hex + &format!("{b:02x}"))
}
