//! What a person types to search: whatever it is, the engine takes what is made of it.

use database::seams::search::{Query, find};

use crate::house::house;

/// Terms at most.
const MOST: usize = 32;

/// A text.
pub fn search_query(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some(query) = Query::parse(text) else { return };
    let terms = query.terms();
    assert!(terms.len() <= MOST && terms.iter().any(|term| !term.without), "{text:?}: {terms:?}");
    for word in terms.iter().flat_map(|term| &term.words) {
        assert!(!word.is_empty(), "{text:?} has a word of nothing");
    }
    let house = house();
    let found = house.run(house.app.db.unbound().read(async move |tx| {
        // The index is asked, and nothing is in it.
        find(tx, &query, "things", 5, |_| {}).await
    }));
    assert!(found.is_ok(), "{text:?}: {:?}", found.err());
}
