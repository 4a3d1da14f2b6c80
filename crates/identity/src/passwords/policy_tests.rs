use super::*;

fn policy(change: impl FnOnce(&mut Settings)) -> Policy {
    let mut settings = Settings::default();
    change(&mut settings);
    Policy::new(&settings)
}

fn codes(policy: &Policy, password: &str, context: &[&str]) -> Vec<&'static str> {
    policy.faults(password, context).into_iter().map(|fault| fault.code).collect()
}

#[test]
fn length_counts_characters() {
    let policy = policy(|settings| settings.password_blocklist = false);
    let code = |text: &str| codes(&policy, text, &[]).first().copied().unwrap_or_default();
    assert_eq!(code("elevenchars"), "password_too_short");
    assert_eq!(code("twelve chars"), "");
    // 12 letters of four bytes each.
    assert_eq!(code(&"🔑".repeat(12)), "");
    assert_eq!(code(&"🔑".repeat(11)), "password_too_short");
    assert_eq!(code(&"x".repeat(128)), "");
    assert_eq!(code(&"x".repeat(129)), "password_too_long");
    assert_eq!(codes(&policy, &"x".repeat(1025), &[]), ["password_too_long"]);
    assert!(policy.check_size(&"x".repeat(1024)).is_ok());
    assert!(policy.check_size(&"x".repeat(1025)).is_err());
    let told = policy.check("/newPassword", "short", &[]).unwrap_err();
    assert!(told.message().contains("12"), "{}", told.message());
}

#[test]
fn common_passwords_are_refused_unless_the_operator_wants_them() {
    let strict = policy(|_| {});
    assert_eq!(codes(&strict, "PassWord1234", &[]), ["password_too_common"]);
    assert_eq!(codes(&strict, "password", &[]), ["password_too_short", "password_too_common"]);
    assert!(codes(&strict, "analytical engine", &[]).is_empty());
    assert!(
        codes(&policy(|settings| settings.password_blocklist = false), "password1234", &[])
            .is_empty()
    );
}

#[test]
fn what_others_know_of_somebody_is_no_password() {
    let policy = policy(|_| {});
    let known = ["Ada Lovelace", "countess@byron.example"];
    for bad in [
        "lovelace-1815",
        "LOVELACElovelace",
        "countess 1815",
        "countess@byron.example",
        "byronbyron12",
        "sixfold-sixfold",
        "Sixfold-2026",
    ] {
        assert_eq!(codes(&policy, bad, &known), ["password_contains_context"], "{bad}");
    }
    for good in ["lovelace likes the analytical engine", "a lovely place to rest", "ada-ada-1815-x"]
    {
        assert!(codes(&policy, good, &known).is_empty(), "{good}");
    }
    assert!(codes(&policy, "lovelace-1815", &[]).is_empty());
}

#[test]
fn composition_is_asked_for_where_it_is_switched_on() {
    let policy = policy(|settings| settings.password_composition = true);
    for bad in ["violet kettle harbour", "Violet-Kettle", "violet-kettle-9", "VIOLET-KETTLE-9"] {
        assert_eq!(codes(&policy, bad, &[]), ["password_too_simple"], "{bad}");
    }
    assert!(codes(&policy, "Violet-Kettle-9", &[]).is_empty());
}
