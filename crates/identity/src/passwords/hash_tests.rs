use std::sync::Arc;
use std::time::{Duration, Instant};

use super::*;

fn passwords(change: impl FnOnce(&mut Settings)) -> Passwords {
    let mut settings = Settings { argon2_memory_kib: 64, argon2_passes: 1, ..Settings::default() };
    change(&mut settings);
    Passwords::new(&settings).unwrap()
}

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

#[tokio::test]
async fn a_hash_is_a_phc_string_that_only_its_password_opens() {
    let (passwords, random) = (passwords(|_| {}), Random::seeded(1));
    let hash = passwords.hash(&random, &secret("correct horse")).await.unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{hash}");
    let again = passwords.hash(&random, &secret("correct horse")).await.unwrap();
    assert_ne!(hash, again, "each hash has a salt of its own");

    let verify = async |text: &str, stored: Option<String>| {
        passwords.verify(&random, &secret(text), stored).await.unwrap()
    };
    assert_eq!(verify("correct horse", Some(hash.clone())).await, Verdict::Right);
    assert_eq!(verify("correct horsf", Some(hash)).await, Verdict::Wrong);
    assert_eq!(verify("correct horse", None).await, Verdict::Wrong);
}

#[tokio::test]
async fn a_hash_of_old_parameters_is_right_and_asks_to_be_renewed() {
    let random = Random::seeded(1);
    let old = passwords(|_| {}).hash(&random, &secret("correct horse")).await.unwrap();
    let today = passwords(|settings| settings.argon2_passes = 2);
    let verdict = today.verify(&random, &secret("correct horse"), Some(old)).await.unwrap();
    assert_eq!(verdict, Verdict::Outdated);
}

#[tokio::test]
async fn a_hash_from_elsewhere_is_right_once_and_then_replaced() {
    let (passwords, random) = (passwords(|_| {}), Random::seeded(1));
    let foreign = "sha256$seasalt$bdd9adde09019e4d6f0949cb1e9b27b098aeeaa7b8b4c5cdfb93169acf3eef30"
        .to_owned();
    let right = secret("correct horse battery");
    let verdict = passwords.verify(&random, &right, Some(foreign.clone())).await.unwrap();
    assert_eq!(verdict, Verdict::Outdated);
    let verdict = passwords.verify(&random, &secret("x"), Some(foreign)).await.unwrap();
    assert_eq!(verdict, Verdict::Wrong);
    let broken = passwords.verify(&random, &secret("x"), Some("?".to_owned())).await;
    assert_eq!(broken.unwrap_err().kind(), types::ErrorKind::Internal);
}

/// Prints what a crowd gets; what it proves is that nobody is lost and other work goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_is_hashed_on_all_cores_while_other_work_goes_on() {
    const CROWD: u32 = 100;
    let passwords = Arc::new(passwords(|settings| {
        settings.argon2_memory_kib = 19_456;
        settings.argon2_passes = 2;
        settings.hash_queue = 128;
        settings.hash_wait_ms = 600_000;
    }));
    let random = Random::seeded(1);
    passwords.hash(&random, &secret("warm")).await.unwrap();
    let began = Instant::now();
    for _ in 0..4 {
        passwords.hash(&random, &secret("alone")).await.unwrap();
    }
    let alone = began.elapsed() / 4;
    let began = Instant::now();
    let mut crowd = tokio::task::JoinSet::new();
    for _ in 0..CROWD {
        let (passwords, random) = (Arc::clone(&passwords), random.clone());
        crowd.spawn(async move { passwords.hash(&random, &secret("crowd")).await.is_ok() });
    }
    let mut worst = Duration::ZERO;
    let mut served = 0;
    while let Some(done) = crowd
        .try_join_next()
        .map_or_else(|| (!crowd.is_empty()).then_some(None), |done| Some(Some(done.unwrap())))
    {
        match done {
            Some(good) => served += u32::from(good),
            None => {
                let tick = Instant::now();
                tokio::time::sleep(Duration::from_millis(1)).await;
                worst = worst.max(tick.elapsed());
            }
        }
    }
    let took = began.elapsed();
    assert_eq!(served, CROWD);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    println!(
        "{:.0} hashes/s on {cores} cores, {alone:?} each alone; a timer of 1 ms took {worst:?} at most",
        f64::from(CROWD) / took.as_secs_f64()
    );
}
