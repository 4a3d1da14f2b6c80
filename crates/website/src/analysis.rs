//! From a page and its style sheets to what is to be said of the website.

use url::Url;

use crate::model::WebsiteAnalysis;
use crate::page::Page;
use crate::signs::{self, COMMUNITY, CONTENT, MONETIZATION, TECHNOLOGY, TONES};
use crate::style::Styles;

/// Of colours and fonts that are answered.
const SHOWN: usize = 8;
const NAME: usize = 100;

/// The analysis of a page; `organization` is the brand where the page names none.
pub(crate) fn analyze(
    url: &Url,
    page: &Page,
    styles: &Styles,
    organization: &str,
) -> WebsiteAnalysis {
    let (text, addresses) = (page.text.as_str(), page.addresses.as_str());
    let content = signs::found(CONTENT, text, addresses);
    let made = format!("{}\n{addresses}", page.generator);
    let monetization = signs::found(MONETIZATION, text, addresses);
    let logo = page.logo.as_ref().or(page.picture.as_ref()).or(page.icon.as_ref());
    WebsiteAnalysis {
        url: url.to_string(),
        brand_name: brand_name(page, organization),
        description: Some(page.description.clone()).filter(|text| !text.is_empty()),
        colors: styles.colours().into_iter().take(SHOWN).map(super::colour::Colour::hex).collect(),
        fonts: styles.fonts().into_iter().take(SHOWN).collect(),
        logo: logo.map(Url::to_string),
        tone: tone(text),
        business_model: business_model(&content, &monetization),
        content_types: content,
        monetization,
        community_features: signs::found(COMMUNITY, text, addresses),
        tech_stack: signs::found(TECHNOLOGY, "", &made),
    }
}

/// What the site calls itself; else its title without the page's own, its heading, or who asks.
fn brand_name(page: &Page, organization: &str) -> String {
    let title = page.title.rsplit([':', '|', '–', '—', '·']).map(str::trim);
    let title = title.filter(|part| !part.is_empty()).min_by_key(|part| part.chars().count());
    let names = [page.site_name.as_str(), title.unwrap_or_default(), page.heading.as_str()];
    let name = names.into_iter().find(|name| !name.is_empty()).unwrap_or(organization);
    name.chars().take(NAME).collect()
}

fn tone(text: &str) -> &'static str {
    let counted = TONES.iter().rev().map(|one| (one.count(text), one.name));
    // Of equals the last, so the list is walked backwards.
    counted
        .max_by_key(|(count, _)| *count)
        .filter(|(count, _)| *count > 0)
        .map_or("neutral", |one| one.1)
}

fn business_model(content: &[&str], monetization: &[&str]) -> &'static str {
    let earns = |name| monetization.contains(&name);
    if earns("product-sales") {
        "e-commerce"
    } else if earns("courses") || content.contains(&"courses") {
        "education"
    } else if earns("subscriptions") {
        "subscription"
    } else if earns("services") || content.contains(&"services") {
        "services"
    } else if earns("advertising") || earns("affiliate") || earns("donations") {
        "media"
    } else if content.is_empty() {
        "unknown"
    } else {
        "content"
    }
}
