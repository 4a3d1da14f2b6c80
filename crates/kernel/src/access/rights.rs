//! Rights as bits, by the names API keys and extra permissions use.

use std::ops::{BitAnd, BitOr};
use std::sync::LazyLock;

use types::{Error, Json, Result};

use crate::ontology;

macro_rules! rights {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// One thing somebody may do in a group.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Right { $($(#[$doc])* $variant,)* }

        impl Right {
            /// Every right.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// `resource:action`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

rights! {
    /// See the group.
    GroupsRead = "groups:read",
    /// Make child groups.
    GroupsCreate = "groups:create",
    /// Change its name, settings and status.
    GroupsUpdate = "groups:update",
    /// Archive it.
    GroupsDelete = "groups:delete",
    /// See its members.
    PeopleRead = "people:read",
    /// Add and invite members.
    PeopleCreate = "people:create",
    /// Change members' roles, permissions and records.
    PeopleUpdate = "people:update",
    /// Remove members.
    PeopleDelete = "people:delete",
    /// See shared things.
    ThingsRead = "things:read",
    /// Make things.
    ThingsCreate = "things:create",
    /// Change any thing one sees.
    ThingsUpdate = "things:update",
    /// Change one's own things.
    ThingsUpdateOwn = "things:update_own",
    /// Archive or remove any thing one sees.
    ThingsDelete = "things:delete",
    /// Archive one's own things.
    ThingsDeleteOwn = "things:delete_own",
    /// See shared connections.
    ConnectionsRead = "connections:read",
    /// Connect what one sees.
    ConnectionsCreate = "connections:create",
    /// Remove any connection one sees.
    ConnectionsDelete = "connections:delete",
    /// Remove connections one made.
    ConnectionsDeleteOwn = "connections:delete_own",
    /// See shared events.
    EventsRead = "events:read",
    /// Record custom events.
    EventsCreate = "events:create",
    /// Send notifications to members.
    NotificationsCreate = "notifications:create",
    /// See and search shared knowledge.
    KnowledgeRead = "knowledge:read",
    /// Add knowledge.
    KnowledgeCreate = "knowledge:create",
    /// Remove any knowledge one sees.
    KnowledgeDelete = "knowledge:delete",
    /// Remove knowledge made from one's own things.
    KnowledgeDeleteOwn = "knowledge:delete_own",
    /// See rows that are private to others.
    PrivateRead = "private:read",
    /// Register types.
    TypesCreate = "types:create",
    /// List API keys.
    ApiKeysRead = "api_keys:read",
    /// Make API keys.
    ApiKeysCreate = "api_keys:create",
    /// Revoke API keys.
    ApiKeysDelete = "api_keys:delete",
}

impl Right {
    /// The right of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|right| right.name() == name)
    }

    /// The right to do the same to what is one's own, if there is one.
    #[must_use]
    pub const fn own(self) -> Option<Self> {
        match self {
            Self::ThingsUpdate => Some(Self::ThingsUpdateOwn),
            Self::ThingsDelete => Some(Self::ThingsDeleteOwn),
            Self::ConnectionsDelete => Some(Self::ConnectionsDeleteOwn),
            Self::KnowledgeDelete => Some(Self::KnowledgeDeleteOwn),
            _ => None,
        }
    }

    /// Whether it only shows something: also in an archived group.
    #[must_use]
    pub fn is_reading(self) -> bool {
        self.name().ends_with(":read")
    }
}

/// A set of [`Right`]s. Those an API key has say so, and whatever they are combined with says so
/// too: of what a key may not read it sees nothing, not even what is its maker's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rights(u64);

/// Not a right: they are those of an API key.
const THROUGH_KEY: u64 = 1 << 63;

impl Rights {
    /// Nothing.
    pub const NONE: Self = Self(0);

    /// Everything.
    #[must_use]
    pub fn all() -> Self {
        Right::ALL.iter().copied().collect()
    }

    /// What an owner of an ancestor may do: read, nothing else.
    #[must_use]
    pub fn read_all() -> Self {
        Right::ALL.iter().copied().filter(|right| right.is_reading()).collect()
    }

    /// What the built-in role [`ADMIN`] may do: run the group, but not end it.
    #[must_use]
    pub fn of_admin() -> Self {
        let beyond = 1 << Right::GroupsDelete as u64;
        Self(Role::GroupOwner.rights().0 & !beyond)
    }

    /// What a role beside the four may do: [`ADMIN`], or one that the group defines, by the
    /// permissions stored for it. One whose definition is gone gives nothing.
    #[must_use]
    pub fn of_custom(name: &str, permissions: Option<&Json>) -> Self {
        match (name, permissions) {
            (ADMIN, _) => Self::of_admin(),
            (_, Some(permissions)) => Self::stored(permissions),
            (_, None) => Self::NONE,
        }
    }

    /// What anybody signed in may do in a public group.
    #[must_use]
    pub fn visitor() -> Self {
        [Right::GroupsRead].into_iter().collect()
    }

    /// Whether `right` is among them.
    #[must_use]
    pub const fn has(self, right: Right) -> bool {
        self.0 & (1 << right as u64) != 0
    }

    /// Whether all of `other` is among them.
    #[must_use]
    pub const fn covers(self, other: Self) -> bool {
        let other = other.0 & !THROUGH_KEY;
        self.0 & other == other
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 & !THROUGH_KEY == 0
    }

    /// The same, as those of an API key.
    #[must_use]
    pub const fn through_key(self) -> Self {
        Self(self.0 | THROUGH_KEY)
    }

    /// Whether they are those of an API key.
    #[must_use]
    pub const fn is_through_key(self) -> bool {
        self.0 & THROUGH_KEY != 0
    }

    /// Reads names: `things:create`, `things:*` or `*`.
    ///
    /// # Errors
    /// 422 naming the one that does not exist.
    pub fn parse<S: AsRef<str>>(names: &[S], pointer: &str) -> Result<Self> {
        let mut rights = Self::NONE;
        for (index, name) in names.iter().enumerate() {
            let name = name.as_ref();
            let found: Self = Right::ALL
                .iter()
                .copied()
                .filter(|right| match name.strip_suffix('*') {
                    Some("") => true,
                    Some(prefix) => prefix.ends_with(':') && right.name().starts_with(prefix),
                    None => right.name() == name,
                })
                .collect();
            if found.is_empty() {
                return Err(Error::invalid(
                    format!("{pointer}/{index}"),
                    "unknown_permission",
                    format!(
                        "`{name}` is not a permission; use names like `things:create`, \
                         `things:*` or `*` (GET /v1/ontology lists them)."
                    ),
                ));
            }
            rights = rights | found;
        }
        Ok(rights)
    }

    /// Reads a stored list of names; a name that no longer exists gives nothing.
    #[must_use]
    pub fn stored(names: &Json) -> Self {
        if names.as_str() == "[]" {
            return Self::NONE;
        }
        let names: Vec<String> = serde_json::from_str(names.as_str()).unwrap_or_default();
        names
            .iter()
            .filter_map(|name| Self::parse(std::slice::from_ref(name), "").ok())
            .fold(Self::NONE, |all, one| all | one)
    }
}

impl FromIterator<Right> for Rights {
    fn from_iter<I: IntoIterator<Item = Right>>(rights: I) -> Self {
        Self(rights.into_iter().fold(0, |bits, right| bits | (1 << right as u64)))
    }
}

impl BitOr for Rights {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitAnd for Rights {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self((self.0 & other.0) | ((self.0 | other.0) & THROUGH_KEY))
    }
}

/// A role every group has beside the four: an owner who cannot end the group and has the rank of
/// a member, so that owners are out of reach.
pub const ADMIN: &str = "admin";

/// What a member is in a group; higher ranks may grant lower ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Own and public rows only.
    Customer,
    /// Works in the group.
    GroupUser,
    /// Runs the group.
    GroupOwner,
    /// Runs the installation.
    PlatformOwner,
}

impl Role {
    /// Every role, lowest first.
    pub const ALL: [Self; 4] =
        [Self::Customer, Self::GroupUser, Self::GroupOwner, Self::PlatformOwner];

    /// The stored and shown name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::GroupUser => "group_user",
            Self::GroupOwner => "group_owner",
            Self::PlatformOwner => "platform_owner",
        }
    }

    /// Reads a name or an alias from the ontology.
    ///
    /// # Errors
    /// 422 naming the roles there are.
    pub fn parse(name: &str) -> Result<Self> {
        let facts = ontology::built_in()
            .roles
            .iter()
            .find(|role| role.name == name || role.aliases.iter().any(|alias| alias == name));
        facts
            .and_then(|facts| Self::ALL.into_iter().find(|role| role.name() == facts.name))
            .ok_or_else(|| {
                Error::invalid(
                    "/role",
                    "unknown_role",
                    "must be one of platform_owner, group_owner, group_user, customer.",
                )
            })
    }

    /// Reads a stored name.
    ///
    /// # Errors
    /// Internal, when the store holds something else.
    pub fn stored(name: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|role| role.name() == name)
            .ok_or_else(|| Error::internal("an unknown role is stored"))
    }

    /// What the ontology gives this role.
    #[must_use]
    pub fn rights(self) -> Rights {
        static RIGHTS: LazyLock<[Rights; 4]> = LazyLock::new(|| {
            Role::ALL.map(|role| {
                ontology::built_in()
                    .roles
                    .iter()
                    .find(|facts| facts.name == role.name())
                    .and_then(|facts| Rights::parse(&facts.permissions, "").ok())
                    .unwrap_or_default()
            })
        });
        RIGHTS[self as usize]
    }
}

#[cfg(test)]
#[path = "rights_tests.rs"]
mod tests;
