use std::collections::BTreeSet;

use super::*;

#[test]
fn exactly_the_routes_with_long_bodies_are_named() {
    let paths = |router: OpenApiRouter<World>| router.into_openapi().paths.paths.into_keys();
    let long = bulk::routes::router().merge(batch::routes::router());
    let named = paths(router()).filter(|path| long_body(path).is_some());
    assert_eq!(named.collect::<BTreeSet<_>>(), paths(long).collect::<BTreeSet<_>>());
}
