use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

use super::*;

/// The kernel answers for the client that it is there: its window stays closed all the same.
#[tokio::test]
async fn who_reads_nothing_of_what_is_written_already_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    let mut stalling = Stalling::new(stream, Duration::from_millis(100));
    // Until nothing more fits into the buffers; nobody waits for more to.
    let piece = [0; 64 * 1024];
    while stalling.socket().try_write(&piece).is_ok() {}
    let ended = tokio::time::timeout(Duration::from_secs(60), stalling.read_u8()).await;
    assert_eq!(ended.unwrap().unwrap_err().kind(), io::ErrorKind::TimedOut);
    drop(client);
}
