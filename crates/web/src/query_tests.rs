use axum::Router;
use axum::routing::get;
use types::ThingId;

use super::*;
use crate::test_kit::{self, Answered};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only shown by Debug")]
struct Filter {
    parent_id: Option<ThingId>,
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    include_children: bool,
    sort: Option<Sort>,
    count: Option<u32>,
    #[serde(default)]
    fields: Vec<String>,
}

#[derive(Debug, Deserialize)]
enum Sort {
    #[serde(rename = "-createdAt")]
    Newest,
    #[serde(rename = "createdAt")]
    Oldest,
}

#[derive(Debug, Deserialize)]
struct Needs {
    from: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Flat {
    q: Option<String>,
    #[serde(flatten)]
    page: PageParams,
}

fn router() -> Router {
    Router::new()
        .route(
            "/list",
            get(|Paged { filter, limit, cursor }: Paged<Filter>| async move {
                format!("{filter:?} {} {cursor:?}", limit.rows())
            }),
        )
        .route("/needs", get(|Params(needs): Params<Needs>| async move { needs.from }))
        .route(
            "/flat",
            get(|Params(flat): Params<Flat>| async move {
                crate::Answer::Ok(format!("{:?} {}", flat.q, flat.page.limit()?.rows()))
            }),
        )
        .route(
            "/bare",
            get(|Paged { limit, .. }: Paged<()>| async move { limit.rows().to_string() }),
        )
}

async fn asked(uri: &str) -> Answered {
    test_kit::get(&router(), uri).await
}

#[tokio::test]
async fn good_parameters_are_read() {
    let answer = asked(
        "/list?type=a%20b+c&includeChildren=true&sort=-createdAt&count=5&fields=id,name&limit=7&cursor=abc",
    )
    .await;
    assert_eq!(
        answer.text,
        r#"Filter { parent_id: None, kind: Some("a b c"), include_children: true, sort: Some(Newest), count: Some(5), fields: ["id", "name"] } 7 Some("abc")"#
    );
    assert!(asked("/list").await.text.ends_with("50 None"));
    assert!(asked("/list?sort=createdAt").await.text.contains("Oldest"));
    assert_eq!(asked("/needs?from=here").await.text, "here");
    assert_eq!(asked("/flat?limit=9&q=x").await.text, r#"Some("x") 9"#);
    assert_eq!(asked("/bare?limit=200").await.text, "200");
}

#[tokio::test]
async fn wrong_ones_are_422_by_name() {
    for (uri, code, name) in [
        ("/list?typ=x", "unknown_parameter", "typ"),
        ("/list?type=a&type=b", "repeated_parameter", "type"),
        ("/list?limit=1&limit=2", "repeated_parameter", "limit"),
        ("/list?parentId=5", "invalid_value", "parentId"),
        ("/list?parentId=group_01j3xjf8gqfryv3t2n3xk2n5z5", "invalid_value", "parentId"),
        ("/list?includeChildren=yes", "invalid_value", "includeChildren"),
        ("/list?count=-1", "invalid_value", "count"),
        ("/list?sort=name", "unknown_value", "sort"),
        ("/list?type=%00", "invalid_character", "type"),
        ("/list?type=%ED%A0%80", "invalid_character", "type"),
        ("/list?count=1&type=a%ffb", "invalid_character", "type"),
        ("/list?%ff=1", "invalid_character", ""),
        ("/list?limit=0", "out_of_range", "limit"),
        ("/list?limit=-1", "out_of_range", "limit"),
        ("/list?limit=201", "out_of_range", "limit"),
        ("/list?limit=1e9", "out_of_range", "limit"),
        ("/list?limit=99999999999999999999", "out_of_range", "limit"),
        ("/list?limit=abc", "out_of_range", "limit"),
        ("/list?limit=", "out_of_range", "limit"),
        ("/flat?limit=0", "out_of_range", "limit"),
        ("/flat?x=0", "unknown_parameter", "x"),
        ("/needs", "missing_parameter", "from"),
        ("/needs?from=a&to=b", "unknown_parameter", "to"),
        ("/bare?x=1", "unknown_parameter", "x"),
    ] {
        let answer = asked(uri).await;
        assert_eq!(
            answer.verdict(),
            (422, code.to_owned(), name.to_owned()),
            "{uri}: {}",
            answer.text
        );
    }
}

#[tokio::test]
async fn the_sentences_say_what_would_do() {
    for (uri, expected) in [
        ("/list?limit=0", "1 to 200"),
        (
            "/list?typ=x",
            "`parentId`, `type`, `includeChildren`, `sort`, `count`, `fields`, `limit`, `cursor`",
        ),
        ("/list?sort=x", "`-createdAt`, `createdAt`"),
        ("/bare?x=1", "`limit`, `cursor`"),
        ("/list?parentId=5", "Expected an id like `thing_01j…`"),
    ] {
        let answer = asked(uri).await;
        assert!(answer.json()["message"].as_str().unwrap().contains(expected), "{}", answer.text);
    }
    let many: String = (0..100).map(|n| format!("p{n}=1&")).collect();
    assert_eq!(asked(&format!("/list?{many}")).await.code(), "too_many_parameters");
}

#[tokio::test]
async fn path_parameters_are_refused_as_problems() {
    use crate::Path;
    let router = Router::new()
        .route("/things/{id}", get(|Path(id): Path<ThingId>| async move { id.to_string() }))
        .route(
            "/two/{a}/{b}",
            get(|Path((a, b)): Path<(ThingId, u32)>| async move { format!("{a}{b}") }),
        )
        .route("/text/{name}", get(|Path(name): Path<String>| async move { name }));
    let good = "thing_01j4qjry8e1yzkh4qg1h60efmf";
    assert_eq!(test_kit::get(&router, &format!("/things/{good}")).await.text, good);
    assert_eq!(
        test_kit::get(&router, "/things/01934f2c-7a10-7cc3-98c4-dc0c0c07398f").await.status,
        200
    );
    for uri in [
        "/things/5".to_owned(),
        "/things/group_01j4qjry8e1yzkh4qg1h60efmf".to_owned(),
        "/things/%ff".to_owned(),
        format!("/things/{good}%00"),
        format!("/two/{good}/x"),
        "/two/x/1".to_owned(),
        "/text/a%00b".to_owned(),
    ] {
        let answer = test_kit::get(&router, &uri).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (422, "invalid_id"),
            "{uri} {}",
            answer.text
        );
    }
    let told = test_kit::get(&router, "/things/5").await.json()["message"].to_string();
    assert!(told.contains("thing_01j"), "{told}");
}
