use super::*;
use crate::listing::columns;

static TABLE: Table = Table {
    columns: columns! {
        "createdAt" "o.id" "id" Id;
        "updatedAt" "o.updated_at" "updated_at" Int;
        "name" "o.name" "name" Text;
        "type" "o.type" "type" Text;
        "status" "o.status" "status" Text;
        "strength" "o.strength" "strength" Real => ?;
        "validTo" "o.valid_to" "valid_to" Int => ?;
    },
    schema: &filter::Schema { fields: &[], json: &[] },
    members: &["id"],
    open: "properties",
    indexed: true,
    marked: false,
};

fn order(text: &str) -> Order {
    Order::parse(&TABLE, Some(text)).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn written(text: &str, part: Part, names: Names) -> String {
    let mut sql = Sql::new("");
    order(text).order_by(&mut sql, part, names);
    sql.text().trim().to_owned()
}

#[test]
fn every_order_ends_in_the_id() {
    for (text, sql) in [
        ("createdAt", "order by o.id"),
        ("-createdAt", "order by o.id desc"),
        ("name", "order by o.name, o.id"),
        ("-updatedAt", "order by o.updated_at desc, o.id desc"),
        ("type,-name", "order by o.type, o.name desc, o.id desc"),
        ("status,-createdAt,name", "order by o.status, o.id desc"),
        ("-strength", "order by o.strength desc nulls last, o.id desc"),
    ] {
        assert_eq!(written(text, Part::Table, Names::Table), sql, "{text}");
    }
}

#[test]
fn what_lacks_a_property_is_ordered_by_the_rest() {
    let text = "-properties.price,name";
    let along = "order by v.number desc, o.name, v.thing_id";
    assert_eq!(written(text, Part::Numbers, Names::Along("v.thing_id")), along);
    assert_eq!(written(text, Part::Lacking, Names::Table), "order by o.name, o.id");
    assert_eq!(order(text).parts(), [Part::Texts, Part::Numbers, Part::Lacking]);
    assert_eq!(order("properties.price").parts()[0], Part::Numbers);
}

#[test]
fn what_is_no_order_is_refused() {
    for (text, code) in [
        ("", "unknown_sort"),
        ("colour", "unknown_sort"),
        ("name,", "unknown_sort"),
        ("--name", "unknown_sort"),
        ("name; drop table things", "unknown_sort"),
        ("properties.", "unknown_sort"),
        ("properties.a b", "unknown_sort"),
        ("properties.a.b", "unknown_sort"),
        ("name,properties.price", "unknown_sort"),
        ("name,-name", "repeated_sort"),
        ("name,type,status,updatedAt", "too_many_sorts"),
    ] {
        let error = Order::parse(&TABLE, Some(text)).expect_err(text);
        assert_eq!((error.code(), error.kind().status()), (code, 422), "{text}");
    }
}

#[test]
fn a_place_is_read_as_it_was_written() {
    let (id, name) = (Sorted::Id(Uuid::from_u128(7)), Sorted::Text("Grüße".to_owned()));
    for (text, part, values) in [
        ("createdAt", Part::Table, vec![id.clone()]),
        ("-updatedAt,name", Part::Table, vec![Sorted::Int(-5), name.clone(), id.clone()]),
        ("properties.price", Part::Numbers, vec![Sorted::Real(-0.5), id.clone()]),
        ("-properties.price", Part::Texts, vec![name.clone(), id.clone()]),
        ("-properties.price,name", Part::Lacking, vec![name, id.clone()]),
        ("validTo,-strength", Part::Table, vec![Sorted::Null, Sorted::Real(0.5), id.clone()]),
        ("validTo,-strength", Part::Table, vec![Sorted::Int(0), Sorted::Null, id]),
    ] {
        let (order, place) = (order(text), Place { part, values });
        let bytes = order.write(&place);
        assert_eq!(order.read(&bytes), Some(place), "{text}");
        assert_eq!(order.read(&bytes[..bytes.len() - 1]), None, "{text}");
        assert_eq!(order.read(&[bytes.as_slice(), &[0]].concat()), None, "{text}");
    }
}

#[test]
fn rows_behind_a_place_are_told_by_one_comparison_or_by_steps() {
    let place = Place {
        part: Part::Table,
        values: vec![Sorted::Text("x".into()), Sorted::Id(Uuid::nil())],
    };
    let mut sql = Sql::new("");
    order("name").behind(&mut sql, &place, Names::Table);
    assert_eq!(sql.text(), " and (o.name, o.id) > ($1, $2)");
    let place = Place {
        part: Part::Table,
        values: vec![Sorted::Text("a".into()), Sorted::Text("b".into()), Sorted::Id(Uuid::nil())],
    };
    let mut sql = Sql::new("");
    order("type,-name").behind(&mut sql, &place, Names::Table);
    assert_eq!(
        sql.text(),
        " and (1 = 0 or (1 = 1 and o.type > $1) or (1 = 1 and o.type = $2 and o.name < $3) \
         or (1 = 1 and o.type = $4 and o.name = $5 and o.id < $6))"
    );
}

#[test]
fn what_lacks_a_value_comes_last_either_way() {
    let place = |values| Place { part: Part::Table, values };
    let written = |text: &str, place: &Place| {
        let mut sql = Sql::new("");
        order(text).behind(&mut sql, place, Names::Table);
        sql.text().to_owned()
    };
    let id = Sorted::Id(Uuid::nil());
    let there = place(vec![Sorted::Real(0.5), id.clone()]);
    assert_eq!(
        written("-strength", &there),
        " and (1 = 0 or (1 = 1 and (o.strength < $1 or o.strength is null)) \
         or (1 = 1 and o.strength = $2 and o.id < $3))"
    );
    let lacking = place(vec![Sorted::Null, id]);
    assert_eq!(
        written("strength", &lacking),
        " and (1 = 0 or (1 = 1 and o.strength is null and o.id > $1))"
    );
}
