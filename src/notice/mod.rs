//! Messages to people: mail and webhooks, the box that messages wait in, and the ping that says a run came.
//!
//! Uses `report` for what is said, `settings` for whom it is said to, `clock`, `web` and `store`. What another side answers
//! is untrusted: bounded, scrubbed of our secrets before it is told to anybody, and never believed beyond its status. This
//! room may fail; it never decides anything about a run, and a run never waits for it before its work is done.

mod channel;
mod fault;
mod http;
mod mail;
mod outbox;
mod ping;
mod secret;
mod webhook;

pub use channel::{deliver, probe};
pub use fault::Fault;
pub use outbox::{Attempt, at_once, drain};
pub use ping::{Ping, Pinged, ping_host};
pub use secret::{Secret, Secrets, read_secret};
