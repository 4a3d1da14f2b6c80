//! Letters on their way to a mail server: a small real one, in the test.

use std::sync::{Arc, Mutex};

use kernel::jobs::Jobs;
use kernel::mail::{Letter, Mailbox, Settings};
use kernel::{Caller, Mail};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use types::Secret;

use crate::{House, on_each, until};

/// What the server does with its next letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Take,
    /// Answers the recipient with this.
    Refuse(&'static str),
    /// Takes the letter and hangs up before it says so.
    TakeSilently,
    Hang,
}

#[derive(Clone)]
struct Server {
    port: u16,
    mood: Arc<Mutex<Mood>>,
    letters: Arc<Mutex<Vec<String>>>,
    visits: Arc<Mutex<u32>>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            port: listener.local_addr().unwrap().port(),
            mood: Arc::new(Mutex::new(Mood::Take)),
            letters: Arc::default(),
            visits: Arc::default(),
        };
        let own = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *own.visits.lock().unwrap() += 1;
                let own = own.clone();
                tokio::spawn(async move { own.talk(stream).await });
            }
        });
        server
    }

    fn be(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    fn visits(&self) -> u32 {
        *self.visits.lock().unwrap()
    }

    fn letters(&self) -> Vec<String> {
        self.letters.lock().unwrap().clone()
    }

    fn mail(&self) -> Mail {
        let settings = Settings {
            smtp_url: Some(Secret::new(format!("smtp://127.0.0.1:{}", self.port))),
            from: "hello@app.example.com".to_owned(),
            ..Settings::default()
        };
        Mail::Smtp(Box::new(settings.smtp().unwrap_or_else(|e| panic!("{e:?}")).unwrap()))
    }

    async fn talk(self, stream: TcpStream) -> Option<()> {
        let mood = *self.mood.lock().unwrap();
        if mood == Mood::Hang {
            return std::future::pending().await;
        }
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        write.write_all(b"220 here\r\n").await.ok()?;
        while let Some(line) = lines.next_line().await.ok()? {
            let word = line.split([' ', ':']).next().unwrap().to_ascii_uppercase();
            let answer = match (word.as_str(), mood) {
                ("EHLO", _) => "250-here\r\n250 8BITMIME",
                ("RCPT", Mood::Refuse(answer)) => answer,
                ("DATA", _) => {
                    write.write_all(b"354 go on\r\n").await.ok()?;
                    let mut letter = String::new();
                    loop {
                        let line = lines.next_line().await.ok()??;
                        if line == "." {
                            break;
                        }
                        letter.push_str(&line);
                        letter.push('\n');
                    }
                    self.letters.lock().unwrap().push(letter);
                    if mood == Mood::TakeSilently {
                        return None;
                    }
                    "250 taken"
                }
                ("QUIT", _) => "221 bye",
                _ => "250 fine",
            };
            write.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
        }
        None
    }
}

fn letter() -> Letter {
    Letter::new("magic_link", "ada@example.com")
        .name("Ada")
        .link("https://example.com/in?token=secret-token".to_owned(), "secret-token")
}

async fn post(house: &House, letter: Letter) {
    house
        .app
        .change(&Caller::system("test"), async move |work| {
            work.silently();
            work.post(&letter).await
        })
        .await
        .unwrap();
}

fn worker(house: &House) -> tokio::task::JoinHandle<()> {
    tokio::spawn(kernel::mail::jobs(Jobs::default()).run(house.app.clone()))
}

const WAITING: &str = "select count(*) from mails";
const DEAD: &str = "select count(*) from jobs where state = 'dead'";

async fn is(house: &House, sql: &'static str, count: i64) -> bool {
    house.count(sql).await == count
}

/// What the store says of failures.
async fn told(house: &House) -> String {
    let all: Vec<String> = house
        .app
        .db
        .unbound()
        .read(async |tx| {
            let sql = "select last_error from jobs where last_error is not null";
            tx.all(sql, database::args![], |row| row.get(0)).await
        })
        .await
        .unwrap();
    all.join("\n")
}

on_each!(a_letter_is_sealed_while_it_waits_and_gone_when_it_is_sent, |store| {
    let server = Server::start().await;
    let house = House::with_mail(&store, server.mail());
    post(&house, letter()).await;
    let sealed: Vec<u8> = house
        .app
        .db
        .unbound()
        .read(async |tx| {
            tx.one("select sealed from mails", database::args![], |row| row.get(0)).await
        })
        .await
        .unwrap();
    assert!(!String::from_utf8_lossy(&sealed).contains("secret-token"));
    assert!(server.letters().is_empty());

    let worker = worker(&house);
    let here = &house;
    until("it is sent", || is(here, WAITING, 0)).await;
    let letters = server.letters();
    assert_eq!(letters.len(), 1);
    for line in [
        "From: Sixfold <hello@app.example.com>\n",
        "To: Ada <ada@example.com>\n",
        "Subject: Sign in to Sixfold\n",
        "Auto-Submitted: auto-generated\n",
        "Content-Type: text/plain",
        "Content-Type: text/html",
        "https://example.com/in?token",
    ] {
        assert!(letters[0].contains(line), "{line}\n{}", letters[0]);
    }
    worker.abort();
});

on_each!(a_letter_refused_for_now_is_sent_again_with_the_same_id, |store| {
    let server = Server::start().await;
    let house = House::with_mail(&store, server.mail());
    let worker = worker(&house);
    let here = &house;
    for (visit, mood) in [
        (1, Mood::Refuse("451 <ada@example.com>: come back later")),
        (2, Mood::Refuse("535 who are you?")),
        (3, Mood::TakeSilently),
    ] {
        server.be(mood);
        if visit == 1 {
            post(&house, letter()).await;
        } else {
            house.pass(60);
            house.app.hub.wake_workers();
        }
        until("it was tried", || async { server.visits() == visit }).await;
        until("it waits", || is(here, "select count(*) from jobs where state = 'queued'", 1)).await;
        assert_eq!(house.count(WAITING).await, 1, "{mood:?}");
        assert!(!told(&house).await.contains("ada@example.com"), "{}", told(&house).await);
    }
    server.be(Mood::Take);
    house.pass(60);
    house.app.hub.wake_workers();
    until("it is sent", || is(here, WAITING, 0)).await;
    let ids: Vec<String> = server
        .letters()
        .iter()
        .map(|letter| letter.lines().find(|line| line.starts_with("Message-ID: ")).unwrap().into())
        .collect();
    assert!(ids.len() == 2 && ids[0] == ids[1] && ids[0].ends_with("@app.example.com>"), "{ids:?}");
    worker.abort();
});

on_each!(a_letter_refused_for_good_is_given_up_at_once, |store| {
    let server = Server::start().await;
    let house = House::with_mail(&store, server.mail());
    server.be(Mood::Refuse("550 5.1.1 <ada@example.com>: no such mailbox"));
    let worker = worker(&house);
    post(&house, letter()).await;
    let here = &house;
    until("it is given up", || is(here, DEAD, 1)).await;
    assert_eq!(house.count(WAITING).await, 0);
    assert_eq!(server.visits(), 1);
    let told = told(&house).await;
    assert!(told.contains("(550)") && !told.contains("ada@example.com"), "{told}");
    worker.abort();
});

on_each!(a_letter_that_is_never_taken_does_not_wait_for_ever, |store| {
    let server = Server::start().await;
    let house = House::with_mail(&store, server.mail());
    server.be(Mood::Refuse("451 later"));
    post(&house, letter()).await;
    let almost = "update jobs set attempts = max_attempts - 1";
    house
        .app
        .db
        .unbound()
        .write(async move |tx| tx.run(almost, database::args![]).await)
        .await
        .unwrap();
    let worker = worker(&house);
    let here = &house;
    until("it is given up", || is(here, DEAD, 1)).await;
    assert_eq!(house.count(WAITING).await, 0);

    // One whose job vanished goes with the next letter after a week.
    let forgotten = "insert into mails (id, kind, sealed, created_at) values ($1, 'x', $2, $3)";
    let (id, at, nothing) = (house.app.id(house.app.now()), house.app.now(), vec![0_u8]);
    house
        .app
        .db
        .unbound()
        .write(async move |tx| tx.run(forgotten, database::args![id, &nothing, at]).await)
        .await
        .unwrap();
    house.pass(8 * 86_400);
    server.be(Mood::Take);
    post(&house, letter()).await;
    until("both are gone", || is(here, WAITING, 0)).await;
    worker.abort();
});

on_each!(a_mail_server_that_hangs_holds_up_nothing_else, |store| {
    let server = Server::start().await;
    let house = House::with_mail(&store, server.mail());
    server.be(Mood::Hang);
    for _ in 0..10 {
        post(&house, letter()).await;
    }
    let jobs = kernel::mail::jobs(Jobs::default()).with("other", |_, _| async { Ok(()) });
    let worker = tokio::spawn(jobs.run(house.app.clone()));
    until("letters hang", || async { server.visits() == 4 }).await;
    house
        .app
        .change(&Caller::system("test"), async |work| {
            work.silently();
            work.enqueue(kernel::jobs::NewJob::new("other", types::Json::empty())).await
        })
        .await
        .unwrap();
    let here = &house;
    until("another job is done", || is(here, "select count(*) from jobs where state = 'done'", 1))
        .await;
    assert_eq!(house.count(WAITING).await, 10);
    worker.abort();
});

on_each!(in_development_letters_are_kept_and_read, |store| {
    let mailbox = Mailbox::default();
    let house = House::with_mail(&store, Mail::Mailbox(mailbox.clone()));
    let worker = worker(&house);
    post(&house, letter()).await;
    until("it arrived", || async { mailbox.letters().len() == 1 }).await;
    let arrived = mailbox.letters().remove(0);
    assert_eq!((arrived.kind.as_str(), arrived.to.as_str()), ("magic_link", "ada@example.com"));
    assert_eq!(arrived.token, "secret-token");
    assert_eq!(arrived.subject, "Sign in to Sixfold");
    assert!(arrived.text.contains(&arrived.url) && arrived.html.contains("<a class=\"button\""));
    mailbox.clear();
    assert!(mailbox.letters().is_empty());
    worker.abort();
});

on_each!(a_letter_nobody_has_written_is_refused_with_its_change, |store| {
    let house = House::over(&store);
    let refused = house
        .app
        .change(&Caller::system("test"), async |work| {
            work.silently();
            work.post(&Letter::new("no_such_kind", "ada@example.com")).await
        })
        .await;
    assert!(refused.is_err());
    assert_eq!(house.count(WAITING).await, 0);
});
