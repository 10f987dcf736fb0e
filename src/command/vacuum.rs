//! `trader db vacuum`: room that deleted rows have left is given back to the disk.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Output;
use super::database::answer;
use super::output_file::Unwritable;
use super::progress::{progress, waiting};
use crate::exit::Exit;
use crate::file::{resolved, space};
use crate::report::VacuumReport;
use crate::store::{Access, Lock, Room, Store};

/// Pages in one transaction: four megabytes.
const STEP: u32 = 512;
/// The database is left alone so long between two of them.
const PAUSE: Duration = Duration::from_millis(20);

/// Gives pages back one by one where the file can do that; else, or where that is asked for, writes the whole file anew.
pub fn db_vacuum(db: &Path, full: bool, pretty: bool) -> anyhow::Result<Output> {
    let store = Store::open(db, Access::Change)?;
    let room = store.room()?;
    let how = if full || !room.is_incremental { "full" } else { "incremental" };
    if how == "full" {
        // No run may be at work: it could not write for as long as this takes.
        let _lock = Lock::take(db)?;
        refuse_without_room(db, room)?;
        let waiting = waiting("writing the whole file anew");
        let rebuilt = store.rebuild().and_then(|()| store.empty_log());
        waiting.finish_and_clear();
        rebuilt?;
    } else {
        release(&store, room)?;
        store.empty_log()?;
    }
    let bytes_after = store.room()?.bytes;
    let told = VacuumReport { how, bytes_before: room.bytes, bytes_after, free_before: room.free };
    Ok(answer("trader.db_vacuum.v1", Exit::Ok, told, pretty))
}

fn release(store: &Store, room: Room) -> anyhow::Result<()> {
    let bar = progress("bytes", room.free);
    loop {
        let before = store.room()?.free;
        let more = store.release(STEP)?;
        let after = store.room()?.free;
        bar.inc(before.saturating_sub(after));
        if !more || after >= before {
            bar.finish_and_clear();
            return Ok(());
        }
        std::thread::sleep(PAUSE);
    }
}

/// The copy is made in the folder of temporary files, and written back through the log beside the database.
fn refuse_without_room(db: &Path, room: Room) -> anyhow::Result<()> {
    let needed = (room.bytes - room.free).saturating_mul(21) / 20;
    let folder = resolved(db).parent().map(Path::to_owned).unwrap_or_default();
    let scratch = scratch_folder();
    let disk = |path: &Path| std::fs::metadata(path).map(|found| found.dev()).ok();
    let wanted = if disk(&folder) == disk(&scratch) {
        vec![(folder, needed.saturating_mul(2))]
    } else {
        vec![(folder, needed), (scratch, needed)]
    };
    for (folder, bytes) in wanted {
        match space(&folder) {
            Some((free, _)) if free < bytes => {
                let text = format!("writing {} anew needs {bytes} bytes there, and {free} are free", db.display());
                return Err(Unwritable::new(folder, io::Error::new(io::ErrorKind::StorageFull, text)).into());
            }
            Some(_) | None => {}
        }
    }
    Ok(())
}

/// Where SQLite makes temporary files (<https://sqlite.org/tempfiles.html>, section 5).
fn scratch_folder() -> PathBuf {
    let named = ["SQLITE_TMPDIR", "TMPDIR"].into_iter().filter_map(std::env::var_os).map(PathBuf::from);
    let usual = ["/var/tmp", "/usr/tmp", "/tmp"].map(PathBuf::from);
    named.chain(usual).find(|folder| folder.is_dir()).unwrap_or_else(|| PathBuf::from("."))
}
