//! Giving back to the disk what deleted rows have left: page by page, or by writing the whole file anew.

use super::{Store, StoreError};

/// What a file holds, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// All of it.
    pub bytes: u64,
    /// Of that, pages that hold nothing.
    pub free: u64,
    /// Whether they can be given back page by page.
    pub is_incremental: bool,
}

impl Store {
    /// How much of the file is in use.
    pub fn room(&self) -> Result<Room, StoreError> {
        let number = |pragma: &str| {
            let sql = format!("PRAGMA {pragma}");
            self.connection.query_row(&sql, [], |r| r.get::<_, i64>(0)).map(i64::unsigned_abs)
        };
        let page = number("page_size")?;
        let (bytes, free) = (number("page_count")? * page, number("freelist_count")? * page);
        Ok(Room { bytes, free, is_incremental: number("auto_vacuum")? == 2 })
    }

    /// Gives back so many pages, in one short transaction; whether there are more.
    pub fn release(&self, pages: u32) -> Result<bool, StoreError> {
        let mut statement = self.connection.prepare(&format!("PRAGMA incremental_vacuum({pages})"))?;
        let mut rows = statement.raw_query();
        while rows.next()?.is_some() {}
        drop(rows);
        Ok(self.room()?.free > 0)
    }

    /// Writes the whole file anew, without gaps and in order, so that from now on pages can be given back one by one. It
    /// needs the room of a whole copy twice: for the copy, and for the log of writing it back.
    pub fn rebuild(&self) -> Result<(), StoreError> {
        // The copy would be kept in memory otherwise, whatever its size.
        self.connection.pragma_update(None, "temp_store", "FILE")?;
        self.connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        self.connection.execute_batch("VACUUM")?;
        Ok(self.connection.pragma_update(None, "temp_store", "MEMORY")?)
    }

    /// Brings what the log beside the file holds into the file, and empties the log, unless somebody reads from it.
    pub fn empty_log(&self) -> Result<(), StoreError> {
        Ok(self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
    }
}
