//! Who sent this request.

use axum::extract::FromRequestParts;
use http::request::Parts;
use kernel::Caller;

use crate::RequestId;
use crate::problem::Failure;

/// The caller, as authentication left them; nobody where it did not run or found nobody. Rules
/// decide what that means.
#[derive(Clone)]
pub struct By(pub Caller);

impl<S: Send + Sync> FromRequestParts<S> for By {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        if let Some(caller) = parts.extensions.get::<Caller>() {
            return Ok(Self(caller.clone()));
        }
        let id = parts.extensions.get::<RequestId>().map_or_else(|| "".into(), |id| id.0.clone());
        Ok(Self(Caller::nobody(id)))
    }
}
