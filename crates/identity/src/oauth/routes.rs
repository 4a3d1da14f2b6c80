//! The better-auth client's calls about providers, and where providers send people back to.

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use types::{Error, Result};
use url::form_urlencoded;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{AuthAnswer, By, Path, Problems, Reply, read_body};

use super::held;
use super::model::{
    AccountChoice, AccountInfo, AccountPerson, AccountRef, LinkSocial, ProviderToken,
    ProviderTokens, Returned, SignInSocial, SocialRedirect, Unlinked,
};
use super::rules::{self, Back};
use super::start::{self, Journey, Started};
use crate::IdentityApp;
use crate::cookies::Cookie;
use crate::entry;
use crate::sessions::Device;
use crate::wire::{AuthForm, AuthParams, translate};

/// What a provider may send back in one request.
const RETURNED: usize = 32;

pub(crate) fn router() -> OpenApiRouter<IdentityApp> {
    OpenApiRouter::new()
        .routes(routes!(sign_in_social))
        .routes(routes!(oauth_callback, oauth_callback_by_form))
        .routes(routes!(link_social))
        .routes(routes!(unlink_account))
        .routes(routes!(refresh_provider_token))
        .routes(routes!(get_access_token))
        .routes(routes!(account_info))
}

/// Begins to sign in at a provider, or signs in by an id token an app already has.
///
/// Go to `url` then; a cookie binds what follows to this browser. Failures are 401
/// `INVALID_TOKEN`, `FAILED_TO_GET_USER_INFO`, `USER_EMAIL_NOT_FOUND`, `OAUTH_LINK_ERROR`, 403
/// `INVALID_CALLBACK_URL`, `EMAIL_NOT_VERIFIED`, 404 `PROVIDER_NOT_FOUND`,
/// `ID_TOKEN_NOT_SUPPORTED` and 503 `PROVIDER_UNAVAILABLE`.
#[utoipa::path(
    post,
    path = "/v1/auth/sign-in/social",
    tag = "auth",
    security(()),
    request_body = SignInSocial,
    responses(
        (status = 200, body = SocialRedirect, description = "Where to go, or who is signed in.",
         headers(
            ("set-cookie" = String, description = "Binds the way there and back to this browser, \
             or the session."),
            ("location" = String, description = "The same as `url`.")
         )),
        Problems
    )
)]
async fn sign_in_social(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    AuthForm(form): AuthForm<SignInSocial>,
) -> AuthAnswer<Response> {
    let provider = house.providers.find(&form.provider).map_err(translate)?;
    if let Some(brought) = form.id_token {
        house.check_callback(form.callback_url.as_deref()).map_err(translate)?;
        let entry = rules::sign_in_by_token(&house, &caller, device, &provider, brought)
            .await
            .map_err(translate)?;
        return Ok(entry::entered(&house, entry, |entered| SocialRedirect {
            url: String::new(),
            redirect: false,
            status: None,
            token: Some(entered.token.reveal().clone()),
            user: Some(entered.account),
        })?);
    }
    let journey = Journey {
        callback: form.callback_url,
        new_user: form.new_user_callback_url,
        error: form.error_callback_url,
        scopes: form.scopes.unwrap_or_default(),
        login_hint: form.login_hint,
        additional: form.additional_params.unwrap_or_default(),
        link: None,
    };
    let started =
        start::start(&house, &caller, &device, &provider, journey).await.map_err(translate)?;
    Ok(leave(&house, started, !form.disable_redirect.unwrap_or(false))?)
}

/// Begins to link an account at a provider to the one that is signed in.
///
/// An account there with the same proven address is linked at once; another one only if you
/// proved your address here, and who you are a short while ago. Failures beside those of signing
/// in are 401 `LINKING_NOT_ALLOWED`, `LINKING_DIFFERENT_EMAILS_NOT_ALLOWED` and 409
/// `SOCIAL_ACCOUNT_ALREADY_LINKED`.
#[utoipa::path(
    post,
    path = "/v1/auth/link-social",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = LinkSocial,
    responses(
        (status = 200, body = SocialRedirect, description = "Where to go, or that it is linked.",
         headers(
            ("set-cookie" = String, description = "Binds the way there and back to this browser."),
            ("location" = String, description = "The same as `url`.")
         )),
        Problems
    )
)]
async fn link_social(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    AuthForm(form): AuthForm<LinkSocial>,
) -> AuthAnswer<Response> {
    let linking = rules::linker(&house, &caller).map_err(translate)?;
    let provider = house.providers.find(&form.provider).map_err(translate)?;
    if let Some(brought) = form.id_token {
        rules::link_by_token(&house, &caller, &device, &provider, linking, brought)
            .await
            .map_err(translate)?;
        return Ok(Reply(SocialRedirect {
            url: String::new(),
            redirect: false,
            status: Some(true),
            token: None,
            user: None,
        })
        .into_response());
    }
    let journey = Journey {
        callback: form.callback_url,
        new_user: None,
        error: form.error_callback_url,
        scopes: form.scopes.unwrap_or_default(),
        login_hint: form.login_hint,
        additional: form.additional_params.unwrap_or_default(),
        link: Some(linking),
    };
    let started =
        start::start(&house, &caller, &device, &provider, journey).await.map_err(translate)?;
    Ok(leave(&house, started, !form.disable_redirect.unwrap_or(false))?)
}

/// On the way out: the address, and the cookie that only this browser has.
fn leave(house: &IdentityApp, started: Started, redirect: bool) -> Result<Response> {
    let seconds = house.oauth_life().as_secs();
    let cookie = Cookie::OAuthState.set(house.parts.secure, &started.secret, Some(seconds))?;
    let location = HeaderValue::try_from(&started.url)?;
    let url = started.url;
    let body = SocialRedirect { url, redirect, status: None, token: None, user: None };
    let mut response = Reply(body).into_response();
    response.headers_mut().append(header::SET_COOKIE, cookie);
    if redirect {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// Where providers send people back to; a browser comes here, no client calls it.
///
/// It goes on to `callbackURL` (a new account: `newUserCallbackURL`) with a session, or to
/// `errorCallbackURL` with `?error=`: `state_mismatch`, `state_not_found`, `access_denied` (or
/// another word of OAuth or OpenID), `oauth_error`, `no_code`, `invalid_code`, `issuer_missing`,
/// `issuer_mismatch`, `unable_to_get_user_info`, `account_not_linked`, `email_not_found`,
/// `email_not_verified`, `signup_disabled`, `unable_to_link_account`, `email_does_not_match`,
/// `account_already_linked_to_different_user`, `banned_user`. What else the provider sends is
/// not used.
#[utoipa::path(
    get,
    path = "/v1/auth/callback/{provider}",
    tag = "auth",
    security(()),
    params(
        ("provider" = String, Path, description = "The provider's id.", example = "github"),
        ("code" = Option<String>, Query, description = "What the provider grants."),
        ("state" = Option<String>, Query, description = "What was sent along."),
        ("error" = Option<String>, Query, description = "Why the provider grants nothing."),
        ("iss" = Option<String>, Query, description = "Who the provider is (RFC 9207)."),
        ("user" = Option<String>, Query, description = "Apple's name of somebody new.")
    ),
    responses(
        (status = 302, description = "Where it goes on.",
         headers(
            ("location" = String, description = "The next page."),
            ("set-cookie" = String, description = "The session.")
         )),
        Problems
    )
)]
async fn oauth_callback(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    Path(provider): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> AuthAnswer<Response> {
    let returned = returned(uri.query().unwrap_or_default().as_bytes());
    let secret = Cookie::OAuthState.read(&headers, house.parts.secure);
    let back = rules::come_back(&house, &caller, device, &provider, returned, secret).await;
    Ok(go_on(&house, back)?)
}

/// The same for providers that answer by a form: it becomes the same by address, since browsers
/// do not send this server's cookies along with another site's form.
#[utoipa::path(
    post,
    path = "/v1/auth/callback/{provider}",
    tag = "auth",
    security(()),
    params(("provider" = String, Path, description = "The provider's id.", example = "apple")),
    request_body(content = String, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 303, description = "The same, by address.",
         headers(("location" = String, description = "The same path, with what was sent."))),
        Problems
    )
)]
async fn oauth_callback_by_form(
    State(house): State<IdentityApp>,
    Path(provider): Path<String>,
    request: Request,
) -> AuthAnswer<Response> {
    // Only a known id becomes part of an address.
    let provider = house.providers.find(&provider).map_err(translate)?;
    let form = read_body(request).await.map_err(translate)?;
    let Returned { code, state, error, iss, user } = returned(&form);
    let sent = [("code", code), ("state", state), ("error", error), ("iss", iss), ("user", user)];
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in sent {
        if let Some(value) = value.filter(|value| value.len() <= 8_192) {
            query.append_pair(name, &value);
        }
    }
    let location = format!("{}?{}", house.redirect_uri(&provider), query.finish());
    let location = HeaderValue::try_from(location).map_err(Error::from)?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response())
}

/// What is used of what a provider sends; what it sends twice counts once.
fn returned(query: &[u8]) -> Returned {
    let mut found = Returned::default();
    for (name, value) in form_urlencoded::parse(query).take(RETURNED) {
        let place = match &*name {
            "code" => &mut found.code,
            "state" => &mut found.state,
            "error" => &mut found.error,
            "iss" => &mut found.iss,
            "user" => &mut found.user,
            _ => continue,
        };
        place.get_or_insert_with(|| value.into_owned());
    }
    found
}

fn go_on(house: &IdentityApp, back: Back) -> Result<Response> {
    let location = HeaderValue::try_from(back.location)?;
    let mut response = (StatusCode::FOUND, [(header::LOCATION, location)]).into_response();
    let secure = house.parts.secure;
    let headers = response.headers_mut();
    headers.append(header::SET_COOKIE, Cookie::OAuthState.clear(secure)?);
    if let Some(entry) = &back.entry {
        for cookie in entry::cookies(house, entry)? {
            headers.append(header::SET_COOKIE, cookie);
        }
    }
    Ok(response)
}

/// Lets go of an account at a provider, unless it is the last way in.
///
/// Failures are 400 `ACCOUNT_NOT_FOUND`, `FAILED_TO_UNLINK_LAST_ACCOUNT` and 403
/// `SESSION_NOT_FRESH`.
#[utoipa::path(
    post,
    path = "/v1/auth/unlink-account",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = AccountChoice,
    responses((status = 200, body = Unlinked, description = "It is unlinked."), Problems)
)]
async fn unlink_account(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthForm(choice): AuthForm<AccountChoice>,
) -> AuthAnswer<Reply<Unlinked>> {
    held::unlink(&house, &caller, choice).await.map_err(translate)?;
    Ok(Reply(Unlinked { status: true }))
}

/// Renews the access token of an account at a provider.
///
/// Failures are 400 `ACCOUNT_NOT_FOUND`, `PROVIDER_NOT_SUPPORTED`, `REFRESH_TOKEN_NOT_FOUND` and
/// `FAILED_TO_REFRESH_ACCESS_TOKEN`.
#[utoipa::path(
    post,
    path = "/v1/auth/refresh-token",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = AccountChoice,
    responses((status = 200, body = ProviderTokens, description = "The new tokens."), Problems)
)]
async fn refresh_provider_token(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthForm(choice): AuthForm<AccountChoice>,
) -> AuthAnswer<Reply<ProviderTokens>> {
    let opened = held::refresh(&house, &caller, &choice).await.map_err(translate)?;
    let (access_token_expires_at, refresh_token_expires_at) =
        (opened.grant.ends(), opened.grant.refresh_ends());
    Ok(Reply(ProviderTokens {
        access_token: opened.grant.access,
        refresh_token: opened.grant.refresh.unwrap_or_default(),
        access_token_expires_at,
        refresh_token_expires_at,
        scope: opened.scopes,
        id_token: opened.grant.id,
        provider_id: opened.held.provider,
        account_id: opened.held.id,
    }))
}

/// A valid access token of an account at a provider; one that ends is renewed first.
///
/// Failures are 400 `ACCOUNT_NOT_FOUND`, `PROVIDER_NOT_SUPPORTED`, `ACCESS_TOKEN_NOT_FOUND` and
/// `FAILED_TO_GET_ACCESS_TOKEN`.
#[utoipa::path(
    post,
    path = "/v1/auth/get-access-token",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = AccountChoice,
    responses((status = 200, body = ProviderToken, description = "The token."), Problems)
)]
async fn get_access_token(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthForm(choice): AuthForm<AccountChoice>,
) -> AuthAnswer<Reply<ProviderToken>> {
    let (opened, _) = held::access(&house, &caller, &choice).await.map_err(translate)?;
    let scopes = opened.scopes.unwrap_or_default();
    Ok(Reply(ProviderToken {
        access_token_expires_at: opened.grant.ends(),
        access_token: opened.grant.access,
        scopes: scopes.split(',').filter(|one| !one.is_empty()).map(str::to_owned).collect(),
        id_token: opened.grant.id,
    }))
}

/// What the provider says of one's account there just now.
///
/// Failures are those of `get-access-token` and 401 `FAILED_TO_GET_USER_INFO`.
#[utoipa::path(
    get,
    path = "/v1/auth/account-info",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    params(AccountChoice),
    responses((status = 200, body = AccountInfo, description = "Who it is there."), Problems)
)]
async fn account_info(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthParams(choice): AuthParams<AccountChoice>,
) -> AuthAnswer<Reply<AccountInfo>> {
    let (held, profile) = held::info(&house, &caller, &choice).await.map_err(translate)?;
    Ok(Reply(AccountInfo {
        user: AccountPerson {
            id: profile.subject,
            name: profile.name,
            email: profile.email,
            email_verified: profile.email_verified,
            image: profile.image,
        },
        account: AccountRef { id: held.id, provider_id: held.provider, account_id: held.account },
        data: profile.data,
    }))
}
