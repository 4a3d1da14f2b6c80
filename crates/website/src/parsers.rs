//! What is read of a page, for `tests/parsers` to hold it against what must hold.

use kernel::Document;

use crate::analysis;
use crate::model::WebsiteAnalysis;
use crate::page::Page;
use crate::style::Styles;

/// The analysis of a page with one style sheet.
#[must_use]
pub fn analyze(document: &Document, sheet: &str) -> WebsiteAnalysis {
    let page = Page::read(document);
    let mut styles = Styles::default();
    styles.read(&page.styles);
    styles.read(sheet);
    analysis::analyze(&document.url, &page, &styles, "Nobody")
}
