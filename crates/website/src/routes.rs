//! The wires of website analysis.

use axum::extract::State;
use kernel::App;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, Body, By, Created, Problem, Reply};
use world::groups::model::Group;

use crate::model::{AnalyzeWebsite, AnalyzedWebsite, NewOnboardingGroup};
use crate::rules;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(analyze_website)).routes(routes!(create_onboarding_group))
}

/// Analyze a website
///
/// Reads the page and up to five style sheets of its site — public addresses only, ten seconds and
/// two MiB each at most — and tells its brand, what it offers, which built-in types that needs and
/// what to build. Nothing of it is stored. Ten an hour for each person.
#[utoipa::path(post, path = "/v1/onboarding/analyze", tag = "onboarding",
    operation_id = "analyze_website",
    security(("bearer" = []), ("session" = [])),
    request_body = AnalyzeWebsite,
    responses(
        (status = 200, description = "What was found, and what fits it", body = AnalyzedWebsite),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "A field is wrong, or the page cannot be read: \
            `page_unreachable`, `page_not_found`, `page_too_slow`, `page_too_large`, \
            `page_of_wrong_type`, `too_many_redirects`", body = Problem),
        (status = 429, description = "Too many in a short time", body = Problem),
        (status = 503, description = "Too many pages are being read just now", body = Problem)))]
async fn analyze_website(
    State(app): State<App>,
    By(caller): By,
    Body(asked): Body<AnalyzeWebsite>,
) -> Answer<Reply<AnalyzedWebsite>> {
    Ok(Reply(rules::analyze(&app, &caller, asked).await?))
}

/// Make a group from an analysis
///
/// Its metadata holds the website, the brand, the types and the features that were chosen.
#[utoipa::path(post, path = "/v1/onboarding/groups", tag = "onboarding",
    operation_id = "create_onboarding_group",
    security(("bearer" = []), ("session" = [])),
    request_body = NewOnboardingGroup,
    responses(
        (status = 201, description = "Made; the caller owns it", body = Group,
            headers(("location" = String), ("etag" = String))),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 402, description = "The plan of new groups has no room for their maker",
            body = Problem),
        (status = 409, description = "The slug is taken", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "A field is wrong", body = Problem)))]
async fn create_onboarding_group(
    State(app): State<App>,
    By(caller): By,
    Body(new): Body<NewOnboardingGroup>,
) -> Answer<Created<Group>> {
    let group = rules::create_group(&app, &caller, new).await?;
    let location = format!("/v1/groups/{}", group.id);
    Ok(Created { location, version: Some(group.version), body: group })
}
