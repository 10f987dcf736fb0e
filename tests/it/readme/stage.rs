//! A place where the README's lines are run as they stand: the program on the path, the fixtures in the working
//! directory, a database of its own, and an exchange that nobody answers for.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::contract::offline;
use crate::world::{Run, World};

/// The repository.
pub(super) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Whether a program can be started here.
pub(super) fn has(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

pub(super) struct Stage {
    pub(super) world: World,
}

impl Stage {
    /// A stage with an empty database.
    pub(super) fn empty() -> Self {
        let world = offline();
        std::os::unix::fs::symlink(repository().join("fixtures"), world.path("fixtures")).unwrap();
        Self { world }
    }

    /// A stage on which the recording was replayed once.
    pub(super) fn played() -> Self {
        let stage = Self::empty();
        stage.shell("trader cycle --replay fixtures/market").expect(0);
        stage
    }

    /// Runs a line in a shell.
    pub(super) fn shell(&self, line: &str) -> Run {
        let mut command = Command::new("sh");
        command.args(["-c", line]);
        let mut command = self.world.dress(command);
        command.env("PATH", path());
        Run::of(command)
    }
}

/// The search path with the program's folder in front.
fn path() -> OsString {
    let here = PathBuf::from(env!("CARGO_BIN_EXE_trader")).parent().map(Path::to_owned);
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(here.into_iter().chain(std::env::split_paths(&inherited))).unwrap()
}
