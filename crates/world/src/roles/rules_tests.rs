use super::*;

#[test]
fn a_custom_role_is_not_called_like_a_built_in_one() {
    for good in ["auditor", "front-desk", "level_2", "ab"] {
        assert!(is_custom(good) && check_name(good).is_ok(), "{good}");
    }
    for built_in in ["admin", "owner", "member", "group_owner", "org_user", "customer"] {
        assert!(!is_custom(built_in) && check_name(built_in).is_ok(), "{built_in}");
    }
    for bad in ["", "a", "Auditor", "1st", "a b", "a,b", "-a", "größe", "x\u{0}", &"x".repeat(51)]
    {
        assert!(!is_custom(bad) && check_name(bad).is_err(), "{bad}");
    }
}
