use super::*;

fn settings() -> Settings {
    Settings {
        from: "hello@app.example.com".to_owned(),
        app_name: "Bücher & \"Co\"".to_owned(),
        ..Settings::default()
    }
}

fn smtp() -> Smtp {
    let url = Secret::new("smtp://127.0.0.1:2525".to_owned());
    Smtp::new(&url, &settings()).unwrap_or_else(|(key, said)| panic!("{key}: {said}"))
}

fn written(subject: &str) -> Written {
    let text = "Grüße\n".to_owned();
    Written { subject: subject.to_owned(), html: format!("<p>{text}</p>"), text }
}

fn formatted(to: &str, name: &str, subject: &str) -> Result<String> {
    let at = Time::from_micros(1_800_000_000_000_000);
    let letter = Letter::new("magic_link", to).name(name);
    let message = smtp().message(Uuid::from_u128(7), at, &letter, &written(subject))?;
    Ok(String::from_utf8(message.formatted()).unwrap())
}

#[test]
fn addresses_of_servers_are_encrypted_unless_they_are_here() {
    for (given, told) in [
        ("smtps://u:p@mail.example.com", "smtps://u:p@mail.example.com"),
        ("smtps://mail.example.com:465", "smtps://mail.example.com:465"),
        ("smtp://u:p@mail.example.com:587", "smtp://u:p@mail.example.com:587?tls=required"),
        ("smtp://10.0.0.1", "smtp://10.0.0.1?tls=required"),
        ("smtp://localhost:25", "smtp://localhost:25"),
        ("smtp://127.0.0.1", "smtp://127.0.0.1:587"),
        ("smtp://[::1]:25", "smtp://[::1]:25"),
        ("smtp://localhost:25?tls=required", "smtp://localhost:25?tls=required"),
        ("smtp://localhost.evil.example:25", "smtp://localhost.evil.example:25?tls=required"),
    ] {
        assert_eq!(checked(given, false), Ok(told.to_owned()), "{given}");
    }
    let open = checked("smtp://mail.example.com:25", true);
    assert_eq!(open.as_deref(), Ok("smtp://mail.example.com:25"));
    for bad in [
        "",
        "mail.example.com",
        "http://mail.example.com",
        "smtp://",
        "smtp://user@mail.example.com",
        "smtp://mail.example.com/path",
        "smtp://mail.example.com?tls=opportunistic",
        "smtp://mail.example.com?tls=none",
        "smtp://mail.example.com#x",
        "smtp://mail.example.com:99999",
    ] {
        assert!(checked(bad, false).is_err(), "{bad}");
    }
}

#[test]
fn a_mistake_is_told_by_its_key_and_without_its_value() {
    let told = |change: &dyn Fn(&mut Settings)| {
        let mut settings = settings();
        change(&mut settings);
        settings.mistakes()
    };
    let url = |text: &str| Some(Secret::new(text.to_owned()));
    assert!(told(&|_| {}).is_empty());
    assert!(told(&|s| s.smtp_url = url("smtps://u:p@mail.example.com:465")).is_empty());
    for (key, found) in [
        ("smtp_url", told(&|s| s.smtp_url = url("ftp://u:hunter2@mail.example.com"))),
        ("from", told(&|s| s.from = "not an address".to_owned())),
        ("app_name", told(&|s| s.app_name = "a\r\nBcc: x@example.com".to_owned())),
        ("templates", told(&|s| s.templates = "/does/not/exist".to_owned())),
        (
            "from",
            told(&|s| {
                s.smtp_url = url("smtps://mail.example.com");
                s.from = String::new();
            }),
        ),
    ] {
        assert_eq!(found.iter().map(|(key, _)| *key).collect::<Vec<_>>(), [key], "{found:?}");
        assert!(!found[0].1.contains("hunter2"));
    }
}

#[test]
fn mail_programs_can_unsubscribe_by_themselves() {
    let formatted = |url: &str| {
        let at = Time::from_micros(1_800_000_000_000_000);
        let letter =
            Letter::new("notification_digest", "ada@example.com").unsubscribe(url.to_owned());
        let message = smtp().message(Uuid::from_u128(7), at, &letter, &written("News")).unwrap();
        String::from_utf8(message.formatted()).unwrap()
    };
    let text = formatted("https://example.com/v1/notifications/unsubscribe?token=abc");
    let address = "<https://example.com/v1/notifications/unsubscribe?token=abc>";
    assert!(
        text.replace("\r\n ", " ").contains(&format!("List-Unsubscribe: {address}\r\n")),
        "{text}"
    );
    assert!(text.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"), "{text}");
    for none in ["", "https://example.com/>\r\nBcc: eve@example.com"] {
        assert!(!formatted(none).contains("List-Unsubscribe"), "{none}");
    }
}

#[test]
fn a_message_has_the_headers_machines_look_for() {
    let text = formatted("ada@example.com", "Ada", "Your link").unwrap();
    for line in [
        "From: =?utf-8?b?",
        "To: Ada <ada@example.com>\r\n",
        "Subject: Your link\r\n",
        "Message-ID: <00000000000000000000000000000007@app.example.com>\r\n",
        "Date: Fri, 15 Jan 2027 08:00:00 +0000\r\n",
        "Auto-Submitted: auto-generated\r\n",
        "Content-Type: multipart/alternative;",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[test]
fn names_and_subjects_add_no_headers() {
    for name in [
        "Ada\r\nBcc: evil@example.com",
        "Ada\nBcc: evil@example.com",
        "Ada\rBcc: evil@example.com",
        "Ada\u{85}Bcc: evil@example.com",
        "\" <evil@example.com>\r\nX: \"",
        "Ada\u{0}",
        "Ёлка\r\nBcc: evil@example.com",
        &"long ".repeat(100),
    ] {
        let subject = super::super::templates::one_line(name);
        let text = formatted("ada@example.com", name, &subject).unwrap();
        let head = text.split("\r\n\r\n").next().unwrap().to_owned();
        let lines = head.split("\r\n");
        let fields: Vec<&str> = lines
            .filter(|line| !line.starts_with([' ', '\t']))
            .map(|line| line.split(':').next().unwrap())
            .collect();
        let mut known = fields.clone();
        known.retain(|field| {
            let all = [
                "From",
                "To",
                "Subject",
                "Date",
                "Message-ID",
                "Auto-Submitted",
                "MIME-Version",
                "Content-Type",
            ];
            all.contains(field)
        });
        assert_eq!(fields, known, "{head}");
        assert!(!head.contains('\u{0}') && !head.replace("\r\n", "").contains(['\r', '\n']));
    }
    for to in ["ada@example.com\r\nBcc: evil@example.com", "ada", "a@b>, <c@d", "a@b\u{0}.c", ""] {
        let error = formatted(to, "Ada", "x").unwrap_err();
        assert!(crate::jobs::is_hopeless(&error), "{to}");
    }
}
