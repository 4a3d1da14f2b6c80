//! What a group uses of its plan, counted in the transaction of the change that uses it.
//!
//! A number is the sum of its slots; of writers at the same time each adds to another, so that
//! none waits for another. Where something limits it, each slot has a ceiling, and all ceilings together stay
//! below the next limit or warning: whoever stays below the one of their slot needs to look at no
//! other. Whoever does not goes through a [`gate`](database::seams::gate), where the sum is exact,
//! and makes new ceilings of what is left. `docs/quotas.md` tells what people see of it.

mod calls;
mod clean_up;
mod level;
mod metric;
mod plans;
mod sql;
mod take;

pub use calls::{Calls, admit, flush, follow_calls};
pub use clean_up::jobs;
pub use level::Level;
pub use metric::{Metric, month};
pub use plans::{PlanSettings, Plans, Settings};
pub use sql::Terms;
pub use take::{Used, of_group, recount, take, take_all, take_by, terms};
