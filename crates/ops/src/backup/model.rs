//! The shapes of backups on the wire.

use serde::Serialize;
use types::{JobId, Time};
use utoipa::ToSchema;

use super::manifest::{Encryption, Kind};
use super::place::Found;
use super::state::Outcome;

/// A backup.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Backup {
    /// Its name.
    #[schema(example = "sixfold-20260131T031500Z-5f0a91c2.backup")]
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// What it says of itself; null, if that cannot be read.
    pub about: Option<AboutBackup>,
    /// Why not.
    pub problem: Option<String>,
}

/// What a backup says of itself.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AboutBackup {
    /// The moment its data is of.
    pub created_at: Time,
    /// Who asked for it.
    #[schema(inline)]
    pub kind: Kind,
    /// How it is encrypted.
    #[schema(inline)]
    pub encryption: Encryption,
    /// Whether the keys of the installation are in it.
    pub includes_keys: bool,
    /// Bytes of the database in it.
    pub database_bytes: u64,
    /// The place of its newest event.
    pub event_seq: i64,
    /// The newest step of its schema.
    pub migration: String,
    /// The version of Sixfold that made it.
    pub version: String,
    /// The installation it is of.
    pub installation: Option<String>,
}

/// The newest backups.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupList {
    /// The newest first.
    pub data: Vec<Backup>,
}

/// How it stands with backups.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupStatus {
    /// Whether they can be made from here: not on PostgreSQL.
    pub supported: bool,
    /// Where they go: `folder`, `s3`, or null for nowhere.
    pub place: Option<&'static str>,
    /// How they are encrypted; null, where they go nowhere.
    #[schema(inline)]
    pub encryption: Option<Encryption>,
    /// When they are made, as a cron expression in UTC; null: when somebody asks.
    #[schema(example = "15 3 * * *")]
    pub every: Option<String>,
    /// The next time.
    pub next_at: Option<Time>,
    /// The job that is making one, or waits to.
    pub job_id: Option<JobId>,
    /// What came of the last one.
    #[schema(inline)]
    pub last: Option<Outcome>,
    /// The last one that went well.
    #[schema(inline)]
    pub last_good: Option<Outcome>,
    /// What came of the last one that the schedule made.
    #[schema(inline)]
    pub last_scheduled: Option<Outcome>,
    /// The last one that the schedule made and that went well.
    #[schema(inline)]
    pub last_good_scheduled: Option<Outcome>,
}

/// A backup that was asked for.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupStarted {
    /// The job that makes it.
    pub job_id: JobId,
}

impl From<Found> for Backup {
    fn from(found: Found) -> Self {
        let Found { name, bytes, manifest } = found;
        let (about, problem) = match manifest {
            Ok(said) => (
                Some(AboutBackup {
                    created_at: said.created_at,
                    kind: said.kind,
                    encryption: said.encryption,
                    includes_keys: said.includes_keys,
                    database_bytes: said.database_bytes,
                    event_seq: said.event_seq,
                    migration: said.migration,
                    version: said.version,
                    installation: said.installation,
                }),
                None,
            ),
            Err(error) => (None, Some(error.message().to_owned())),
        };
        Self { name, bytes, about, problem }
    }
}
