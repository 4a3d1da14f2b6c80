use tokio::net::TcpListener;

use super::*;

#[tokio::test]
async fn the_kernel_gives_up_on_who_vanished_as_soon_as_on_who_does_not_read() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    let patience = Duration::from_millis(1_500);
    let stalling = Stalling::new(stream, patience);
    let told = SockRef::from(stalling.socket()).tcp_user_timeout().unwrap();
    assert_eq!(told, Some(patience));
}
