//! Mail: the message as text and HTML, sent over SMTP.

use std::io::ErrorKind;

use lettre::address::Envelope;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Address, Message as Mail, SmtpTransport, Transport};

use super::channel::own_roots;
use super::fault::Fault;
use super::secret::{Secrets, read_secret};
use crate::settings::{ChannelSettings, MailSettings, MailTls};
use crate::store::Message;
use crate::web::cause;

/// Sends a message.
pub(super) fn send(channel: &ChannelSettings, settings: &MailSettings, message: &Message) -> Result<(), Fault> {
    let (transport, secrets) = transport(channel, settings)?;
    let mail = letter(settings, message)?;
    match transport.send(&mail) {
        // A server refuses the mail for all when it knows one recipient no more: the others are to have it.
        Err(error) if is_refused(&error) && settings.to.len() > 1 => {
            send_to_each(&transport, &mail, |recipient, error| {
                let fault = told(settings, &secrets, &error);
                log::warn!(code = "notification"; "{}: {recipient} was not sent a mail: {fault}", channel.name);
                fault
            })
        }
        sent => sent.map(drop).map_err(|e| told(settings, &secrets, &e)),
    }
}

/// Each recipient alone. One who has the mail is enough: a second attempt would send it to that one again.
fn send_to_each(
    transport: &SmtpTransport,
    mail: &Mail,
    tell: impl Fn(&Address, SmtpError) -> Fault,
) -> Result<(), Fault> {
    let (envelope, text) = (mail.envelope(), mail.formatted());
    let alone = |recipient: &Address| {
        let envelope = Envelope::new(envelope.from().cloned(), vec![recipient.clone()])
            .map_err(|e| Fault::Refused(format!("it makes no valid mail: {e}")))?;
        transport.send_raw(&envelope, &text).map(drop).map_err(|e| tell(recipient, e))
    };
    let sent: Vec<Result<(), Fault>> = envelope.to().iter().map(alone).collect();
    let not_refused = |sent: &&Result<(), Fault>| !sent.as_ref().is_err_and(Fault::is_final);
    sent.iter()
        .find(|sent| sent.is_ok())
        .or_else(|| sent.iter().find(not_refused))
        .or(sent.first())
        .cloned()
        .unwrap_or(Ok(()))
}

/// Whether the mail was refused for good, and not the login.
fn is_refused(error: &SmtpError) -> bool {
    error.is_permanent() && !is_about_login(error)
}

/// A step that was not answered in time looks like a socket that is not ready.
fn is_late(error: &SmtpError) -> bool {
    let mut sources = std::iter::successors(std::error::Error::source(error), |error| error.source());
    sources.any(|source| {
        let io = source.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        matches!(io, Some(ErrorKind::WouldBlock | ErrorKind::TimedOut))
    })
}

/// Authentication is missing, too weak, failed or needs encryption (RFC 4954, section 6).
fn is_about_login(error: &SmtpError) -> bool {
    error.status().is_some_and(|code| [530, 534, 535, 538].contains(&u16::from(code)))
}

/// Connects, encrypts and logs in as for a mail, and leaves.
pub(super) fn greet(channel: &ChannelSettings, settings: &MailSettings) -> Result<String, Fault> {
    let (transport, secrets) = transport(channel, settings)?;
    let is_fine = transport.test_connection().map_err(|e| told(settings, &secrets, &e))?;
    let place = format!("{}:{}", settings.host, settings.port);
    let login = settings.login.as_ref().map(|(name, _)| format!(", login as {name} works")).unwrap_or_default();
    let way = match settings.tls {
        MailTls::Starttls => "STARTTLS",
        MailTls::Tls => "TLS",
        MailTls::None => "no encryption",
    };
    if is_fine {
        Ok(format!("{place} answers over {way}{login}"))
    } else {
        Err(Fault::Unreachable(format!("{place} hung up")))
    }
}

fn transport(channel: &ChannelSettings, settings: &MailSettings) -> Result<(SmtpTransport, Secrets), Fault> {
    let mut secrets = Secrets::default();
    let mut builder = SmtpTransport::builder_dangerous(settings.host.as_str())
        .port(settings.port)
        .timeout(Some(channel.timeout))
        .tls(tls(channel, settings)?);
    if let Some((name, source)) = &settings.login {
        let password = read_secret(source).map_err(Fault::Setup)?;
        secrets.keep_login(name, &password);
        builder = builder.credentials(Credentials::new(name.clone(), password.expose().to_owned()));
    }
    Ok((builder.build(), secrets))
}

/// Encrypted, or nothing is sent; unencrypted to this machine only, which the settings see to.
fn tls(channel: &ChannelSettings, settings: &MailSettings) -> Result<Tls, Fault> {
    if settings.tls == MailTls::None {
        return Ok(Tls::None);
    }
    let setup = |e: SmtpError| Fault::Setup(format!("certificates cannot be used: {}", cause(&e)));
    let mut parameters = TlsParameters::builder(settings.host.clone());
    if let Some(pem) = own_roots(channel)? {
        parameters = parameters.add_root_certificate(Certificate::from_pem(&pem).map_err(setup)?);
    }
    let parameters = parameters.build_rustls().map_err(setup)?;
    Ok(if settings.tls == MailTls::Tls { Tls::Wrapper(parameters) } else { Tls::Required(parameters) })
}

/// Tells programs that answer mail that nobody waits for their answer (RFC 3834, section 5).
#[derive(Clone, Copy, Debug)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// The mail of a message. The same message has the same Message-ID at every attempt, so that a mail server may tell that it
/// has it already.
fn letter(settings: &MailSettings, message: &Message) -> Result<Mail, Fault> {
    let notice = &message.notice;
    let from = mailbox(&settings.from)?;
    let name = message.id.map_or_else(|| notice.key.clone(), |id| format!("{id}.{}", message.run_id));
    let name: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || ".-".contains(*c)).collect();
    let id = format!("<trader.{name}@{}>", from.email.domain());
    let mut builder = Mail::builder()
        .from(from)
        .subject(notice.title.replace(char::is_control, " "))
        .message_id(Some(id))
        .header(AutoSubmitted);
    for recipient in &settings.to {
        builder = builder.to(mailbox(recipient)?);
    }
    let html = notice.html.clone().unwrap_or_else(|| as_html(&notice.text));
    let parts = MultiPart::alternative_plain_html(notice.text.clone(), html);
    builder.multipart(parts).map_err(|e| Fault::Refused(format!("it makes no valid mail: {e}")))
}

fn mailbox(text: &str) -> Result<Mailbox, Fault> {
    text.parse().map_err(|e| Fault::Refused(format!("[notify.mail] `{text}` is no address: {e}")))
}

/// A plain text as HTML.
fn as_html(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("<html><body><p style=\"white-space: pre-line\">{escaped}</p></body></html>")
}

/// What went wrong, without the password, whatever the server said.
fn told(settings: &MailSettings, secrets: &Secrets, error: &SmtpError) -> Fault {
    let place = format!("{}:{}", settings.host, settings.port);
    let said = secrets.scrub(&cause(error));
    let said = if said.is_empty() { said } else { format!(": {said}") };
    let code = error.status().map(|code| format!(" {code}")).unwrap_or_default();
    if is_about_login(error) {
        // A password may be set right before the message expires.
        Fault::Setup(format!("{place} refused the login{code}{said}"))
    } else if error.is_permanent() {
        Fault::Refused(format!("{place} refused it{code}{said}"))
    } else if error.is_transient() {
        Fault::NotNow { text: format!("{place} cannot take it now{code}{said}"), wait_ms: None }
    } else if error.is_timeout() || is_late(error) {
        Fault::Unreachable(format!("{place} did not answer in time"))
    } else {
        let what = if error.is_tls() { "no encrypted connection" } else { "no connection of use" };
        Fault::Unreachable(format!("{place}: {what}{said}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Notice;
    use crate::unit::UtcMillis;

    #[test]
    fn a_mail_has_text_and_html_one_line_of_subject_and_a_name_of_its_own() {
        let settings = MailSettings {
            host: "localhost".to_owned(),
            port: 25,
            tls: MailTls::None,
            login: None,
            from: "trader <a@example.org>".to_owned(),
            to: vec!["b@example.org".to_owned(), "c@example.org".to_owned()],
        };
        let at = UtcMillis::new(1_710_331_200_000);
        let notice =
            Notice { title: "x\r\nBcc: d@example.org".to_owned(), text: "1 < 2 & 3".to_owned(), ..Notice::test(at) };
        let message = Message { id: Some(7), at, run_id: "20240313T120000-00ff".to_owned(), notice };
        let mail = String::from_utf8(letter(&settings, &message).unwrap().formatted()).unwrap();
        assert!(mail.contains("Subject: x  Bcc: d@example.org\r\n"), "{mail}");
        assert!(!mail.contains("\nBcc:"), "{mail}");
        assert!(mail.contains("Message-ID: <trader.7.20240313T120000-00ff@example.org>"), "{mail}");
        assert!(mail.contains("\nDate: ") && mail.contains("\nAuto-Submitted: auto-generated\r\n"), "{mail}");
        assert!(mail.contains("b@example.org") && mail.contains("c@example.org"), "{mail}");
        assert!(mail.contains("multipart/alternative") && mail.contains("1 < 2 & 3"), "{mail}");
        assert!(mail.contains("1 &lt; 2 &amp; 3"), "{mail}");
    }

    #[test]
    fn an_address_that_is_none_is_refused() {
        assert!(mailbox("nobody").is_err_and(|fault| fault.is_final()));
    }
}
