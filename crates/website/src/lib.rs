//! What a website says about whoever made it, and what of ours would serve them: its brand, what
//! it offers, which types and features fit.
//!
//! A page and its style sheets are read through the guarded egress, analyzed without running
//! anything, and forgotten; `rules` tell the story in that order. Nothing here is believed: what
//! a page says is cut to size, and escaped where it goes on into CSS or Markdown.

mod analysis;
mod colour;
mod features;
mod guide;
mod mapping;
pub mod model;
mod page;
#[doc(hidden)]
pub mod parsers;
mod routes;
mod rules;
mod signs;
mod style;

use kernel::App;
use utoipa_axum::router::OpenApiRouter;

/// Every route of the room; its state is the [`App`].
#[must_use]
pub fn router() -> OpenApiRouter<App> {
    routes::router()
}
