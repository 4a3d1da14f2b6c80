//! The one policy: who may do what to which row, for every surface.
//!
//! A caller's [`Rights`] in a group come from their role there and extra permissions, from owning
//! an ancestor (read only), from the group being public (public rows only), or from owning the
//! platform. Rows carry `group_id`, `visibility` and `owner_id`; [`Sight`] turns rights into the
//! condition every query carries. What a caller may not see does not exist for them.

mod everywhere;
mod explain;
mod rights;
mod scope;
mod standing;

pub use everywhere::Everywhere;
pub use explain::{Explanation, Reason, Row, Rule, action, explain};
pub use rights::{ADMIN, Right, Rights, Role};
pub use scope::{Scope, Sight};
pub use standing::{Standing, require_known, standing, standing_to_change, standing_to_take};
