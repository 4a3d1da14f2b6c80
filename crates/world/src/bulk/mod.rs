//! Bulk: up to 1 000 objects of one kind in one request and one transaction, each succeeding or
//! failing by itself. Every item is what the single request takes; things that are merely made
//! are written together (`things::many`), with the same outcome as one by one.

pub mod model;
pub mod routes;
pub mod rules;
