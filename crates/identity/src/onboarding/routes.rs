//! The wires of the way in.

use axum::extract::State;
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, Body, By, Params, Problem, Reply};

use super::model::{
    AddressCode, Availability, Onboarding, Profile, Skills, Team, TeamInvited, Wallet, Wanted,
    Workspace,
};
use super::{address, rules, steps};
use crate::IdentityApp;

pub(crate) fn router() -> OpenApiRouter<IdentityApp> {
    OpenApiRouter::new()
        .routes(routes!(get_onboarding))
        .routes(routes!(check_availability))
        .routes(routes!(send_address_code))
        .routes(routes!(verify_address_code))
        .routes(routes!(set_onboarding_profile))
        .routes(routes!(create_onboarding_workspace))
        .routes(routes!(invite_onboarding_team))
        .routes(routes!(set_onboarding_wallet))
        .routes(routes!(set_onboarding_skills))
        .routes(routes!(complete_onboarding))
}

/// See how far one has come
///
/// The steps in order, and the progress of the furthest one taken. They may be taken in any order;
/// proving the address counts wherever it was done.
#[utoipa::path(get, path = "/v1/onboarding", tag = "onboarding",
    operation_id = "get_onboarding",
    security(("bearer" = []), ("session" = [])),
    responses(
        (status = 200, description = "How far the caller has come", body = Onboarding),
        (status = 401, description = "Nobody is signed in, or an API key", body = Problem)))]
async fn get_onboarding(
    State(house): State<IdentityApp>,
    By(caller): By,
) -> Answer<Reply<Onboarding>> {
    Ok(Reply(rules::get(&house, &caller).await?))
}

/// Ask whether a name can be had
///
/// A username or a slug; thirty questions a minute.
#[utoipa::path(get, path = "/v1/onboarding/availability", tag = "onboarding",
    operation_id = "check_availability",
    security(("bearer" = []), ("session" = [])),
    params(Wanted),
    responses(
        (status = 200, description = "Whether nobody has it", body = Availability),
        (status = 401, description = "Nobody is signed in, or an API key", body = Problem),
        (status = 422, description = "A parameter is wrong", body = Problem),
        (status = 429, description = "Too many in a short time", body = Problem)))]
async fn check_availability(
    State(house): State<IdentityApp>,
    By(caller): By,
    Params(wanted): Params<Wanted>,
) -> Answer<Reply<Availability>> {
    Ok(Reply(rules::availability(&house, &caller, wanted).await?))
}

/// Mail a code that proves the address
///
/// Six digits, good for a quarter of an hour; a new code ends the one before. A letter and five more
/// an hour.
#[utoipa::path(post, path = "/v1/onboarding/email/send", tag = "onboarding",
    operation_id = "send_address_code",
    security(("bearer" = []), ("session" = [])),
    responses(
        (status = 202, description = "On its way, unless the address is proven already"),
        (status = 401, description = "Nobody is signed in, or an API key", body = Problem),
        (status = 403, description = "While acting as somebody else", body = Problem),
        (status = 429, description = "Too many letters", body = Problem)))]
async fn send_address_code(State(house): State<IdentityApp>, By(caller): By) -> Answer<StatusCode> {
    address::send(&house, &caller).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Prove the address by a code
///
/// Five tries at each code.
#[utoipa::path(post, path = "/v1/onboarding/email/verify", tag = "onboarding",
    operation_id = "verify_address_code",
    security(("bearer" = []), ("session" = [])),
    request_body = AddressCode,
    responses(
        (status = 200, description = "How far the caller has come", body = Onboarding),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in, or an API key", body = Problem),
        (status = 403, description = "While acting as somebody else", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "A field is wrong", body = Problem),
        (status = 429, description = "Too many wrong codes (`too_many_tries`)", body = Problem)))]
async fn verify_address_code(
    State(house): State<IdentityApp>,
    By(caller): By,
    Body(body): Body<AddressCode>,
) -> Answer<Reply<Onboarding>> {
    Ok(Reply(address::verify(&house, &caller, body.code).await?))
}

/// Say who one is
///
/// What is named in the lists becomes labels of the personal group.
#[utoipa::path(post, path = "/v1/onboarding/profile", tag = "onboarding",
    operation_id = "set_onboarding_profile",
    security(("bearer" = []), ("session" = [])),
    request_body = Profile,
    responses(
        (status = 200, description = "How far the caller has come", body = Onboarding),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in, or an API key", body = Problem),
        (status = 409, description = "The username is taken", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "A field is wrong", body = Problem)))]
async fn set_onboarding_profile(
    State(house): State<IdentityApp>,
    By(caller): By,
    Body(body): Body<Profile>,
) -> Answer<Reply<Onboarding>> {
    Ok(Reply(steps::profile(&house, &caller, body).await?))
}

/// Make a group to work in
///
/// The caller owns it.
#[utoipa::path(post, path = "/v1/onboarding/workspace", tag = "onboarding",
    operation_id = "create_onboarding_workspace",
    security(("bearer" = []), ("session" = [])),
    request_body = Workspace,
    responses(
        (status = 200, description = "How far the caller has come", body = Onboarding),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in, or an API key", body = Problem),
        (status = 402, description = "The plan of new groups has no room for their maker",
            body = Problem),
        (status = 409, description = "The slug is taken", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "A field is wrong", body = Problem)))]
async fn create_onboarding_workspace(
    State(house): State<IdentityApp>,
    By(caller): By,
    Body(body): Body<Workspace>,
) -> Answer<Reply<Onboarding>> {
    Ok(Reply(steps::workspace(&house, &caller, body).await?))
}

/// Invite people into a group one owns
///
/// Each for itself, open for seven days; an answer tells what became of each.
#[utoipa::path(post, path = "/v1/onboarding/team", tag = "onboarding",
    operation_id = "invite_onboarding_team",
    security(("bearer" = []), ("session" = [])),
    request_body = Team,
    responses(
        (status = 200, description = "What became of each", body = TeamInvited),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in, or an API key", body = Problem),
        (status = 403, description = "Not an owner", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 409, description = "No workspace was made yet", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "A field is wrong", body = Problem)))]
async fn invite_onboarding_team(
    State(house): State<IdentityApp>,
    By(caller): By,
    Body(body): Body<Team>,
) -> Answer<Reply<TeamInvited>> {
    Ok(Reply(steps::team(&house, &caller, body).await?))
}

/// Say where one is paid
///
/// An address of Ethereum or a chain like it. Only the caller sees it.
#[utoipa::path(post, path = "/v1/onboarding/wallet", tag = "onboarding",
    operation_id = "set_onboarding_wallet",
    security(("bearer" = []), ("session" = [])),
    request_body = Wallet,
    responses(
        (status = 200, description = "How far the caller has come", body = Onboarding),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in, or an API key", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "A field is wrong", body = Problem)))]
async fn set_onboarding_wallet(
    State(house): State<IdentityApp>,
    By(caller): By,
    Body(body): Body<Wallet>,
) -> Answer<Reply<Onboarding>> {
    Ok(Reply(steps::wallet(&house, &caller, body).await?))
}

/// Say what one can do
///
/// Skills become labels of the personal group.
#[utoipa::path(post, path = "/v1/onboarding/skills", tag = "onboarding",
    operation_id = "set_onboarding_skills",
    security(("bearer" = []), ("session" = [])),
    request_body = Skills,
    responses(
        (status = 200, description = "How far the caller has come", body = Onboarding),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in, or an API key", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "A field is wrong", body = Problem)))]
async fn set_onboarding_skills(
    State(house): State<IdentityApp>,
    By(caller): By,
    Body(body): Body<Skills>,
) -> Answer<Reply<Onboarding>> {
    Ok(Reply(steps::skills(&house, &caller, body).await?))
}

/// End the way in
///
/// Needs a proven address, a profile and a workspace; the other steps may be left out.
#[utoipa::path(post, path = "/v1/onboarding/complete", tag = "onboarding",
    operation_id = "complete_onboarding",
    security(("bearer" = []), ("session" = [])),
    responses(
        (status = 200, description = "How far the caller has come", body = Onboarding),
        (status = 401, description = "Nobody is signed in, or an API key", body = Problem),
        (status = 409, description = "A step is missing (`step_missing`)", body = Problem)))]
async fn complete_onboarding(
    State(house): State<IdentityApp>,
    By(caller): By,
) -> Answer<Reply<Onboarding>> {
    Ok(Reply(rules::complete(&house, &caller).await?))
}
