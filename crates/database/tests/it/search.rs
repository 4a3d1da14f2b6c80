//! Full-text search answers the same on both engines.

use database::seams::search::{self, Document, Query};
use database::{Db, args};
use types::{AnyId, GroupId, Kind, Time};
use uuid::Uuid;

use crate::on_each;

const NOW: Time = Time::from_micros(1_700_000_000_000_000);
const TEXTS: [(&str, &str); 6] = [
    ("libc-dev", "Headers and static libraries of the C library"),
    ("vim", "Vi IMproved, an enhanced text editor <b>for</b> programmers & others"),
    ("emacs", "The extensible text editor; editor of text and more text"),
    ("café", "Ein Gerät für Kaffee — naïve Bohnen, größer als 日本"),
    ("python3.11", "An interactive high-level language, version 3.11"),
    ("editor", "A title weighs more than a text"),
];

fn id(number: usize) -> AnyId {
    AnyId { kind: Kind::Thing, uuid: Uuid::from_u128(number as u128 + 1) }
}

fn document(number: usize, title: &str, text: &str) -> Document {
    Document { id: id(number), title: title.into(), text: text.into(), source: None }
}

async fn fill(db: &Db) {
    db.unbound()
        .write(async |tx| {
            let group = GroupId(Uuid::from_u128(99));
            tx.run(
            "insert into groups (id, slug, name, type, visibility, join_policy, plan, metadata, \
             status, version, created_at, updated_at) values ($1, 'acme', 'Acme', 'business', \
             'private', 'invite_only', 'starter', $2, 'active', 1, $3, $3)",
            args![group, database::Value::Json("{}"), NOW],
        )
        .await?;
            for (number, (title, text)) in TEXTS.iter().enumerate() {
                tx.run(
                    "insert into things (id, group_id, type, name, properties, status, visibility, \
                 tier, version, created_at, updated_at) \
                 values ($1, $2, 'document', $3, $4, 'active', 'group', 'plain', 1, $5, $5)",
                    args![id(number), group, *title, database::Value::Json("{}"), NOW],
                )
                .await?;
                search::put(tx, &document(number, title, text)).await?;
            }
            Ok(())
        })
        .await
        .expect("documents are stored");
}

async fn hits(db: &Db, text: &str) -> Vec<search::Ranked> {
    let Some(query) = Query::parse(text) else { return Vec::new() };
    db.unbound()
        .read_long(async move |tx| {
            search::find(tx, &query, "things", 20, |sql| {
                sql.and_equals("o.type", Some("document"));
            })
            .await
        })
        .await
        .unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

async fn snippet(db: &Db, text: &str) -> String {
    let best = hits(db, text).await;
    let query = Query::parse(text).expect("a word");
    let all = db.unbound().read(async move |tx| search::snippets(tx, &query, &best).await).await;
    all.expect("snippets").into_values().next().expect("one")
}

async fn found(db: &Db, text: &str) -> Vec<&'static str> {
    let mut names: Vec<_> = hits(db, text)
        .await
        .iter()
        .map(|hit| TEXTS[usize::try_from(hit.id.as_u128()).expect("small") - 1].0)
        .collect();
    names.sort_unstable();
    names
}

on_each!(every_kind_of_term_finds_what_it_says, |store| {
    fill(&store.db).await;
    for (text, names) in [
        ("vim", &["vim"][..]),
        ("VIM", &["vim"]),
        ("text editor", &["editor", "emacs", "vim"]),
        ("\"text editor\"", &["emacs", "vim"]),
        ("\"editor text\"", &[]),
        ("text editor -vim", &["editor", "emacs"]),
        ("text -\"text editor\"", &["editor"]),
        ("edit*", &["editor", "emacs", "vim"]),
        ("edit", &[]),
        ("libc-dev", &["libc-dev"]),
        ("libc_dev", &["libc-dev"]),
        ("dev-libc", &[]),
        ("libc-de*", &["libc-dev"]),
        ("libc", &["libc-dev"]),
        ("3.11", &["python3.11"]),
        ("high-level", &["python3.11"]),
        ("café", &["café"]),
        ("CAFÉ", &["café"]),
        ("cafe", &[]),
        ("gerät größer", &["café"]),
        ("na*", &["café"]),
        ("日本", &["café"]),
        ("nowhere", &[]),
        ("vim nowhere", &[]),
    ] {
        assert_eq!(found(&store.db, text).await, names, "{text:?}");
    }
});

on_each!(whatever_is_typed_is_no_error, |store| {
    fill(&store.db).await;
    for text in [
        "a\" OR b*) NEAR",
        "title:vim",
        "NEAR(vim text)",
        "vim NOT",
        "' ; drop table things; --",
        "x & | ! <-> :* \\",
        "² ½ ⅷ ا ́ ʼ ߿",
        "İstanbul ẞ ﬁ",
        "* \"*\" -*",
        "{title} : ^vim + text",
        "\u{1}\u{2} vim\u{3}",
    ] {
        hits(&store.db, text).await;
    }
    let long = "word ".repeat(500) + &"x".repeat(5000);
    hits(&store.db, &long).await;
    hits(&store.db, &format!("\"{long}\"*")).await;
    hits(&store.db, &format!("{}*", "日".repeat(3000))).await;
});

on_each!(the_best_comes_first_and_its_snippet_is_safe_html, |store| {
    fill(&store.db).await;
    let best = hits(&store.db, "editor").await;
    assert_eq!(best[0].id, id(5).uuid, "a title weighs more than a text");
    assert!(best[0].score > best[1].score);
    let vim = snippet(&store.db, "enhanced").await;
    assert!(vim.contains("<mark>enhanced</mark> text editor"), "{vim}");
    assert!(!vim.contains("<b>"), "{vim}");
    let query = Query::parse("text").expect("a word");
    let (one, same) = store
        .db
        .unbound()
        .read(async move |tx| {
            let one = search::find(tx, &query, "things", 1, |_| {}).await?;
            Ok((one, search::best(tx, &query, 1).await?))
        })
        .await
        .expect("an answer");
    assert_eq!((one.len(), same.len()), (1, 1));
    assert_eq!((one[0].id, one[0].score), (same[0].id, same[0].score), "the best of all");
});

on_each!(a_document_is_replaced_and_removed, |store| {
    fill(&store.db).await;
    store
        .db
        .unbound()
        .write(async |tx| {
            search::put(tx, &document(1, "nano", "small and plain")).await?;
            search::put(tx, &document(1, "nano", "small and plain")).await
        })
        .await
        .expect("replaced");
    assert!(found(&store.db, "enhanced").await.is_empty());
    assert_eq!(hits(&store.db, "nano plain").await.len(), 1);
    store
        .db
        .unbound()
        .write(async |tx| {
            search::remove(tx, id(1)).await?;
            search::remove(tx, id(1)).await
        })
        .await
        .expect("removed");
    assert!(hits(&store.db, "nano").await.is_empty());
    store
        .db
        .unbound()
        .write(async |tx| {
            for number in [2, 3] {
                let mut made = document(number, "part", "of something");
                made.source = Some(id(0).uuid);
                search::put(tx, &made).await?;
            }
            Ok(())
        })
        .await
        .expect("stored");
    assert_eq!(hits(&store.db, "part").await.len(), 2);
    store
        .db
        .unbound()
        .write(async |tx| search::remove_made_from(tx, id(0)).await)
        .await
        .expect("removed");
    assert!(hits(&store.db, "part").await.is_empty());
    assert_eq!(hits(&store.db, "libc").await.len(), 1, "the source itself is another document");
});

on_each!(a_large_document_fits, |store| {
    fill(&store.db).await;
    // The worst case: short words, all different.
    let mut text = String::with_capacity(300 << 10);
    let letters: Vec<char> = ('a'..='z').chain('0'..='9').chain('α'..='ω').collect();
    'fill: for a in &letters {
        for b in &letters {
            for c in &letters {
                text.extend([*a, *b, *c, ' ']);
                if text.len() > 290 << 10 {
                    break 'fill;
                }
            }
        }
    }
    store
        .db
        .unbound()
        .write(async move |tx| search::put(tx, &document(0, "large", &text)).await)
        .await
        .expect("stored");
    assert_eq!(hits(&store.db, "large aab").await.len(), 1);
});
