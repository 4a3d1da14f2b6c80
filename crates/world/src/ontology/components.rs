//! The types of things as schemas of an OpenAPI document: one for each, told apart by `type`.

use serde_json::{Value, json};
use types::{JsonMap, Result};

use super::model::OntologyView;
use super::shape::{self, Side};

/// `{"components": {"schemas": …}}`, in the order of names.
pub(super) fn write(view: &OntologyView) -> Result<Value> {
    let mut schemas = JsonMap::new();
    let (mut all, mut mapping) = (Vec::new(), JsonMap::new());
    for one in &view.thing_types {
        let name = format!("Thing_{}", one.kind.name);
        let reference = format!("#/components/schemas/{name}");
        schemas.insert(
            name,
            json!({
                "type": "object",
                "required": ["type", "properties"],
                "properties": {
                    "type": {"const": one.kind.name},
                    "properties": shape::of(&one.kind, Side::Read)?,
                },
            }),
        );
        all.push(json!({"$ref": reference}));
        mapping.insert(one.kind.name.clone(), json!(reference));
    }
    let discriminator = json!({"propertyName": "type", "mapping": mapping});
    schemas.insert("Thing".to_owned(), json!({"oneOf": all, "discriminator": discriminator}));
    Ok(json!({"components": {"schemas": schemas}}))
}
