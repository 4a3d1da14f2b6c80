//! How the words of this room stand in the OpenAPI document.
//!
//! They implement the trait that utoipa's own derive implements (`ComposeSchema`), because only
//! that makes them usable inside generic shapes such as pages and patches.

/// A schema or a reference to one.
pub(crate) type Schema = utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>;
