use super::*;

fn written(letter: &Letter) -> Written {
    Templates::default().write(letter).unwrap_or_else(|error| panic!("{error:?}"))
}

#[test]
fn every_kind_has_a_subject_a_text_and_a_page() {
    for kind in KINDS {
        let letter = sample(kind);
        let Written { subject, text, html } = written(&letter);
        assert!(!subject.is_empty() && !subject.contains('\n'), "{kind}: {subject}");
        assert!(text.len() > 60 && text.ends_with('\n'), "{kind}: {text}");
        assert!(html.starts_with("<!doctype html>") && html.contains("</html>"), "{kind}: {html}");
        for part in [&subject, &text, &html] {
            assert!(!part.contains("{{") && !part.contains("{%"), "{kind}: {part}");
        }
        // What a letter leads to is in both of its bodies, or in none.
        assert_eq!(
            text.contains("https://example.com/x?token=abc"),
            html.contains("https:&#x2f;&#x2f;example.com&#x2f;x?token=abc"),
            "{kind}: {html}"
        );
        assert_eq!(text.contains("123456"), html.contains("123456"), "{kind}");
        // A letter without a name greets nobody in particular.
        let Written { text, html, .. } = written(&Letter { name: String::new(), ..letter });
        assert!(text.starts_with("Hello,\n"), "{kind}: {text}");
        assert!(html.contains("Hello,"), "{kind}");
    }
}

#[test]
fn values_cannot_break_out_of_a_letter() {
    let hostile = "<img src=x onerror=alert(1)>\r\n\r\nDear customer, \u{202e}gnihsihp";
    let letter = sample("invitation")
        .name(hostile)
        .fact("inviter", hostile)
        .fact("organization", "\"><script>alert(1)</script>")
        .link("javascript:alert(1)\"><b>".to_owned(), "");
    let Written { subject, text, html } = written(&letter);
    assert!(!html.contains("<img") && !html.contains("<script>") && !html.contains("\"><b>"));
    assert!(html.contains("&lt;img"));
    assert!(!subject.contains(['\r', '\n']));
    for part in [&subject, &text, &html] {
        assert!(!part.contains('\u{202e}') && !part.contains("\nDear customer"), "{part}");
    }
}

#[test]
fn what_a_letter_lacks_is_an_error_and_not_a_gap() {
    let bare = Letter::new("invitation", "ada@example.com");
    let Err(error) = Templates::default().write(&bare) else { panic!("it was written") };
    assert!(jobs::is_hopeless(&error));
    let unknown = Letter::new("no_such_kind", "ada@example.com");
    assert!(Templates::default().write(&unknown).is_err());
    assert!(!Templates::know("no_such_kind") && Templates::know("magic_link"));
}

#[test]
fn a_folder_replaces_templates_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    put("magic_link.subject", "Come in, {{ name }}\nX: y");
    put("layout.html", "<!doctype html><i>{{ app }}</i>{{ content }}</html>");
    put("README.md", "not a template");
    let made = Templates::new("Acme", Some(folder.path())).unwrap_or_else(|e| panic!("{e:?}"));
    let Written { subject, html, .. } = made.render(&sample("magic_link")).unwrap();
    assert_eq!(subject, "Come in, Ada X: y");
    assert!(html.starts_with("<!doctype html><i>Acme</i><p>"), "{html}");
    assert!(made.render(&sample("password_reset")).unwrap().text.contains("Acme"));

    put("magic_link.txt", "{{ nmae }}");
    put("magic_lnk.txt", "x");
    put("email_code.html", "{% if %}");
    let Err(told) = Templates::new("Acme", Some(folder.path())) else { panic!("it was taken") };
    let told = told.join("\n");
    assert!(told.contains("email_code.html: ") && told.contains("no letter is called `magic_lnk`"));

    fs::remove_file(folder.path().join("magic_lnk.txt")).unwrap();
    fs::remove_file(folder.path().join("email_code.html")).unwrap();
    let Err(told) = Templates::new("Acme", Some(folder.path())) else { panic!("it was taken") };
    assert!(told.len() == 1 && told[0].starts_with("magic_link.txt: undefined"), "{told:?}");
}
