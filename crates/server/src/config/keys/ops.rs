//! Watching the server.

use super::{Key, secret};

pub(super) static KEYS: &[Key] = &[secret(
    "ops",
    "metrics_token",
    "Who sends it as a bearer token is answered `GET /metrics`; 16 letters, digits and signs at \
     least. Without it there are no metrics for anybody.",
)];
