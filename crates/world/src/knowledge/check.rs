//! What is sensible about knowledge, without a look into the store.

use types::{Checks, Result};

use super::model::{KnowledgeType, NewKnowledge};
use crate::sizes;

/// Bytes of a text.
pub(super) const MAX_TEXT: usize = 1 << 20;
/// Labels a piece of knowledge may carry.
const MAX_LABELS: usize = 50;
/// Characters of a label's prefix and of its name.
const MAX_PREFIX: usize = 40;
const MAX_NAME: usize = 80;

pub(super) fn check(new: &NewKnowledge) -> Result<()> {
    let mut checks = Checks::new();
    check_content(&mut checks, new.kind, new.text.as_deref(), &new.labels);
    sizes::check_metadata(&mut checks, &new.metadata)?;
    checks.that(
        new.role.is_none() || new.source_thing_id.is_some(),
        "/role",
        "missing_source",
        "is how it belongs to a thing: send `sourceThingId` with it.",
    );
    checks.done()
}

pub(super) fn check_content(
    checks: &mut Checks,
    kind: KnowledgeType,
    text: Option<&str>,
    labels: &[String],
) {
    match (kind, text) {
        (KnowledgeType::Label, Some(text)) => {
            checks.that(is_label(text), "/text", "invalid_label", LABEL);
        }
        (_, Some(text)) => check_text(checks, text),
        (KnowledgeType::VectorOnly, None) => {}
        (_, None) => {
            checks.that(false, "/text", "missing_field", "must say something.");
        }
    }
    check_labels(checks, labels);
}

pub(super) fn check_text(checks: &mut Checks, text: &str) {
    checks.that(!text.trim().is_empty(), "/text", "too_short", "must not be empty.").that(
        text.len() <= MAX_TEXT,
        "/text",
        "too_long",
        "must have at most 1 MiB.",
    );
}

const LABEL: &str = "must be `prefix:name` with a prefix of 1 to 40 of a-z and `_`, and a name of 1 \
                     to 80 characters.";

pub(super) fn check_labels(checks: &mut Checks, labels: &[String]) {
    let few = labels.len() <= MAX_LABELS;
    checks.that(few, "/labels", "too_many", format!("must be at most {MAX_LABELS}."));
    for (index, label) in labels.iter().enumerate().filter(|_| few) {
        checks.that(is_label(label), &format!("/labels/{index}"), "invalid_label", LABEL);
    }
}

/// Whether a text is `prefix:name`.
#[must_use]
pub(super) fn is_label(text: &str) -> bool {
    text.split_once(':').is_some_and(|(prefix, name)| {
        (1..=MAX_PREFIX).contains(&prefix.len())
            && prefix.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            && name.len() <= MAX_NAME * 4
            && (1..=MAX_NAME).contains(&name.chars().count())
            && name.trim() == name
            && !name.chars().any(char::is_control)
    })
}
