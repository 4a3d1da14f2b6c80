create table users (
    id {uuid} primary key not null,
    email text not null unique,
    email_verified {flag} not null,
    name text not null,
    image text,
    created_at {int} not null,
    updated_at {int} not null
) {strict};

-- How a user proves who they are. `password` now; providers later.
create table credentials (
    id {uuid} primary key not null,
    user_id {uuid} not null references users (id) on delete cascade,
    provider text not null,
    account_id text not null,
    secret_hash text,
    created_at {int} not null,
    updated_at {int} not null
) {strict};

create unique index credentials_account on credentials (provider, account_id);
create index credentials_user on credentials (user_id);

create table sessions (
    id {uuid} primary key not null,
    user_id {uuid} not null references users (id) on delete cascade,
    token_hash {bytes} not null unique,
    -- Set for sessions of the token pair; replaced at each refresh.
    refresh_hash {bytes} unique,
    refresh_expires_at {int},
    created_at {int} not null,
    updated_at {int} not null,
    expires_at {int} not null,
    ip_address text,
    user_agent text
) {strict};

create index sessions_user on sessions (user_id, id);
create index sessions_expiry on sessions (expires_at);

-- Refresh tokens that were exchanged: seeing one again ends its session.
create table spent_refresh_tokens (
    token_hash {bytes} primary key not null,
    session_id {uuid} not null references sessions (id) on delete cascade,
    spent_at {int} not null
) {strict};

create index spent_refresh_tokens_session on spent_refresh_tokens (session_id);
create index spent_refresh_tokens_age on spent_refresh_tokens (spent_at);

create table api_keys (
    id {uuid} primary key not null,
    group_id {uuid} not null references groups (id),
    creator_id {uuid} not null references people (id),
    name text not null,
    key_start text not null,
    key_hash {bytes} not null unique,
    permissions {json} not null,
    created_at {int} not null,
    expires_at {int},
    last_used_at {int},
    revoked_at {int}
) {strict};

create index api_keys_group on api_keys (group_id, id);

-- Things that may happen once, e.g. naming the first platform owner: inserting the name wins.
create table once (
    name text primary key not null,
    value text,
    claimed_at {int} not null
) {strict};
