//! The import rule: a room imports only rooms on lower floors, and rooms on one floor do not know
//! each other. Cargo keeps what the manifests say; this holds the manifests to the plan.
//!
//! When it fails, do not change the plan first. What two upper rooms both need moves down a
//! floor, or one announces it in the event log and the other listens.

use std::collections::BTreeMap;
use std::path::Path;

/// From the ground up; rooms in one row are on one floor.
const FLOORS: &[&[&str]] = &[
    &["types", "telemetry"],
    &["database", "webauthn"],
    &["kernel", "filter"],
    &["web"],
    &["world", "files"],
    &["identity", "ai", "diary", "social", "integrations", "live", "ops", "website"],
    &["server"],
];

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&room))
}

/// Every room and what its manifest imports, for the product and for its tests.
fn rooms() -> BTreeMap<String, Vec<String>> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut rooms = BTreeMap::new();
    for entry in std::fs::read_dir(crates).expect("the crates") {
        let folder = entry.expect("a crate").path();
        let Ok(text) = std::fs::read_to_string(folder.join("Cargo.toml")) else { continue };
        let manifest: toml::Table = text.parse().expect("a manifest");
        let name = manifest["package"]["name"].as_str().expect("a name").to_owned();
        let named = folder.file_name().and_then(|name| name.to_str());
        assert_eq!(Some(name.as_str()), named, "a crate is named like its folder");
        let imports = ["dependencies", "dev-dependencies", "build-dependencies"]
            .iter()
            .filter_map(|table| manifest.get(*table)?.as_table())
            .flat_map(|table| table.keys().cloned())
            .collect();
        rooms.insert(name, imports);
    }
    rooms
}

#[test]
fn rooms_import_only_lower_floors() {
    let rooms = rooms();
    let mut wrong = Vec::new();
    for (room, imports) in &rooms {
        let Some(own) = floor(room) else {
            wrong.push(format!("{room} has no floor: give it one in this test"));
            continue;
        };
        for import in imports.iter().filter(|import| rooms.contains_key(*import)) {
            match floor(import) {
                Some(other) if other < own => {}
                Some(other) if other == own => {
                    wrong.push(format!("{room} imports {import}, which is on the same floor"));
                }
                _ => wrong.push(format!("{room} imports {import}, which is above it")),
            }
        }
    }
    assert!(wrong.is_empty(), "the import rule is broken:\n  {}", wrong.join("\n  "));
}

#[test]
fn the_roof_reaches_every_room() {
    let rooms = rooms();
    let roof = &rooms["server"];
    for (room, imports) in &rooms {
        // A room is reached by the roof or by a room that is.
        let used = room == "server"
            || roof.contains(room)
            || rooms.values().any(|imports| imports.contains(room));
        assert!(used, "{room} is in no house: add its line to server/src/house.rs");
        assert!(!imports.contains(&"server".to_owned()), "{room} imports the roof");
    }
}

#[test]
fn files_stay_small() {
    // About 400; not worth an argument below this.
    const LIMIT: usize = 450;
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut folders = vec![crates];
    let mut long = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let lines = std::fs::read_to_string(&path).expect("a source").lines().count();
                if lines > LIMIT {
                    long.push(format!("{} has {lines} lines", path.display()));
                }
            }
        }
    }
    assert!(long.is_empty(), "a file has one story of about 400 lines:\n{}", long.join("\n"));
}

/// Everything of a crate that gets a name in the API's description: of two things with one name the
/// later would silently stand for both.
#[test]
fn every_schema_has_a_name_of_its_own() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut named: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in sources(&crates) {
        let text = std::fs::read_to_string(&file).expect("a source");
        for name in schemas(&text) {
            named.entry(name).or_default().push(file.display().to_string());
        }
    }
    assert!(named.len() > 100, "too few were found: {}", named.len());
    named.retain(|_, files| files.len() > 1);
    assert!(named.is_empty(), "rename one, or give it `#[schema(as = …)]`: {named:#?}");
}

fn sources(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found
}

/// The names that the `ToSchema` types of a file have in the description.
fn schemas(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        if line == "words! {" {
            let mut inside = lines.by_ref().skip_while(|line| line.starts_with("///"));
            names.extend(inside.next().and_then(|line| line.split(' ').next()).map(str::to_owned));
        } else if line.starts_with("#[derive(") && line.contains("ToSchema") {
            let mut renamed = None;
            for line in lines.by_ref() {
                if let Some(rest) = line.strip_prefix("#[schema(as = ") {
                    renamed = rest.split([')', ',']).next().map(str::to_owned);
                }
                let mut words = line.split([' ', '<', '{', '(', ';']);
                if words.by_ref().any(|word| matches!(word, "struct" | "enum")) {
                    names.extend(renamed.or_else(|| words.next().map(str::to_owned)));
                    break;
                }
            }
        }
    }
    names
}
