//! The wires of signing keys.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderValue, StatusCode, header};
use types::Result;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, AuthAnswer, By, OptionalBody, Path, Problems, Reply};

use super::model::{Jwk, Jwks, RotateSigningKey, SignedToken, SigningKey, SigningKeys};
use super::ring::Key;
use super::rules;
use crate::IdentityApp;
use crate::sessions;
use crate::wire::translate;

/// A copy of the JWKS is kept at most this long.
const COPY_S: u32 = 3_600;

pub(crate) fn router() -> OpenApiRouter<IdentityApp> {
    OpenApiRouter::new()
        .routes(routes!(jwks))
        .routes(routes!(token))
        .routes(routes!(list_signing_keys))
        .routes(routes!(rotate_signing_key))
        .routes(routes!(retire_signing_key))
}

fn jwk(key: &Key) -> Jwk {
    Jwk {
        alg: "EdDSA",
        crv: "Ed25519",
        kty: "OKP",
        usage: "sig",
        x: URL_SAFE_NO_PAD.encode(&key.public),
        kid: key.kid().to_owned(),
    }
}

/// The public keys that access tokens are checked with (RFC 7517).
///
/// A new key is here before it signs, for longer than a copy may be kept.
#[utoipa::path(
    get,
    path = "/v1/auth/jwks",
    tag = "auth",
    security(()),
    responses(
        (status = 200, body = Jwks, description = "Every key that signs, did, or soon will.",
         headers(("cache-control" = String, description = "How long a copy may be kept."))),
        Problems
    )
)]
async fn jwks(State(house): State<IdentityApp>) -> AuthAnswer<Response> {
    let published = house.parts.access_tokens.ring().published(house.now());
    let keys = published.iter().map(|key| jwk(key)).collect();
    let copy = (house.parts.settings.signing_key_overlap_minutes.saturating_mul(30)).min(COPY_S);
    let caching = HeaderValue::try_from(format!("public, max-age={copy}"))?;
    Ok(([(header::CACHE_CONTROL, caching)], Reply(Jwks { keys })).into_response())
}

/// A JWT of the session that asks, for services that check it with the JWKS.
///
/// It says who (`sub`), by which session (`sid`), who signed (`iss`), for whom (`aud`: this server),
/// when (`iat`, `exp`), when they proved who they are (`auth_time`) and which owner of the platform
/// acts as them (`act`), if one does; and nothing else. Its type is `JWT`: this server takes it from
/// nobody.
#[utoipa::path(
    get,
    path = "/v1/auth/token",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    responses((status = 200, body = SignedToken, description = "The token."), Problems)
)]
async fn token(State(house): State<IdentityApp>, By(caller): By) -> AuthAnswer<Reply<SignedToken>> {
    let sign = || -> Result<String> {
        let who = sessions::present(&caller)?;
        house.parts.access_tokens.sign_for_others(&caller, who, house.now())
    };
    Ok(Reply(SignedToken { token: sign().map_err(translate)? }))
}

/// The signing keys of the platform, the oldest first. For its owners.
#[utoipa::path(
    get,
    path = "/v1/signing-keys",
    tag = "signing keys",
    security(("bearer" = []), ("session" = [])),
    responses((status = 200, body = SigningKeys, description = "All of them."), Problems)
)]
async fn list_signing_keys(
    State(house): State<IdentityApp>,
    By(caller): By,
) -> Answer<Reply<SigningKeys>> {
    Ok(Reply(SigningKeys { data: rules::list(&house, &caller).await? }))
}

/// Makes a new signing key. For owners of the platform who proved a short while ago who they are.
///
/// It is published at once and signs after `identity.signing_key_overlap_minutes`; the one before
/// it stays published until the last token it signed has expired.
#[utoipa::path(
    post,
    path = "/v1/signing-keys/rotate",
    tag = "signing keys",
    security(("bearer" = []), ("session" = [])),
    request_body = Option<RotateSigningKey>,
    responses((status = 200, body = SigningKey, description = "The new key."), Problems)
)]
async fn rotate_signing_key(
    State(house): State<IdentityApp>,
    By(caller): By,
    OptionalBody(form): OptionalBody<RotateSigningKey>,
) -> Answer<Reply<SigningKey>> {
    Ok(Reply(rules::rotate(&house, &caller, form.immediately).await?))
}

/// Ends a signing key at once, with every token it signed. The one that signs cannot be ended:
/// 409 `signing_key_in_use`.
#[utoipa::path(
    delete,
    path = "/v1/signing-keys/{kid}",
    tag = "signing keys",
    security(("bearer" = []), ("session" = [])),
    params(("kid" = String, Path, description = "The key's name.")),
    responses((status = 204, description = "It is not published any more."), Problems)
)]
async fn retire_signing_key(
    State(house): State<IdentityApp>,
    By(caller): By,
    Path(kid): Path<String>,
) -> Answer<StatusCode> {
    rules::retire(&house, &caller, &kid).await?;
    Ok(StatusCode::NO_CONTENT)
}
