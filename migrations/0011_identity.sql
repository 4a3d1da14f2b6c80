-- Second factor, ban, and what an account needs beyond a password.
alter table users add column two_factor_enabled {flag} not null default false;
alter table users add column banned_at {int};
alter table users add column ban_reason text;
-- Null: until somebody lifts it.
alter table users add column ban_expires_at {int};

-- An account at a provider is (provider, issuer, subject); `issuer` is empty where there is only one.
alter table credentials add column issuer text not null default '';
alter table credentials add column scopes text;
-- Access, refresh and id token of the provider, in an envelope of the vault.
alter table credentials add column tokens {bytes};
alter table credentials add column access_expires_at {int};
drop index credentials_account;
create unique index credentials_account on credentials (provider, issuer, account_id);
-- Who set this password had the mailbox, and need not have known the one before it.
alter table credentials add column set_by_mail {flag} not null default false;

alter table sessions add column method text not null default 'password';
-- When its owner last proved who they are; null: when it began.
alter table sessions add column authenticated_at {int};
-- False: the browser forgets it when it closes.
alter table sessions add column remember {flag} not null default true;
alter table sessions add column active_group_id {uuid};
alter table sessions add column active_team_id {uuid};
-- The platform owner who acts as this user.
alter table sessions add column impersonator_id {uuid};
create index sessions_impersonator on sessions (impersonator_id) where impersonator_id is not null;
-- The same of an event: who really did it.
alter table events add column impersonator_id {uuid};

-- Everything that is good for one use: links, codes, states and challenges. Taking one deletes it.
create table challenges (
    id {uuid} primary key not null,
    purpose text not null,
    -- HMAC of purpose and token: what is stored opens nothing.
    token_hash {bytes} not null unique,
    user_id {uuid} references users (id) on delete cascade,
    payload {json} not null,
    attempts {int} not null,
    created_at {int} not null,
    expires_at {int} not null
) {strict};

create index challenges_user on challenges (user_id, purpose) where user_id is not null;
create index challenges_expiry on challenges (expires_at);

create table two_factors (
    user_id {uuid} primary key not null references users (id) on delete cascade,
    -- The TOTP seed, in an envelope of the vault.
    secret {bytes} not null,
    -- Null until the first code proved that the seed arrived.
    confirmed_at {int},
    -- The last time step (RFC 6238) that was used; a step counts once.
    last_step {int} not null,
    created_at {int} not null
) {strict};

-- Wrong second factors of all kinds, counted together.
create table second_factor_failures (
    user_id {uuid} primary key not null references users (id) on delete cascade,
    failures {int} not null,
    since {int} not null
) {strict};

create table backup_codes (
    user_id {uuid} not null references users (id) on delete cascade,
    code_hash {bytes} not null,
    primary key (user_id, code_hash)
) {strict};

create table trusted_devices (
    id {uuid} primary key not null,
    user_id {uuid} not null references users (id) on delete cascade,
    token_hash {bytes} not null unique,
    created_at {int} not null,
    expires_at {int} not null
) {strict};

create index trusted_devices_user on trusted_devices (user_id);
create index trusted_devices_expiry on trusted_devices (expires_at);

create table passkeys (
    id {uuid} primary key not null,
    user_id {uuid} not null references users (id) on delete cascade,
    name text,
    credential_id {bytes} not null unique,
    -- COSE key (RFC 9052).
    public_key {bytes} not null,
    counter {int} not null,
    device_type text not null,
    backed_up {flag} not null,
    transports text,
    aaguid text,
    created_at {int} not null,
    last_used_at {int}
) {strict};

create index passkeys_user on passkeys (user_id, id);

-- Null: when it was made.
alter table api_keys add column updated_at {int};
alter table api_keys add column prefix text;
-- Who it belongs to in lists: its maker alone, or everybody who may see the group's keys.
alter table api_keys add column personal {flag} not null default false;
alter table api_keys add column enabled {flag} not null default true;
alter table api_keys add column metadata {json};
-- At most `rate_limit_max` requests in each window; null: no limit of its own.
alter table api_keys add column rate_limit_max {int};
alter table api_keys add column rate_limit_window_ms {int};
-- Requests it is still good for; null: any number.
alter table api_keys add column remaining {int};
alter table api_keys add column refill_amount {int};
alter table api_keys add column refill_interval_ms {int};
alter table api_keys add column last_refill_at {int};
alter table api_keys add column request_count {int} not null default 0;
-- After a rotation the old key is good until the grace period ends.
alter table api_keys add column old_key_hash {bytes};
alter table api_keys add column old_key_until {int};
create unique index api_keys_old on api_keys (old_key_hash);
create index api_keys_creator on api_keys (creator_id, id);

-- Roles a group defines beside the built-in ones; its descendants have their own.
create table group_roles (
    group_id {uuid} not null references groups (id) on delete cascade,
    name text not null,
    permissions {json} not null,
    created_at {int} not null,
    updated_at {int} not null,
    primary key (group_id, name)
) {strict};

-- The name of a custom role, beside the built-in one that ranks its holder.
alter table memberships add column custom_role text;

create table invitations (
    id {uuid} primary key not null,
    group_id {uuid} not null references groups (id) on delete cascade,
    team_id {uuid},
    email text not null,
    role text not null,
    custom_role text,
    -- pending, accepted, rejected or canceled.
    status text not null,
    inviter_id {uuid} not null references people (id),
    created_at {int} not null,
    updated_at {int} not null,
    expires_at {int} not null
) {strict};

create unique index invitations_pending on invitations (group_id, email) where status = 'pending';
create index invitations_group on invitations (group_id, id);
create index invitations_email on invitations (email, id);
create index invitations_inviter on invitations (inviter_id) where status = 'pending';

-- Letters on their way out: sealed, since they hold live links. A sent one is deleted.
create table mails (
    id {uuid} primary key not null,
    kind text not null,
    sealed {bytes} not null,
    created_at {int} not null
) {strict};

create index mails_created on mails (created_at);

-- Keys of tenants, wrapped by the root key; the nil tenant is the house itself.
create table vault_keys (
    tenant_id {uuid} not null,
    version {int} not null,
    wrapped {bytes} not null,
    -- Which root key wrapped it.
    root text not null,
    created_at {int} not null,
    primary key (tenant_id, version)
) {strict};

-- Ed25519 keys that sign access tokens, beside the first one, which is `signing.key`.
create table signing_keys (
    id {uuid} primary key not null,
    -- The seed, in an envelope of the vault.
    seed {bytes} not null,
    public_key {bytes} not null,
    created_at {int} not null,
    -- Published before it signs, so that whoever keeps a copy of the set knows it in time.
    signs_from {int} not null,
    -- Published until the last token it signed has expired.
    retired_at {int}
) {strict};

-- From kind to kind, and of each the job that has been due for longest: a long queue of one kind
-- is never read through for the others.
drop index jobs_due;
create index jobs_queued on jobs (kind, run_at, id) where state = 'queued';
