//! The client behind the exporter: the house's own, which bounds how long a call takes and how much of
//! an answer is read.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap};
use http::{Method, Request, Response, Uri};
use kernel::egress::Whose;
use kernel::{App, Egress};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message as _;
use tokio::runtime::Handle;
use types::{Error, Result};

use super::queue::Queue;

/// A collector that does not answer as it should is told of this often.
const QUIET: Duration = Duration::from_secs(60);

pub(super) struct Caller {
    egress: Egress,
    /// The exporter has a thread of its own, where nothing can be called.
    on: Handle,
    address: Uri,
    headers: HeaderMap,
    queue: Arc<Queue>,
    told: Mutex<Told>,
}

/// What the log says of the collector.
#[derive(Default)]
struct Told {
    at: Option<Instant>,
    failing: bool,
}

impl std::fmt::Debug for Caller {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.debug_struct("Caller").finish_non_exhaustive()
    }
}

impl Caller {
    /// # Errors
    /// When the address is none, or this is not called on a runtime.
    pub(super) fn new(
        app: &App,
        address: &str,
        headers: HeaderMap,
        queue: Arc<Queue>,
    ) -> Result<Self> {
        Ok(Self {
            egress: app.egress.clone(),
            on: Handle::try_current()?,
            address: address.parse()?,
            headers,
            queue,
            told: Mutex::default(),
        })
    }

    async fn send(&self, given: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let request = self.request(given);
        let egress = self.egress.clone();
        let call = async move { egress.exchange(Whose::Operators, request).await };
        let answer = self
            .on
            .spawn(call)
            .await
            .unwrap_or_else(|_| Err(Error::overloaded("The server is stopping.")));
        match &answer {
            Ok(answer) if answer.status().is_success() => {
                self.answered(answer.status().as_u16(), answer.body());
            }
            Ok(answer) => self.failed(Some(answer.status().as_u16()), None),
            Err(error) => self.failed(None, error.cause().as_deref()),
        }
        match answer {
            Ok(answer) => Ok(answer.map(Bytes::from)),
            Err(error) => Err(error.message().to_owned().into()),
        }
    }

    /// What is sent is the exporter's; where to, and with which headers, is the settings', whatever
    /// the exporter found in its environment.
    fn request(&self, given: Request<Bytes>) -> Request<Vec<u8>> {
        let (parts, body) = given.into_parts();
        let mut request = Request::new(body.to_vec());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.address.clone();
        *request.headers_mut() = self.headers.clone();
        if let Some(kind) = parts.headers.get(CONTENT_TYPE) {
            request.headers_mut().insert(CONTENT_TYPE, kind.clone());
        }
        request
    }

    /// The collector answered well, which alone does not say that it took anything. Why it did not is
    /// not told: it may quote spans.
    fn answered(&self, status: u16, body: &[u8]) {
        match rejected(body) {
            Some(0) => self.worked(),
            Some(spans) => {
                self.queue.reject(spans);
                if self.tells() {
                    tracing::warn!(
                        spans,
                        "the collector does not take all spans; they are dropped"
                    );
                }
            }
            // Sent again, the same would be answered.
            None => {
                self.queue.reject(u64::MAX);
                self.failed(Some(status), Some("this is no answer of a collector"));
            }
        }
    }

    fn worked(&self) {
        if std::mem::take(&mut self.told().failing) {
            tracing::info!("the collector takes spans again");
        }
    }

    fn failed(&self, status: Option<u16>, cause: Option<&str>) {
        self.queue.sent.failed.one();
        if self.tells() {
            tracing::warn!(status, cause, "the collector does not take spans; they are dropped");
        }
    }

    /// Whether the log is to be told of it: not again so soon.
    fn tells(&self) -> bool {
        let mut told = self.told();
        let tells = told.at.is_none_or(|at| at.elapsed() > QUIET);
        if tells {
            *told = Told { at: Some(Instant::now()), failing: true };
        }
        tells
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HttpClient for Caller {
    fn send_bytes<'a, 'b>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(self.send(request))
    }
}

/// How many spans of a batch the collector did not take, by its answer; none where that is no answer
/// of a collector.
fn rejected(answer: &[u8]) -> Option<u64> {
    let part = ExportTraceServiceResponse::decode(answer).ok()?.partial_success;
    Some(part.map_or(0, |part| u64::try_from(part.rejected_spans).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_how_many_spans_were_not_taken() {
        let answers: [(&[u8], Option<u64>); 10] = [
            (b"", Some(0)),
            (b"\x0a\x00", Some(0)),
            (b"\x0a\x02\x08\x07", Some(7)),
            // With words, which alone are a hint and no refusal.
            (b"\x0a\x05\x08\x07\x12\x01x", Some(7)),
            (b"\x0a\x03\x12\x01x", Some(0)),
            (b"\x0a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", Some(0)),
            (b"\x0a\x02\x08", None),
            (b"<!doctype html><p>It works!", None),
            (b"{}", None),
            (b"ok", None),
        ];
        for (answer, spans) in answers {
            assert_eq!(rejected(answer), spans, "{answer:?}");
        }
    }
}
