use std::borrow::Cow;

use kernel::ontology::ThingType;
use serde_json::json;

use super::*;
use crate::ontology::model::KnownThingType;
use crate::ontology::rules::shipped;

fn file(kind: Value) -> String {
    let mut view = shipped();
    let kind: ThingType = serde_json::from_value(kind).expect("a type");
    view.thing_types =
        vec![KnownThingType { kind: Cow::Owned(kind), group_id: None, version: None, count: None }];
    write(&view).expect("a file")
}

#[test]
fn every_shipped_type_is_written_once() {
    let text = write(&shipped()).expect("a file");
    for one in shipped().thing_types {
        let head = format!("export interface {}Properties {{", pascal(&one.kind.name));
        assert_eq!(text.matches(&head).count(), 1, "{head}");
    }
    assert_eq!(text, write(&shipped()).expect("a file"));
}

#[test]
fn a_type_is_written_as_it_is() {
    let text = file(json!({
        "name": "parcel_2", "required": ["size"], "hidden": ["pin"],
        "properties": {
            "size": {"type": "integer"}, "pin": {"type": "string"},
            "state": {"enum": ["new", "sent", 3, null]},
            "tags": {"type": "array", "items": {"type": ["string", "number"]}},
            "to": {"$ref": "#/$defs/place"}
        },
        "schema": {"additionalProperties": false,
            "$defs": {"place": {"type": "object", "properties": {"city": {"type": "string"}}}}}
    }));
    for line in [
        "export interface Parcel_2Properties {\n",
        "  size: number;\n",
        "  state?: (\"new\" | \"sent\" | 3 | null);\n",
        "  tags?: Array<(string | number)>;\n",
        "  to?: {\n    city?: string;\n    [name: string]: unknown;\n  };\n}\n",
        "export interface Parcel_2Input {\n  pin?: string;\n",
        "  parcel_2: Parcel_2Properties;\n",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert_eq!(text.matches("pin").count(), 1, "{text}");
}

#[test]
fn nothing_gets_out_of_its_quotes() {
    let text = file(json!({
        "name": "evil",
        "properties": {
            "a\"; export const x = 1; //": {"type": "string"},
            "b": {"enum": ["\"\n;alert(1)//", "\u{2028}"]},
            "c": {"type": "string", "description": "*/ alert(1) /*\nalert(2)\u{2029}alert(3)"}
        }
    }));
    assert!(text.contains(r#"  "a\"; export const x = 1; //"?: string;"#), "{text}");
    assert!(text.contains(r#"("\"\n;alert(1)//" | "\u2028")"#), "{text}");
    assert!(text.contains("/** * / alert(1) /* alert(2) alert(3) */"), "{text}");
}

#[test]
fn no_two_names_become_one() {
    let names = ["a1", "a_1", "a_b", "ab", "a__b", "a_", "a"];
    let made: std::collections::BTreeSet<String> = names.iter().map(|name| pascal(name)).collect();
    assert_eq!(made.len(), names.len(), "{made:?}");
}
