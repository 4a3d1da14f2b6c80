//! Backups in a bucket that speaks S3.
//!
//! A backup is one object: it appears when all of its parts are there and never before, which is
//! what S3 promises of an upload in parts. Each call has a time limit, and is tried again a few
//! times.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use object_store::aws::{AmazonS3, AmazonS3Builder, Checksum};
use object_store::path::Path;
use object_store::{
    BackoffConfig, GetOptions, GetRange, MultipartUpload, ObjectStore as _, ObjectStoreExt as _,
    RetryConfig,
};
use tokio::sync::mpsc;
use types::{Error, ErrorKind, Result};

use super::apart::{Stop, apart};
use super::caller::Caller;
use super::place::{Newest, absent};
use super::settings::Settings;

/// The least a part has; what is smaller goes at once.
const PART: u64 = 8 << 20;
/// S3 takes 10 000 parts at most.
const PARTS: u64 = 9000;
/// Parts between who makes them and who sends them.
const AHEAD: usize = 1;
const RETRIES: u32 = 3;

/// A bucket.
#[derive(Clone)]
pub struct Bucket {
    store: Arc<AmazonS3>,
    prefix: String,
}

/// What somebody who packs says to somebody who sends.
enum Piece {
    Part(Vec<u8>),
    /// The last one.
    End(Vec<u8>),
}

impl Bucket {
    pub(super) fn new(text: &str, settings: &Settings) -> Result<Self> {
        let (bucket, prefix) = text.split_once('/').unwrap_or((text, ""));
        let wrong = |key: &str, said: &str| Error::invalid(key, "invalid", said);
        if bucket.is_empty() {
            return Err(wrong("backup.to", "must name a bucket: s3://BUCKET/PREFIX"));
        }
        let (Some(id), Some(secret)) = (&settings.s3_access_key, &settings.s3_secret_key) else {
            return Err(wrong("backup.s3_access_key", "is needed for s3://, with `s3_secret_key`"));
        };
        let timeout = Duration::from_secs(settings.s3_timeout_s.into());
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_region(&settings.s3_region)
            .with_access_key_id(id.reveal())
            .with_secret_access_key(secret.reveal())
            .with_http_connector(Caller::within(timeout))
            .with_retry(RetryConfig {
                backoff: BackoffConfig::default(),
                max_retries: RETRIES as usize,
                // For each of the tries: one that takes all of its time is tried again, too.
                retry_timeout: timeout * (RETRIES + 1),
            });
        if let Some(token) = &settings.s3_session_token {
            builder = builder.with_token(token.reveal());
        }
        if settings.s3_checksums {
            // A bucket that lets nothing be deleted for a while takes nothing without.
            builder = builder.with_checksum_algorithm(Checksum::SHA256);
        }
        if !settings.s3_endpoint.is_empty() {
            builder = builder.with_endpoint(settings.s3_endpoint.trim_end_matches('/'));
        }
        let store = builder.build().map_err(|error| {
            wrong("backup.to", "is no bucket that can be used").caused_by(error)
        })?;
        Ok(Self { store: Arc::new(store), prefix: prefix.trim_matches('/').to_owned() })
    }

    fn path(&self, name: &str) -> Path {
        Path::from(format!("{}/{name}", self.prefix))
    }

    /// The newest of those there, and their sizes.
    pub(super) async fn list(&self, most: usize) -> Result<Vec<(String, u64)>> {
        let prefix = Path::from(self.prefix.as_str());
        let (mut all, mut newest) = (self.store.list(Some(&prefix)), Newest::new(most));
        while let Some(object) = all.next().await {
            let object = object.map_err(|error| failed("", error))?;
            // What lies deeper is somebody else's.
            let name = object.location.filename().unwrap_or_default();
            if self.path(name) == object.location {
                newest.add(name.to_owned(), object.size);
            }
        }
        Ok(newest.files())
    }

    /// How one begins.
    pub(super) async fn head(&self, name: &str, most: usize) -> Result<Bytes> {
        let range = Some(GetRange::Bounded(0..(most + 64) as u64));
        let options = GetOptions { range, ..GetOptions::default() };
        let found = self.store.get_opts(&self.path(name), options).await;
        let found = found.map_err(|error| failed(name, error))?;
        found.bytes().await.map_err(|error| failed(name, error))
    }

    pub(super) async fn delete(&self, name: &str) -> Result<()> {
        match self.store.delete(&self.path(name)).await {
            Err(object_store::Error::NotFound { .. }) | Ok(()) => Ok(()),
            Err(error) => Err(failed(name, error)),
        }
    }

    pub(super) async fn store<T: Send + 'static>(
        &self,
        name: &str,
        expected: u64,
        make: impl FnOnce(&mut dyn Write, &Stop) -> Result<T> + Send + 'static,
    ) -> Result<(T, u64)> {
        // As many parts as there may be, should nothing of it be compressible.
        let size = usize::try_from(PART.max((expected + (expected >> 6)) / PARTS))?;
        let (pieces, sent) = mpsc::channel(AHEAD);
        let making = apart(move |stop| {
            let mut out = Pieces { pieces, part: Vec::with_capacity(size), size, bytes: 0 };
            let made = make(&mut out, stop)?;
            Ok((made, out.end()?))
        });
        let (sending, making) = tokio::join!(self.send(name, sent), making);
        // Why nothing can be sent says more than that somebody who packs was not listened to.
        sending?;
        making
    }

    /// Sends what comes; should it end before its end, it is called off.
    async fn send(&self, name: &str, mut pieces: mpsc::Receiver<Piece>) -> Result<()> {
        let path = self.path(name);
        let first = match pieces.recv().await {
            // It will be told by who packs.
            None => return Ok(()),
            Some(Piece::End(all)) => {
                let sent = self.store.put(&path, all.into()).await;
                return sent.map(drop).map_err(|error| failed(name, error));
            }
            Some(Piece::Part(first)) => first,
        };
        let upload = self.store.put_multipart(&path).await;
        let upload = upload.map_err(|error| failed(name, error))?;
        let mut upload = Begun { upload: Some(upload), bytes: 0 };
        let mut sent = upload.parts(first, &mut pieces).await;
        // Whoever packs is not kept waiting by what nobody sends.
        drop(pieces);
        // One that has ended is not there any more: so it is when its end was answered too late, and
        // tried again.
        if matches!(sent, Err(object_store::Error::NotFound { .. }))
            && self.holds(&path, upload.bytes).await
        {
            sent = Ok(true);
        }
        match sent {
            Ok(true) => {
                upload.upload = None;
                Ok(())
            }
            Ok(false) => {
                upload.call_off().await;
                Ok(())
            }
            Err(error) => {
                upload.call_off().await;
                Err(failed(name, error))
            }
        }
    }

    /// Whether an object of this size is there.
    async fn holds(&self, path: &Path, bytes: u64) -> bool {
        self.store.head(path).await.is_ok_and(|object| object.size == bytes)
    }

    pub(super) async fn fetch<T: Send + 'static>(
        &self,
        name: &str,
        take: impl FnOnce(&mut dyn Read, &Stop) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let found = self.store.get(&self.path(name)).await.map_err(|error| failed(name, error))?;
        let mut stream = found.into_stream();
        let (pieces, came) = mpsc::channel(AHEAD);
        let taking = apart(move |stop| {
            let mut from = Coming { came, part: Bytes::new(), ended: false };
            take(&mut from, stop)
        });
        let bringing = async move {
            while let Some(part) = stream.next().await {
                let broken = part.is_err();
                let part = part.map_err(|error| io::Error::other(why(&error)));
                // Somebody who has found something wrong wants no more of it.
                if pieces.send(Some(part)).await.is_err() || broken {
                    return;
                }
            }
            let _ = pieces.send(None).await;
        };
        let ((), taken) = tokio::join!(bringing, taking);
        taken
    }
}

/// An upload that costs somebody money until it is ended or called off.
struct Begun {
    upload: Option<Box<dyn MultipartUpload>>,
    /// Bytes of all of its parts so far.
    bytes: u64,
}

impl Begun {
    /// Whether it came to its end.
    async fn parts(
        &mut self,
        first: Vec<u8>,
        pieces: &mut mpsc::Receiver<Piece>,
    ) -> object_store::Result<bool> {
        self.part(first).await?;
        while let Some(piece) = pieces.recv().await {
            match piece {
                Piece::Part(part) => self.part(part).await?,
                Piece::End(last) => {
                    if !last.is_empty() {
                        self.part(last).await?;
                    }
                    if let Some(upload) = &mut self.upload {
                        upload.complete().await?;
                    }
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    async fn part(&mut self, part: Vec<u8>) -> object_store::Result<()> {
        self.bytes += part.len() as u64;
        match &mut self.upload {
            Some(upload) => upload.put_part(part.into()).await,
            None => Ok(()),
        }
    }

    async fn call_off(&mut self) {
        if let Some(mut upload) = self.upload.take()
            && let Err(error) = upload.abort().await
        {
            tracing::warn!(
                cause = why(&error),
                "an upload that was called off may have left parts"
            );
        }
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        // Nobody waits any more: the job was ended.
        if let (Some(mut upload), Ok(runtime)) =
            (self.upload.take(), tokio::runtime::Handle::try_current())
        {
            runtime.spawn(async move { upload.abort().await });
        }
    }
}

/// Cuts what is written into parts.
struct Pieces {
    pieces: mpsc::Sender<Piece>,
    part: Vec<u8>,
    size: usize,
    bytes: u64,
}

impl Pieces {
    fn send(&mut self, piece: fn(Vec<u8>) -> Piece, next: usize) -> io::Result<()> {
        let part = std::mem::replace(&mut self.part, Vec::with_capacity(next));
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        self.pieces.blocking_send(piece(part)).map_err(gone)
    }

    /// Bytes in all.
    fn end(&mut self) -> io::Result<u64> {
        self.send(Piece::End, 0)?;
        Ok(self.bytes)
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.part.len() == self.size {
            self.send(Piece::Part, self.size)?;
        }
        let taken = bytes.len().min(self.size - self.part.len());
        self.part.extend_from_slice(&bytes[..taken]);
        self.bytes += taken as u64;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Puts together what comes.
struct Coming {
    came: mpsc::Receiver<Option<io::Result<Bytes>>>,
    part: Bytes,
    ended: bool,
}

impl Read for Coming {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.part.is_empty() && !self.ended {
            match self.came.blocking_recv() {
                Some(Some(part)) => self.part = part?,
                Some(None) => self.ended = true,
                None => return Err(io::Error::from(io::ErrorKind::ConnectionAborted)),
            }
        }
        let taken = buffer.len().min(self.part.len());
        buffer[..taken].copy_from_slice(&self.part.split_to(taken));
        Ok(taken)
    }
}

fn failed(name: &str, error: object_store::Error) -> Error {
    match error {
        object_store::Error::NotFound { .. } => absent(name),
        error => Error::new(
            ErrorKind::Overloaded,
            "backup_place_failed",
            "The bucket of the backups does not do what it is asked; try again later.",
        )
        .caused_by(why(&error)),
    }
}

/// What is at the bottom of it: above that stand addresses, with what was in them.
fn why(error: &object_store::Error) -> String {
    let mut last: &dyn std::error::Error = error;
    while let Some(next) = last.source() {
        last = next;
    }
    last.to_string()
}
