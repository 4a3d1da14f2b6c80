-- Found by the clean-up of those that ended long ago.
create index invitations_expired on invitations (expires_at);
