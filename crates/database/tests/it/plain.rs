//! The role that tests run as on PostgreSQL: neither a superuser nor with BYPASSRLS, so that
//! row-level security binds it and everything runs behind the second wall.

const ROLE: &str = "sixfold_tests";
/// For servers that ask for one; the role owns databases of tests and nothing else.
const PASSWORD: &str = "behind-the-wall";

/// Makes the role, unless it is there. Several at once may try: those that come second are told in
/// one of two ways.
pub(crate) fn make_role() -> String {
    format!(
        "do $$ begin \
         if not exists (select 1 from pg_roles where rolname = '{ROLE}') then \
         create role {ROLE} login nosuperuser nobypassrls password '{PASSWORD}'; end if; \
         exception when duplicate_object or unique_violation then null; end $$"
    )
}

/// Makes a database of the role's.
pub(crate) fn make_database(name: &str) -> String {
    format!("create database {name} owner {ROLE}")
}

/// The address of a database on a server, for the role.
pub(crate) fn address(server: &str, name: &str) -> String {
    let (base, parameters) = server.split_once('?').map_or((server, None), |(b, p)| (b, Some(p)));
    let (scheme, rest) = base.split_once("://").unwrap_or(("postgres", base));
    let place = rest.split('/').next().unwrap_or_default();
    let host = place.rsplit_once('@').map_or(place, |(_, host)| host);
    let parameters = parameters.map(|p| format!("?{p}")).unwrap_or_default();
    format!("{scheme}://{ROLE}:{PASSWORD}@{host}/{name}{parameters}")
}
