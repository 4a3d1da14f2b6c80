//! A small server that speaks S3, as far as backups need it: objects in parts, ranges, lists in
//! pages. It takes requests only with a signature of the right key's, and can be told to fail.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;

pub(super) const BUCKET: &str = "vault";
pub(super) const ACCESS_KEY: &str = "AKIDEXAMPLE";
/// What some say of those they refuse, and nobody should write down.
pub(super) const GOSSIP: &str = "StringToSign AWS4-HMAC-SHA256";
const CHECKSUM: &str = "x-amz-checksum-sha256";
/// Objects of one page of a list.
const PAGE: usize = 2;

/// What it does wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    None,
    /// Every part but the first is answered 500.
    Parts,
    /// An upload is ended, and answered 500.
    End,
    /// It takes requests and never answers.
    Silent,
}

#[derive(Default)]
struct Inside {
    objects: BTreeMap<String, Bytes>,
    uploads: BTreeMap<String, (String, BTreeMap<u32, Bytes>)>,
    count: u32,
    trouble: Option<Trouble>,
    /// How often something was uploaded in parts.
    in_parts: u32,
}

#[derive(Clone)]
pub(super) struct S3 {
    pub(super) url: String,
    inside: Arc<Mutex<Inside>>,
}

impl S3 {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let s3 = Self { url, inside: Arc::default() };
        let router = Router::new().fallback(answer).with_state(s3.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        s3
    }

    pub(super) fn trouble(&self, trouble: Trouble) {
        self.inside.lock().expect("it").trouble = Some(trouble);
    }

    /// Names of whole objects.
    pub(super) fn names(&self) -> Vec<String> {
        self.inside.lock().expect("it").objects.keys().cloned().collect()
    }

    /// Uploads that were begun and neither ended nor called off.
    pub(super) fn left(&self) -> usize {
        self.inside.lock().expect("it").uploads.len()
    }

    pub(super) fn in_parts(&self) -> u32 {
        self.inside.lock().expect("it").in_parts
    }

    /// Changes an object behind everybody's back.
    pub(super) fn put(&self, name: &str, bytes: Vec<u8>) {
        self.inside.lock().expect("it").objects.insert(name.to_owned(), bytes.into());
    }

    pub(super) fn get(&self, name: &str) -> Vec<u8> {
        self.inside.lock().expect("it").objects[name].to_vec()
    }
}

async fn answer(State(s3): State<S3>, request: Request) -> Response {
    let trouble = s3.inside.lock().expect("it").trouble.unwrap_or(Trouble::None);
    if trouble == Trouble::Silent {
        std::future::pending::<()>().await;
    }
    let (head, body) = request.into_parts();
    let signed = head.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let ours = format!("AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/");
    if !signed.is_some_and(|said| said.starts_with(&ours) && said.contains("Signature=")) {
        return said(StatusCode::FORBIDDEN, "AccessDenied");
    }
    let path = head.uri.path().trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    if bucket != BUCKET {
        return said(StatusCode::NOT_FOUND, "NoSuchBucket");
    }
    let query: BTreeMap<String, String> = head
        .uri
        .query()
        .unwrap_or_default()
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (name.to_owned(), value.replace("%2F", "/")))
        .collect();
    // As a bucket does that lets nothing be deleted for a while.
    if head.method == Method::PUT && !head.headers.contains_key(CHECKSUM) {
        return said(StatusCode::BAD_REQUEST, "InvalidRequest");
    }
    let body = axum::body::to_bytes(body, usize::MAX).await.expect("a body");
    let mut inside = s3.inside.lock().expect("it");
    match (&head.method, query.get("uploadId")) {
        (&Method::GET, _) if key.is_empty() => inside.list(&query),
        (&Method::GET, _) | (&Method::HEAD, _) => inside.read(key, &head.headers),
        (&Method::PUT, Some(id)) => {
            let part: u32 = query["partNumber"].parse().expect("a number");
            if trouble == Trouble::Parts && part > 1 {
                return said(StatusCode::INTERNAL_SERVER_ERROR, "InternalError");
            }
            let Some(upload) = inside.uploads.get_mut(id) else {
                return said(StatusCode::NOT_FOUND, "NoSuchUpload");
            };
            upload.1.insert(part, body);
            tagged(format!("\"{part}\""))
        }
        (&Method::PUT, None) => {
            inside.objects.insert(key.to_owned(), body);
            tagged("\"whole\"".to_owned())
        }
        (&Method::POST, None) if query.contains_key("uploads") => inside.begin(key),
        (&Method::POST, Some(id)) => {
            let ended = inside.complete(id);
            if trouble == Trouble::End && ended.status().is_success() {
                return said(StatusCode::INTERNAL_SERVER_ERROR, "InternalError");
            }
            ended
        }
        (&Method::DELETE, Some(id)) => {
            inside.uploads.remove(id);
            StatusCode::NO_CONTENT.into_response()
        }
        (&Method::DELETE, None) => {
            inside.objects.remove(key);
            StatusCode::NO_CONTENT.into_response()
        }
        _ => said(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed"),
    }
}

impl Inside {
    fn begin(&mut self, key: &str) -> Response {
        self.count += 1;
        self.in_parts += 1;
        let id = format!("upload{}", self.count);
        self.uploads.insert(id.clone(), (key.to_owned(), BTreeMap::new()));
        xml(&format!(
            "<InitiateMultipartUploadResult><Bucket>{BUCKET}</Bucket><Key>{key}</Key>\
             <UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
        ))
    }

    fn complete(&mut self, id: &str) -> Response {
        let Some((key, parts)) = self.uploads.remove(id) else {
            return said(StatusCode::NOT_FOUND, "NoSuchUpload");
        };
        let whole: Vec<u8> = parts.into_values().flatten().collect();
        self.objects.insert(key.clone(), whole.into());
        xml(&format!(
            "<CompleteMultipartUploadResult><Location>{key}</Location><Bucket>{BUCKET}</Bucket>\
             <Key>{key}</Key><ETag>\"parts\"</ETag></CompleteMultipartUploadResult>"
        ))
    }

    fn read(&self, key: &str, headers: &HeaderMap) -> Response {
        let Some(bytes) = self.objects.get(key) else {
            return said(StatusCode::NOT_FOUND, "NoSuchKey");
        };
        let range = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
        let range = range.and_then(|text| text.strip_prefix("bytes=")?.split_once('-'));
        let modified = (header::LAST_MODIFIED, "Sat, 31 Jan 2026 12:00:00 GMT".to_owned());
        let tag = (header::ETAG, "\"whole\"".to_owned());
        let Some((from, to)) = range else {
            return ([modified, tag], bytes.clone()).into_response();
        };
        let (from, last) = (from.parse().unwrap_or(0), bytes.len() - 1);
        if from > last {
            return said(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange");
        }
        let to: usize = to.parse().map_or(last, |to: usize| to.min(last));
        let said = (header::CONTENT_RANGE, format!("bytes {from}-{to}/{}", bytes.len()));
        let part = Body::from(bytes.slice(from..=to));
        (StatusCode::PARTIAL_CONTENT, [modified, tag, said], part).into_response()
    }

    fn list(&self, query: &BTreeMap<String, String>) -> Response {
        let prefix = query.get("prefix").cloned().unwrap_or_default();
        let after = query.get("continuation-token").cloned().unwrap_or_default();
        let mut all =
            self.objects.iter().filter(|(key, _)| key.starts_with(&prefix) && **key > after);
        let page: Vec<_> = all.by_ref().take(PAGE).collect();
        let next = all
            .next()
            .and_then(|_| page.last())
            .map(|(key, _)| format!("<NextContinuationToken>{key}</NextContinuationToken>"));
        let rows: String = page
            .iter()
            .map(|(key, bytes)| {
                format!(
                    "<Contents><Key>{key}</Key><LastModified>2026-01-31T12:00:00.000Z</LastModified>\
                     <ETag>\"whole\"</ETag><Size>{}</Size></Contents>",
                    bytes.len()
                )
            })
            .collect();
        xml(&format!(
            "<ListBucketResult><IsTruncated>{}</IsTruncated><KeyCount>{}</KeyCount>{rows}{}\
             </ListBucketResult>",
            next.is_some(),
            page.len(),
            next.unwrap_or_default()
        ))
    }
}

fn xml(text: &str) -> Response {
    let whole = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{text}");
    ([(header::CONTENT_TYPE, "application/xml")], whole).into_response()
}

fn tagged(tag: String) -> Response {
    [(header::ETAG, tag)].into_response()
}

fn said(status: StatusCode, code: &str) -> Response {
    let text = format!("<Error><Code>{code}</Code><Message>{code}: {GOSSIP}</Message></Error>");
    (status, xml(&text)).into_response()
}
