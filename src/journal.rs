//! What every line of the log carries, and what none of them ever shows.
//!
//! Uses nothing of the house. A process has one run and its secrets: both are told here once, by whoever learns of them
//! first, and the log (`cli`) and everything else that is written for people asks here. This room never writes anything.

use std::borrow::Cow;
use std::sync::{OnceLock, PoisonError, RwLock};

static RUN: OnceLock<String> = OnceLock::new();
static AT_WORK: RwLock<Option<&str>> = RwLock::new(None);
static SECRETS: RwLock<Vec<String>> = RwLock::new(Vec::new());

/// What stands in place of a secret.
const HIDDEN: &str = "***";
/// A shorter word is found everywhere: hiding it would hide the log. Addresses are cleaned whatever they hold.
const SHORTEST: usize = 4;

/// From now on every line of the log carries this run's id. The first one stays.
pub fn set_run(run_id: &str) {
    RUN.get_or_init(|| run_id.to_owned());
}

/// The run's id, once it is known.
pub fn run() -> Option<&'static str> {
    RUN.get().map(String::as_str)
}

/// From now on lines of the log are this agent's, where they do not name another one.
pub fn set_at_work(agent: Option<&'static str>) {
    *AT_WORK.write().unwrap_or_else(PoisonError::into_inner) = agent;
}

/// The agent that is at work.
pub fn at_work() -> Option<&'static str> {
    *AT_WORK.read().unwrap_or_else(PoisonError::into_inner)
}

/// From now on this text is shown nowhere: a password, a token, the path of a webhook.
pub fn hide(secret: &str) {
    let mut secrets = SECRETS.write().unwrap_or_else(PoisonError::into_inner);
    if secret.len() >= SHORTEST && !secrets.iter().any(|known| known == secret) {
        secrets.push(secret.to_owned());
        // One that holds another goes first, or its rest would be left.
        secrets.sort_by_key(|known| std::cmp::Reverse(known.len()));
    }
}

/// Hides what is secret in an address: its user and password, as written and as meant, and its query.
pub fn hide_secrets_of(address: &str) {
    let Some((_, rest)) = address.split_once("://") else { return };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let user = authority.rsplit_once('@').map(|(user, _)| user).unwrap_or_default();
    let password = user.split_once(':').map(|(_, password)| password).unwrap_or_default();
    let query = rest.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let values = query.split('&').filter_map(|pair| pair.split_once('=').map(|(_, value)| value));
    for secret in [user, password, query].into_iter().chain(values) {
        hide(secret);
        hide(&meant(secret));
    }
}

/// Percent signs and what follows them as the bytes they stand for.
fn meant(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((&first, after)) = rest.split_first() {
        let hex = (first == b'%').then(|| after.get(..2)).flatten().and_then(|two| std::str::from_utf8(two).ok());
        let meant = hex.and_then(|two| u8::from_str_radix(two, 16).ok());
        bytes.push(meant.unwrap_or(first));
        rest = if meant.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The text without any secret: neither those that were told here, nor users and queries of addresses.
pub fn redacted(text: &str) -> Cow<'_, str> {
    let secrets = SECRETS.read().unwrap_or_else(PoisonError::into_inner);
    let mut clean = without_secrets_of_addresses(text);
    for secret in secrets.iter().filter(|secret| text.contains(secret.as_str())) {
        clean = Cow::Owned(clean.replace(secret.as_str(), HIDDEN));
    }
    clean
}

/// Addresses in a text without their users and queries.
fn without_secrets_of_addresses(text: &str) -> Cow<'_, str> {
    if !text.contains("://") {
        return Cow::Borrowed(text);
    }
    let (mut clean, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once("://") {
        let ends = |c: char| c.is_whitespace() || c.is_control() || "\"'`<>()[]{}|\\^,;".contains(c);
        let is_ipv6 = after
            .split(['/', '?', '#'])
            .next()
            .unwrap_or_default()
            .rsplit('@')
            .next()
            .is_some_and(|host| host.starts_with('['));
        let end = if is_ipv6 { after.find(|c: char| ends(c) && !"[]".contains(c)) } else { after.find(ends) };
        let (address, left) = after.split_at(end.unwrap_or(after.len()));
        clean.push_str(before);
        clean.push_str("://");
        clean.push_str(&public_part(address));
        rest = left;
    }
    clean.push_str(rest);
    Cow::Owned(clean)
}

fn public_part(address: &str) -> String {
    let (place, query) = address.split_once('?').map_or((address, ""), |(place, _)| (place, "?***"));
    let (authority, path) = place.split_at(place.find(['/', '#']).unwrap_or(place.len()));
    let host = authority.rsplit_once('@').map_or(authority.to_owned(), |(_, host)| format!("{HIDDEN}@{host}"));
    format!("{host}{path}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_without_users_and_queries() {
        for (text, shown) in [
            ("from https://me:pa55@host.example:8443/x/y, twice", "from https://***@host.example:8443/x/y, twice"),
            ("https://token@host", "https://***@host"),
            ("https://a@b@host/path@home", "https://***@host/path@home"),
            ("\"https://host/hook?key=abc&x=1\" failed", "\"https://host/hook?***\" failed"),
            (
                "http://u:p@[::1]:80/a?b (see http://plain.example)",
                "http://***@[::1]:80/a?*** (see http://plain.example)",
            ),
            ("no address: a@b?c", "no address: a@b?c"),
            ("https://", "https://"),
        ] {
            assert_eq!(without_secrets_of_addresses(text), shown);
        }
    }

    #[test]
    fn a_secret_is_hidden_wherever_it_stands_and_a_longer_one_before_one_within_it() {
        hide("hunter-2");
        hide("hunter-2-and-more");
        hide("abc");
        hide_secrets_of("https://robot:s%40cret-of-mine@host/?apikey=k3y-of-mine");
        assert_eq!(redacted("x hunter-2-and-more y hunter-2 z abc"), "x *** y *** z abc");
        for (text, shown) in [
            ("s%40cret-of-mine", "***"),
            ("its word is s@cret-of-mine", "its word is ***"),
            ("[(\"apikey\", \"k3y-of-mine\")]", "[(\"apikey\", \"***\")]"),
            ("robot:s%40cret-of-mine", "***"),
        ] {
            assert_eq!(redacted(text), shown);
        }
    }
}
