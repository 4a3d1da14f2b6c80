//! Parameters of a statement.

use std::error::Error as StdError;

use rusqlite::types::{ToSqlOutput, ValueRef};
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql as PgToSql, Type, to_sql_checked};
use types::{
    AccountId, AnyId, ApiKeyId, ConnectionId, DeliveryId, EventId, GroupId, InvitationId, JobId,
    JoinRequestId, Json, KnowledgeId, PasskeyId, PersonId, ReceiverId, SessionId, ThingId, Time,
    UserId, WebhookId,
};
use uuid::Uuid;

/// One parameter, borrowed where it can be. Made by [`args!`](crate::args).
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// SQL null.
    Null,
    /// A 64-bit integer; also times, in microseconds.
    Int(i64),
    /// A double.
    Real(f64),
    /// True or false.
    Flag(bool),
    /// Text.
    Text(&'a str),
    /// JSON text.
    Json(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// An id.
    Uuid(Uuid),
}

/// The parameters of a statement, in the order of `$1 $2 …`.
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => { &[$($crate::Value::from($value)),*][..] };
}

macro_rules! from {
    ($($type:ty => |$name:ident| $make:expr),* $(,)?) => {$(
        impl<'a> From<$type> for Value<'a> {
            fn from($name: $type) -> Self { $make }
        }
    )*};
}

from! {
    i64 => |v| Value::Int(v),
    i32 => |v| Value::Int(v.into()),
    u32 => |v| Value::Int(v.into()),
    f64 => |v| Value::Real(v),
    bool => |v| Value::Flag(v),
    &'a str => |v| Value::Text(v),
    &'a String => |v| Value::Text(v),
    &'a [u8] => |v| Value::Bytes(v),
    &'a Vec<u8> => |v| Value::Bytes(v),
    &'a [u8; 32] => |v| Value::Bytes(v),
    &'a Json => |v| Value::Json(v.as_str()),
    Uuid => |v| Value::Uuid(v),
    Time => |v| Value::Int(v.micros()),
    AnyId => |v| Value::Uuid(v.uuid),
    GroupId => |v| Value::Uuid(v.0),
    PersonId => |v| Value::Uuid(v.0),
    ThingId => |v| Value::Uuid(v.0),
    ConnectionId => |v| Value::Uuid(v.0),
    EventId => |v| Value::Uuid(v.0),
    KnowledgeId => |v| Value::Uuid(v.0),
    UserId => |v| Value::Uuid(v.0),
    SessionId => |v| Value::Uuid(v.0),
    ApiKeyId => |v| Value::Uuid(v.0),
    JobId => |v| Value::Uuid(v.0),
    InvitationId => |v| Value::Uuid(v.0),
    PasskeyId => |v| Value::Uuid(v.0),
    AccountId => |v| Value::Uuid(v.0),
    JoinRequestId => |v| Value::Uuid(v.0),
    WebhookId => |v| Value::Uuid(v.0),
    DeliveryId => |v| Value::Uuid(v.0),
    ReceiverId => |v| Value::Uuid(v.0),
}

impl<'a, T> From<Option<T>> for Value<'a>
where
    Value<'a>: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Value::from)
    }
}

impl<'a> From<&'a Option<String>> for Value<'a> {
    fn from(value: &'a Option<String>) -> Self {
        value.as_deref().map_or(Value::Null, Value::Text)
    }
}

impl<'a> From<&'a Option<Json>> for Value<'a> {
    fn from(value: &'a Option<Json>) -> Self {
        value.as_ref().map_or(Value::Null, Value::from)
    }
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(v) => ValueRef::Integer(*v),
            Self::Real(v) => ValueRef::Real(*v),
            Self::Flag(v) => ValueRef::Integer(i64::from(*v)),
            Self::Text(v) | Self::Json(v) => ValueRef::Text(v.as_bytes()),
            Self::Bytes(v) => ValueRef::Blob(v),
            Self::Uuid(v) => ValueRef::Blob(v.as_bytes()),
        }))
    }
}

impl PgToSql for Value<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self {
            Self::Null => return Ok(IsNull::Yes),
            Self::Int(v) => match *ty {
                Type::INT4 => i32::try_from(*v)?.to_sql(ty, out)?,
                Type::INT2 => i16::try_from(*v)?.to_sql(ty, out)?,
                #[allow(clippy::cast_precision_loss, reason = "a double column asked for it")]
                Type::FLOAT8 => (*v as f64).to_sql(ty, out)?,
                _ => v.to_sql(ty, out)?,
            },
            Self::Real(v) => v.to_sql(ty, out)?,
            Self::Flag(v) => v.to_sql(ty, out)?,
            Self::Text(v) => v.to_sql(ty, out)?,
            Self::Json(v) => {
                if *ty == Type::JSONB {
                    // The binary form of jsonb is a version byte and the text.
                    out.extend_from_slice(&[1]);
                }
                out.extend_from_slice(v.as_bytes());
                IsNull::No
            }
            Self::Bytes(v) => v.to_sql(ty, out)?,
            Self::Uuid(v) => v.to_sql(ty, out)?,
        };
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        // The statement says what it expects; a wrong pair is refused by the server.
        true
    }

    to_sql_checked!();
}
