//! Definitions of types: refused with their places, or brought into the one form that is stored,
//! which stays as it is.

use types::Json;
use world::ontology::model::Dimension;
use world::ontology::read_definition;

/// A byte that says of what it is a type, and its definition.
pub fn definition(data: &[u8]) {
    let [of, text @ ..] = data else { return };
    let dimension = match of % 3 {
        0 => Dimension::Thing,
        1 => Dimension::Connection,
        _ => Dimension::Event,
    };
    let Ok(text) = String::from_utf8(text.to_vec()) else { return };
    let Ok(json) = Json::from_text(text) else { return };
    match read_definition(dimension, "machine", &json) {
        Ok(stored) => {
            assert_eq!(stored.to_map()["name"], "machine");
            let again = read_definition(dimension, "machine", &stored).expect("it is read again");
            assert_eq!(again.to_map(), stored.to_map(), "its form is not the last one");
        }
        Err(error) => assert_eq!(error.kind().status(), 422, "{error:?}"),
    }
}
