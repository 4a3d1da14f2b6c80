//! Where a browser ends up that followed a letter's link: at the app's page, or at one of ours.

use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};
use types::Result;
use web::{AuthAnswer, AuthFailure};

use crate::callback::with_query;
use crate::page;

/// Who followed the link, and where it is to lead in the end.
pub(super) struct Landing<'a> {
    /// A checked address.
    pub(super) callback: Option<&'a str>,
    /// By the button of a page of ours.
    pub(super) by_page: bool,
}

impl Landing<'_> {
    /// It worked: on to the app, or a page that says so, or `answer` for programs.
    ///
    /// # Errors
    /// Never with a checked address.
    pub(super) fn done(
        &self,
        title: &str,
        sentence: &str,
        answer: impl FnOnce() -> Response,
    ) -> Result<Response> {
        match self.callback {
            Some(url) => lead(url, self.by_page),
            None if self.by_page => Ok(page::message(title, sentence, StatusCode::OK)),
            None => Ok(answer()),
        }
    }

    /// It did not work: on to the app with `?error=CODE`, or a page, or the failure itself.
    ///
    /// # Errors
    /// `failure`, for programs.
    pub(super) fn failed(&self, failure: AuthFailure) -> AuthAnswer<Response> {
        let error = failure.error();
        match self.callback {
            Some(url) => {
                let code = error.code().to_ascii_uppercase();
                Ok(lead(&with_query(url, &[("error", &code)]), self.by_page)?)
            }
            None if self.by_page => Ok(sorry(&failure)),
            None => Err(failure),
        }
    }
}

/// A page that says what went wrong.
pub(super) fn sorry(failure: &AuthFailure) -> Response {
    let error = failure.error();
    let status = StatusCode::from_u16(error.kind().status()).unwrap_or(StatusCode::BAD_REQUEST);
    page::message("That did not work", error.message(), status)
}

/// Sends a browser on; after a form by GET, whatever it posted.
///
/// # Errors
/// Never with a checked address.
pub(super) fn lead(url: &str, after_form: bool) -> Result<Response> {
    let status = if after_form { StatusCode::SEE_OTHER } else { StatusCode::FOUND };
    Ok((status, [(header::LOCATION, HeaderValue::try_from(url)?)]).into_response())
}
