use super::*;
use crate::exports::places::Places;

/// A file on a disk that has room at first and none for what is looked at.
fn opened(lacking: fn(&Path, u64) -> Option<String>) -> (Spool, Out) {
    let named = NamedTempFile::new().expect("a file");
    let file = named.reopen().expect("it once more");
    let (place, writing) = Places::default().take(None).expect("a place");
    let place = Arc::new(place);
    let (tell, progress) = watch::channel(Progress::default());
    let room = Room { folder: std::env::temp_dir(), unseen: 0, lacking };
    let places = Some((Arc::clone(&place), writing));
    let out = Out { file: named.into_file(), room, tell, places };
    (Spool { file, at: 0, progress, place: Some(place) }, out)
}

fn none(_: &Path, _: u64) -> Option<String> {
    Some("nothing is free".to_owned())
}

fn enough(_: &Path, _: u64) -> Option<String> {
    None
}

#[tokio::test]
async fn an_export_that_would_fill_the_disk_ends_and_gives_its_room_back() {
    let (mut spool, mut out) = opened(none);
    let piece = vec![b'x'; 1 << 20];
    // A look at each few bytes would cost more than it is worth.
    for _ in 0..3 {
        out.write_all(&piece).expect("not looked at yet");
    }
    let error = out.write_all(&piece).expect_err("it is looked at");
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    assert_eq!(out.file.metadata().expect("the file").len(), 0);
    let error = spool.next().await.expect_err("no part looks whole");
    assert_eq!((error.kind(), error.code()), (types::ErrorKind::StorageFull, "export_no_room"));
    drop(out);
    assert_eq!(spool.next().await.expect_err("still").code(), "export_no_room");
}

#[tokio::test]
async fn an_export_that_is_full_before_it_begins_is_an_answer() {
    let (spool, mut out) = opened(none);
    out.write_all(&vec![b'x'; LOOK as usize]).expect_err("at once");
    drop(out);
    let error = spool.begun().await.err().expect("it never began");
    assert_eq!(error.code(), "export_no_room");
}

#[tokio::test]
async fn an_export_that_the_store_has_no_room_for_is_an_answer() {
    for (error, kind) in [
        (Error::overloaded("Too many are waiting."), types::ErrorKind::Overloaded),
        (Error::internal("it is broken"), types::ErrorKind::Internal),
    ] {
        let (spool, out) = opened(enough);
        assert!(!out.has_begun());
        out.break_off(&error);
        drop(out);
        assert_eq!(spool.begun().await.err().expect("it never began").kind(), kind);
    }
}

#[tokio::test]
async fn an_export_is_begun_again_while_somebody_waits_for_it_and_has_read_nothing() {
    let busy = || Error::overloaded("Too many are waiting.");
    let (spool, out) = opened(enough);
    let mut tries = Tries::default();
    out.once_more(&mut tries, busy()).await.expect("another try");
    out.once_more(&mut tries, Error::not_found()).await.expect_err("no other is tried again");
    // Whoever goes away while it waits ends that.
    let waiting = out.once_more(&mut tries, busy());
    let (ended, ()) = tokio::join!(waiting, async move { drop(spool) });
    ended.expect_err("nobody waits");
    out.once_more(&mut Tries::default(), busy()).await.expect_err("nobody waits still");

    let (_spool, mut out) = opened(enough);
    out.write_all(b"{}").expect("there is room");
    out.once_more(&mut Tries::default(), busy()).await.expect_err("it is read by now");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_was_written_is_read_to_its_end() {
    let (spool, mut out) = opened(enough);
    let written = vec![b'x'; 2 * LOOK as usize + 1];
    out.write_all(&written).expect("there is room");
    out.tell.send_modify(|progress| progress.done = true);
    let mut spool = spool.begun().await.expect("something to read");
    let mut read = 0;
    while let Some(bytes) = spool.next().await.expect("bytes") {
        read += bytes.len();
    }
    assert_eq!(read, written.len());
}
