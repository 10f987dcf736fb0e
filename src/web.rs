//! The way to servers: which URLs are allowed, whose certificates are trusted, what may be told of an answer.
//!
//! Uses nothing of the house. Everything that edge rooms send over HTTP is sent by a client from here: encrypted, or to this
//! machine; redirects are never followed. This room decides nothing about what is sent or what an answer means.

use std::sync::Arc;

use reqwest::{ClientBuilder, Url};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Whether a URL may be talked to: https, or http on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Nobody reads along.
    Safe,
    /// Not encrypted on the way to another machine.
    Insecure,
    /// Neither http nor https.
    Foreign,
}

/// Judges a URL.
pub fn guard(url: &Url) -> Guard {
    match url.scheme() {
        "https" if url.has_host() => Guard::Safe,
        "http" if is_this_machine(url) => Guard::Safe,
        "http" => Guard::Insecure,
        _ => Guard::Foreign,
    }
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|a| a.is_loopback())
}

/// Host and port of a URL, which are no secret.
pub fn host_of(url: &Url) -> String {
    let port = url.port().map(|p| format!(":{p}")).unwrap_or_default();
    format!("{}{port}", url.host_str().unwrap_or_default())
}

/// TLS that trusts the public roots and the certificates of a PEM file beside them.
pub fn tls(own_roots: Option<&[u8]>) -> Result<rustls::ClientConfig, String> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for certificate in own_roots.map(CertificateDer::pem_slice_iter).into_iter().flatten() {
        roots.add(certificate.map_err(|e| e.to_string())?).map_err(|e| e.to_string())?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(versions.map_err(|e| e.to_string())?.with_root_certificates(roots).with_no_client_auth())
}

/// A client with that TLS, and without time-outs yet.
pub fn client(own_roots: Option<&[u8]>) -> Result<ClientBuilder, String> {
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(tls(own_roots)?)
        .user_agent(concat!("trader/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none()))
}

/// The innermost cause, which is the one that tells something.
pub fn cause(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// Words from outside, made fit for a log line and a report: not too many, and nothing that ends the line or turns it
/// around (control characters, line separators, bidirectional marks).
pub fn plain(text: &str) -> String {
    let is_mark = |c: char| matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().filter(|c| !c.is_control() && !is_mark(*c)).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_encrypted_hosts_and_this_machine_are_talked_to() {
        for (text, judged) in [
            ("https://api.binance.com", Guard::Safe),
            ("http://127.0.0.1:8080", Guard::Safe),
            ("http://[::1]:1", Guard::Safe),
            ("http://localhost:1/", Guard::Safe),
            ("http://api.binance.com", Guard::Insecure),
            ("http://127.0.0.1.example.com", Guard::Insecure),
            ("http://10.0.0.1", Guard::Insecure),
            ("ftp://x", Guard::Foreign),
            ("file:///etc", Guard::Foreign),
        ] {
            assert_eq!(guard(&Url::parse(text).unwrap()), judged, "{text}");
        }
    }

    #[test]
    fn words_from_outside_carry_no_control_characters_and_are_not_many() {
        assert_eq!(plain("a\u{1b}[31m\r\nb\u{0}\u{9b}c"), "a[31mbc");
        assert_eq!(plain(&"ü".repeat(201)), "ü".repeat(200));
    }
}
