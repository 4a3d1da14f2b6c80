use super::*;

#[test]
fn a_title_names_only_what_it_is_given() {
    for kind in NotificationKind::ALL {
        for count in [1, 7] {
            let bare = title(*kind, "", count, Names::default(), "Sent");
            assert!(!bare.is_empty() && !bare.contains('“'), "{bare}");
            let names = Names {
                actor: Some("Bob"),
                target: Some("Plans"),
                group: Some("Acme"),
                is_me: false,
            };
            let full = title(*kind, "", count, names, "Sent");
            let is_named = ["Bob", "Plans", "Acme"].iter().any(|name| full.contains(name));
            assert!(is_named || full == "Sent", "{full}");
        }
        assert!(!name(*kind).is_empty());
    }
}

#[test]
fn a_burst_is_told_by_its_number() {
    let names = Names { actor: Some("Bob"), target: Some("Team"), ..Names::default() };
    let of = |count| title(NotificationKind::Message, "thing_created", count, names, "");
    assert_eq!(of(1), "Bob wrote in “Team”");
    assert_eq!(of(12), "12 new messages in “Team”");
    let names = Names { actor: Some("Bob"), is_me: true, ..Names::default() };
    let following = title(NotificationKind::Connection, "connection_created", 1, names, "");
    assert_eq!(following, "Bob made a connection to you");
}
