//! What the two engines cannot say in the same words. `docs/sql.md` lists them; another one needs
//! a decision in `docs/decisions/`.

pub mod claim;
pub mod clock;
pub mod compare;
pub mod gate;
pub mod json;
pub mod plan;
pub mod private;
pub mod search;
pub mod tail;
