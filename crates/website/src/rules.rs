//! Reading a website for somebody, and making their group from it.

use std::time::Duration;

use kernel::egress::Bounds;
use kernel::{App, Caller, Document, Limit};
use serde_json::json;
use types::{Checks, Error, ErrorKind, Json, JsonMap, PersonId, Result};
use url::Url;
use world::groups;
use world::groups::model::{Group, NewGroup, NewGroupSettings};

use crate::model::{AnalyzeWebsite, AnalyzedWebsite, Brand, NewOnboardingGroup};
use crate::page::Page;
use crate::style::Styles;
use crate::{analysis, features, guide, mapping};

const PAGES: Bounds = Bounds::of(&["text/html", "application/xhtml+xml"]);
/// All of them together stay within the time of a request.
const SHEETS: Bounds =
    Bounds { types: &["text/css"], bytes: 512 * 1024, total: Duration::from_secs(3) };
/// Style sheets read, of the same site as the page.
const MOST_SHEETS: usize = 5;
/// By person.
const ANALYSES: Limit = Limit::per_minutes(10, 60);
const MAX_URL: usize = 2048;
const MAX_NAME: usize = 100;
const MAX_BRAND: usize = 200;
const MAX_VOICE: usize = 50;
const MAX_CHOSEN: usize = 100;

/// Analyzes a website. That it happened is recorded in the caller's personal group, by its host.
///
/// # Errors
/// 401; 422 for what is not sensible and for a page that cannot be read; 429 after ten in an hour;
/// 503 when too many are read just now.
pub(crate) async fn analyze(
    app: &App,
    caller: &Caller,
    asked: AnalyzeWebsite,
) -> Result<AnalyzedWebsite> {
    let me = person(caller)?;
    let url = check(&asked)?;
    let _counted = app.limits.take("analyses", &[&me.to_string()], ANALYSES, app.now())?;
    let document = app.egress.fetch_public(me, &url, &PAGES).await.map_err(about_url)?;
    let address = document.url.clone();
    let (page, document) = apart(move || (Page::read(&document), document)).await?;
    let sheets = sheets(app, me, &document.url, &page).await;
    let organization = asked.organization_name;
    let done = apart(move || {
        let mut styles = Styles::default();
        styles.read(&page.styles);
        sheets.iter().for_each(|sheet| styles.read(&String::from_utf8_lossy(&sheet.body)));
        let analysis = analysis::analyze(&address, &page, &styles, &organization);
        AnalyzedWebsite {
            ontology_mapping: mapping::map(&analysis.content_types),
            brand_guide: guide::write(&analysis),
            recommendations: features::recommend(&analysis.content_types),
            analysis,
        }
    })
    .await?;
    record(app, caller, me, &document.url, &done).await?;
    Ok(done)
}

/// Somebody; a program with an API key stays in its group, and has no website.
fn person(caller: &Caller) -> Result<PersonId> {
    let identity = caller.identity();
    identity.person.filter(|_| identity.key.is_none()).ok_or_else(Error::unauthenticated)
}

fn check(asked: &AnalyzeWebsite) -> Result<Url> {
    let mut checks = Checks::new();
    checks.text("/url", &asked.url, 1, MAX_URL).text("/name", &asked.name, 1, MAX_NAME);
    checks.text("/organizationName", &asked.organization_name, 1, MAX_BRAND);
    checks.email("/email", asked.email.trim());
    checks.done()?;
    address("/url", &asked.url)
}

fn address(pointer: &str, text: &str) -> Result<Url> {
    Url::parse(text.trim()).map_err(|_| {
        Error::invalid(pointer, "invalid_address", "must be an address like https://example.com.")
    })
}

/// What the egress refuses, as a mistake in the field it came from.
fn about_url(error: Error) -> Error {
    if error.kind() != ErrorKind::Invalid {
        return error;
    }
    Error::invalid("/url", error.code().to_owned(), error.message())
}

/// The style sheets of a page that its own site serves. One that cannot be read is left out: a page
/// without it still has a name.
async fn sheets(app: &App, me: PersonId, at: &Url, page: &Page) -> Vec<Document> {
    let own = page.style_sheets.iter().filter(|sheet| sheet.origin() == at.origin());
    let mut read = Vec::new();
    for sheet in own.take(MOST_SHEETS) {
        match app.egress.fetch_public(me, sheet, &SHEETS).await {
            Ok(document) => read.push(document),
            // A server that slow is not asked for the next one.
            Err(error) if error.code() == "page_too_slow" => break,
            Err(_) => {}
        }
    }
    read
}

/// Work that is all reading and counting, where it keeps nobody waiting.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    // What a task that broke says of itself may quote what it read.
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::internal("a task broke off"))
}

async fn record(
    app: &App,
    caller: &Caller,
    me: PersonId,
    url: &Url,
    done: &AnalyzedWebsite,
) -> Result<()> {
    let Some(home) = caller.personal_group() else { return Ok(()) };
    let metadata = Json::of(&json!({
        "host": url.host_str(), "contentTypes": done.analysis.content_types,
    }))?;
    app.change(caller, async move |work| {
        work.announce(home, "website_analyzed", me, &metadata).await
    })
    .await
}

/// Makes a group that looks like an analyzed website.
///
/// # Errors
/// 401; 403 for an API key; 409 `slug_taken`; 422 for what is not sensible.
pub(crate) async fn create_group(
    app: &App,
    caller: &Caller,
    new: NewOnboardingGroup,
) -> Result<Group> {
    person(caller)?;
    let website = check_group(&new)?;
    let metadata = json!({
        "website": website.as_str(), "brand": new.brand, "thingTypes": new.thing_types,
        "features": new.features,
    });
    let group = NewGroup {
        parent_group_id: None,
        slug: new.slug,
        name: new.name,
        kind: "business".to_owned(),
        description: None,
        settings: NewGroupSettings::default(),
        metadata: metadata.as_object().map_or_else(JsonMap::new, Clone::clone),
    };
    groups::rules::create(app, caller, group).await
}

/// It comes from a client: whatever an analysis said once, it is looked at again.
fn check_group(new: &NewOnboardingGroup) -> Result<Url> {
    let mut checks = Checks::new();
    checks.text("/website", &new.website, 1, MAX_URL);
    check_brand(&mut checks, &new.brand);
    let types = &kernel::ontology::built_in().thing_types;
    let is_type = |name: &str| types.iter().any(|one| one.name == name);
    check_names(&mut checks, "/thingTypes", &new.thing_types, is_type, "is not a built-in type.");
    let message = "is not in the catalogue.";
    check_names(&mut checks, "/features", &new.features, features::is_known, message);
    checks.done()?;
    web_address("/website", &new.website)
}

fn check_names(
    checks: &mut Checks,
    pointer: &str,
    names: &[String],
    is_known: impl Fn(&str) -> bool,
    message: &str,
) {
    checks.that(names.len() <= MAX_CHOSEN, pointer, "too_many", "has too many entries.");
    for (at, name) in names.iter().enumerate().take(MAX_CHOSEN) {
        checks.that(is_known(name), &format!("{pointer}/{at}"), "unknown_name", message);
    }
}

fn check_brand(checks: &mut Checks, brand: &Brand) {
    checks.text("/brand/name", &brand.name, 1, MAX_BRAND);
    checks.text("/brand/voice", &brand.voice, 1, MAX_VOICE);
    let colors = &brand.colors;
    for (pointer, colour) in [
        ("/brand/colors/primary", &colors.primary),
        ("/brand/colors/secondary", &colors.secondary),
        ("/brand/colors/accent", &colors.accent),
    ] {
        let digits = colour.strip_prefix('#').unwrap_or_default();
        let fits = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        checks.that(fits, pointer, "invalid_colour", "must be a colour like #B5651D.");
    }
    for (pointer, font) in
        [("/brand/fonts/heading", &brand.fonts.heading), ("/brand/fonts/body", &brand.fonts.body)]
    {
        checks.text(pointer, font, 1, MAX_NAME);
    }
    if let Some(logo) = &brand.logo {
        checks.text("/brand/logo", logo, 1, MAX_URL).that(
            web_address("/brand/logo", logo).is_ok(),
            "/brand/logo",
            "invalid_address",
            "must be an address like https://example.com/logo.svg.",
        );
    }
}

fn web_address(pointer: &str, text: &str) -> Result<Url> {
    let url = address(pointer, text)?;
    if matches!(url.scheme(), "http" | "https") {
        return Ok(url);
    }
    Err(Error::invalid(pointer, "invalid_address", "must begin with http:// or https://."))
}
