//! Pages and style sheets of others: whatever they say, what is told of them is cut to size and
//! says nothing that breaks out of where it goes.

use kernel::Document;
use url::Url;

const PAGE: &str = "https://example.com/a/";
/// Bytes of a sentence.
const SENTENCE: usize = 300;
/// Letters of a name.
const NAME: usize = 100;

/// A line, which is the type of the page as its server has it, then a style sheet up to a byte of
/// zero, then the page.
pub fn website(data: &[u8]) {
    let cut = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (kind, rest) = (&data[..cut], data.get(cut + 1..).unwrap_or_default());
    let cut = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
    let (sheet, page) = (&rest[..cut], rest.get(cut + 1..).unwrap_or_default());
    let document = Document {
        url: Url::parse(PAGE).expect("an address"),
        content_type: String::from_utf8_lossy(kind).to_lowercase(),
        body: page.to_vec(),
    };
    let told = website::parsers::analyze(&document, &String::from_utf8_lossy(sheet));
    for colour in &told.colors {
        let digits = colour.strip_prefix('#').expect("a colour");
        let is_digit = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'A'..=b'F');
        assert!(digits.len() == 6 && digits.bytes().all(is_digit), "{colour:?} is no colour");
    }
    for font in &told.fonts {
        let plain = |letter: char| letter.is_alphanumeric() || " -_".contains(letter);
        assert!(font.len() <= 60 && font.chars().all(plain), "{font:?} breaks out of CSS");
    }
    assert!(told.brand_name.chars().count() <= NAME, "{:?} is too long", told.brand_name);
    let description = told.description.unwrap_or_default();
    assert!(description.len() <= SENTENCE, "{description:?} is too long");
    for text in [&told.brand_name, &description] {
        assert!(!text.contains(|letter: char| letter.is_control()), "{text:?} has controls");
    }
    if let Some(logo) = told.logo {
        let scheme = Url::parse(&logo).expect("an address").scheme().to_owned();
        assert!(matches!(&*scheme, "http" | "https"), "{logo:?} is not on the web");
    }
}
