use std::collections::BTreeSet;
use std::ffi::OsString;

use serde::de::value::Error as Plain;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::keys::{self, Key, Kind, SECTIONS};
use super::*;

fn variables(given: &[(&str, &str)]) -> Environment {
    Environment(given.iter().map(|(k, v)| (OsString::from(k), OsString::from(v))).collect())
}

fn told(flags: &Flags, given: &[(&str, &str)]) -> Vec<String> {
    read(flags, &variables(given))
        .err()
        .unwrap_or_default()
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn file(text: &str) -> (tempfile::TempDir, Flags) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sixfold.toml");
    std::fs::write(&path, text).unwrap();
    (folder, Flags { config: Some(path), ..Flags::default() })
}

/// Asks a struct for the names of its fields, by deserializing nothing into it.
struct Fields<'a>(&'a mut BTreeSet<&'static str>);

impl<'de> Deserializer<'de> for Fields<'_> {
    type Error = Plain;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Plain> {
        visitor.visit_map(Empty)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Plain> {
        self.0.extend(fields);
        visitor.visit_map(Empty)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

struct Empty;

impl<'de> MapAccess<'de> for Empty {
    type Error = Plain;

    fn next_key_seed<K: serde::de::DeserializeSeed<'de>>(
        &mut self,
        _seed: K,
    ) -> Result<Option<K::Value>, Plain> {
        Ok(None)
    }

    fn next_value_seed<V: serde::de::DeserializeSeed<'de>>(
        &mut self,
        _seed: V,
    ) -> Result<V::Value, Plain> {
        Err(serde::de::Error::custom("there is no value"))
    }
}

fn fields<'de, T: serde::Deserialize<'de>>() -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    T::deserialize(Fields(&mut found)).unwrap();
    found
}

#[test]
fn the_list_of_keys_is_what_the_structs_read() {
    let sections: BTreeSet<&str> = SECTIONS.iter().map(|(name, _)| *name).collect();
    assert_eq!(fields::<Settings>(), sections);
    for (section, read) in [
        ("server", fields::<model::Server>()),
        ("database", fields::<database::Settings>()),
        ("web", fields::<web::Settings>()),
        ("identity", fields::<identity::Settings>()),
        ("live", fields::<live::Settings>()),
        ("mail", fields::<kernel::mail::Settings>()),
        ("jobs", fields::<kernel::jobs::Settings>()),
        ("ops", fields::<ops::Settings>()),
        ("traces", fields::<ops::traces::Settings>()),
        ("retention", fields::<kernel::events::RetentionSettings>()),
        ("backup", fields::<ops::backup::Settings>()),
        ("egress", fields::<kernel::egress::Settings>()),
        ("webhooks", fields::<integrations::Settings>()),
        ("notifications", fields::<world::notifications::Settings>()),
        ("google", fields::<identity::GoogleSettings>()),
        ("github", fields::<identity::GithubSettings>()),
        ("facebook", fields::<identity::FacebookSettings>()),
        ("microsoft", fields::<identity::MicrosoftSettings>()),
        ("apple", fields::<identity::AppleSettings>()),
        ("oidc", fields::<identity::OidcSettings>()),
        ("keys", fields::<model::Keys>()),
    ] {
        let listed: BTreeSet<&str> =
            keys::all().filter(|key| key.section == section).map(|key| key.name).collect();
        assert_eq!(listed, read, "[{section}]: keys.rs on the left, the struct on the right");
    }
    let distinct: BTreeSet<&Key> = keys::all().collect();
    assert_eq!(distinct.len(), keys::all().count());
}

#[test]
fn the_listed_defaults_are_the_real_ones() {
    let values = keys::all().filter(|key| !key.default.is_empty()).map(|key| {
        let line: toml::Table = format!("v = {}", key.default).parse().unwrap();
        (key, line["v"].clone())
    });
    let listed = model::from_values(values).unwrap_or_else(|error| panic!("{error:?}"));
    let real = Settings::default();
    assert_eq!(format!("{:?}", listed.server), format!("{:?}", real.server));
    assert_eq!(format!("{:?}", listed.database), format!("{:?}", real.database));
    assert_eq!(format!("{:?}", listed.web), format!("{:?}", real.web));
    assert_eq!(format!("{:?}", listed.identity), format!("{:?}", real.identity));
    let mail = |mail: &kernel::mail::Settings| {
        let texts = [&mail.from, &mail.app_name, &mail.templates].map(Clone::clone);
        (mail.smtp_url.is_none(), mail.smtp_plain, texts)
    };
    assert_eq!(mail(&listed.mail), mail(&real.mail));
    assert_eq!(format!("{:?}", listed.jobs), format!("{:?}", real.jobs));
    let backup = |own: &ops::backup::Settings| {
        let texts = [&own.to, &own.every, &own.s3_endpoint, &own.s3_region].map(Clone::clone);
        let kept = [own.keep_last, own.keep_daily, own.keep_weekly, own.keep_monthly];
        (texts, kept, own.recipients.clone(), own.unencrypted, own.include_keys, own.s3_timeout_s)
    };
    assert_eq!(backup(&listed.backup), backup(&real.backup));
    assert_eq!(listed.egress.allow_private, real.egress.allow_private);
    assert_eq!(format!("{:?}", listed.webhooks), format!("{:?}", real.webhooks));
    assert_eq!(format!("{:?}", listed.notifications), format!("{:?}", real.notifications));
    let traces = |own: &ops::traces::Settings| {
        let texts = [&own.collector, &own.endpoint, &own.service_name, &own.sampler, &own.exporter];
        (texts.map(Clone::clone), own.sampler_arg.clone(), own.disabled, own.headers.is_none())
    };
    assert_eq!(traces(&listed.traces), traces(&real.traces));
    assert!(real.keys.root.is_none() && real.keys.signing.is_none());
    let (listed, real) = (listed.providers(), real.providers());
    assert_eq!(listed.google.issuer, real.google.issuer);
    let github = |all: &identity::ProviderSettings| {
        let own = &all.github;
        [&own.authorization_url, &own.token_url, &own.userinfo_url, &own.emails_url]
            .map(Clone::clone)
    };
    assert_eq!(github(&listed), github(&real));
    let facebook = |all: &identity::ProviderSettings| {
        let own = &all.facebook;
        [&own.authorization_url, &own.token_url, &own.userinfo_url].map(Clone::clone)
    };
    assert_eq!(facebook(&listed), facebook(&real));
    assert_eq!(listed.microsoft.tenant, real.microsoft.tenant);
    assert_eq!(listed.apple.issuer, real.apple.issuer);
    assert!(real.oidc.providers.is_empty() && listed.oidc.providers.is_empty());
}

#[test]
fn nothing_given_is_enough() {
    let settings =
        read(&Flags::default(), &Environment::default()).unwrap_or_else(|e| panic!("{e:?}"));
    assert_eq!((settings.server.host.as_str(), settings.server.port), ("127.0.0.1", 8080));
}

#[test]
fn later_layers_win() {
    let (_folder, mut flags) = file("[server]\nport = 1\nhost = \"::1\"\n[web]\nmax_in_flight = 9");
    let settings = read(&flags, &variables(&[("PORT", "2")])).unwrap_or_else(|e| panic!("{e:?}"));
    assert_eq!((settings.server.port, settings.server.host.as_str()), (2, "::1"));
    assert_eq!(settings.web.max_in_flight, 9);
    flags.port = Some(3);
    let settings = read(&flags, &variables(&[("PORT", "2")])).unwrap_or_else(|e| panic!("{e:?}"));
    assert_eq!(settings.server.port, 3);
}

#[test]
fn short_names_long_names_and_lists_are_read() {
    let given = [
        ("SIXFOLD_DATA_DIR", "/d"),
        ("SIXFOLD_WEB_CORS_ORIGINS", "https://a.example, https://b.example"),
        ("DATABASE_URL", "postgres://u:p@h/d"),
        ("SIXFOLD_SERVER_LOG_LEVEL", "info,database=debug"),
        ("SIXFOLD_TEST_POSTGRES", "ignored"),
        ("SIXFOLD_CI_TARGET", "ignored"),
        ("SIXFOLD_PASSWORD", "ignored"),
        ("SIXFOLD_SERVER_PORT", ""),
        ("HOME", "/ignored"),
    ];
    let settings = read(&Flags::default(), &variables(&given)).unwrap_or_else(|e| panic!("{e:?}"));
    assert_eq!(settings.server.data_dir.to_str(), Some("/d"));
    assert_eq!(settings.web.cors_origins, ["https://a.example", "https://b.example"]);
    assert_eq!(settings.database.url, "postgres://u:p@h/d");
}

#[test]
fn all_mistakes_are_told_at_once() {
    let (_folder, flags) = file(
        "[server]\nprot = 1\nport = \"x\"\nenv = \"staging\"\n[sever]\n[web]\nmax_in_flight = -1\n\
         body_limit_bytes = true\n[keys]\nroot_file = \"/does/not/exist\"\n",
    );
    let mistakes = told(
        &flags,
        &[
            ("SIXFOLD_SERVER_PROT", "1"),
            ("SIXFOLD_DATABASE_CONNECTIONS", "many"),
            ("SIXFOLD_COLOUR", "blue"),
        ],
    );
    let all = mistakes.join("\n");
    for part in [
        "server.prot (",
        "did you mean server.port?",
        "server.port (",
        "must be a whole number",
        "sever (",
        "did you mean [server]?",
        "server.env (",
        "`development` or `production`",
        "web.max_in_flight (",
        "must be a whole number, 0 or more",
        "web.body_limit_bytes (",
        "SIXFOLD_SERVER_PROT (environment): no such variable; did you mean SIXFOLD_SERVER_PORT?",
        "database.connections (SIXFOLD_DATABASE_CONNECTIONS): must be a whole number",
        "SIXFOLD_COLOUR (environment): no such variable; `sixfold config example`",
        "keys.root (",
        "cannot be read",
    ] {
        assert!(all.contains(part), "{part} is not in\n{all}");
    }
    assert_eq!(mistakes.len(), 10, "{all}");
}

#[test]
fn a_file_that_is_not_toml_is_told_by_its_line_only() {
    let (_folder, flags) = file("[keys]\nroot = secret-value\n");
    let all = told(&flags, &[]).join("\n");
    assert!(all.contains("is not TOML") && all.contains("(line 2)"), "{all}");
    assert!(!all.contains("secret-value"), "{all}");
    let flags = Flags { config: Some("/does/not/exist.toml".into()), ..Flags::default() };
    assert!(told(&flags, &[])[0].contains("cannot be read"));
}

#[test]
fn one_value_given_twice_is_a_question() {
    let both = [("PORT", "1"), ("SIXFOLD_SERVER_PORT", "1")];
    assert_eq!(
        told(&Flags::default(), &both),
        ["server.port (SIXFOLD_SERVER_PORT): is also given by PORT; keep one of the two"]
    );
}

#[test]
fn development_stays_on_this_machine() {
    for host in ["0.0.0.0", "::", "192.168.1.4"] {
        let flags = Flags { host: Some(host.to_owned()), ..Flags::default() };
        assert!(told(&flags, &[])[0].contains("SIXFOLD_ENV=production"), "{host}");
        let production =
            [("SIXFOLD_ENV", "production"), ("SIXFOLD_SERVER_PUBLIC_URL", "https://six.example")];
        assert_eq!(told(&flags, &production), Vec::<String>::new());
    }
    for host in ["127.0.0.1", "127.9.9.9", "::1", "localhost"] {
        let flags = Flags { host: Some(host.to_owned()), ..Flags::default() };
        assert_eq!(told(&flags, &[]), Vec::<String>::new(), "{host}");
    }
}

#[test]
fn production_needs_https_and_whole_keys() {
    let wrong = [
        ("SIXFOLD_ENV", "production"),
        ("SIXFOLD_SERVER_PUBLIC_URL", "http://six.example"),
        ("SIXFOLD_ROOT_KEY", "too-short-a-secret"),
    ];
    let all = told(&Flags::default(), &wrong).join("\n");
    assert!(
        all.contains("server.public_url (SIXFOLD_SERVER_PUBLIC_URL): production needs"),
        "{all}"
    );
    assert!(all.contains("keys.root (SIXFOLD_ROOT_KEY): must be 64 hexadecimal digits"), "{all}");
    assert!(all.contains("keys.signing: is missing"), "{all}");
    assert!(!all.contains("too-short-a-secret"));
}

#[cfg(unix)]
fn private(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[cfg(not(unix))]
fn private(_path: &std::path::Path) {}

#[cfg(unix)]
#[test]
fn a_key_file_that_everybody_may_read_is_a_mistake() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root");
    std::fs::write(&path, "ab".repeat(32)).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let given = [("SIXFOLD_ROOT_KEY_FILE", path.to_str().unwrap())];
    let all = told(&Flags::default(), &given).join("\n");
    assert!(all.contains("may be read by other users"), "{all}");
}

#[test]
fn secrets_may_be_in_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root");
    std::fs::write(&path, format!("{}\n", "ab".repeat(32))).unwrap();
    private(&path);
    let path = path.to_str().unwrap();
    let signing = "cd".repeat(32);
    let given = [("SIXFOLD_ROOT_KEY_FILE", path), ("SIXFOLD_SIGNING_KEY", signing.as_str())];
    let settings = read(&Flags::default(), &variables(&given)).unwrap_or_else(|e| panic!("{e:?}"));
    assert_eq!(settings.keys.root.map(|key| key.reveal().clone()), Some("ab".repeat(32)));
    let all = told(&Flags::default(), &[("PORT_FILE", "x"), ("SIXFOLD_SERVER_PORT_FILE", "x")]);
    assert_eq!(all.len(), 1, "only secrets are read from files: {all:?}");
}

#[test]
fn openid_providers_are_tables_in_the_file_and_json_in_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "from a file\n").unwrap();
    let (_folder, flags) = file(&format!(
        "[[oidc]]\nid = \"one\"\nissuer = \"https://one.example\"\nclient_id = \"a\"\n\
         client_secret_file = {:?}\n[[oidc]]\nid = \"two\"\nissuer = \"https://two.example/x\"\n\
         client_id = \"b\"\nscopes = [\"email\"]\n",
        secret.display()
    ));
    let settings = read(&flags, &variables(&[])).unwrap_or_else(|e| panic!("{e:?}"));
    let [one, two] = settings.oidc.providers.as_slice() else { panic!("two tables") };
    assert_eq!((one.id.as_str(), one.client_secret.reveal().as_str()), ("one", "from a file"));
    assert_eq!((two.issuer.as_str(), two.scopes.len()), ("https://two.example/x", 1));
    let json = r#"[{"id":"three","issuer":"http://127.0.0.1:9/","client_id":"c"}]"#;
    let settings =
        read(&flags, &variables(&[("SIXFOLD_OIDC", json)])).unwrap_or_else(|e| panic!("{e:?}"));
    assert_eq!(settings.oidc.providers[0].id, "three");
}

#[test]
fn what_is_wrong_with_a_provider_is_told_by_its_key() {
    let (_folder, flags) = file(
        "[google]\nclient_id = \"a\"\n[github]\nclient_secret = \"hush\"\n[facebook]\n\
         token_url = \"http://evil.example\"\n[microsoft]\ntenant = \"mine\"\n[apple]\n\
         client_id = \"a\"\nteam_id = \"T\"\nkey_id = \"K\"\nprivate_key = \"junk-key\"\n\
         [[oidc]]\nid = \"My Own\"\nissuer = \"http://issuer.example\"\nclient_id = \"\"\n\
         [[oidc]]\nid = \"google\"\nissuer = \"https://u:p@issuer.example\"\nclient_id = \"x\"\n\
         client_auth = \"client_secret_basic\"\n",
    );
    let all = told(&flags, &[]).join("\n");
    for part in [
        "google.client_secret: is missing",
        "github.client_secret (",
        "is given without `client_id`",
        "facebook.token_url (",
        "must be an https address",
        "microsoft.tenant (",
        "apple.private_key (",
        "oidc.providers (",
        "table 1: `id` must be",
        "table 1: `client_id` is missing",
        "table 1: `issuer` must be an https address",
        "table 2: `id` is that of a built-in provider",
        "table 2: `issuer` must be",
        "table 2: `client_secret` is missing",
    ] {
        assert!(all.contains(part), "{part} is not in\n{all}");
    }
    assert!(!all.contains("hush") && !all.contains("junk-key"), "{all}");
    for (json, part) in [
        ("{}", "must be a list of tables"),
        ("junk", "must be a list of tables"),
        ("[1]", "must be a list of tables"),
        (r#"[{"id":"a","issuer":"https://a.example","client_id":"a","colour":1}]"#, "colour"),
        (r#"[{"id":"a","client_id":"a"}]"#, "issuer"),
    ] {
        let all = told(&Flags::default(), &[("SIXFOLD_OIDC", json)]).join("\n");
        assert!(
            all.contains("oidc.providers (SIXFOLD_OIDC)") && all.contains(part),
            "{json} {all}"
        );
    }
}

#[test]
fn the_example_is_a_file_that_changes_nothing() {
    let (_folder, flags) = file(&example());
    assert_eq!(told(&flags, &[]), Vec::<String>::new());
    // Without its comment signs it is valid too, but for the secrets it cannot know.
    let open: String = example()
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.split_once(" = ").is_some_and(|(key, _)| is_key(key)) => rest,
            _ => line,
        })
        .filter(|line| !line.ends_with("\"…\""))
        .map(|line| format!("{line}\n"))
        .collect();
    let (_folder, flags) = file(&open);
    assert_eq!(told(&flags, &[]), Vec::<String>::new());
    assert!(open.contains("\nport = 8080\n"));
}

fn is_key(name: &str) -> bool {
    keys::all().any(|key| key.name == name)
}

#[test]
fn the_page_names_every_key() {
    let page = markdown();
    for key in keys::all() {
        assert!(page.contains(&format!("`{}`", key.variable())), "{}", key.path());
        assert!(key.doc.ends_with('.') || key.doc.ends_with(')'), "{}: a sentence", key.path());
        assert!(key.kind == Kind::Secret || !key.default.is_empty(), "{}", key.path());
    }
}

#[test]
fn mistakes_about_mail_are_told_by_key_and_without_the_password() {
    let given = [
        ("SIXFOLD_MAIL_SMTP_URL", "pop3://u:hunter2@mail.example.com"),
        ("SIXFOLD_MAIL_FROM", "nonsense"),
        ("SIXFOLD_MAIL_TEMPLATES", "/does/not/exist"),
    ];
    let mistakes = told(&Flags::default(), &given);
    let all = mistakes.join("\n");
    assert_eq!(mistakes.len(), 3, "{all}");
    for key in ["smtp_url", "from", "templates"] {
        let told = format!("mail.{key} (SIXFOLD_MAIL_{})", key.to_ascii_uppercase());
        assert!(all.contains(&told), "{told}: {all}");
    }
    assert!(!all.contains("hunter2"));
    let good = [
        ("SIXFOLD_MAIL_SMTP_URL", "smtps://u:p@mail.example.com"),
        ("SIXFOLD_MAIL_FROM", "hello@example.com"),
    ];
    assert!(told(&Flags::default(), &good).is_empty());
}
