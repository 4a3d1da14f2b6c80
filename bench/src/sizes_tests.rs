use super::{imported, write};
use crate::ids::thing_id;

#[test]
fn kept_ids_are_ids_of_imported_things() {
    let pool = imported(1_000_000);
    assert_eq!(pool.len(), 200_000);
    assert_eq!(pool.get(1), thing_id(5).as_bytes());
    assert_eq!(imported(10).len(), 10);
}

#[test]
fn the_import_is_one_json_object_a_line() -> anyhow::Result<()> {
    let file = tempfile::NamedTempFile::new()?;
    write(file.path(), "group_x", 3)?;
    let text = std::fs::read_to_string(file.path())?;
    let lines: Vec<serde_json::Value> =
        text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[2]["id"], thing_id(2));
    assert_eq!(lines[2]["kind"], "thing");
    assert_eq!(lines[2]["groupId"], "group_x");
    Ok(())
}
