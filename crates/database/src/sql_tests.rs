use super::*;

/// The text of a list, and its values.
fn filled(numbers: &[i64]) -> (String, Vec<i64>) {
    let mut sql = Sql::new("in ");
    sql.bind_filled(numbers.iter().copied());
    let values = sql.args().iter().map(|value| match value {
        Value::Int(number) => *number,
        other => panic!("{other:?} is no number"),
    });
    (sql.text().to_owned(), values.collect())
}

#[test]
fn lists_are_filled_up_with_their_last_value() {
    assert_eq!(filled(&[7]), ("in ($1)".to_owned(), vec![7]));
    assert_eq!(filled(&[7, 8]), ("in ($1, $2)".to_owned(), vec![7, 8]));
    assert_eq!(filled(&[7, 8, 9]), ("in ($1, $2, $3, $4)".to_owned(), vec![7, 8, 9, 9]));
    let many: Vec<i64> = (0..65).collect();
    let (_, values) = filled(&many);
    assert_eq!(values.len(), 128);
    assert_eq!(values[..65], many);
    assert!(values[65..].iter().all(|value| *value == 64));
}

#[test]
fn an_empty_list_is_not_filled_and_matches_nothing() {
    assert_eq!(filled(&[]), ("in (null)".to_owned(), vec![]));
}

#[test]
fn what_follows_a_filled_list_is_numbered_on() {
    let mut sql = Sql::new("a = ");
    sql.bind(1_i64).push(" and b in ").bind_filled([2_i64, 3, 4]).push(" limit ").bind(5_i64);
    assert_eq!(sql.text(), "a = $1 and b in ($2, $3, $4, $5) limit $6");
    assert_eq!(sql.args().len(), 6);
}
