//! Every target over its corpus, without a fuzzer.

#![expect(clippy::expect_used, reason = "in a test a failure is the report")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use parsers::TARGETS;

/// Files of a corpus at least: fewer are no corpus.
const FEW: usize = 5;

fn fuzz(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz").join(folder)
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).expect("a folder").map_while(Result::ok);
    entries.map(|entry| entry.file_name().into_string().expect("UTF-8")).collect()
}

#[test]
fn what_holds_for_all_holds_for_the_corpora() {
    for (name, target) in TARGETS {
        let folder = fuzz("corpus").join(name);
        let files = names(&folder);
        assert!(files.len() >= FEW, "the corpus of {name} has {} files", files.len());
        for file in files {
            let data = std::fs::read(folder.join(&file)).expect("a file");
            // Shown only when it fails.
            println!("{name}/{file}");
            target(&data);
            // Cut off anywhere it is as good an input.
            for end in (0..data.len()).step_by(data.len() / 16 + 1) {
                target(&data[..end]);
            }
        }
    }
}

#[test]
fn every_target_has_a_program_and_a_corpus() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let programs = names(&fuzz("fuzz_targets"));
    let programs = programs.iter().filter_map(|name| name.strip_suffix(".rs"));
    assert_eq!(programs.map(str::to_owned).collect::<BTreeSet<_>>(), targets);
    assert_eq!(names(&fuzz("corpus")), targets);
    let manifest = std::fs::read_to_string(fuzz("Cargo.toml")).expect("a manifest");
    for name in &targets {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "fuzz/Cargo.toml lacks {name}");
    }
}
