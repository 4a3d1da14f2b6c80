//! What the metrics say, as JSON for who owns the platform: `GET /v1/ops/stats`.
//!
//! Numbers about this process count since its start; what is read from the store is about all nodes.

pub mod model;
pub mod routes;
pub mod rules;
