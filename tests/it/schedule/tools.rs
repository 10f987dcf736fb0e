//! A world whose crontab is a file, and whose systemctl and launchctl only write down what they are told.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::world::{Run, World};

const CRONTAB: &str = r#"#!/bin/sh
case "$1" in
-l) [ -f "$HOME/crontab" ] || { echo "no crontab for $LOGNAME" >&2; exit 1; }; cat "$HOME/crontab" ;;
-) cat > "$HOME/crontab" ;;
*) exit 2 ;;
esac
"#;
const WRITES_DOWN: &str = "#!/bin/sh\necho \"${0##*/} $*\" >> \"$HOME/told\"\n";

pub(super) struct Tools {
    pub(super) world: World,
}

impl Tools {
    pub(super) fn new() -> Self {
        let world = World::new();
        for folder in ["bin", "home", "config"] {
            std::fs::create_dir_all(world.path(folder)).unwrap();
        }
        for (name, text) in [("crontab", CRONTAB), ("systemctl", WRITES_DOWN), ("launchctl", WRITES_DOWN)] {
            let path = world.path("bin").join(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self { world }
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(arguments))
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.world.command(arguments);
        let inherited = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{inherited}", self.world.path("bin").display()));
        command
    }

    pub(super) fn set_crontab(&self, text: &str) {
        std::fs::write(self.world.path("home/crontab"), text).unwrap();
    }

    pub(super) fn crontab(&self) -> String {
        std::fs::read_to_string(self.world.path("home/crontab")).unwrap_or_default()
    }

    /// What systemctl and launchctl were told.
    pub(super) fn told(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.world.path("home/told")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// A command as cron starts it: in the home folder, with an environment of almost nothing.
    pub(super) fn shell_of_cron(&self, command: &str) -> Run {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", command]).env_clear().current_dir(self.world.path("home"));
        shell.env("HOME", self.world.path("home")).env("PATH", "/usr/bin:/bin").env("SHELL", "/bin/sh");
        shell.stdin(std::process::Stdio::null());
        Run::of(shell)
    }
}
