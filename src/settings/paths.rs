//! Where things are when nobody says otherwise: the XDG base directories.

use std::path::PathBuf;

/// Default places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The configuration file.
    pub config: PathBuf,
    /// The database of live data.
    pub db: PathBuf,
    /// The database of replays: recorded and live candles are never mixed.
    pub replay_db: PathBuf,
}

impl Paths {
    /// The places that the environment gives (XDG Base Directory Specification 0.8: a relative path is to be ignored).
    pub fn from_environment(environment: &[(String, String)]) -> Self {
        let get = |name: &str| environment.iter().find(|(n, _)| n == name).map(|(_, value)| PathBuf::from(value));
        let absolute = |name: &str| get(name).filter(|path| path.is_absolute());
        let home = get("HOME").unwrap_or_default();
        let config = absolute("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config")).join("trader");
        let data = absolute("XDG_DATA_HOME").unwrap_or_else(|| home.join(".local/share")).join("trader");
        Self { config: config.join("config.toml"), db: data.join("trader.db"), replay_db: data.join("replay.db") }
    }
}
