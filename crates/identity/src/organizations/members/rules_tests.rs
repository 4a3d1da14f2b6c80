use kernel::access::Role;
use serde_json::json;

use super::super::model::{handle, named};
use super::*;

fn may(rights: Rights, asked: serde_json::Value) -> bool {
    allowed(rights, &serde_json::from_value(asked).unwrap_or_default())
}

#[test]
fn the_clients_statements_give_its_default_roles_what_it_expects() {
    let (owner, admin) = (Role::GroupOwner.rights(), Rights::of_admin());
    let member = Role::GroupUser.rights();
    let everything = json!({
        "organization": ["update", "delete"], "member": ["create", "update", "delete"],
        "invitation": ["create", "cancel"], "team": ["create", "update", "delete"],
        "ac": ["create", "read", "update", "delete"],
    });
    let mut but_deletion = everything.clone();
    but_deletion["organization"] = json!(["update"]);
    assert!(may(owner, everything.clone()) && may(admin, but_deletion));
    assert!(!may(admin, everything.clone()) && !may(admin, json!({ "organization": ["delete"] })));
    for (resource, actions) in everything.as_object().into_iter().flatten() {
        for action in actions.as_array().into_iter().flatten() {
            let reads = resource == "ac" && action == "read";
            assert_eq!(may(member, json!({ resource: [action] })), reads, "{resource} {action}");
        }
    }
}

#[test]
fn our_own_names_work_and_unknown_ones_allow_nothing() {
    let member = Role::GroupUser.rights();
    assert!(may(member, json!({ "things": ["create", "read"] })));
    assert!(!may(member, json!({ "things": ["create", "delete"] })));
    for nothing in
        [json!({}), json!({ "things": [] }), json!({ "things": ["fly"] }), json!({ "*": ["*"] })]
    {
        assert!(!may(Rights::all(), nothing.clone()), "{nothing}");
    }
}

#[test]
fn a_handle_names_its_person_in_its_group_only() {
    let group = types::GroupId(uuid::Uuid::from_u128(0x1234));
    let other = types::GroupId(uuid::Uuid::from_u128(0x1235));
    let person = types::PersonId(uuid::Uuid::from_u128(0xabcd));
    assert_eq!(named(group, handle(group, person)), person);
    assert_ne!(named(other, handle(group, person)), person);
}
