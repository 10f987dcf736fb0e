//! The front door: run, and end with the code that cron reads.

fn main() -> std::process::ExitCode {
    trader::cli::main().into()
}
