//! Who somebody is, in the provider's words.

use aws_lc_rs::hmac;
use kernel::egress::Whose;
use serde_json::{Map, Value};
use types::{Checks, Error, ErrorKind, Result};

use super::grants::Grant;
use super::id_token::{self, Claims, Expected};
use super::provider::{Dialect, Provider};
use crate::IdentityApp;
use crate::accounts::normalized;
use crate::token::same;

const NAME_CHARS: usize = 100;
const IMAGE_CHARS: usize = 2_048;

/// Somebody at a provider.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Profile {
    /// Who vouches: empty where there is only one.
    pub(super) issuer: String,
    /// Which account there.
    pub(super) subject: String,
    /// In lower case, and an address at all.
    pub(super) email: Option<String>,
    /// The provider says so, in so many words, and its word counts.
    pub(super) email_verified: bool,
    pub(super) name: String,
    pub(super) image: Option<String>,
    /// Everything the provider said.
    pub(super) data: Map<String, Value>,
}

/// Whoever just agreed at a provider.
///
/// # Errors
/// 401 `unable_to_get_user_info`, or `invalid_token` when the id token is not to be believed; 503.
pub(super) async fn of_grant(
    house: &IdentityApp,
    provider: &Provider,
    grant: &Grant,
    nonce: &str,
) -> Result<Profile> {
    if !provider.is_openid() {
        return of_access_token(house, provider, grant, None).await;
    }
    let token = grant.id.as_deref().ok_or_else(|| unknown("there is no id token"))?;
    let expected = Expected { nonce: Some(nonce), access_token: Some(&grant.access) };
    let claims = id_token::verify(house, provider, token, &expected).await?;
    whole(house, provider, claims, Some(&grant.access)).await
}

/// Whoever an id token is about that an app got by itself.
///
/// # Errors
/// As [`of_grant`].
pub(super) async fn of_id_token(
    house: &IdentityApp,
    provider: &Provider,
    token: &str,
    expected: &Expected<'_>,
) -> Result<Profile> {
    let claims = id_token::verify(house, provider, token, expected).await?;
    whole(house, provider, claims, expected.access_token).await
}

/// What is not in the id token may be at the userinfo endpoint.
async fn whole(
    house: &IdentityApp,
    provider: &Provider,
    mut claims: Claims,
    access_token: Option<&str>,
) -> Result<Profile> {
    if !claims.contains_key("email")
        && let Some(access) = access_token
    {
        let url = provider.description(house).await?.endpoints.userinfo.clone();
        if !url.is_empty() {
            let further = userinfo(house, provider.whose(&url), &url, access).await?;
            // Section 5.3.2: else it is about somebody else.
            if further.get("sub") != claims.get("sub") {
                return Err(unknown("userinfo is about somebody else"));
            }
            for (name, value) in further {
                claims.entry(name).or_insert(value);
            }
        }
    }
    openid(provider, claims).ok_or_else(|| unknown("it says nothing of whom"))
}

/// Whoever an access token was granted by; `known` is the id token of the same grant.
///
/// # Errors
/// 401 `unable_to_get_user_info`; 503.
pub(super) async fn of_access_token(
    house: &IdentityApp,
    provider: &Provider,
    grant: &Grant,
    subject: Option<&str>,
) -> Result<Profile> {
    let description = provider.description(house).await?;
    let (url, access) = (&description.endpoints.userinfo, grant.access.as_str());
    let found = match provider.dialect {
        Dialect::Github => github(house, provider, url, access).await?,
        Dialect::Facebook => facebook(house, provider, url, access).await?,
        _ if url.is_empty() => {
            // Apple has no such endpoint. The token was checked before it was sealed.
            let token = grant.id.as_deref().ok_or_else(|| unknown("there is no id token"))?;
            let claims = jsonwebtoken::dangerous::insecure_decode_claims::<Claims>(token);
            openid(provider, claims.map_err(|_| unknown("the id token cannot be read"))?)
        }
        _ => openid(provider, userinfo(house, provider.whose(url), url, access).await?),
    };
    let found = found.ok_or_else(|| unknown("it says nothing of whom"))?;
    if subject.is_some_and(|subject| subject != found.subject) {
        return Err(unknown("userinfo is about somebody else"));
    }
    Ok(found)
}

/// Standard claims (OpenID Connect Core 1.0, section 5.1).
fn openid(provider: &Provider, claims: Claims) -> Option<Profile> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let subject = text("sub").filter(|subject| !subject.is_empty() && subject.len() <= 255)?;
    let parts: Vec<&str> = ["given_name", "family_name"].into_iter().filter_map(text).collect();
    let name = text("name").map_or_else(|| parts.join(" "), str::to_owned);
    // A boolean: whoever writes "true" may mean anything.
    let verified = claims.get("email_verified") == Some(&Value::Bool(true));
    Some(Profile {
        issuer: text("iss").unwrap_or_default().to_owned(),
        subject: subject.to_owned(),
        email: address(text("email")),
        email_verified: verified && provider.vouches_for_addresses(),
        name,
        image: picture(text("picture")),
        data: claims,
    })
}

async fn github(
    house: &IdentityApp,
    provider: &Provider,
    url: &str,
    access: &str,
) -> Result<Option<Profile>> {
    // Plain OAuth: all addresses are the operator's or the house's.
    let user = userinfo(house, Whose::Operators, url, access).await?;
    let all = fetch(house, Whose::Operators, &provider.endpoints.emails, access).await?;
    let all = all.as_array().map(Vec::as_slice).unwrap_or_default();
    let primary = all.iter().find(|one| one.get("primary") == Some(&Value::Bool(true)));
    let verified = primary.is_some_and(|one| one.get("verified") == Some(&Value::Bool(true)));
    let email = primary.and_then(|one| one.get("email")).and_then(Value::as_str);
    let text = |name: &str| user.get(name).and_then(Value::as_str);
    let Some(subject) = user.get("id").and_then(Value::as_u64) else { return Ok(None) };
    Ok(Some(Profile {
        issuer: String::new(),
        subject: subject.to_string(),
        email: address(email),
        email_verified: verified,
        name: text("name").or_else(|| text("login")).unwrap_or_default().to_owned(),
        image: picture(text("avatar_url")),
        data: user,
    }))
}

async fn facebook(
    house: &IdentityApp,
    provider: &Provider,
    url: &str,
    access: &str,
) -> Result<Option<Profile>> {
    let super::provider::ClientAuth::Post(secret) = &provider.auth else { return Ok(None) };
    // Without it a token stolen elsewhere would do (Graph API, "Securing requests").
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.reveal().as_bytes());
    let tag = hmac::sign(&key, access.as_bytes());
    let proof: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let query = [("fields", "id,name,email,picture"), ("appsecret_proof", proof.as_str())];
    let url = crate::callback::with_query(url, &query);
    let user = userinfo(house, Whose::Operators, &url, access).await?;
    let text = |name: &str| user.get(name).and_then(Value::as_str);
    let picture_at = user.get("picture").and_then(|one| one.pointer("/data/url"));
    let Some(subject) = text("id") else { return Ok(None) };
    Ok(Some(Profile {
        issuer: String::new(),
        subject: subject.to_owned(),
        email: address(text("email")),
        // It does not say whether the address was ever proven.
        email_verified: false,
        name: text("name").unwrap_or_default().to_owned(),
        image: picture(picture_at.and_then(Value::as_str)),
        data: user,
    }))
}

async fn userinfo(house: &IdentityApp, whose: Whose, url: &str, access: &str) -> Result<Claims> {
    match fetch(house, whose, url, access).await? {
        Value::Object(found) => Ok(found),
        _ => Err(unknown("userinfo is no object")),
    }
}

async fn fetch(house: &IdentityApp, whose: Whose, url: &str, access: &str) -> Result<Value> {
    let bearer = format!("Bearer {access}");
    let headers = [("accept", "application/json"), ("authorization", bearer.as_str())];
    let answer = house.egress.get(whose, url, &headers).await?;
    if !answer.is_success() {
        return Err(unknown("userinfo answers with a failure"));
    }
    serde_json::from_slice(&answer.body).map_err(|_| unknown("userinfo is not JSON"))
}

fn address(text: Option<&str>) -> Option<String> {
    let email = normalized(text?);
    let mut checks = Checks::new();
    checks.email("/email", &email);
    checks.done().is_ok().then_some(email)
}

fn picture(url: Option<&str>) -> Option<String> {
    let url =
        url.filter(|url| url.starts_with("https://") && url.chars().count() <= IMAGE_CHARS)?;
    Some(url.to_owned())
}

impl Profile {
    /// A name that will do: theirs, or what stands before the `@`.
    pub(super) fn called(&self) -> String {
        let clean: String = self.name.chars().filter(|c| !c.is_control()).collect();
        let name: String = clean.trim().chars().take(NAME_CHARS).collect();
        let before = || self.email.as_deref().and_then(|email| email.split('@').next());
        match name.trim() {
            "" => before().unwrap_or("?").chars().take(NAME_CHARS).collect(),
            name => name.to_owned(),
        }
    }

    /// Whether it is about this address.
    pub(super) fn has_address(&self, email: &str) -> bool {
        self.email.as_deref().is_some_and(|own| same(own, email))
    }
}

/// A provider that does not tell who it is.
pub(super) fn unknown(why: &'static str) -> Error {
    Error::new(
        ErrorKind::Unauthenticated,
        "unable_to_get_user_info",
        "The provider does not say who you are; start again.",
    )
    .caused_by(why)
}
