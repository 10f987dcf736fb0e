//! The database: opened, written to and rolled back; the disk it lies on; the lock.

use std::path::Path;

use super::trial::Trial;
use crate::file::{Part as Piece, space};
use crate::health::{Limits, size};
use crate::report::Part;
use crate::settings::Settings;
use crate::store::{Access, Contents, Lock, Store, StoreError};

/// What a fault of it is told by.
pub(super) const NAME: &str = "database";

/// Opens it and writes to it, and leaves it as it was.
pub(super) fn trial(settings: &Settings) -> Trial {
    let (db, limits) = (settings.db.clone(), settings.health);
    Trial::here(NAME, move || vec![written(&db), disk(&db, &limits), lock(&db)])
}

fn written(db: &Path) -> Part {
    let tried = Store::open(db, Access::Change).and_then(|mut store| {
        store.try_to_write()?;
        Ok((store.contents()?, format!("schema {}, {}", Store::schema_version(), size(store.bytes()? as f64))))
    });
    match tried {
        Ok((Some(Contents::Replay), what)) => {
            let text = format!("{}, {what}, is a recording's: no live cycle writes to it", db.display());
            Part::warning(NAME, text, "name the database of live data with --db or `db`, if that is what you meant")
        }
        Ok((Some(Contents::Live), what)) => {
            Part::ok(NAME, format!("{}, {what}, live data, can be written", db.display()))
        }
        Ok((None, what)) => Part::ok(NAME, format!("{}, {what}, empty, can be written", db.display())),
        Err(StoreError::Missing(_)) => to_be_made(db),
        Err(error @ StoreError::Older { .. }) => Part::warning(NAME, error.to_string(), error.remedy()),
        Err(error) => Part::failed(NAME, error.to_string(), error.remedy()),
    }
}

/// There is none yet; whether the first cycle can make it.
fn to_be_made(db: &Path) -> Part {
    let folder = db.ancestors().skip(1).find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
    match Piece::beside(&folder.join("trader-doctor")) {
        Ok(_) => Part::warning(NAME, format!("there is no {} yet", db.display()), "the first `trader cycle` makes it"),
        Err(e) => {
            let text = format!("there is no {} yet, and {} cannot be written: {e}", db.display(), folder.display());
            Part::failed(NAME, text, "make the folder for this user, or name another file with --db or `db`")
        }
    }
}

fn disk(db: &Path, limits: &Limits) -> Part {
    let name = "disk";
    let place = db.ancestors().find(|place| place.exists()).unwrap_or(Path::new("."));
    let Some((free, total)) = space(place) else { return Part::skipped(name, "how much is free cannot be told here") };
    let text = format!("{} of {} free", size(free as f64), size(total as f64));
    let remedy = "make room: a full disk ends a cycle with code 7, and loses nothing that was decided before";
    match free {
        free if free < limits.disk_critical_bytes => Part::failed(name, text, remedy),
        free if free < limits.disk_warning_bytes => Part::warning(name, text, remedy),
        _ => Part::ok(name, text),
    }
}

fn lock(db: &Path) -> Part {
    match Lock::is_held(db) {
        Some(true) => {
            let remedy = "nothing, while a cycle or a backfill works; one that never ends is to be ended";
            Part::warning("lock", "another run holds it", remedy)
        }
        Some(false) => Part::ok("lock", "free"),
        None => Part::skipped("lock", "whether it is held cannot be told here without taking it"),
    }
}
