//! What a group may use by its plan, and what it uses. Counting is the kernel's
//! ([`kernel::usage`]), in the transaction of each change; here it is read, and here it is decided
//! who may have which plan.

pub mod model;
pub mod routes;
pub mod rules;
