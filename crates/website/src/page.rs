//! What is read of a page's HTML, in one pass and bounded memory.
//!
//! The parser streams and keeps only the open elements, for which it has a little memory: of a
//! page nested deeper than any real one, what stands before that is used.

use std::cell::RefCell;

use encoding_rs::{Encoding, UTF_8};
use kernel::Document;
use lol_html::html_content::Element;
use lol_html::{AsciiCompatibleEncoding, HtmlRewriter, MemorySettings, Settings, element, text};
use url::Url;

/// For the elements that are open at the same time: some thousands.
const PARSER_BYTES: usize = 512 * 1024;
/// Of one name or sentence.
const WORDS: usize = 300;
/// Of all text, of all styles inside the page, and of all addresses it names.
const TEXT: usize = 64 * 1024;
const STYLES: usize = 512 * 1024;
const ADDRESSES: usize = 128 * 1024;

/// A page, as far as it tells something.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) title: String,
    pub(crate) heading: String,
    pub(crate) site_name: String,
    pub(crate) description: String,
    pub(crate) generator: String,
    /// `og:image`, an icon, and an image that is called a logo.
    pub(crate) picture: Option<Url>,
    pub(crate) icon: Option<Url>,
    pub(crate) logo: Option<Url>,
    pub(crate) style_sheets: Vec<Url>,
    /// Its own styles.
    pub(crate) styles: String,
    /// Words people read, in lower case.
    pub(crate) text: String,
    /// Addresses of links, scripts and frames, and telling names of elements, in lower case, one
    /// a line.
    pub(crate) addresses: String,
}

impl Page {
    /// Reads a document; what cannot be read is left out.
    pub(crate) fn read(document: &Document) -> Self {
        let page = RefCell::new(Self::default());
        let base = &document.url;
        let settings = Settings {
            element_content_handlers: vec![
                element!("meta", |one| {
                    page.borrow_mut().meta(base, one);
                    Ok(())
                }),
                element!("link[href]", |one| {
                    page.borrow_mut().link(base, one);
                    Ok(())
                }),
                element!("img", |one| {
                    page.borrow_mut().image(base, one);
                    Ok(())
                }),
                element!("a[href], script, iframe[src], form, audio, video", |one| {
                    page.borrow_mut().address(one);
                    Ok(())
                }),
                element!("[style]", |one| {
                    let styles = one.get_attribute("style").unwrap_or_default();
                    let rule = format!("x{{{styles}}}\n");
                    append(&mut page.borrow_mut().styles, &rule, STYLES);
                    Ok(())
                }),
                text!("style", |chunk| {
                    append(&mut page.borrow_mut().styles, chunk.as_str(), STYLES);
                    Ok(())
                }),
                text!("title", |chunk| {
                    append(&mut page.borrow_mut().title, chunk.as_str(), WORDS);
                    Ok(())
                }),
                text!("h1", |chunk| {
                    append(&mut page.borrow_mut().heading, chunk.as_str(), WORDS);
                    Ok(())
                }),
                text!("p, h1, h2, h3, h4, li, a, button, label", |chunk| {
                    let words = chunk.as_str().to_lowercase();
                    append(&mut page.borrow_mut().text, &words, TEXT);
                    Ok(())
                }),
            ],
            memory_settings: MemorySettings {
                max_allowed_memory_usage: PARSER_BYTES,
                ..MemorySettings::new()
            },
            encoding: encoding(document),
            strict: false,
            ..Settings::new()
        };
        let mut rewriter = HtmlRewriter::new(settings, |_: &[u8]| {});
        // Too deep or not HTML: what came before counts.
        if rewriter.write(&document.body).is_ok() {
            let _ = rewriter.end();
        } else {
            drop(rewriter);
        }
        let mut page = page.into_inner();
        for words in
            [&mut page.title, &mut page.heading, &mut page.site_name, &mut page.description]
        {
            *words = plain(words);
        }
        page
    }

    fn meta(&mut self, base: &Url, one: &Element<'_, '_>) {
        let name = attribute(one, "property").or_else(|| attribute(one, "name"));
        let Some(content) = attribute(one, "content") else { return };
        match name.unwrap_or_default().to_lowercase().as_str() {
            "og:site_name" | "application-name" => first(&mut self.site_name, &content),
            "og:title" => first(&mut self.title, &content),
            "description" | "og:description" => first(&mut self.description, &content),
            "generator" => first(&mut self.generator, &content.to_lowercase()),
            "og:image" => self.picture = self.picture.take().or_else(|| join(base, &content)),
            _ => {}
        }
    }

    fn link(&mut self, base: &Url, one: &Element<'_, '_>) {
        let rel = attribute(one, "rel").unwrap_or_default().to_lowercase();
        let href = attribute(one, "href").unwrap_or_default();
        if rel.split_whitespace().any(|word| word == "stylesheet") {
            self.style_sheets.extend(join(base, &href));
            self.style_sheets.truncate(64);
        } else if rel.contains("icon") {
            self.icon = self.icon.take().or_else(|| join(base, &href));
        }
        self.note(&href);
        self.note(&attribute(one, "type").unwrap_or_default());
    }

    fn image(&mut self, base: &Url, one: &Element<'_, '_>) {
        let source = attribute(one, "src").unwrap_or_default();
        let named = ["class", "id", "alt", "src"]
            .iter()
            .filter_map(|name| attribute(one, name))
            .any(|value| value.to_lowercase().contains("logo"));
        if named && self.logo.is_none() {
            self.logo = join(base, &source);
        }
        self.note(&source);
    }

    fn address(&mut self, one: &Element<'_, '_>) {
        self.note(&format!("<{}", one.tag_name()));
        for name in ["href", "src", "action", "id"] {
            if let Some(value) = attribute(one, name) {
                self.note(&value);
            }
        }
    }

    fn note(&mut self, address: &str) {
        let line: String = address.chars().take(WORDS).collect();
        append(&mut self.addresses, &(line.to_lowercase() + "\n"), ADDRESSES);
    }
}

/// The encoding the server names; without one, the one of most pages.
fn encoding(document: &Document) -> AsciiCompatibleEncoding {
    let label = document.content_type.split("charset=").nth(1).unwrap_or_default();
    let label = label.trim_matches(['"', '\'', ' ', ';']);
    let named = Encoding::for_label(label.as_bytes()).unwrap_or(UTF_8);
    AsciiCompatibleEncoding::new(named).unwrap_or_else(AsciiCompatibleEncoding::utf_8)
}

fn attribute(one: &Element<'_, '_>, name: &str) -> Option<String> {
    one.get_attribute(name)
}

/// Pages are read by everybody, so what they refer to is on the web.
fn join(base: &Url, address: &str) -> Option<Url> {
    let url = base.join(&plain(address)).ok()?;
    let fits = matches!(url.scheme(), "http" | "https") && url.as_str().len() <= 2048;
    fits.then_some(url)
}

fn first(slot: &mut String, text: &str) {
    if slot.is_empty() {
        append(slot, text, WORDS);
    }
}

/// Appends as much as fits.
fn append(to: &mut String, text: &str, most: usize) {
    let room = most.saturating_sub(to.len());
    to.push_str(&text[..text.floor_char_boundary(room)]);
}

/// Text as people see it: entities read, spaces joined, nothing invisible.
fn plain(text: &str) -> String {
    let mut read = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        read.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.char_indices().take(10).find(|(_, letter)| *letter == ';');
        let meant = end.and_then(|(end, _)| Some((entity(&rest[1..end])?, end + 1)));
        let (letter, length) = meant.unwrap_or(('&', 1));
        read.push(letter);
        rest = &rest[length..];
    }
    read.push_str(rest);
    let visible = |word: &str| word.chars().filter(|letter| !letter.is_control()).collect();
    read.split_whitespace().map(visible).collect::<Vec<String>>().join(" ")
}

fn entity(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "ndash" => '–',
        "mdash" => '—',
        "rsquo" => '’',
        "copy" => '©',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    })
}
