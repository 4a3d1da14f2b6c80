//! The brand guide: an analysis as rules a designer, or a style sheet, can follow.

use std::fmt::Write as _;

use crate::model::{Brand, BrandColors, BrandFonts, BrandGuide, WebsiteAnalysis};

const BLACK: &str = "#000000";
const WHITE: &str = "#FFFFFF";
const FONT: &str = "Inter";

/// The guide of an analyzed website; what it lacks is black, white and Inter.
pub(crate) fn write(analysis: &WebsiteAnalysis) -> BrandGuide {
    let or = |found: &[String], at: usize, other: &str| {
        found.get(at).cloned().unwrap_or_else(|| other.to_owned())
    };
    let (colors, fonts) = (&analysis.colors, &analysis.fonts);
    let primary = or(colors, 0, BLACK);
    let brand = Brand {
        name: analysis.brand_name.clone(),
        colors: BrandColors {
            secondary: or(colors, 1, WHITE),
            accent: or(colors, 2, &primary),
            primary,
        },
        fonts: BrandFonts { heading: or(fonts, 0, FONT), body: or(fonts, 1, &or(fonts, 0, FONT)) },
        logo: analysis.logo.clone(),
        voice: analysis.tone.to_owned(),
    };
    BrandGuide { markdown: markdown(&brand), brand }
}

fn markdown(brand: &Brand) -> String {
    let Brand { name, colors, fonts, logo, voice } = brand;
    let mut page = format!(
        "# {} brand guide\n\n## Voice\n\n{}\n\n## Colors\n\n",
        escaped(name),
        escaped(voice)
    );
    let all = [
        ("Primary", &colors.primary),
        ("Secondary", &colors.secondary),
        ("Accent", &colors.accent),
    ];
    for (use_of, colour) in all {
        let _ = writeln!(page, "* {use_of}: `{colour}`");
    }
    let _ = write!(
        page,
        "\n## Fonts\n\n* Headings: {}\n* Text: {}\n",
        escaped(&fonts.heading),
        escaped(&fonts.body)
    );
    if let Some(logo) = logo {
        // A URL as it is written holds neither `<` nor `>` nor spaces.
        let _ = write!(page, "\n## Logo\n\n<{logo}>\n");
    }
    let _ = write!(
        page,
        "\n## CSS\n\n```css\n:root {{\n  --color-primary: {};\n  --color-secondary: {};\n  \
         --color-accent: {};\n  --font-heading: {};\n  --font-body: {};\n}}\n```\n",
        colors.primary,
        colors.secondary,
        colors.accent,
        css_text(&fonts.heading),
        css_text(&fonts.body)
    );
    page
}

/// Text that Markdown shows as it is.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => safe.push_str("&lt;"),
            '&' => safe.push_str("&amp;"),
            '\n' | '\r' => safe.push(' '),
            _ if "\\`*_{}[]()#+!|>~".contains(letter) => safe.extend(['\\', letter]),
            _ => safe.push(letter),
        }
    }
    safe
}

/// A string of CSS that nothing gets out of, not even the block of code around it.
fn css_text(text: &str) -> String {
    let mut safe = String::from("\"");
    for letter in text.chars() {
        if letter.is_alphanumeric() || " -_".contains(letter) {
            safe.push(letter);
        } else {
            let _ = write!(safe, "\\{:x} ", u32::from(letter));
        }
    }
    safe + "\", sans-serif"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn analysis(name: &str, fonts: &[&str]) -> WebsiteAnalysis {
        WebsiteAnalysis {
            url: "https://example.com/".to_owned(),
            brand_name: name.to_owned(),
            description: None,
            colors: Vec::new(),
            fonts: fonts.iter().map(|one| (*one).to_owned()).collect(),
            logo: None,
            tone: "neutral",
            content_types: Vec::new(),
            monetization: Vec::new(),
            community_features: Vec::new(),
            tech_stack: Vec::new(),
            business_model: "unknown",
        }
    }

    #[test]
    fn without_a_look_of_its_own_a_brand_is_black_white_and_inter() {
        let guide = write(&analysis("Acme", &[]));
        let colors = &guide.brand.colors;
        assert_eq!((&*colors.primary, &*colors.secondary), ("#000000", "#FFFFFF"));
        assert_eq!((&*guide.brand.fonts.heading, &*guide.brand.fonts.body), ("Inter", "Inter"));
        assert!(guide.markdown.contains("--color-primary: #000000;"), "{}", guide.markdown);
        assert!(guide.markdown.contains("--font-body: \"Inter\", sans-serif;"));
    }

    #[test]
    fn nothing_a_page_says_gets_out_of_its_place() {
        let name = "<script>alert(1)</script>\n# *Big* [x](javascript:1)";
        let font = "A\"; } body { display: none } /*\n```";
        let page = write(&analysis(name, &[font])).markdown;
        assert!(!page.contains("<script") && !page.contains("[x]("), "{page}");
        assert_eq!(page.lines().filter(|line| line.starts_with("# ")).count(), 1, "{page}");
        assert_eq!(page.matches("```").count(), 2, "{page}");
        let style = page.split("```").nth(1).expect("a block");
        assert_eq!((style.matches('{').count(), style.matches('}').count()), (1, 1), "{style}");
    }
}
