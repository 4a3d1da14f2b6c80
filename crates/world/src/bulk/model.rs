//! The shapes of bulk requests.

use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use types::{AnyId, ThingId};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use web::Problem;

use crate::batch::operation::Change;
use crate::things::model::ThingChange;

/// Objects to be made, or changed where they are there already.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bulk {
    /// Each is read by itself, so that one that cannot be read fails alone.
    pub items: Vec<Box<RawValue>>,
    /// What becomes of an item that is there already.
    #[serde(default)]
    pub mode: Mode,
    /// What things are told apart by.
    #[serde(default)]
    pub key: Option<String>,
}

/// The same, as it is described: items of the single request's shape.
#[derive(Debug, ToSchema)]
#[schema(as = Bulk)]
pub struct BulkOf<T: ToSchema> {
    /// 1 to 1000.
    #[schema(min_items = 1, max_items = 1000)]
    pub items: Vec<T>,
    /// What becomes of an item that is there already; `create`, if absent.
    pub mode: Option<Mode>,
    /// With `upsert` of things: the unique property that tells them apart.
    #[schema(example = "sku")]
    pub key: Option<String>,
    #[schema(ignore)]
    shape: PhantomData<T>,
}

/// What becomes of an item that is there already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It fails, where the single request fails.
    #[default]
    Create,
    /// It is changed.
    Upsert,
}

/// The mode as a parameter.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub struct BulkParams {
    /// As `"mode": "upsert"`.
    pub upsert: bool,
}

/// Changes of things.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BulkChange {
    /// Each is read by itself.
    pub items: Vec<Box<RawValue>>,
}

/// The same, as it is described.
#[derive(Debug, ToSchema)]
#[schema(as = BulkChange)]
pub struct BulkChangeShape {
    /// 1 to 1000.
    #[schema(min_items = 1, max_items = 1000)]
    pub items: Vec<ThingChangeOf>,
}

/// A change, and of which thing: the single request's, with two fields beside its own. Not by
/// `flatten`, which says that what is beside them is unknown.
#[derive(Debug)]
pub struct ThingChangeOf;

impl PartialSchema for ThingChangeOf {
    fn schema() -> RefOr<Schema> {
        let mut schema = ThingChange::schema();
        if let RefOr::T(Schema::Object(change)) = &mut schema {
            let version = ObjectBuilder::new()
                .schema_type(SchemaType::from_iter([Type::Integer, Type::Null]))
                .minimum(Some(0))
                .description(Some("The version the change was made from."));
            change.properties.insert("id".to_owned(), ThingId::schema());
            change.properties.insert("ifMatch".to_owned(), version.into());
            change.required.push("id".to_owned());
            change.description = Some("A change, and of which thing.".to_owned());
            change.example = Some(serde_json::json!({
                "id": "thing_01jd7jrygge1wv63rrwxms37sg", "name": "Rust for everybody",
            }));
        }
        schema
    }
}

impl ToSchema for ThingChangeOf {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        ThingChange::schemas(schemas);
    }
}

/// Things to be archived or removed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkDelete {
    /// 1 to 1000.
    #[schema(value_type = Vec<ThingId>, min_items = 1, max_items = 1000)]
    pub ids: Vec<String>,
    /// Remove them, their connections and their knowledge for good instead of archiving them.
    #[serde(default)]
    pub permanent: bool,
}

/// What became of the items.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct BulkAnswer {
    /// One for each item, in their order.
    pub results: Vec<ItemAnswer>,
    /// New ones.
    pub created: u32,
    /// Those that were there and are others now.
    pub updated: u32,
    /// Those that were there and are as they were.
    pub unchanged: u32,
    /// Those that are archived or gone.
    pub deleted: u32,
    /// Those that changed nothing and say why.
    pub failed: u32,
}

/// What became of an item.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ItemAnswer {
    /// What the single request would have answered.
    pub status: u16,
    /// What that means; absent when it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
    /// The object, unless it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<AnyId>,
    /// Its version, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// Why it failed, with pointers into the item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}
