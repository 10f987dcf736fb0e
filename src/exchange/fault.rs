//! Everything that can go wrong between us and a source, with its cause and its remedy.

use crate::unit::UtcMillis;

/// Why an answer could not be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No connection, or it broke.
    #[error("{host} cannot be reached: {text}")]
    Unreachable {
        /// The server.
        host: String,
        /// Why.
        text: String,
    },
    /// No answer in time.
    #[error("{host} did not answer in time")]
    Timeout {
        /// The server.
        host: String,
    },
    /// The run's own deadline passed.
    #[error("the run's deadline of {ms} ms passed")]
    Deadline {
        /// The deadline.
        ms: i64,
    },
    /// 451.
    #[error("{host} refuses this location (HTTP 451)")]
    RestrictedLocation {
        /// The server.
        host: String,
    },
    /// 403, mostly the firewall's.
    #[error("{host} refuses this request (HTTP 403)")]
    Forbidden {
        /// The server.
        host: String,
    },
    /// 429.
    #[error("{host} asks to pause until {until}: too many requests (HTTP 429)")]
    RateLimited {
        /// The server.
        host: String,
        /// Until when.
        until: UtcMillis,
    },
    /// 418.
    #[error("{host} has banned this address until {until} (HTTP 418)")]
    Banned {
        /// The server.
        host: String,
        /// Until when.
        until: UtcMillis,
    },
    /// A pause or ban that an earlier run was told of is still in force.
    #[error("the exchange asked an earlier run to stay away until {until}: {reason}")]
    StillBanned {
        /// Until when.
        until: UtcMillis,
        /// What it was for.
        reason: String,
    },
    /// Another status than 200.
    #[error("{host} answered HTTP {status}")]
    Status {
        /// The server.
        host: String,
        /// The status.
        status: u16,
    },
    /// A redirect, which is never followed.
    #[error("{host} redirects elsewhere (HTTP {status}), which is never followed")]
    Redirect {
        /// The server.
        host: String,
        /// The status.
        status: u16,
    },
    /// The exchange refused the request.
    #[error("{host} refused the request: {message} (code {code})")]
    Refused {
        /// The server.
        host: String,
        /// The exchange's code.
        code: i64,
        /// The exchange's words.
        message: String,
    },
    /// The exchange does not know the pair.
    #[error("{host} does not know the pair {symbol}")]
    UnknownSymbol {
        /// The server.
        host: String,
        /// The pair.
        symbol: String,
    },
    /// A page for people instead of data.
    #[error("{host} answered with a page for people instead of JSON")]
    NotJson {
        /// The server.
        host: String,
    },
    /// JSON that ends too early.
    #[error("the answer of {host} ends too early")]
    Truncated {
        /// The server.
        host: String,
    },
    /// Not the JSON we know.
    #[error("the answer of {host} is not understood: {text}")]
    BadJson {
        /// The server or file.
        host: String,
        /// Why.
        text: String,
    },
    /// More than we read.
    #[error("the answer of {host} is larger than {limit} bytes")]
    TooLarge {
        /// The server.
        host: String,
        /// The limit.
        limit: u64,
    },
    /// No bid and ask that could be traded at.
    #[error("{host} names no price to trade at: {text}")]
    NoQuote {
        /// The server.
        host: String,
        /// Why.
        text: String,
    },
    /// A recording that has no candles of the series.
    #[error("{origin} has no candles of it at that time")]
    Absent {
        /// The folder.
        origin: String,
    },
    /// A file that cannot be read.
    #[error("{path}: {text}")]
    File {
        /// The file.
        path: String,
        /// Why.
        text: String,
    },
}

impl Fault {
    /// Its code in JSON and in the database.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "unreachable",
            Self::Timeout { .. } => "timeout",
            Self::Deadline { .. } => "deadline",
            Self::RestrictedLocation { .. } => "restricted_location",
            Self::Forbidden { .. } => "forbidden",
            Self::RateLimited { .. } => "rate_limited",
            Self::Banned { .. } | Self::StillBanned { .. } => "banned",
            Self::Status { .. } => "http_status",
            Self::Redirect { .. } => "redirect",
            Self::Refused { .. } => "refused",
            Self::UnknownSymbol { .. } => "unknown_symbol",
            Self::NotJson { .. } => "not_json",
            Self::Truncated { .. } => "truncated_body",
            Self::BadJson { .. } => "bad_json",
            Self::TooLarge { .. } => "too_large",
            Self::NoQuote { .. } => "no_quote",
            Self::Absent { .. } => "absent",
            Self::File { .. } => "file",
        }
    }

    /// What to do about it.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "check the network, DNS and HTTPS_PROXY; the next run asks for what is missing",
            Self::Timeout { .. } | Self::Deadline { .. } => {
                "the next run asks for what is missing; on a slow line raise [exchange] deadline_ms and the time-outs"
            }
            Self::RestrictedLocation { .. } => {
                "use the market-data host https://data-api.binance.vision, or https://api.binance.us within the US \
                 (--base-url), or `trader import` files of the public archive; retrying from here does not help"
            }
            Self::Forbidden { .. } => {
                "the exchange's firewall closed the door: wait some minutes, do not run more often, or name another host \
                 with --base-url"
            }
            Self::RateLimited { .. } | Self::Banned { .. } | Self::StillBanned { .. } => {
                "nothing to do: no request is sent before that time; other programs behind this address share the limit"
            }
            Self::Status { .. } | Self::NotJson { .. } | Self::Truncated { .. } => {
                "mostly maintenance at the exchange; the next run asks for what is missing"
            }
            Self::Redirect { .. } => "a proxy or a wrong --base-url stands in between; name the exchange's own host",
            Self::Refused { .. } => "see the exchange's words; if the pair is right, this is a bug in trader",
            Self::UnknownSymbol { .. } => "check its spelling (BASE/QUOTE), or take it out of the list of pairs",
            Self::BadJson { .. } | Self::TooLarge { .. } => {
                "nothing of it was used; check --base-url for a proxy in between, and whether trader is up to date"
            }
            Self::NoQuote { .. } => "see whether the pair is traded; the next run asks again",
            Self::Absent { .. } => "add a file named SYMBOL-INTERVAL-….csv for it, or leave it out",
            Self::File { .. } => "correct the path, or repair or remove the file",
        }
    }

    /// Whether nothing else should be asked of the exchange in this run.
    pub const fn stops_the_run(&self) -> bool {
        matches!(self, Self::RateLimited { .. } | Self::Banned { .. } | Self::StillBanned { .. })
    }

    /// Whether every further request of this run would fail too: it is banned, out of time, refused for where it is, or
    /// finds nobody.
    pub const fn leaves_nothing_to_ask(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Timeout { .. }
            | Self::Deadline { .. }
            | Self::RestrictedLocation { .. }
            | Self::Forbidden { .. }
            | Self::RateLimited { .. }
            | Self::Banned { .. }
            | Self::StillBanned { .. } => true,
            Self::Status { .. }
            | Self::Redirect { .. }
            | Self::Refused { .. }
            | Self::UnknownSymbol { .. }
            | Self::NotJson { .. }
            | Self::Truncated { .. }
            | Self::BadJson { .. }
            | Self::TooLarge { .. }
            | Self::NoQuote { .. }
            | Self::Absent { .. }
            | Self::File { .. } => false,
        }
    }

    /// Whether another run that asks the same is told the same: there is no such pair, or no such recording.
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::UnknownSymbol { .. } | Self::Absent { .. })
    }

    /// Whether the same request may be sent again at once.
    pub(super) fn may_be_retried(&self) -> bool {
        let broke = matches!(self, Self::Unreachable { .. } | Self::Timeout { .. } | Self::Truncated { .. });
        broke || matches!(self, Self::Status { status, .. } if *status >= 500)
    }

    /// Whether another host may do better.
    pub(super) fn is_the_hosts(&self) -> bool {
        self.may_be_retried()
            || matches!(
                self,
                Self::RestrictedLocation { .. } | Self::Forbidden { .. } | Self::NotJson { .. } | Self::Redirect { .. }
            )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each fault, and whether it may be retried, is the host's, leaves nothing to ask, stops the run.
    fn all() -> Vec<(Fault, [u8; 4])> {
        let (host, text, until) = (String::new, String::new, UtcMillis::new(0));
        vec![
            (Fault::Unreachable { host: host(), text: text() }, [1, 1, 1, 0]),
            (Fault::Timeout { host: host() }, [1, 1, 1, 0]),
            (Fault::Deadline { ms: 1 }, [0, 0, 1, 0]),
            (Fault::RestrictedLocation { host: host() }, [0, 1, 1, 0]),
            (Fault::Forbidden { host: host() }, [0, 1, 1, 0]),
            (Fault::RateLimited { host: host(), until }, [0, 0, 1, 1]),
            (Fault::Banned { host: host(), until }, [0, 0, 1, 1]),
            (Fault::StillBanned { until, reason: text() }, [0, 0, 1, 1]),
            (Fault::Status { host: host(), status: 500 }, [1, 1, 0, 0]),
            (Fault::Status { host: host(), status: 499 }, [0, 0, 0, 0]),
            (Fault::Redirect { host: host(), status: 302 }, [0, 1, 0, 0]),
            (Fault::Refused { host: host(), code: -1100, message: text() }, [0, 0, 0, 0]),
            (Fault::UnknownSymbol { host: host(), symbol: text() }, [0, 0, 0, 0]),
            (Fault::NotJson { host: host() }, [0, 1, 0, 0]),
            (Fault::Truncated { host: host() }, [1, 1, 0, 0]),
            (Fault::BadJson { host: host(), text: text() }, [0, 0, 0, 0]),
            (Fault::TooLarge { host: host(), limit: 1 }, [0, 0, 0, 0]),
            (Fault::NoQuote { host: host(), text: text() }, [0, 0, 0, 0]),
            (Fault::Absent { origin: text() }, [0, 0, 0, 0]),
            (Fault::File { path: text(), text: text() }, [0, 0, 0, 0]),
        ]
    }

    #[test]
    fn each_fault_has_its_consequences() {
        for (fault, consequences) in all() {
            let has =
                [fault.may_be_retried(), fault.is_the_hosts(), fault.leaves_nothing_to_ask(), fault.stops_the_run()];
            assert_eq!(has.map(u8::from), consequences, "{fault:?}");
            assert_eq!(fault.is_final(), matches!(fault.code(), "unknown_symbol" | "absent"), "{fault:?}");
        }
    }

    #[test]
    fn each_fault_has_its_code_and_a_remedy() {
        let mut codes: Vec<&str> = all().iter().map(|(fault, _)| fault.code()).collect();
        codes.sort_unstable();
        let twice: Vec<&str> = codes.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
        assert_eq!(twice, ["banned", "http_status"], "now and earlier, and two examples");
        assert!(all().iter().all(|(fault, _)| !fault.remedy().is_empty()));
    }
}
