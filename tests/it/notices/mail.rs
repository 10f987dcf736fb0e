//! Mail, over a real server on this machine.

use serde_json::{Value, json};

use super::servers::{MailServer, certificates};
use super::{bold, configured, states};
use crate::exchange_server::Exchange;
use crate::world::{Run, World};

/// What a mail server of ours is told, and the world that writes to it.
struct Post {
    server: MailServer,
    world: World,
}

const PASSWORD: &str = "correct-horse-battery";

fn post(world: World, options: &Value, keys: &str) -> Option<Post> {
    let server = MailServer::start(options)?;
    let text = format!(
        "[notify]\ndigest = false\nbudget_ms = 5000\n[notify.mail]\nhost = \"localhost\"\nport = {}\nfrom = \"trader <from@example.org>\"\n\
         to = [\"to@example.org\", \"too@example.org\"]\ntimeout_ms = 3000\n{keys}\n",
        server.port
    );
    Some(Post { server, world: configured(world, &text).with("SMTP_PASSWORD", PASSWORD) })
}

const LOGIN: &str = "username = \"me\"\npassword_env = \"SMTP_PASSWORD\"\n";

fn tested(post: &Post, code: i32) -> Run {
    post.world.run(&["notify", "test"]).expect(code)
}

fn outcome(run: &Run) -> (String, String) {
    let document = run.json();
    let word = |key: &str| document["deliveries"][0][key].as_str().unwrap_or_default().to_owned();
    (word("result"), word("error"))
}

#[test]
fn a_mail_arrives_with_text_and_html_over_each_way() {
    let world = World::new();
    let folder = world.path("");
    let Some(made) = certificates(&folder) else { return };
    let ca = format!("ca_file = \"{}\"\n", made["ca"].as_str().unwrap());
    let with = |extra: Value| {
        let mut options = made.clone();
        options.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        options
    };
    let login = json!(["me", PASSWORD]);
    for (options, keys, is_encrypted, user) in [
        (json!({}), "tls = \"none\"".to_owned(), false, Value::Null),
        (json!({ "login": login }), format!("tls = \"none\"\n{LOGIN}"), false, json!("me")),
        (with(json!({ "tls": "starttls", "login": login })), format!("{ca}{LOGIN}"), true, json!("me")),
        (with(json!({ "tls": "starttls" })), ca.clone(), true, Value::Null),
        (with(json!({ "tls": "tls", "login": login })), format!("tls = \"tls\"\n{ca}{LOGIN}"), true, json!("me")),
    ] {
        let Some(post) = post(World::new(), &options, &keys) else { return };
        let run = tested(&post, 0);
        let mails = post.server.mails(1);
        assert_eq!(mails.len(), 1, "{options}: {run}");
        let mail = &mails[0];
        assert_eq!(
            (&mail["from"], &mail["to"]),
            (&json!("from@example.org"), &json!(["to@example.org", "too@example.org"]))
        );
        assert_eq!((mail["encrypted"] == true, &mail["login"]), (is_encrypted, &user), "{mail}");
        // Quoted-printable: an equals sign at its end goes on in the next line.
        let data = mail["data"].as_str().unwrap().replace("=\r\n", "");
        for part in
            ["Subject: trader: test message", "text/plain", "text/html", "shown as <plain> text", "&lt;plain&gt;"]
        {
            assert!(data.contains(part), "{part} is missing: {data}");
        }
    }
}

#[test]
fn without_the_encryption_that_is_asked_for_nothing_is_sent() {
    let world = World::new();
    let Some(made) = certificates(&world.path("")) else { return };
    let mut secure = made.clone();
    secure["tls"] = json!("starttls");
    for (options, keys, words) in [
        // A server that does not offer it, or somebody who takes the offer out.
        (json!({ "login": ["me", PASSWORD] }), LOGIN.to_owned(), "STARTTLS is not supported"),
        // A certificate that nobody we trust has signed.
        (secure.clone(), String::new(), "UnknownIssuer"),
        (secure, format!("ca_file = \"{}/nowhere.pem\"", world.path("").display()), "nowhere.pem cannot be read"),
    ] {
        let Some(post) = post(World::new(), &options, &keys) else { return };
        let run = tested(&post, 3);
        let (result, error) = outcome(&run);
        assert!(result == "failed" && error.contains(words), "{options}: {run}");
        assert_eq!(post.server.mails(0), Vec::<Value>::new());
    }
}

#[test]
fn a_refusal_is_for_good_and_what_the_server_cannot_do_now_waits() {
    for (recipient, state, words) in
        [("550 5.1.1 no such mailbox", "refused", "550"), ("451 4.3.0 greylisted, come back", "waiting", "451")]
    {
        let exchange = Exchange::start();
        let Some(post) = post(bold(&exchange), &json!({ "recipient": recipient }), "tls = \"none\"") else { return };
        let run = post.world.run(&["cycle"]).expect(0);
        assert_eq!(states(&post.world), [state], "{run}");
        let error = post.world.value("SELECT error FROM deliveries");
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn a_recipient_whom_the_server_does_not_know_keeps_no_mail_from_the_others() {
    for (unknown, answer, code, taken) in [
        ("too@example.org", "550 5.1.1 no such mailbox", 0, &["to@example.org"][..]),
        ("to@example.org", "550 5.1.1 no such mailbox", 0, &["too@example.org"]),
        ("@", "550 5.1.1 no such mailbox", 3, &[]),
        ("too@example.org", "451 4.3.0 come back", 3, &[]),
    ] {
        let options = json!({ "recipient": answer, "only": unknown });
        let Some(post) = post(World::new(), &options, "tls = \"none\"") else { return };
        let run = tested(&post, code);
        let to: Vec<Value> = post.server.mails(taken.len()).iter().map(|mail| mail["to"][0].clone()).collect();
        assert_eq!(to, taken, "{unknown} {answer}: {run}");
        assert_eq!(run.stderr.contains(&format!("{unknown} was not sent a mail")), code == 0, "{run}");
    }
}

#[test]
fn a_wrong_password_is_told_by_nobody_and_may_be_set_right() {
    let options = json!({ "login": ["me", "another one"] });
    let Some(post) = post(World::new(), &options, &format!("tls = \"none\"\n{LOGIN}")) else { return };
    let run = tested(&post, 3);
    let (result, error) = outcome(&run);
    assert!(result == "failed" && error.contains("refused the login 535"), "{run}");
    assert!(!run.to_string().contains(PASSWORD), "{run}");
}

#[test]
fn a_fill_comes_by_mail() {
    let exchange = Exchange::start();
    let Some(post) = post(bold(&exchange), &json!({}), "tls = \"none\"") else { return };
    post.world.run(&["cycle"]).expect(0);
    let mails = post.server.mails(1);
    let data = mails[0]["data"].as_str().unwrap();
    assert!(data.contains("Subject: trader: bought BTC/USDT") && data.contains("0.09821 BTC/USDT at 3390.5"), "{data}");
    assert_eq!(states(&post.world), ["sent"]);
}

#[test]
fn the_doctor_logs_in_and_sends_nothing() {
    for (login, outcome, words) in
        [(json!(["me", PASSWORD]), "ok", "login as me works"), (json!(["me", "another"]), "failed", "535")]
    {
        let Some(post) = post(World::new(), &json!({ "login": login }), &format!("tls = \"none\"\n{LOGIN}")) else {
            return;
        };
        let run = post.world.run(&["doctor", "--format", "json"]);
        let parts = run.json()["parts"].as_array().unwrap().clone();
        let part = parts.iter().find(|part| part["name"] == "messages mail").unwrap();
        assert_eq!(part["outcome"], outcome, "{run}");
        assert!(part["text"].as_str().is_some_and(|text| text.contains(words)), "{run}");
        assert!(!run.to_string().contains(PASSWORD), "{run}");
        assert_eq!(post.server.mails(0), Vec::<Value>::new());
    }
}
