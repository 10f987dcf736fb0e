//! Files that appear whole or not at all.
//!
//! Uses nothing of the house. What is written stands beside its place and takes it by a rename, so that whoever reads finds
//! all of it or what was there before. This room never decides what a file holds.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What SQLite may put beside a database that is being written; after the part itself, which has no ending.
const ENDINGS: [&str; 4] = ["", "-journal", "-wal", "-shm"];

/// A file under way, beside the place it is meant for. Dropped before it took that place, it leaves nothing behind.
#[derive(Debug)]
pub struct Part {
    path: PathBuf,
    place: PathBuf,
}

impl Part {
    /// Begins an empty one; no two processes share one. What a killed process of the same number left is swept away.
    pub fn beside(place: &Path) -> io::Result<Self> {
        let part = Self { path: with_ending(place, &format!(".{}.part", std::process::id())), place: place.to_owned() };
        part.sweep();
        File::options().write(true).create_new(true).open(&part.path)?;
        Ok(part)
    }

    /// Where it is written.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes all of it.
    pub fn write(&self, text: &str) -> io::Result<()> {
        File::options().write(true).truncate(true).open(&self.path)?.write_all(text.as_bytes())
    }

    /// Lets every account read it, and only this one write.
    pub fn open_to_readers(&self) -> io::Result<()> {
        #[cfg(unix)]
        fs::set_permissions(&self.path, std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
        Ok(())
    }

    /// Takes its place from whatever stands there.
    pub fn take_place(self) -> io::Result<()> {
        fs::rename(&self.path, &self.place)
    }

    /// Takes its place if nothing stands there, not even a link that leads nowhere.
    pub fn take_free_place(self) -> io::Result<()> {
        if is_taken(&self.place) { Err(io::ErrorKind::AlreadyExists.into()) } else { self.take_place() }
    }

    fn sweep(&self) {
        for ending in ENDINGS {
            // Mostly there is none; one that cannot be removed is in the way of the next attempt, which says so.
            drop(fs::remove_file(with_ending(&self.path, ending)));
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.sweep();
    }
}

/// How many bytes may still be written to the disk that a file or a folder lies on, and how many it holds; none where that
/// cannot be told.
pub fn space(path: &Path) -> Option<(u64, u64)> {
    let told = rustix::fs::statvfs(path).ok()?;
    Some((told.f_bavail.saturating_mul(told.f_frsize), told.f_blocks.saturating_mul(told.f_frsize)))
}

/// Whether anything has this name.
pub fn is_taken(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Where a path leads, links followed; a file that is not there yet is looked for in its folder.
pub fn resolved(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside = || Some(folder.canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(beside).unwrap_or_else(|| path.to_owned())
}

/// A path whose name goes on.
pub fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_part_takes_its_place_whole_or_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a");
        let part = Part::beside(&place).unwrap();
        part.write("given up").unwrap();
        fs::write(with_ending(part.path(), "-journal"), "of the copy").unwrap();
        drop(part);
        assert_eq!(names(folder.path()), Vec::<String>::new());
        for text in ["first", "2nd"] {
            let part = Part::beside(&place).unwrap();
            part.write(text).unwrap();
            part.take_place().unwrap();
            assert_eq!(fs::read_to_string(&place).unwrap(), text);
        }
        let part = Part::beside(&place).unwrap();
        assert_eq!(part.take_free_place().unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(
            (names(folder.path()), fs::read_to_string(&place).unwrap()),
            (vec!["a".to_owned()], "2nd".to_owned())
        );
    }

    #[test]
    fn what_a_killed_process_left_is_swept_away() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a");
        let left = with_ending(&place, &format!(".{}.part", std::process::id()));
        fs::write(&left, "half").unwrap();
        Part::beside(&place).unwrap().take_free_place().unwrap();
        assert_eq!((names(folder.path()), fs::read_to_string(&place).unwrap()), (vec!["a".to_owned()], String::new()));
    }

    #[test]
    fn a_file_is_resolved_through_links_whether_it_is_there_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().canonicalize().unwrap().join("real");
        fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, folder.path().join("link")).unwrap();
        for name in ["new", "old"] {
            fs::write(real.join("old"), "").unwrap();
            assert_eq!(resolved(&folder.path().join("link").join(name)), real.join(name), "{name}");
        }
    }
}
