//! Embeds `migrations/` of the workspace, in order, so that adding a file is all it takes.
#![expect(clippy::disallowed_methods, reason = "cargo tells build scripts by the environment")]

use std::fmt::Write as _;
use std::path::Path;

fn main() -> std::io::Result<()> {
    // At run time: a build folder that two checkouts share must not mix them up.
    let here = std::env::var_os("CARGO_MANIFEST_DIR").ok_or(std::io::ErrorKind::NotFound)?;
    let folder = Path::new(&here).join("../../migrations");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".sql") {
            names.push(name);
        }
    }
    // Without the ending, so that a step stands before its addition for one engine.
    names.sort_by(|a, b| a.trim_end_matches(".sql").cmp(b.trim_end_matches(".sql")));
    let mut code = String::from("&[\n");
    for name in names {
        let path = folder.join(&name);
        let _ = writeln!(code, "    ({name:?}, include_str!({:?})),", path.display());
    }
    code.push(']');
    let out = std::env::var_os("OUT_DIR").ok_or(std::io::ErrorKind::NotFound)?;
    std::fs::write(Path::new(&out).join("migrations.rs"), code)
}
