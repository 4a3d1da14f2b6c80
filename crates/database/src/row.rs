//! Columns of a row, read in order of their index.

use rusqlite::types::ValueRef;
use tokio_postgres::types::{FromSql, Type};
use types::{
    AccountId, ApiKeyId, ConnectionId, DeliveryId, Error, EventId, GroupId, InvitationId, JobId,
    JoinRequestId, Json, KnowledgeId, PasskeyId, PersonId, ReceiverId, Result, SessionId, ThingId,
    Time, UserId, WebhookId,
};
use uuid::Uuid;

/// One row of an answer, valid while the mapping function runs.
pub struct Row<'r>(pub(crate) Inner<'r>);

pub(crate) enum Inner<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r tokio_postgres::Row),
}

impl Row<'_> {
    /// The column at `index`, counted from 0.
    ///
    /// # Errors
    /// Internal, when the column is absent or of another type: the statement and its reader
    /// disagree.
    pub fn get<T: Column>(&self, index: usize) -> Result<T> {
        match self.0 {
            Inner::Sqlite(row) => {
                let value = row.get_ref(index)?;
                T::from_sqlite(value).ok_or_else(|| {
                    Error::internal(format!("column {index} holds {}", value.data_type()))
                })
            }
            Inner::Postgres(row) => Ok(T::from_postgres(row, index)?),
        }
    }
}

impl<'r> Row<'r> {
    /// The text at `index`, borrowed: for what is compared or parsed and not kept.
    ///
    /// # Errors
    /// As [`Row::get`].
    pub fn text(&self, index: usize) -> Result<&'r str> {
        match self.0 {
            Inner::Sqlite(row) => Ok(row.get_ref(index)?.as_str()?),
            Inner::Postgres(row) => Ok(row.try_get(index)?),
        }
    }
}

/// A type that a column can be read as.
pub trait Column: Sized {
    #[doc(hidden)]
    fn from_sqlite(value: ValueRef<'_>) -> Option<Self>;
    #[doc(hidden)]
    fn from_postgres(
        row: &tokio_postgres::Row,
        index: usize,
    ) -> std::result::Result<Self, tokio_postgres::Error>;
    #[doc(hidden)]
    fn from_postgres_null(
        row: &tokio_postgres::Row,
        index: usize,
    ) -> std::result::Result<Option<Self>, tokio_postgres::Error>;
}

impl<T: Column> Column for Option<T> {
    fn from_sqlite(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Null => Some(None),
            value => T::from_sqlite(value).map(Some),
        }
    }
    fn from_postgres(
        row: &tokio_postgres::Row,
        index: usize,
    ) -> std::result::Result<Self, tokio_postgres::Error> {
        T::from_postgres_null(row, index)
    }
    fn from_postgres_null(
        row: &tokio_postgres::Row,
        index: usize,
    ) -> std::result::Result<Option<Self>, tokio_postgres::Error> {
        T::from_postgres_null(row, index).map(Some)
    }
}

/// `jsonb` as text, without parsing it.
struct RawJson(String);

impl<'a> FromSql<'a> for RawJson {
    fn from_sql(
        ty: &Type,
        raw: &'a [u8],
    ) -> std::result::Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        let text = match (ty, raw) {
            (&Type::JSONB, [1, text @ ..]) => text,
            (&Type::JSONB, _) => return Err("unknown version of jsonb".into()),
            (_, text) => text,
        };
        Ok(Self(std::str::from_utf8(text)?.to_owned()))
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::JSON | Type::JSONB | Type::TEXT)
    }
}

macro_rules! column {
    ($($type:ty: $wire:ty, |$wired:ident| $convert:expr, |$value:ident| $read:expr;)*) => {$(
        impl Column for $type {
            fn from_sqlite($value: ValueRef<'_>) -> Option<Self> { $read }
            fn from_postgres(
                row: &tokio_postgres::Row,
                index: usize,
            ) -> std::result::Result<Self, tokio_postgres::Error> {
                row.try_get::<_, $wire>(index).map(|$wired| $convert)
            }
            fn from_postgres_null(
                row: &tokio_postgres::Row,
                index: usize,
            ) -> std::result::Result<Option<Self>, tokio_postgres::Error> {
                row.try_get::<_, Option<$wire>>(index).map(|wire| wire.map(|$wired| $convert))
            }
        }
    )*};
}

fn uuid(value: ValueRef<'_>) -> Option<Uuid> {
    Uuid::from_slice(value.as_blob().ok()?).ok()
}

macro_rules! id_columns {
    ($($type:ident),*) => { column! { $($type: Uuid, |v| $type(v), |v| uuid(v).map($type);)* } };
}

id_columns!(
    GroupId,
    PersonId,
    ThingId,
    ConnectionId,
    EventId,
    KnowledgeId,
    UserId,
    SessionId,
    ApiKeyId,
    JobId,
    InvitationId,
    PasskeyId,
    AccountId,
    JoinRequestId,
    WebhookId,
    DeliveryId,
    ReceiverId
);

column! {
    i64: i64, |v| v, |v| v.as_i64().ok();
    f64: f64, |v| v, |v| v.as_f64().ok();
    bool: bool, |v| v, |v| v.as_i64().ok().map(|v| v != 0);
    String: String, |v| v, |v| v.as_str().ok().map(str::to_owned);
    Vec<u8>: Vec<u8>, |v| v, |v| v.as_blob().ok().map(<[u8]>::to_vec);
    Uuid: Uuid, |v| v, |v| uuid(v);
    Time: i64, |v| Time::from_micros(v), |v| v.as_i64().ok().map(Time::from_micros);
    Json: RawJson, |v| json(v.0), |v| v.as_str().ok().map(|text| json(text.to_owned()));
}

/// The store only holds JSON that was written as JSON; should a row ever be damaged, an empty
/// object keeps the rest of the answer readable.
fn json(text: String) -> Json {
    Json::from_text(text).unwrap_or_else(|error| {
        tracing::error!(%error, "a stored JSON value cannot be read");
        Json::empty()
    })
}
