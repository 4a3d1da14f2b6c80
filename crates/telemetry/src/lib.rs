//! What the house counts of itself while it works: plain atomics in structs, which any room may add
//! to and the ops room reads. And where the time goes: spans, as far as anybody takes them.
//!
//! There is no registry and nothing global: [`Meters`] is made with the store and handed on with it,
//! so two houses in one process do not count together, and counting is an atomic addition. Labels
//! are places in a struct, or in a table that is made once, so there are never more of them than
//! the code has.

mod current;
mod http;
mod jobs;
mod meter;
mod meters;
mod trace;

pub use current::{Current, child, current, shortened, traceparent, waited, within};
pub use http::{Connections, Http, OTHER, Refusals, Route};
pub use jobs::{JobKind, Jobs};
pub use meter::{Counter, Elsewhere, Gauge, Histogram, LONG_MICROS, MICROS, Reading, SIZES};
pub use meters::{Database, Live, Mail, Meters, Transactions, Webhooks};
#[doc(hidden)]
pub use trace::passed_on;
pub use trace::{Sent, Span, SpanKind, Traces, Value};
