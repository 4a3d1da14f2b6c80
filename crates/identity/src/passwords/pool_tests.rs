use types::ErrorKind;

use super::*;

fn pool(change: impl FnOnce(&mut Settings)) -> Passwords {
    let mut settings = Settings { argon2_memory_kib: 64, argon2_passes: 1, ..Settings::default() };
    change(&mut settings);
    Passwords::new(&settings).unwrap()
}

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

#[tokio::test]
async fn a_hash_is_a_phc_string_that_only_its_password_opens() {
    let (pool, random) = (pool(|_| {}), Random::seeded(1));
    let hash = pool.hash(&random, &secret("correct horse")).await.unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{hash}");
    let again = pool.hash(&random, &secret("correct horse")).await.unwrap();
    assert_ne!(hash, again, "each hash has a salt of its own");

    let verify = async |text: &str, stored: Option<String>| {
        pool.verify(&random, &secret(text), stored).await.unwrap()
    };
    assert_eq!(verify("correct horse", Some(hash.clone())).await, Verdict::Right);
    assert_eq!(verify("correct horsf", Some(hash)).await, Verdict::Wrong);
    assert_eq!(verify("correct horse", None).await, Verdict::Wrong);
}

#[tokio::test]
async fn a_hash_of_old_parameters_is_right_and_asks_to_be_renewed() {
    let random = Random::seeded(1);
    let old = pool(|_| {}).hash(&random, &secret("correct horse")).await.unwrap();
    let today = pool(|settings| settings.argon2_passes = 2);
    let verdict = today.verify(&random, &secret("correct horse"), Some(old)).await.unwrap();
    assert_eq!(verdict, Verdict::Outdated);
}

#[test]
fn length_counts_characters() {
    let pool = pool(|_| {});
    let code = |text: &str| {
        pool.check_new(&secret(text)).err().map(|error| error.code().to_owned()).unwrap_or_default()
    };
    assert_eq!(code("elevenchars"), "password_too_short");
    assert_eq!(code("twelve chars"), "");
    // 12 letters of four bytes each.
    assert_eq!(code(&"🔑".repeat(12)), "");
    assert_eq!(code(&"🔑".repeat(11)), "password_too_short");
    assert_eq!(code(&"x".repeat(128)), "");
    assert_eq!(code(&"x".repeat(129)), "password_too_long");
    assert!(pool.check_size(&secret(&"x".repeat(1024))).is_ok());
    assert!(pool.check_size(&secret(&"x".repeat(1025))).is_err());
    let told = pool.check_new(&secret("short")).unwrap_err();
    assert!(told.message().contains("12"), "{}", told.message());
}

#[tokio::test]
async fn who_finds_the_queue_full_is_told_to_come_back() {
    let pool = pool(|settings| settings.hash_queue = 0);
    let all = Arc::clone(&pool.places);
    let taken = all.available_permits();
    let _busy = all.acquire_many(u32::try_from(taken).unwrap()).await.unwrap();
    let error = pool.hash(&Random::seeded(1), &secret("correct horse")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Overloaded);
    assert!(error.retry_after_s().is_some());
}
