#!/bin/bash
# Run by the image of PostgreSQL once, when it makes its data directory: the role Sixfold connects as, and the
# database that role owns. A plain role, because row-level security does not bind superusers.
set -eo pipefail
: "${ROLE_PASSWORD:?the password of the role sixfold}"
psql --set ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" --dbname postgres \
  --set password="$ROLE_PASSWORD" <<'SQL'
create role sixfold login nosuperuser nobypassrls nocreatedb nocreaterole password :'password';
create database sixfold owner sixfold;
SQL
