//! Who calls: built once per request, passed to every rule.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use database::{Reach, Tx, args};
use types::{ApiKeyId, Error, ErrorKind, GroupId, PersonId, Result, SessionId, Time, UserId};

use crate::Limit;
use crate::access::{Rights, Role};
use crate::idempotency::Once;

/// Finds out who a caller is by now; left in the [`Caller`] by the room that let them in, which
/// alone knows sessions and keys.
pub type Again = Arc<dyn Fn() -> Found + Send + Sync>;
/// What [`Again`] answers: nobody, when their session or key is gone, or they are banned.
pub type Found = Pin<Box<dyn Future<Output = Result<Option<Arc<Identity>>>> + Send>>;

/// Who calls, and in which request.
#[derive(Clone)]
pub struct Caller {
    identity: Arc<Identity>,
    request_id: Arc<str>,
    once: Option<Arc<Once>>,
    again: Option<Again>,
}

/// Who somebody is, apart from any request: what the session cache keeps.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    /// The login.
    pub user: Option<UserId>,
    /// The member record.
    pub person: Option<PersonId>,
    /// The signed-in device.
    pub session: Option<SessionId>,
    /// When whoever is at that device last proved who they are.
    pub authenticated_at: Option<Time>,
    /// The platform owner who acts as them.
    pub impersonator: Option<PersonId>,
    /// Their private group.
    pub personal_group: Option<GroupId>,
    /// Groups they belong to, sorted by group.
    pub memberships: Vec<Membership>,
    /// Owner of the whole installation.
    pub platform_owner: bool,
    /// Set when an API key speaks for them.
    pub key: Option<ApiKeyScope>,
    /// The house itself: jobs, import, command line.
    pub system: bool,
}

/// Belonging to one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The group.
    pub group: GroupId,
    /// The top of the tree it is in.
    pub tree: GroupId,
    /// The role there.
    pub role: Role,
    /// What the role and extra permissions allow there.
    pub rights: Rights,
}

/// What an API key may do at most.
#[derive(Debug, Clone)]
pub struct ApiKeyScope {
    /// The key.
    pub id: ApiKeyId,
    /// The one group it is good for.
    pub group: GroupId,
    /// The top of the tree it is in.
    pub tree: GroupId,
    /// What it was given; its creator's rights bound it at each use.
    pub rights: Rights,
    /// How often it may be used.
    pub limit: Option<Limit>,
    /// Whether it is good for a number of requests, which the store counts.
    pub counted: bool,
}

impl Caller {
    /// Somebody in a request.
    #[must_use]
    pub fn new(identity: Arc<Identity>, request_id: Arc<str>) -> Self {
        Self { identity, request_id, once: None, again: None }
    }

    /// The same caller, of whom can be found out who they are by now.
    #[must_use]
    pub fn known_by(self, again: Again) -> Self {
        Self { again: Some(again), ..self }
    }

    /// The same caller in a request that is carried out once, however often it is sent.
    #[must_use]
    pub fn once(self, once: Arc<Once>) -> Self {
        Self { once: Some(once), ..self }
    }

    /// The key of the request, if it is such a one.
    pub(crate) fn key(&self) -> Option<&Arc<Once>> {
        self.once.as_ref()
    }

    /// Nobody: not signed in.
    #[must_use]
    pub fn nobody(request_id: Arc<str>) -> Self {
        Self::new(Arc::default(), request_id)
    }

    /// The house itself, for jobs, import and the command line.
    #[must_use]
    pub fn system(task: &str) -> Self {
        let identity = Identity { system: true, platform_owner: true, ..Identity::default() };
        Self::new(Arc::new(identity), Arc::from(task))
    }

    /// The same caller as they are by now, for whoever goes on with a request that lasts as long as
    /// its client pleases: before each of its transactions, so that these reach no further either.
    /// Nobody stays nobody, and the house itself stays itself.
    ///
    /// # Errors
    /// 401 when their session or key is gone, or they are banned; as the store.
    pub async fn again(&self) -> Result<Self> {
        let before = &*self.identity;
        if before.system || before.person.is_none() {
            return Ok(self.clone());
        }
        // Who cannot be asked for is not believed for ever.
        let again = self.again.as_ref();
        let again = again.ok_or_else(|| Error::internal("who calls cannot be found out again"))?;
        let key = |identity: &Identity| identity.key.as_ref().map(|key| key.id);
        let found = again().await?;
        let found = found.filter(|now| now.person == before.person && key(now) == key(before));
        let identity = found.ok_or_else(Error::unauthenticated)?;
        Ok(Self { identity, ..self.clone() })
    }

    /// The same caller with the memberships the store holds by now. An API key keeps to its group,
    /// and the house itself has none.
    ///
    /// # Errors
    /// As [`Tx::all`].
    pub async fn renewed(&self, tx: &mut Tx) -> Result<Self> {
        let before = &*self.identity;
        let Some(person) = before.person.filter(|_| before.key.is_none()) else {
            return Ok(self.clone());
        };
        let identity = Identity {
            session: before.session,
            authenticated_at: before.authenticated_at,
            impersonator: before.impersonator,
            ..Identity::of_person(tx, person).await?
        };
        Ok(Self { identity: Arc::new(identity), ..self.clone() })
    }

    /// The request's id.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// The person, if signed in.
    #[must_use]
    pub fn person(&self) -> Option<PersonId> {
        self.identity.person
    }

    /// The login, if signed in.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        self.identity.user
    }

    /// Everything known about them.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Refuses whoever did not prove who they are within `span` — any time, if there is none. Who
    /// acts as somebody else never did, and neither did a program with an API key.
    ///
    /// # Errors
    /// 403 `impersonating`, `session_not_fresh`.
    pub fn require_fresh(&self, now: Time, span: Option<Duration>) -> Result<()> {
        if self.identity.impersonator.is_some() {
            return Err(Error::new(
                ErrorKind::Forbidden,
                "impersonating",
                "Who acts as somebody else cannot do this in their name.",
            ));
        }
        let Some(span) = span else { return Ok(()) };
        if self.identity.authenticated_at.is_some_and(|at| at >= now.before(span)) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Forbidden,
            "session_not_fresh",
            "Prove who you are first: POST your password to `/v1/auth/verify-password`, or sign \
             in again.",
        ))
    }

    /// The private group of whoever is signed in.
    #[must_use]
    pub fn personal_group(&self) -> Option<GroupId> {
        self.identity.personal_group
    }

    /// How far their transactions reach, whatever statements say: the trees they are in. What they
    /// may see and do there is for [`crate::access`] to decide.
    #[must_use]
    pub(crate) fn reach(&self) -> Reach {
        let identity = &*self.identity;
        if identity.platform_owner {
            return Reach::everything();
        }
        // The groups too: one that is being moved leaves its tree for a moment.
        let groups = identity.memberships.iter().map(|one| one.group);
        let trees = identity.memberships.iter().map(|one| one.tree);
        match identity.person.filter(|_| identity.key.is_none()) {
            Some(person) => Reach::of_member(person, groups, trees),
            None => Reach::within(groups.chain(trees), None),
        }
    }

    /// Whether somebody is signed in, or the house itself calls.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.identity.system || self.identity.person.is_some()
    }

    /// Their own membership of a group.
    #[must_use]
    pub fn membership(&self, group: GroupId) -> Option<&Membership> {
        let all = &self.identity.memberships;
        all.binary_search_by(|one| one.group.cmp(&group)).ok().and_then(|at| all.get(at))
    }
}

impl Identity {
    /// A person with their memberships, as the store has them now.
    ///
    /// # Errors
    /// As [`Tx::all`].
    pub async fn of_person(tx: &mut Tx, person: PersonId) -> Result<Self> {
        let mut platform_owner = false;
        let mut memberships: Vec<Membership> = tx
            .all(
                "select m.group_id, m.role, m.permissions, g.slug, m.custom_role, r.permissions, \
                 (select a.ancestor_id from group_ancestors a where a.group_id = m.group_id \
                 order by a.depth desc limit 1) from memberships m join groups g on g.id = m.group_id \
                 left join group_roles r on r.group_id = m.group_id and r.name = m.custom_role \
                 where m.person_id = $1 and m.status = 'active'",
                args![person],
                |row| {
                    let role = Role::stored(row.text(1)?)?;
                    let extra = Rights::stored(&row.get::<types::Json>(2)?);
                    // Only the platform's own group has owners of the platform.
                    platform_owner |= role == Role::PlatformOwner && row.text(3)? == "platform";
                    let custom: Option<String> = row.get(4)?;
                    let own = match custom {
                        None => role.rights(),
                        Some(name) => {
                            Rights::of_custom(&name, row.get::<Option<types::Json>>(5)?.as_ref())
                        }
                    };
                    let group = row.get(0)?;
                    let tree = row.get::<Option<GroupId>>(6)?.unwrap_or(group);
                    Ok(Membership { group, tree, role, rights: own | extra })
                },
            )
            .await?;
        memberships.sort_by_key(|one| one.group);
        let (user, personal_group) = tx
            .one(
                "select user_id, personal_group_id from people where id = $1",
                args![person],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .await?;
        Ok(Self {
            user,
            person: Some(person),
            personal_group,
            memberships,
            platform_owner,
            ..Self::default()
        })
    }

    /// The same person, speaking through an API key: one group, and no more rights than both
    /// the key and the person have.
    #[must_use]
    pub fn through_key(mut self, mut key: ApiKeyScope) -> Self {
        key.rights = key.rights.through_key();
        let everywhere = self.platform_owner;
        self.memberships.retain(|one| one.group == key.group);
        if everywhere && self.memberships.is_empty() {
            self.memberships.push(Membership {
                group: key.group,
                tree: key.tree,
                role: Role::GroupOwner,
                rights: Rights::all(),
            });
        }
        for one in &mut self.memberships {
            one.rights = one.rights & key.rights;
        }
        self.platform_owner = false;
        self.personal_group = Some(key.group);
        self.session = None;
        self.authenticated_at = None;
        self.key = Some(key);
        self
    }
}

#[cfg(test)]
#[path = "caller_tests.rs"]
mod tests;
