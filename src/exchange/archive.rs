//! Files of the exchange's public archive: zip, csv and csv.gz, checked against a checksum file beside them.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::klines::read_csv;
use crate::market::{Flaw, Row, SeriesKey};
use crate::unit::Timeframe;

/// A file that cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// Its name does not tell what it holds.
    #[error("{}: the name does not tell pair and timeframe; name it like BTCUSDT-1h-2024-01.zip", .0.display())]
    Name(PathBuf),
    /// It cannot be read.
    #[error("{}: {text}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        text: String,
    },
    /// It is not what its checksum file promises.
    #[error("{}: SHA-256 {found}, but the checksum file beside it says {promised}; download it again", path.display())]
    Checksum {
        /// The file.
        path: PathBuf,
        /// What it has.
        found: String,
        /// What it should have.
        promised: String,
    },
}

/// One archive file, opened and found whole.
#[derive(Debug)]
pub struct Archive {
    path: PathBuf,
    /// What it holds, by its name.
    pub key: SeriesKey,
    /// SHA-256 of the file.
    pub sha256: String,
}

impl Archive {
    /// Opens a file: its name tells the series; a file of the same name with `.CHECKSUM` is checked when there is one.
    pub fn open(path: &Path) -> Result<Self, ArchiveError> {
        let key = key_of(path).ok_or_else(|| ArchiveError::Name(path.to_owned()))?;
        let sha256 = digest(path).map_err(|e| unreadable(path, e))?;
        match promised(path)? {
            Some(promised) if promised != sha256 => {
                Err(ArchiveError::Checksum { path: path.to_owned(), found: sha256, promised })
            }
            Some(_) | None => Ok(Self { path: path.to_owned(), key, sha256 }),
        }
    }

    /// Its name, for people and provenance.
    pub fn name(&self) -> String {
        self.path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// That the file cannot be believed.
    pub fn refused(&self, text: String) -> ArchiveError {
        ArchiveError::Read { path: self.path.clone(), text }
    }

    /// Reads its rows one after another.
    pub fn rows(&self, take: impl FnMut(Result<&Row<'_>, Flaw>) -> ControlFlow<()>) -> Result<(), ArchiveError> {
        let file = File::open(&self.path).map_err(|e| unreadable(&self.path, e))?;
        match self.path.extension().and_then(|e| e.to_str()) {
            Some("zip") => self.rows_of_zip(file, take),
            Some("gz") => self.rows_of(MultiGzDecoder::new(file), take),
            _ => self.rows_of(file, take),
        }
    }

    fn rows_of_zip(
        &self,
        file: impl Read + Seek,
        take: impl FnMut(Result<&Row<'_>, Flaw>) -> ControlFlow<()>,
    ) -> Result<(), ArchiveError> {
        let mut zip = zip::ZipArchive::new(BufReader::new(file)).map_err(|e| unreadable(&self.path, e))?;
        if zip.len() != 1 {
            return Err(unreadable(&self.path, format!("it holds {} files instead of one", zip.len())));
        }
        let inner = zip.by_index(0).map_err(|e| unreadable(&self.path, e))?;
        self.rows_of(inner, take)
    }

    fn rows_of(
        &self,
        reader: impl Read,
        take: impl FnMut(Result<&Row<'_>, Flaw>) -> ControlFlow<()>,
    ) -> Result<(), ArchiveError> {
        read_csv(reader, take).map_err(|e| unreadable(&self.path, e))
    }
}

/// `BTCUSDT-1h-2024-01.zip`.
fn key_of(path: &Path) -> Option<SeriesKey> {
    let name = path.file_name()?.to_str()?;
    let stem = [".zip", ".csv.gz", ".csv"].iter().find_map(|ending| name.strip_suffix(ending))?;
    let mut parts = stem.split('-');
    let symbol = parts.next()?.parse().ok()?;
    let timeframe: Timeframe = parts.next()?.parse().ok()?;
    Some(SeriesKey { symbol, timeframe })
}

fn digest(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
    }
    Ok(hash.finalize().iter().fold(String::with_capacity(64), |hex, b| hex + &format!("{b:02x}")))
}

/// The text of `sha256sum`: 64 hex digits, then the file's name.
fn promised(path: &Path) -> Result<Option<String>, ArchiveError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".CHECKSUM");
    let beside = PathBuf::from(name);
    let text = match std::fs::read_to_string(&beside) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(unreadable(&beside, e)),
    };
    let word = text.split_whitespace().next().unwrap_or_default().to_lowercase();
    let is_sha256 = word.len() == 64 && word.bytes().all(|b| b.is_ascii_hexdigit());
    if is_sha256 { Ok(Some(word)) } else { Err(unreadable(&beside, "it holds no SHA-256")) }
}

fn unreadable(path: &Path, error: impl std::fmt::Display) -> ArchiveError {
    ArchiveError::Read { path: path.to_owned(), text: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_tells_its_series() {
        for (name, series) in [
            ("BTCUSDT-1h-2024-01.zip", Some("BTC/USDT 1h")),
            ("folder/ETHBTC-1d-2024-01-31.csv.gz", Some("ETH/BTC 1d")),
            ("BTCUSDT-1m.csv", Some("BTC/USDT 1m")),
            ("BTCUSDT-1H-2024-01.zip", None),
            ("BTCUSDT-1h-2024-01.gz", None),
            ("BTCUSDT-1h-2024-01.zip.CHECKSUM", None),
            ("BTCUSDT.zip", None),
            ("BTC-1h-2024-01.zip", None),
            ("..", None),
        ] {
            assert_eq!(key_of(Path::new(name)).map(|key| key.to_string()).as_deref(), series, "{name}");
        }
    }

    #[test]
    fn a_file_is_what_its_checksum_file_promises_or_is_refused() {
        const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("BTCUSDT-1h.csv");
        std::fs::write(&path, "abc").unwrap();
        assert_eq!(Archive::open(&path).unwrap().sha256, ABC, "nothing is promised");
        let checked = |promise: &str| {
            std::fs::write(folder.path().join("BTCUSDT-1h.csv.CHECKSUM"), promise).unwrap();
            Archive::open(&path).map(|archive| archive.sha256)
        };
        assert_eq!(checked(&format!("{}  BTCUSDT-1h.csv\n", ABC.to_uppercase())).unwrap(), ABC);
        assert!(matches!(checked(&ABC.replace('b', "c")), Err(ArchiveError::Checksum { found, .. }) if found == ABC));
        for nonsense in ["", "\n", &ABC[1..], &ABC.replace('b', "g"), "<html>"] {
            assert!(matches!(checked(nonsense), Err(ArchiveError::Read { .. })), "{nonsense}");
        }
    }
}
