//! Ids: `UUIDv7` in the store, [TypeID](https://github.com/jetify-com/typeid/tree/main/spec)
//! (`thing_01j…`: a prefix and 26 letters of Crockford base32) on the wire.

use std::fmt;
use std::str::FromStr;

use crate::schema::Schema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const TEXT: usize = 26;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdError {
    expected: &'static str,
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected an id like `{}_01j…` (TypeID) or a UUID", self.expected)
    }
}

impl std::error::Error for IdError {}

/// What an id names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A node of the tenant tree.
    Group,
    /// A member record.
    Person,
    /// A typed object.
    Thing,
    /// A typed edge.
    Connection,
    /// An entry of the event log.
    Event,
    /// A label, document or chunk.
    Knowledge,
    /// A login.
    User,
    /// A signed-in device.
    Session,
    /// An API key.
    ApiKey,
    /// A background job.
    Job,
    /// An open invitation into a group.
    Invitation,
    /// A person in one group.
    Member,
    /// A passkey of a login.
    Passkey,
    /// A way a login proves who it is: its password or an account elsewhere.
    Account,
    /// An import over HTTP.
    Import,
    /// Somebody's wish to be let into a group.
    JoinRequest,
    /// Where events of a group are sent.
    Webhook,
    /// One event on its way to one webhook.
    Delivery,
    /// Where others' webhooks come in.
    Receiver,
}

impl Kind {
    const ALL: [Self; 19] = [
        Self::Group,
        Self::Person,
        Self::Thing,
        Self::Connection,
        Self::Event,
        Self::Knowledge,
        Self::User,
        Self::Session,
        Self::ApiKey,
        Self::Job,
        Self::Invitation,
        Self::Member,
        Self::Passkey,
        Self::Account,
        Self::Import,
        Self::JoinRequest,
        Self::Webhook,
        Self::Delivery,
        Self::Receiver,
    ];

    /// The TypeID prefix, also how the kind is stored.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Person => "person",
            Self::Thing => "thing",
            Self::Connection => "connection",
            Self::Event => "event",
            Self::Knowledge => "knowledge",
            Self::User => "user",
            Self::Session => "session",
            Self::ApiKey => "key",
            Self::Job => "job",
            Self::Invitation => "invitation",
            Self::Member => "member",
            Self::Passkey => "passkey",
            Self::Account => "account",
            Self::Import => "import",
            Self::JoinRequest => "request",
            Self::Webhook => "webhook",
            Self::Delivery => "delivery",
            Self::Receiver => "receiver",
        }
    }

    /// The kind with this prefix.
    #[must_use]
    pub fn from_prefix(prefix: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.prefix() == prefix)
    }
}

fn encode(uuid: Uuid) -> [u8; TEXT] {
    let mut bits = uuid.as_u128();
    let mut text = [0; TEXT];
    for slot in text.iter_mut().rev() {
        *slot = ALPHABET[(bits & 31) as usize];
        bits >>= 5;
    }
    text
}

const DECODE: [u8; 256] = {
    let mut table = [255u8; 256];
    let mut value = 0;
    while value < 32 {
        table[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    table
};

fn decode(text: &str) -> Option<Uuid> {
    let bytes = text.as_bytes();
    // 26 letters hold 130 bits: a first letter above 7 would overflow 128.
    if bytes.len() != TEXT || *bytes.first()? > b'7' {
        return None;
    }
    let mut bits: u128 = 0;
    for byte in bytes {
        let value = DECODE[*byte as usize];
        if value == 255 {
            return None;
        }
        bits = (bits << 5) | u128::from(value);
    }
    Some(Uuid::from_u128(bits))
}

fn write_typeid(f: &mut fmt::Formatter<'_>, prefix: &str, uuid: Uuid) -> fmt::Result {
    f.write_str(prefix)?;
    f.write_str("_")?;
    f.write_str(std::str::from_utf8(&encode(uuid)).map_err(|_| fmt::Error)?)
}

fn parse_uuid(text: &str) -> Option<Uuid> {
    // Only the hyphenated form: braces, URNs and 32 bare digits are not what clients send.
    (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten()
}

/// An id whose kind is only known at run time, e.g. one end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AnyId {
    /// What it names.
    pub kind: Kind,
    /// The stored value.
    pub uuid: Uuid,
}

impl fmt::Display for AnyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_typeid(f, self.kind.prefix(), self.uuid)
    }
}

impl Serialize for AnyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl AnyId {
    /// Reads a TypeID of any kind; a bare UUID is taken to name a `default`.
    ///
    /// # Errors
    /// When the text is neither.
    pub fn parse(text: &str, default: Kind) -> Result<Self, IdError> {
        let wrong = IdError { expected: default.prefix() };
        if let Some((prefix, rest)) = text.split_once('_') {
            let kind = Kind::from_prefix(prefix).ok_or(wrong.clone())?;
            return decode(rest).map(|uuid| Self { kind, uuid }).ok_or(wrong);
        }
        parse_uuid(text).map(|uuid| Self { kind: default, uuid }).ok_or(wrong)
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $kind:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub Uuid);

        impl $name {
            /// The kind every id of this type has.
            pub const KIND: Kind = Kind::$kind;
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_typeid(f, Self::KIND.prefix(), self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                let wrong = IdError { expected: Self::KIND.prefix() };
                match text.split_once('_') {
                    Some((prefix, rest)) if prefix == Self::KIND.prefix() => decode(rest),
                    Some(_) => None,
                    None => parse_uuid(text),
                }
                .map(Self)
                .ok_or(wrong)
            }
        }

        impl From<$name> for AnyId {
            fn from(id: $name) -> Self {
                Self { kind: $name::KIND, uuid: id.0 }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl utoipa::__dev::ComposeSchema for $name {
            fn compose(_: Vec<Schema>) -> Schema {
                id_schema(Self::KIND)
            }
        }

        impl utoipa::ToSchema for $name {}
    )*};
}

fn id_schema(kind: Kind) -> Schema {
    let example = AnyId { kind, uuid: Uuid::from_u128(0x0193_4f2c_7a10_7cc3_98c4_dc0c_0c07_398f) };
    utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::Type::String)
        .description(Some(format!(
            "TypeID `{}_…` (UUIDv7 in base32); a bare UUID is accepted on input.",
            kind.prefix()
        )))
        .examples([example.to_string()])
        .into()
}

impl utoipa::__dev::ComposeSchema for AnyId {
    fn compose(_: Vec<Schema>) -> Schema {
        id_schema(Kind::Thing)
    }
}

impl utoipa::ToSchema for AnyId {}

ids! {
    /// Names a group.
    GroupId = Group;
    /// Names a person.
    PersonId = Person;
    /// Names a thing.
    ThingId = Thing;
    /// Names a connection.
    ConnectionId = Connection;
    /// Names an event.
    EventId = Event;
    /// Names a piece of knowledge.
    KnowledgeId = Knowledge;
    /// Names a login.
    UserId = User;
    /// Names a signed-in device.
    SessionId = Session;
    /// Names an API key.
    ApiKeyId = ApiKey;
    /// Names a background job.
    JobId = Job;
    /// Names an invitation.
    InvitationId = Invitation;
    /// Names a person in one group.
    MemberId = Member;
    /// Names a passkey.
    PasskeyId = Passkey;
    /// Names a way of a login to prove who it is.
    AccountId = Account;
    /// Names an import over HTTP.
    ImportId = Import;
    /// Names a wish to be let into a group.
    JoinRequestId = JoinRequest;
    /// Names a webhook.
    WebhookId = Webhook;
    /// Names an event on its way to a webhook.
    DeliveryId = Delivery;
    /// Names a receiver of others' webhooks.
    ReceiverId = Receiver;
}

#[cfg(test)]
#[path = "id_tests.rs"]
mod tests;
