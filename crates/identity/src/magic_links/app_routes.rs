//! The calls of apps with a login page of their own, with failures in the house's shape.

use axum::extract::{FromRequest, Request, State};
use axum::response::Response;
use serde::de::DeserializeOwned;
use types::{Error, ErrorKind};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, Body, By, Failure, Problems, Reply};

use super::model::{
    CurrentSession, Good, Leads, LinkRequested, RequestLink, SignedInByLink, VerifyLink,
};
use super::rules;
use crate::IdentityApp;
use crate::accounts;
use crate::entry;
use crate::sessions::{self, Device};

pub(super) fn router() -> OpenApiRouter<IdentityApp> {
    OpenApiRouter::new()
        .routes(routes!(request_link))
        .routes(routes!(verify_link))
        .routes(routes!(current_session))
}

/// A body whose failures have this contract's codes.
struct Form<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        match Body::from_request(request, state).await {
            Ok(body) => Ok(Self(body.0)),
            Err(failure) => Err(told(failure.into_error())),
        }
    }
}

/// An error of the house in the words of this contract.
fn told(error: Error) -> Failure {
    let about = error.field_errors().first().map(|field| field.pointer.clone());
    let code = match (error.kind(), about.as_deref()) {
        (ErrorKind::Malformed, _) => "invalid_json",
        (ErrorKind::Invalid, Some("/email")) => "invalid_email",
        (ErrorKind::Invalid, Some("/token")) => "missing_token",
        _ => return error.into(),
    };
    Error::new(ErrorKind::Malformed, code, error.message().to_owned()).into()
}

/// Mails a link to the app's login page, and makes the account if there is none.
///
/// The answer is the same for every address. Failures are 400 `invalid_json`, `invalid_email` and
/// 429 `rate_limited`.
#[utoipa::path(
    post,
    path = "/v1/auth/request-link",
    tag = "auth",
    security(()),
    request_body = RequestLink,
    responses(
        (status = 200, body = LinkRequested, description = "The link is on its way.",
         example = json!({ "status": "ok" })),
        Problems
    )
)]
async fn request_link(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    Form(form): Form<RequestLink>,
) -> Answer<Reply<LinkRequested>> {
    let link = rules::ask(&house, &caller, &device, &form.email, None, Leads::ToTheApp)
        .await
        .map_err(told)?;
    let magic_link = house.parts.development.then_some(link);
    Ok(Reply(LinkRequested { status: "ok", magic_link }))
}

/// Uses a link.
///
/// Failures are 400 `invalid_json`, `missing_token`, 401 `invalid_token`, 403 `banned_user` and
/// `new_user_signup_disabled`. An
/// account with a second factor answers as at `/v1/auth/sign-in/email`.
#[utoipa::path(
    post,
    path = "/v1/auth/verify",
    tag = "auth",
    security(()),
    request_body = VerifyLink,
    responses(
        (status = 200, body = SignedInByLink, description = "Signed in.",
         headers(
            ("set-cookie" = String, description = "The session, for browsers."),
            ("set-auth-token" = String, description = "The session, for everybody else.")
         )),
        Problems
    )
)]
async fn verify_link(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    Form(form): Form<VerifyLink>,
) -> Answer<Response> {
    let token = form.token.reveal().trim();
    if token.is_empty() {
        let said = "Send the token of the link.";
        return Err(Error::new(ErrorKind::Malformed, "missing_token", said).into());
    }
    let Good { entry, session, .. } = rules::redeem(&house, &caller, device, token).await?;
    Ok(entry::entered(&house, entry, |entered| SignedInByLink {
        token: entered.token.reveal().clone(),
        user: entered.account,
        session,
    })?)
}

/// Who is signed in; 401 `unauthenticated` when nobody is.
#[utoipa::path(
    get,
    path = "/v1/auth/session",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    responses((status = 200, body = CurrentSession, description = "The session."), Problems)
)]
async fn current_session(
    State(house): State<IdentityApp>,
    By(caller): By,
) -> Answer<Reply<CurrentSession>> {
    let who = sessions::present(&caller)?;
    let user = house.db.unbound().read(async move |tx| accounts::view(tx, who.user).await).await?;
    match (user, sessions::find(&house, &caller).await?) {
        (Some(user), Some(session)) => Ok(Reply(CurrentSession { user, session })),
        _ => Err(Error::unauthenticated().into()),
    }
}
