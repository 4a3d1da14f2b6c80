//! The better-auth client's calls, and the page behind a mailed link.

use axum::extract::{FromRequestParts as _, Request, State};
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use types::{Error, ErrorKind, Result};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{AuthAnswer, BodyLimit, By, Problems, Reply, read_body};

use super::model::{FollowedLink, Good, Leads, LinkAsked, SignInMagicLink, SignedInByLink, Urls};
use super::{page, rules};
use crate::IdentityApp;
use crate::callback::with_query;
use crate::entry::{self, Entry};
use crate::page::is_fetched;
use crate::sessions::Device;
use crate::wire::{AuthForm, AuthParams, translate};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// Bytes of the page's form: a token and three addresses.
const FORM_BYTES: usize = 32 * 1024;

pub(super) fn router() -> OpenApiRouter<IdentityApp> {
    OpenApiRouter::new()
        .routes(routes!(sign_in_magic_link))
        .routes(routes!(magic_link_verify, press_magic_link))
}

/// Mails a link that signs in, and makes the account if there is none.
///
/// The answer is the same for every address. Failures are 400 `INVALID_EMAIL`,
/// `VALIDATION_ERROR`, 403 `INVALID_CALLBACK_URL` and 429 `RATE_LIMITED`.
#[utoipa::path(
    post,
    path = "/v1/auth/sign-in/magic-link",
    tag = "auth",
    security(()),
    request_body = SignInMagicLink,
    responses(
        (status = 200, body = LinkAsked, description = "The link is on its way.",
         example = json!({ "status": true })),
        Problems
    )
)]
async fn sign_in_magic_link(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    AuthForm(form): AuthForm<SignInMagicLink>,
) -> AuthAnswer<Reply<LinkAsked>> {
    let urls = Urls {
        callback: form.callback_url,
        new_user: form.new_user_callback_url,
        error: form.error_callback_url,
    };
    let (email, name) = (&form.email, form.name.as_deref());
    rules::ask(&house, &caller, &device, email, name, Leads::Here(urls))
        .await
        .map_err(translate)?;
    Ok(Reply(LinkAsked { status: true }))
}

/// Follows a link.
///
/// A browser gets a page whose button uses the link; that page, like a HEAD request, spends
/// nothing, so that scanners of mail may look. A program (`Accept: application/json`, or
/// `Sec-Fetch-Mode: cors`) uses the link at once: with a `callbackURL` it is sent there with the
/// session's cookie, else it gets the session. A link that is not good leads to `errorCallbackURL`
/// (or `callbackURL`) with `?error=INVALID_TOKEN`, else it is 401 `INVALID_TOKEN`.
#[utoipa::path(
    get,
    path = "/v1/auth/magic-link/verify",
    tag = "auth",
    security(()),
    params(FollowedLink),
    responses(
        (status = 200, body = SignedInByLink, description = "Signed in; for browsers the page."),
        (status = 302, description = "Signed in, or not: to the address that was asked for."),
        Problems
    )
)]
async fn magic_link_verify(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    parts: Parts,
    AuthParams(link): AuthParams<FollowedLink>,
) -> AuthAnswer<Response> {
    let (token, urls) = split(link);
    rules::check(&house, &urls).map_err(translate)?;
    if !is_fetched(&parts.method, &parts.headers) {
        return Ok(page::confirm(&token, &urls)?);
    }
    check_page(&house, &parts).map_err(translate)?;
    let used = rules::redeem(&house, &caller, device, &token).await;
    told_to_program(&house, used, &urls).map_err(translate)
}

/// Presses the button of that page: uses the link and sends the browser on.
#[utoipa::path(
    post,
    path = "/v1/auth/magic-link/verify",
    tag = "auth",
    security(()),
    request_body(content = FollowedLink, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 303, description = "Signed in, or not: to the address that was asked for."),
        Problems
    )
)]
async fn press_magic_link(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    request: Request,
) -> AuthAnswer<Response> {
    let (parts, link) = form(request).await.map_err(translate)?;
    let (token, urls) = split(link);
    rules::check(&house, &urls).map_err(translate)?;
    check_page(&house, &parts).map_err(translate)?;
    let used = rules::redeem(&house, &caller, device, &token).await;
    told_to_browser(&house, used, &urls).map_err(translate)
}

fn split(link: FollowedLink) -> (String, Urls) {
    let urls = Urls {
        callback: link.callback_url,
        new_user: link.new_user_callback_url,
        error: link.error_callback_url,
    };
    (link.token.reveal().clone(), urls)
}

/// No page of others may sign a visitor in with a link of its own. Who sends neither header is no
/// browser, and then the token is what counts.
fn check_page(house: &IdentityApp, parts: &Parts) -> Result<()> {
    let headers = &parts.headers;
    let foreign = headers.get(SEC_FETCH_SITE).is_some_and(|site| site == "cross-site");
    if !foreign && !headers.contains_key(header::ORIGIN) {
        return Ok(());
    }
    let mut parts = parts.clone();
    parts.method = Method::POST;
    web::check_origin(&parts, &house.parts.origins)
}

/// Reads our own form; its fields are as strict as a query's.
async fn form(mut request: Request) -> Result<(Parts, FollowedLink)> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let essence = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Error::new(
            ErrorKind::WrongType,
            "wrong_content_type",
            "This is for the form of the page behind the link; programs use GET.",
        ));
    }
    request.extensions_mut().insert(BodyLimit(FORM_BYTES));
    let (mut parts, body) = request.into_parts();
    let mut whole = Request::new(body);
    whole.extensions_mut().clone_from(&parts.extensions);
    let body = read_body(whole).await?;
    let unreadable = || {
        Error::new(ErrorKind::Malformed, "bad_request", "The form cannot be read; follow the link.")
    };
    let text = std::str::from_utf8(&body).map_err(|_| unreadable())?;
    let own = std::mem::replace(
        &mut parts.uri,
        Uri::builder().path_and_query(format!("/?{text}")).build().map_err(|_| unreadable())?,
    );
    let link = web::Params::<FollowedLink>::from_request_parts(&mut parts, &()).await;
    parts.uri = own;
    link.map(|link| (parts, link.0)).map_err(web::Failure::into_error)
}

fn told_to_program(house: &IdentityApp, used: Result<Good>, urls: &Urls) -> Result<Response> {
    match used {
        Ok(good) if urls.callback.is_some() => sent_on(house, &good, urls, StatusCode::FOUND),
        Ok(Good { entry, session, .. }) => entry::entered(house, entry, |entered| SignedInByLink {
            token: entered.token.reveal().clone(),
            user: entered.account,
            session,
        }),
        Err(error) => match back(&error, urls) {
            Some(url) => sent(StatusCode::FOUND, &url),
            None => Err(error),
        },
    }
}

fn told_to_browser(house: &IdentityApp, used: Result<Good>, urls: &Urls) -> Result<Response> {
    match used {
        Ok(good) => sent_on(house, &good, urls, StatusCode::SEE_OTHER),
        Err(error) => match back(&error, urls) {
            Some(url) => sent(StatusCode::SEE_OTHER, &url),
            None if is_about_the_link(&error) => page::not_good(house, error.kind()),
            None => Err(error),
        },
    }
}

/// Whether the link, or whom it is for, is the trouble; not a limit or a fault of ours.
fn is_about_the_link(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Unauthenticated | ErrorKind::Forbidden)
}

/// Where whoever followed the link is told what was wrong with it.
fn back(error: &Error, urls: &Urls) -> Option<String> {
    let url = urls.error.as_deref().or(urls.callback.as_deref())?;
    // As the client's own server spells them.
    let code = match error.code() {
        "invalid_token" => "INVALID_TOKEN",
        other => other,
    };
    is_about_the_link(error).then(|| with_query(url, &[("error", code)]))
}

fn sent(status: StatusCode, url: &str) -> Result<Response> {
    Ok((status, [(header::LOCATION, HeaderValue::try_from(url)?)]).into_response())
}

/// To where the link was to lead, with the session or with what names the awaited second factor.
fn sent_on(house: &IdentityApp, good: &Good, urls: &Urls, status: StatusCode) -> Result<Response> {
    let home = || house.app_url().to_owned();
    let callback = urls.callback.clone();
    let url = match &good.entry {
        Entry::In(_) => {
            let new_user = urls.new_user.clone().filter(|_| good.is_new);
            new_user.or(callback).unwrap_or_else(home)
        }
        Entry::SecondFactor(_) => {
            let url = callback.unwrap_or_else(home);
            with_query(&url, &[("error", "two_factor_required")])
        }
    };
    let mut response = sent(status, &url)?;
    for cookie in entry::cookies(house, &good.entry)? {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
