//! Where things are when nobody says otherwise: the XDG base directories, and the databases of recordings beside the live one.

use std::path::{Path, PathBuf};

use super::digest::digest;

/// Default places; none where the environment names no home.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths {
    /// The configuration file.
    pub config: Option<PathBuf>,
    /// The database of live data.
    pub db: Option<PathBuf>,
    /// The folder of both databases: that of live data, and one for each recording.
    pub data: Option<PathBuf>,
}

impl Paths {
    /// The places that the environment gives (XDG Base Directory Specification 0.8: a relative path is to be ignored).
    pub fn from_environment(environment: &[(String, String)]) -> Self {
        let get = |name: &str| environment.iter().find(|(n, _)| n == name).map(|(_, value)| PathBuf::from(value));
        let absolute = |name: &str| get(name).filter(|path| path.is_absolute());
        let home = |below: &str| absolute("HOME").map(|home| home.join(below));
        let config = absolute("XDG_CONFIG_HOME").or_else(|| home(".config")).map(|f| f.join("trader"));
        let data = absolute("XDG_DATA_HOME").or_else(|| home(".local/share")).map(|f| f.join("trader"));
        let within = |folder: &Option<PathBuf>, file: &str| folder.as_ref().map(|f| f.join(file));
        Self { config: within(&config, "config.toml"), db: within(&data, "trader.db"), data }
    }
}

/// The name of a recording's database: that of its folder for people, and a digest of the whole path, since folders of one
/// name, or of names that differ in a sign only, are different recordings.
pub(super) fn replay_file(recording: &Path) -> PathBuf {
    let path = recording.canonicalize().unwrap_or_else(|_| recording.to_owned());
    let plain = |c: char| if c.is_alphanumeric() { c } else { '-' };
    let folder = path.file_name().unwrap_or_default().to_string_lossy();
    let folder: String = folder.chars().take(NAME_LENGTH).map(plain).collect();
    format!("replay-{folder}-{}.db", digest(path.as_os_str().as_encoded_bytes())).into()
}

/// So many letters of a folder's name are kept: file names have a limit of 255 bytes, and a letter may be four.
const NAME_LENGTH: usize = 50;
