//! The shapes of an analysis, and of a group made from it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A website to be analyzed, and for whom.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"url": "https://example.com", "name": "Ada Lovelace",
    "organizationName": "Engine Bakery", "email": "ada@example.com"}))]
pub struct AnalyzeWebsite {
    /// A page everybody can reach, by http or https at its usual port.
    pub url: String,
    /// Who asks: 1 to 100 characters.
    pub name: String,
    /// Whose website it is: 1 to 200 characters; the brand, where the page names none.
    pub organization_name: String,
    /// Where they are reached.
    pub email: String,
}

/// What a website says, and what fits it. Nothing of it is stored.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AnalyzedWebsite {
    /// What was found.
    pub analysis: WebsiteAnalysis,
    /// The built-in types it needs.
    pub ontology_mapping: OntologyMapping,
    /// How it looks and speaks.
    pub brand_guide: BrandGuide,
    /// What to build, the most important first.
    pub recommendations: Vec<Recommendation>,
}

/// What was found at a website.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebsiteAnalysis {
    /// Where it was found in the end.
    pub url: String,
    /// Whose it is.
    pub brand_name: String,
    /// What it says of itself.
    pub description: Option<String>,
    /// As `#RRGGBB`, what stands out first.
    pub colors: Vec<String>,
    /// The most used first.
    pub fonts: Vec<String>,
    /// Address of a picture.
    pub logo: Option<String>,
    /// How it speaks.
    #[schema(example = "friendly")]
    pub tone: &'static str,
    /// What it publishes or sells.
    pub content_types: Vec<&'static str>,
    /// How money comes in.
    pub monetization: Vec<&'static str>,
    /// Where people meet.
    pub community_features: Vec<&'static str>,
    /// What it is made with.
    pub tech_stack: Vec<&'static str>,
    /// In a word.
    #[schema(example = "e-commerce")]
    pub business_model: &'static str,
}

/// Which types of the built-in ontology a website needs.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OntologyMapping {
    /// Names of thing types.
    pub thing_types: Vec<&'static str>,
    /// Names of connection types that join them.
    pub connection_types: Vec<&'static str>,
    /// Why: content and the types it brings.
    pub because: Vec<MappedContent>,
}

/// A kind of content, and the types it brings.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MappedContent {
    /// What the website has.
    pub content: &'static str,
    /// The thing types it brings.
    pub thing_types: &'static [&'static str],
}

/// How a brand looks and speaks.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BrandGuide {
    /// The brand.
    pub brand: Brand,
    /// The same as a document, with CSS variables.
    pub markdown: String,
}

/// A brand's look and voice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Brand {
    /// What it is called: 1 to 200 characters.
    pub name: String,
    /// Colours as `#RRGGBB`.
    pub colors: BrandColors,
    /// Fonts by name.
    pub fonts: BrandFonts,
    /// Address of a picture.
    #[serde(default)]
    pub logo: Option<String>,
    /// How it speaks: at most 50 characters.
    pub voice: String,
}

/// A brand's colours, as `#RRGGBB`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BrandColors {
    /// What stands out.
    #[schema(example = "#B5651D")]
    pub primary: String,
    /// What stands beside it.
    #[schema(example = "#FFFFFF")]
    pub secondary: String,
    /// What draws the eye.
    #[schema(example = "#2E8B57")]
    pub accent: String,
}

/// A brand's fonts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BrandFonts {
    /// Of headings.
    #[schema(example = "Playfair Display")]
    pub heading: String,
    /// Of everything else.
    #[schema(example = "Inter")]
    pub body: String,
}

/// How much a feature matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// Nothing works without it, or the website lives of it.
    Critical,
    /// The website has it.
    High,
    /// It would help.
    Medium,
    /// It may come later.
    Low,
}

/// A feature to be built.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Recommendation {
    /// Its name in the catalogue.
    #[schema(example = "product-store")]
    pub feature: &'static str,
    /// What it is.
    pub description: &'static str,
    /// How much it matters here.
    pub priority: Priority,
    /// How long it takes to build.
    pub estimated_minutes: u32,
    /// Features that come before it; all of them are recommended, too.
    pub dependencies: &'static [&'static str],
}

/// A group to be made from an analysis; its maker becomes its owner.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"name": "Engine Bakery", "slug": "engine-bakery",
    "website": "https://example.com", "brand": {"name": "Engine Bakery",
    "colors": {"primary": "#B5651D", "secondary": "#FFFFFF", "accent": "#2E8B57"},
    "fonts": {"heading": "Inter", "body": "Inter"}, "voice": "friendly"},
    "thingTypes": ["creator", "organization", "website"], "features": ["landing-page"]}))]
pub struct NewOnboardingGroup {
    /// 1 to 200 characters.
    pub name: String,
    /// 3 to 50 of `a-z`, `0-9` and `-`, unique on this server.
    pub slug: String,
    /// The website that was analyzed.
    pub website: String,
    /// `brandGuide.brand` of the analysis.
    pub brand: Brand,
    /// `ontologyMapping.thingTypes` of the analysis, or some of them.
    #[serde(default)]
    pub thing_types: Vec<String>,
    /// The features that were chosen from the recommendations.
    #[serde(default)]
    pub features: Vec<String>,
}
