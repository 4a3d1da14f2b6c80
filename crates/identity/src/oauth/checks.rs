//! What the settings of providers are held to, and the addresses providers name.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use url::{Host, Url};

use super::provider::apple_key;
use super::settings::{
    AppleSettings, FacebookSettings, GithubSettings, GoogleSettings, MicrosoftSettings,
    OidcSettings, OidcTable,
};

/// Mistakes as (key, sentence).
type Mistakes = Vec<(&'static str, String)>;

/// The longest id of a provider.
const ID_MAX: usize = 40;
/// Providers that are configured as `oidc` at most.
const TABLES: usize = 64;
/// Ids that are taken: the built-in providers, and what means a password.
const TAKEN: [&str; 8] =
    ["google", "github", "facebook", "microsoft", "apple", "credential", "password", "passkey"];

/// What the tables of providers have in common.
struct Checked(Mistakes);

impl Checked {
    /// What must stand beside a client id, and must not stand without one.
    fn belongs(&mut self, client_id: &str, key: &'static str, value: &str) {
        if client_id.is_empty() && !value.is_empty() {
            self.0.push((key, "is given without `client_id`: give both".to_owned()));
        }
        if !client_id.is_empty() && value.is_empty() {
            self.0.push((key, "is missing: `client_id` needs it".to_owned()));
        }
    }

    /// What has a default, and must not be emptied where the provider is offered.
    fn needs<const N: usize>(&mut self, client_id: &str, all: [(&'static str, &str); N]) {
        for (key, value) in all {
            if !client_id.is_empty() && value.is_empty() {
                self.0.push((key, "is empty: leave it out, or give an address".to_owned()));
            }
        }
    }

    fn addresses<const N: usize>(&mut self, all: [(&'static str, &str); N]) {
        for (key, url) in all {
            if !url.is_empty() && !is_endpoint(url) {
                let said = "must be an https address (http only on this machine)";
                self.0.push((key, said.to_owned()));
            }
        }
    }

    fn scopes(&mut self, scopes: &[String]) {
        if !scopes.iter().all(|scope| is_scope(scope)) {
            self.0.push(("scopes", "must be words without spaces and quotes".to_owned()));
        }
    }
}

impl GoogleSettings {
    /// Every mistake.
    #[must_use]
    pub fn mistakes(&self) -> Mistakes {
        let mut found = Checked(Vec::new());
        found.belongs(&self.client_id, "client_secret", self.client_secret.reveal());
        found.needs(&self.client_id, [("issuer", &self.issuer)]);
        found.addresses([
            ("issuer", &self.issuer),
            ("authorization_url", &self.authorization_url),
            ("token_url", &self.token_url),
            ("userinfo_url", &self.userinfo_url),
            ("jwks_url", &self.jwks_url),
        ]);
        found.scopes(&self.scopes);
        found.0
    }
}

impl GithubSettings {
    /// Every mistake.
    #[must_use]
    pub fn mistakes(&self) -> Mistakes {
        let mut found = Checked(Vec::new());
        found.belongs(&self.client_id, "client_secret", self.client_secret.reveal());
        let all = [
            ("authorization_url", &*self.authorization_url),
            ("token_url", &*self.token_url),
            ("userinfo_url", &*self.userinfo_url),
            ("emails_url", &*self.emails_url),
        ];
        found.needs(&self.client_id, all);
        found.addresses(all);
        found.scopes(&self.scopes);
        found.0
    }
}

impl FacebookSettings {
    /// Every mistake.
    #[must_use]
    pub fn mistakes(&self) -> Mistakes {
        let mut found = Checked(Vec::new());
        found.belongs(&self.client_id, "client_secret", self.client_secret.reveal());
        let all = [
            ("authorization_url", &*self.authorization_url),
            ("token_url", &*self.token_url),
            ("userinfo_url", &*self.userinfo_url),
        ];
        found.needs(&self.client_id, all);
        found.addresses(all);
        found.scopes(&self.scopes);
        found.0
    }
}

impl MicrosoftSettings {
    /// Every mistake.
    #[must_use]
    pub fn mistakes(&self) -> Mistakes {
        let mut found = Checked(Vec::new());
        found.belongs(&self.client_id, "client_secret", self.client_secret.reveal());
        if !matches!(self.tenant.as_str(), "common" | "organizations" | "consumers")
            && uuid::Uuid::parse_str(&self.tenant).is_err()
        {
            let said = "must be `common`, `organizations`, `consumers` or a directory's id";
            found.0.push(("tenant", said.to_owned()));
        }
        found.addresses([
            ("issuer", &self.issuer),
            ("authorization_url", &self.authorization_url),
            ("token_url", &self.token_url),
            ("userinfo_url", &self.userinfo_url),
            ("jwks_url", &self.jwks_url),
        ]);
        found.scopes(&self.scopes);
        found.0
    }
}

impl AppleSettings {
    /// Every mistake.
    #[must_use]
    pub fn mistakes(&self) -> Mistakes {
        let mut found = Checked(Vec::new());
        found.belongs(&self.client_id, "team_id", &self.team_id);
        found.belongs(&self.client_id, "key_id", &self.key_id);
        found.belongs(&self.client_id, "private_key", self.private_key.reveal());
        if !self.private_key.reveal().is_empty() && apple_key(&self.private_key).is_none() {
            let said = "must be the key Apple gave: PEM that begins with `-----BEGIN PRIVATE KEY`";
            found.0.push(("private_key", said.to_owned()));
        }
        found.needs(&self.client_id, [("issuer", &self.issuer)]);
        found.addresses([
            ("issuer", &self.issuer),
            ("authorization_url", &self.authorization_url),
            ("token_url", &self.token_url),
            ("jwks_url", &self.jwks_url),
        ]);
        found.scopes(&self.scopes);
        found.0
    }
}

impl OidcSettings {
    /// Every mistake, with the table it is in.
    #[must_use]
    pub fn mistakes(&self) -> Mistakes {
        let mut found = Vec::new();
        if self.providers.len() > TABLES {
            found.push(format!("are more than {TABLES}"));
        }
        let mut seen = BTreeSet::new();
        for (at, table) in self.providers.iter().enumerate() {
            let mut wrong: Vec<String> = table.mistakes();
            if !seen.insert(&table.id) {
                wrong.push("`id` is that of another table".to_owned());
            }
            found.extend(wrong.into_iter().map(|said| format!("table {}: {said}", at + 1)));
        }
        found.into_iter().map(|said| ("providers", said)).collect()
    }
}

impl OidcTable {
    fn mistakes(&self) -> Vec<String> {
        let mut found = Vec::new();
        let letter = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if self.id.is_empty() || self.id.len() > ID_MAX || !self.id.bytes().all(letter) {
            found.push(format!("`id` must be 1 to {ID_MAX} of a-z, 0-9 and -"));
        }
        if TAKEN.contains(&self.id.as_str()) {
            found.push("`id` is that of a built-in provider; choose another".to_owned());
        }
        if self.client_id.is_empty() {
            found.push("`client_id` is missing".to_owned());
        }
        if self.issuer.is_empty() {
            found.push("`issuer` is missing".to_owned());
        }
        let with_secret = !self.client_secret.reveal().is_empty();
        match self.client_auth.as_str() {
            "none" if with_secret => {
                found.push("`client_auth` is none: leave `client_secret` out".to_owned());
            }
            "" | "none" => {}
            "client_secret_basic" | "client_secret_post" if with_secret => {}
            "client_secret_basic" | "client_secret_post" => {
                found.push("`client_secret` is missing: `client_auth` needs it".to_owned());
            }
            _ => found.push(
                "`client_auth` must be client_secret_basic, client_secret_post or none".to_owned(),
            ),
        }
        for (key, url) in [
            ("issuer", &self.issuer),
            ("authorization_url", &self.authorization_url),
            ("token_url", &self.token_url),
            ("userinfo_url", &self.userinfo_url),
            ("jwks_url", &self.jwks_url),
        ] {
            if !url.is_empty() && !is_endpoint(url) {
                found.push(format!("`{key}` must be an https address (http only on this machine)"));
            }
        }
        if !self.scopes.iter().all(|scope| is_scope(scope)) {
            found.push("`scopes` must be words without spaces and quotes".to_owned());
        }
        found
    }
}

/// Whether requests with secrets may go there: https, or a server on this machine.
pub(super) fn is_endpoint(url: &str) -> bool {
    let Ok(read) = Url::parse(url) else { return false };
    let Some(host) = read.host() else { return false };
    let safe = read.scheme() == "https" || (read.scheme() == "http" && is_here(&host));
    safe && read.username().is_empty() && read.password().is_none() && read.fragment().is_none()
}

/// Whether a provider that describes itself at `issuer` may name this address: one that is not on
/// this machine sends nobody to it, nor into the operator's network. Names are looked at where they
/// are called: [`super::provider::Provider::whose`].
pub(super) fn may_name(issuer: &str, url: &str) -> bool {
    let (Ok(issuer), Ok(read)) = (Url::parse(issuer), Url::parse(url)) else { return false };
    let (Some(from), Some(to)) = (issuer.host(), read.host()) else { return false };
    let local = issuer.scheme() == "http" && is_here(&from);
    is_endpoint(url) && (local || (read.scheme() == "https" && (from == to || is_public(&to))))
}

/// Whether an address is on the very host of an issuer, or the issuer on this machine.
pub(super) fn is_of(issuer: &str, url: &str) -> bool {
    let (Ok(issuer), Ok(read)) = (Url::parse(issuer), Url::parse(url)) else { return false };
    let own = issuer.scheme() == "http" && issuer.host().is_some_and(|host| is_here(&host));
    own || issuer.origin() == read.origin()
}

/// Whether a host is this machine.
fn is_here(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// Whether a host is a name, or an address everybody can reach.
fn is_public(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            name != "localhost" && !name.ends_with(".localhost")
        }
        Host::Ipv4(address) => is_public_v4(*address),
        Host::Ipv6(address) => match address.to_ipv4_mapped() {
            Some(address) => is_public_v4(address),
            // 2000::/3 is all there is of them; 64:ff9b::/96 and the like lead to IPv4.
            None => address.segments()[0] & 0xe000 == 0x2000,
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    let shared = first == 100 && second & 0xc0 == 64;
    let tests = first == 198 && second & 0xfe == 18;
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_unspecified()
        || shared
        || tests
        || first == 0
        || first >= 224)
}

/// A scope token (RFC 6749, section 3.3).
pub(super) fn is_scope(scope: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    !scope.is_empty() && scope.len() <= 200 && scope.bytes().all(letter)
}
