use std::collections::BTreeMap;

use serde_json::json;

use super::*;

#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct Change {
    name: Patch<String>,
    tags: Patch<Vec<String>>,
    shape: Patch<Shape>,
}

#[derive(Debug, Deserialize, PartialEq, Serialize, ToSchema)]
struct Shape {
    sides: u32,
}

#[test]
fn absent_null_and_a_value_are_three_things() {
    let change: Change = serde_json::from_value(json!({"name": null, "tags": ["a"]})).unwrap();
    assert_eq!(change.name, Patch::Null);
    assert_eq!(change.tags, Patch::Set(vec!["a".to_owned()]));
    assert!(change.shape.is_absent());
    assert_eq!(change.name.sent(), Some(None));
    assert_eq!(change.tags.map(|tags| tags.len()).apply(Some(9)), Some(1));
    assert_eq!(change.shape.apply(Some(Shape { sides: 3 })), Some(Shape { sides: 3 }));
    assert!(serde_json::from_value::<Change>(json!({"name": 5})).is_err());
}

#[test]
fn the_schema_allows_null_and_requires_nothing() {
    let schema = serde_json::to_value(Change::schema()).unwrap();
    let properties = &schema["properties"];
    let mut all = Vec::new();
    Change::schemas(&mut all);
    let all: BTreeMap<_, _> = all.into_iter().collect();
    assert_eq!(
        serde_json::to_value(&all["Patch_String"]).unwrap(),
        json!({"oneOf": [{"type": "null"}, {"type": "string"}]})
    );
    let shape = serde_json::to_value(&all["Patch_Shape"]).unwrap();
    assert_eq!(shape["oneOf"][1]["properties"]["sides"]["type"], "integer");
    assert_eq!(properties["name"]["$ref"], "#/components/schemas/Patch_String");
    assert!(schema.get("required").is_none_or(|r| r.as_array().unwrap().is_empty()), "{schema}");
}
