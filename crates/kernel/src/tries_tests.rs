use super::*;

fn busy() -> Error {
    Error::overloaded("Too many are waiting.")
}

#[tokio::test(start_paused = true)]
async fn what_there_was_no_room_for_is_tried_again_with_growing_pauses_and_then_given_up() {
    let (mut tries, began) = (Tries::default(), Instant::now());
    let mut last = Duration::ZERO;
    for _ in PAUSES {
        let before = Instant::now();
        tries.after(busy()).await.expect("another try");
        assert!(before.elapsed() > last);
        last = before.elapsed();
    }
    assert_eq!(tries.after(busy()).await.expect_err("enough").kind(), ErrorKind::Overloaded);
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn where_a_try_waits_for_long_itself_there_is_one_more() {
    let (mut tries, began) = (Tries::default(), Instant::now());
    let wait = Duration::from_secs(5);
    tokio::time::sleep(wait).await;
    tries.after(busy()).await.expect("another try");
    tokio::time::sleep(wait).await;
    assert_eq!(tries.after(busy()).await.expect_err("enough").kind(), ErrorKind::Overloaded);
    assert!(began.elapsed() < Duration::from_secs(11), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn nothing_else_is_tried_again() {
    let began = Instant::now();
    let too_long = Error::new(ErrorKind::Overloaded, database::TOO_LONG, "It takes too long.");
    for error in [Error::unauthenticated(), Error::not_found(), Error::internal("x"), too_long] {
        let code = error.code().to_owned();
        let met = Tries::default().after(error).await.expect_err("at once");
        assert_eq!(met.code(), code);
    }
    assert_eq!(began.elapsed(), Duration::ZERO);
}
