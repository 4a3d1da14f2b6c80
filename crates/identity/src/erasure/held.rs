//! What this room holds about people: told without what opens anything, and removed. Sessions,
//! credentials, factors and links went with the login; what is left refers to the person.

use kernel::Work;
use kernel::erasure::{self, Arg, As, Key, Removing, Rooms, Subject, Told};
use types::Kind;

use crate::accounts;

/// Adds what this room tells and removes.
#[must_use]
pub fn erasing(rooms: Rooms) -> Rooms {
    // Links that were asked for before there was an account.
    let links = "user_id is null and cast(payload ->> 'email' as text) = $1";
    rooms
        .told(TOLD)
        .first(respect)
        .delete("api_keys", "id", "creator_id = $1", &[Arg::Person])
        // Those they sent hold the addresses of others.
        .delete("invitations", "id", "inviter_id = $1", &[Arg::Person])
        .delete("invitations", "id", "email = $1", &[Arg::Email])
        .delete("challenges", "id", links, &[Arg::Email])
        .delete("onboarding", "person_id", "person_id = $1", &[Arg::Person])
}

/// Somebody may have made a new account with the same address meanwhile: what was sent to it is
/// theirs now.
fn respect<'a>(work: &'a mut Work<'_>, who: &'a Subject, _most: i64) -> Removing<'a> {
    Box::pin(async move {
        if let Some(email) = &who.email
            && accounts::is_taken(work.tx, email).await?
        {
            erasure::forget_address(work.tx, who.person).await?;
        }
        Ok(0)
    })
}

const ACCOUNT: Told = Told {
    kind: "account",
    from: "users o where o.id = $1",
    args: &[Arg::User],
    columns: &[
        ("id", "o.id", As::Id(Kind::User)),
        ("name", "o.name", As::Text),
        ("email", "o.email", As::Text),
        ("emailVerified", "o.email_verified", As::Flag),
        ("image", "o.image", As::Text),
        ("twoFactorEnabled", "o.two_factor_enabled", As::Flag),
        ("bannedAt", "o.banned_at", As::Time),
        ("banReason", "o.ban_reason", As::Text),
        ("banExpiresAt", "o.ban_expires_at", As::Time),
        ("createdAt", "o.created_at", As::Time),
        ("updatedAt", "o.updated_at", As::Time),
    ],
    key: Key::Id("o.id"),
};

const SESSION: Told = Told {
    kind: "session",
    from: "sessions o where o.user_id = $1",
    args: &[Arg::User],
    columns: &[
        ("id", "o.id", As::Id(Kind::Session)),
        ("method", "o.method", As::Text),
        ("ipAddress", "o.ip_address", As::Text),
        ("userAgent", "o.user_agent", As::Text),
        ("impersonatedBy", "o.impersonator_id", As::Id(Kind::Person)),
        ("createdAt", "o.created_at", As::Time),
        ("updatedAt", "o.updated_at", As::Time),
        ("expiresAt", "o.expires_at", As::Time),
    ],
    key: Key::Id("o.id"),
};

/// A password, or an account at a provider.
const CREDENTIAL: Told = Told {
    kind: "credential",
    from: "credentials o where o.user_id = $1",
    args: &[Arg::User],
    columns: &[
        ("id", "o.id", As::Id(Kind::Account)),
        ("provider", "o.provider", As::Text),
        ("issuer", "o.issuer", As::Text),
        ("accountId", "o.account_id", As::Text),
        ("scopes", "o.scopes", As::Text),
        ("createdAt", "o.created_at", As::Time),
        ("updatedAt", "o.updated_at", As::Time),
    ],
    key: Key::Id("o.id"),
};

const PASSKEY: Told = Told {
    kind: "passkey",
    from: "passkeys o where o.user_id = $1",
    args: &[Arg::User],
    columns: &[
        ("id", "o.id", As::Id(Kind::Passkey)),
        ("name", "o.name", As::Text),
        ("deviceType", "o.device_type", As::Text),
        ("backedUp", "o.backed_up", As::Flag),
        ("transports", "o.transports", As::Text),
        ("aaguid", "o.aaguid", As::Text),
        ("createdAt", "o.created_at", As::Time),
        ("lastUsedAt", "o.last_used_at", As::Time),
    ],
    key: Key::Id("o.id"),
};

const TRUSTED_DEVICE: Told = Told {
    kind: "trustedDevice",
    from: "trusted_devices o where o.user_id = $1",
    args: &[Arg::User],
    columns: &[("createdAt", "o.created_at", As::Time), ("expiresAt", "o.expires_at", As::Time)],
    key: Key::Id("o.id"),
};

const TWO_FACTOR: Told = Told {
    kind: "twoFactor",
    from: "two_factors o where o.user_id = $1",
    args: &[Arg::User],
    columns: &[
        ("createdAt", "o.created_at", As::Time),
        ("confirmedAt", "o.confirmed_at", As::Time),
    ],
    key: Key::Id("o.user_id"),
};

/// A link or a code that was not used yet: what for, and no more.
const LINK: Told = Told {
    kind: "link",
    from: "challenges o where o.user_id = $1",
    args: &[Arg::User],
    columns: &[
        ("purpose", "o.purpose", As::Text),
        ("createdAt", "o.created_at", As::Time),
        ("expiresAt", "o.expires_at", As::Time),
    ],
    key: Key::Id("o.id"),
};

const API_KEY: Told = Told {
    kind: "apiKey",
    from: "api_keys o where o.creator_id = $1",
    args: &[Arg::Person],
    columns: &[
        ("id", "o.id", As::Id(Kind::ApiKey)),
        ("groupId", "o.group_id", As::Id(Kind::Group)),
        ("name", "o.name", As::Text),
        ("permissions", "o.permissions", As::Json),
        ("metadata", "o.metadata", As::Json),
        ("enabled", "o.enabled", As::Flag),
        ("createdAt", "o.created_at", As::Time),
        ("expiresAt", "o.expires_at", As::Time),
        ("lastUsedAt", "o.last_used_at", As::Time),
        ("revokedAt", "o.revoked_at", As::Time),
    ],
    key: Key::Id("o.id"),
};

const INVITATION: Told = Told {
    kind: "invitation",
    from: "invitations o where (o.email = $1 or o.inviter_id = $2)",
    args: &[Arg::Email, Arg::Person],
    columns: &[
        ("id", "o.id", As::Id(Kind::Invitation)),
        ("groupId", "o.group_id", As::Id(Kind::Group)),
        ("teamId", "o.team_id", As::Id(Kind::Group)),
        ("email", "o.email", As::Text),
        ("role", "o.role", As::Text),
        ("status", "o.status", As::Text),
        ("inviterId", "o.inviter_id", As::Id(Kind::Person)),
        ("createdAt", "o.created_at", As::Time),
        ("expiresAt", "o.expires_at", As::Time),
    ],
    key: Key::Id("o.id"),
};

const ONBOARDING: Told = Told {
    kind: "onboarding",
    from: "onboarding o where o.person_id = $1",
    args: &[Arg::Person],
    columns: &[
        ("steps", "o.steps", As::Json),
        ("workspaceId", "o.workspace_id", As::Id(Kind::Group)),
        ("walletAddress", "o.wallet_address", As::Text),
        ("chainId", "o.chain_id", As::Int),
        ("createdAt", "o.created_at", As::Time),
        ("updatedAt", "o.updated_at", As::Time),
    ],
    key: Key::Id("o.person_id"),
};

/// In this order.
const TOLD: [Told; 10] = [
    ACCOUNT,
    SESSION,
    CREDENTIAL,
    PASSKEY,
    TRUSTED_DEVICE,
    TWO_FACTOR,
    LINK,
    API_KEY,
    INVITATION,
    ONBOARDING,
];
