use std::cell::Cell;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::LocalSet;

use super::{Load, created_id, fill, measure};
use crate::scenario::Scenario;
use crate::stage::World;

/// A tiny server of this test's own: signs everybody up, creates everything, finds every thing,
/// lists nothing.
async fn stub() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::task::spawn_local(async move {
        let made = Rc::new(Cell::new(0_u32));
        while let Ok((mut stream, _)) = listener.accept().await {
            let made = made.clone();
            tokio::task::spawn_local(async move {
                let mut request = vec![0; 4096];
                loop {
                    let count = stream.read(&mut request).await?;
                    if count == 0 {
                        return std::io::Result::Ok(());
                    }
                    let text = String::from_utf8_lossy(&request[..count]);
                    let (status, body) = if text.starts_with("POST /v1/auth/sign-up/email ") {
                        (200, r#"{"token":"t","user":{}}"#.to_owned())
                    } else if !text.contains("\r\nauthorization: Bearer t\r\n") {
                        (401, r#"{"code":"unauthorized"}"#.to_owned())
                    } else if text.starts_with("POST /v1/groups ") {
                        (201, r#"{"id":"group_1"}"#.to_owned())
                    } else if text.starts_with("POST /v1/things ")
                        && text.contains(r#""groupId":"group_1""#)
                    {
                        made.set(made.get() + 1);
                        (201, format!(r#"{{"id":"thing_{:05}"}}"#, made.get()))
                    } else if text.starts_with("GET /v1/things/thing_0") {
                        (200, r#"{"id":"thing_00001"}"#.to_owned())
                    } else {
                        (404, r#"{"code":"not_found"}"#.to_owned())
                    };
                    let answer = format!(
                        "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}",
                        body.len()
                    );
                    stream.write_all(answer.as_bytes()).await?;
                }
            });
        }
    });
    Ok(address)
}

fn short() -> Load {
    Load {
        connections: 4,
        warm_up: Duration::from_millis(20),
        measure: Duration::from_millis(200),
        pid: Some(std::process::id()),
    }
}

#[tokio::test]
async fn a_load_is_signed_up_filled_and_measured() -> Result<()> {
    LocalSet::new()
        .run_until(async {
            let mut world = World::build(stub().await?).await?;
            let things = fill(&world, 100, 7).await?;
            assert_eq!(things.len(), 100);
            world.things = Rc::new(things);
            for scenario in [Scenario::CreateThing, Scenario::GetThing, Scenario::Mixed] {
                let outcome = measure(scenario, &world, &short()).await?;
                assert_eq!(outcome.sample, None);
                assert_eq!(outcome.failures, 0);
                assert!(outcome.latencies.len() > 20, "{}", outcome.latencies.len());
                assert!(outcome.elapsed >= Duration::from_millis(200));
                assert!(outcome.usage.server.is_some());
            }
            Ok(())
        })
        .await
}

#[tokio::test]
async fn wrong_answers_end_the_load_early_and_are_shown() -> Result<()> {
    LocalSet::new()
        .run_until(async {
            let world = World::build(stub().await?).await?;
            let load = Load { measure: Duration::from_secs(60), ..short() };
            let outcome = measure(Scenario::List50, &world, &load).await?;
            assert!(outcome.failures >= 20);
            assert!(outcome.elapsed < Duration::from_secs(30));
            assert_eq!(outcome.sample.as_deref(), Some(r#"status 404: {"code":"not_found"}"#));
            Ok(())
        })
        .await
}

#[test]
fn the_id_is_found_in_a_created_thing() {
    assert_eq!(created_id(br#"{"id":"thing_1","groupId":"g"}"#), Some(&b"thing_1"[..]));
    assert_eq!(created_id(br#"{"groupId":"g"}"#), None);
    assert_eq!(created_id(br#"{"id":"cut"#), None);
}
