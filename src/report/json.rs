//! One JSON document.

use serde::Serialize;

/// The document, on one line or, when `pretty`, on many. Our shapes have string keys and finite numbers, so this cannot
/// fail; if it ever does, the text says so instead of being empty.
pub fn to_json(value: &impl Serialize, pretty: bool) -> String {
    let text = if pretty { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
    text.unwrap_or_else(|e| format!("{{\"schema\":\"trader.bug.v1\",\"error\":{:?}}}", e.to_string()))
}
