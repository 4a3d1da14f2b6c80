//! Colours and fonts of style sheets: how often each is declared.

use std::collections::BTreeMap;

use cssparser::{Parser, ParserInput, Token};

use crate::colour::Colour;

/// `@media` within `@supports` within `@layer` …: no real sheet goes deeper.
const DEPTH: usize = 8;
/// Different ones that are counted.
const KINDS: usize = 1000;
/// What every system has: no brand chose it.
const GENERIC: [&str; 17] = [
    "serif",
    "sans-serif",
    "monospace",
    "cursive",
    "fantasy",
    "system-ui",
    "ui-sans-serif",
    "ui-serif",
    "ui-monospace",
    "inherit",
    "initial",
    "unset",
    "revert",
    "-apple-system",
    "blinkmacsystemfont",
    "apple color emoji",
    "segoe ui emoji",
];

/// What style sheets declare.
#[derive(Debug, Default)]
pub(crate) struct Styles {
    colours: BTreeMap<Colour, u32>,
    fonts: BTreeMap<String, u32>,
}

impl Styles {
    /// Adds a sheet; what is not CSS is passed over.
    pub(crate) fn read(&mut self, sheet: &str) {
        let mut input = ParserInput::new(sheet);
        self.block(&mut Parser::new(&mut input), 0);
    }

    /// Those that are no grey, then the greys, each the most frequent first.
    pub(crate) fn colours(&self) -> Vec<Colour> {
        let mut all: Vec<_> =
            self.colours.iter().map(|(colour, count)| (*colour, *count)).collect();
        all.sort_by_key(|(colour, count)| (colour.is_grey(), std::cmp::Reverse(*count), *colour));
        all.into_iter().map(|(colour, _)| colour).collect()
    }

    /// The most frequent first.
    pub(crate) fn fonts(&self) -> Vec<String> {
        let mut all: Vec<_> = self.fonts.iter().collect();
        all.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), (*name).clone()));
        all.into_iter().map(|(name, _)| name.clone()).collect()
    }

    /// A block of declarations and rules. `property` is what the values at hand are of: a name and
    /// a colon begin a declaration, and a selector that looks like one ends at its brace.
    fn block(&mut self, parser: &mut Parser<'_, '_>, depth: usize) {
        let (mut name, mut property) = (None, None::<String>);
        while let Ok(token) = parser.next() {
            let token = token.clone();
            match &token {
                Token::Ident(text) if property.is_none() => name = Some(text.to_lowercase()),
                Token::Colon if property.is_none() => property = name.take(),
                Token::Semicolon | Token::AtKeyword(_) => (name, property) = (None, None),
                Token::CurlyBracketBlock => {
                    (name, property) = (None, None);
                    if depth < DEPTH {
                        let _ = parser.parse_nested_block(|inside| {
                            self.block(inside, depth + 1);
                            Ok::<(), cssparser::ParseError<'_, ()>>(())
                        });
                    }
                }
                // Outside of braces there are selectors only.
                _ if depth > 0 => {
                    if let Some(property) = &property {
                        self.value(parser, property, &token);
                    }
                }
                _ => {}
            }
            if let (Some(property), Token::Ident(text)) = (&property, &token) {
                self.font(property, text);
            }
        }
    }

    fn value(&mut self, parser: &mut Parser<'_, '_>, property: &str, token: &Token<'_>) {
        match token {
            Token::Hash(digits) | Token::IDHash(digits) => self.colour(Colour::of_hex(digits)),
            Token::QuotedString(text) => self.font(property, text),
            Token::Function(name) => {
                let name = name.to_lowercase();
                let numbers = parser.parse_nested_block(|inside| {
                    Ok::<_, cssparser::ParseError<'_, ()>>(numbers(inside))
                });
                self.colour(numbers.ok().and_then(|numbers| function(&name, &numbers)));
            }
            _ => {}
        }
    }

    fn colour(&mut self, colour: Option<Colour>) {
        let Some(colour) = colour else { return };
        if self.colours.len() < KINDS || self.colours.contains_key(&colour) {
            *self.colours.entry(colour).or_default() += 1;
        }
    }

    fn font(&mut self, property: &str, name: &str) {
        let sound = |letter: char| letter.is_alphanumeric() || " -_".contains(letter);
        let fits = property == "font-family"
            && (1..=60).contains(&name.len())
            && name.chars().all(sound)
            && !GENERIC.contains(&name.to_lowercase().as_str());
        if fits && (self.fonts.len() < KINDS || self.fonts.contains_key(name)) {
            *self.fonts.entry(name.to_owned()).or_default() += 1;
        }
    }
}

/// A number, and whether it was a percentage (then between 0 and 1).
type Number = (f32, bool);

fn numbers(parser: &mut Parser<'_, '_>) -> Vec<Number> {
    let mut found = Vec::new();
    while let Ok(token) = parser.next() {
        match token {
            Token::Number { value, .. } | Token::Dimension { value, .. } => {
                found.push((*value, false));
            }
            Token::Percentage { unit_value, .. } => found.push((*unit_value, true)),
            _ => {}
        }
        if found.len() > 4 {
            break;
        }
    }
    found
}

fn function(name: &str, numbers: &[Number]) -> Option<Colour> {
    let [first, second, third, ..] = numbers else { return None };
    let share = |(value, percent): Number, whole: f32| if percent { value } else { value / whole };
    match name {
        "rgb" | "rgba" => {
            Some(Colour::of_shares([*first, *second, *third].map(|one| share(one, 255.0))))
        }
        "hsl" | "hsla" => {
            Some(Colour::of_hsl(first.0, share(*second, 100.0), share(*third, 100.0)))
        }
        _ => None,
    }
}

#[cfg(test)]
#[path = "style_tests.rs"]
mod tests;
