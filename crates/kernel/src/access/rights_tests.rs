use super::*;

#[test]
fn the_roles_of_the_ontology_give_what_the_table_says() {
    assert_eq!(Role::PlatformOwner.rights(), Rights::all());
    assert_eq!(Role::GroupOwner.rights(), Rights::all());
    let user = Role::GroupUser.rights();
    assert!(user.has(Right::ThingsCreate) && user.has(Right::ThingsUpdateOwn));
    assert!(!user.has(Right::ThingsUpdate) && !user.has(Right::ApiKeysCreate));
    assert!(!user.has(Right::PrivateRead) && !user.has(Right::PeopleUpdate));
    let customer = Role::Customer.rights();
    assert!(!customer.has(Right::ThingsRead) && !customer.has(Right::PeopleRead));
}

#[test]
fn permission_names_are_read_and_unknown_ones_refused() {
    let things = Rights::parse(&["things:*"], "/permissions").expect("a wildcard");
    assert!(things.has(Right::ThingsDelete) && !things.has(Right::EventsRead));
    assert_eq!(Rights::parse(&["*"], "").expect("everything"), Rights::all());
    assert_eq!(Rights::parse::<&str>(&[], "").expect("nothing"), Rights::NONE);
    for name in ["", "things", "things*", "thing:create", "*:read", "**"] {
        let error = Rights::parse(&["groups:read", name], "/permissions").expect_err(name);
        assert_eq!(error.field_errors()[0].pointer, "/permissions/1");
    }
}

#[test]
fn owning_an_ancestor_never_allows_a_change() {
    for right in Right::ALL {
        if Rights::read_all().has(*right) {
            assert!(right.name().ends_with(":read"), "{}", right.name());
        }
    }
}

#[test]
fn roles_have_aliases_and_ranks() {
    assert_eq!(Role::parse("owner").expect("an alias"), Role::GroupOwner);
    assert_eq!(Role::parse("member").expect("an alias"), Role::GroupUser);
    assert!(Role::parse("root").is_err());
    assert!(Role::PlatformOwner > Role::GroupOwner && Role::GroupUser > Role::Customer);
}

#[test]
fn a_key_sees_nothing_of_what_it_may_not_read() {
    use crate::access::Sight;
    let key = Rights::parse(&["groups:read", "events:read"], "").expect("rights").through_key();
    for rights in [Role::Customer.rights() & key, Role::GroupOwner.rights() & key, key] {
        assert!(rights.is_through_key());
        assert_eq!(Sight::of(rights, Right::ThingsRead), Sight::Nothing);
        assert_eq!(Sight::of(rights & Rights::read_all(), Right::ThingsRead), Sight::Nothing);
        assert_eq!(Sight::of(rights | Rights::visitor(), Right::ThingsRead), Sight::Nothing);
    }
    let me = Some(types::PersonId(uuid::Uuid::nil()));
    assert!(Sight::Own.sees("private", me, me) && !Sight::Nothing.sees("public", me, me));
    assert_eq!(Sight::of(Role::GroupOwner.rights() & key, Right::EventsRead), Sight::Shared);
    assert_eq!(Sight::of(Role::Customer.rights(), Right::ThingsRead), Sight::Public);
    assert!((Rights::NONE & key).is_empty() && Rights::all().covers(key));
}

#[test]
fn an_admin_runs_a_group_and_cannot_end_it() {
    let admin = Rights::of_admin();
    for right in Right::ALL {
        assert_eq!(admin.has(*right), *right != Right::GroupsDelete, "{}", right.name());
    }
    assert!(!admin.is_through_key() && !admin.covers(Role::GroupOwner.rights()));
    assert_eq!(Rights::of_custom(ADMIN, None), admin);
    let stored = Json::from_text(r#"["things:read"]"#.to_owned()).expect("JSON");
    assert_eq!(
        Rights::of_custom("auditor", Some(&stored)),
        [Right::ThingsRead].into_iter().collect()
    );
    assert!(Rights::of_custom("auditor", None).is_empty());
}
