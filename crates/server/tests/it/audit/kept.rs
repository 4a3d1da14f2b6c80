//! The log as a file, verified where there is neither a database nor its keys.

use serde_json::{Value, json};

use super::{file, found, furnished, good, key, note, parsed, verify};
use crate::engines::Engine;
use crate::process::{Said, Server, bare_command, outcome, text};

/// Verifies a file on a machine that knows nothing else.
fn elsewhere(folder: &std::path::Path, more: &[&str]) -> Said {
    let mut arguments = vec!["audit", "verify", "--json"];
    arguments.extend(more);
    outcome(bare_command(folder).args(&arguments))
}

fn export(server: &Server) -> String {
    let out = text(&server.folder().join("log.ndjson"));
    // Where it writes first somebody has put a way to another file.
    let other = file(server, "other", "as it was");
    std::os::unix::fs::symlink(&other, format!("{out}.part")).expect("a link");
    let said = server.say(&["audit", "export", &out, "--json"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(std::fs::read_to_string(&other).expect("it"), "as it was");
    out
}

fn lines(path: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("the file");
    text.lines().map(parsed).collect()
}

fn written(server: &Server, lines: &[Value]) -> String {
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    file(server, "changed.ndjson", &format!("{}\n", lines.join("\n")))
}

#[tokio::test]
async fn an_exported_log_is_verified_without_a_database() {
    for engine in Engine::all() {
        let (mut stage, _) = furnished(&engine).await;
        let early = file(&stage.server, "early", &note(&stage.root()).await);
        // Beside the server.
        let out = export(&stage.server);
        let key = key(&stage.server);
        stage.server.stop();
        let room = tempfile::tempdir().expect("a folder");
        let report = good(&elsewhere(room.path(), &["--file", &out, "--key", &key]));
        let of_database = good(&verify(&stage.server, &[]));
        assert!(report["leaves"].as_u64() <= of_database["leaves"].as_u64());
        assert_eq!(report["origin"], of_database["origin"]);
        good(&elsewhere(room.path(), &["--file", &out, "--key", &key, "--checkpoint", &early]));
        let said = elsewhere(room.path(), &["--file", &out]);
        good(&said);
        assert!(said.err.contains("Without --key"), "{said:?}");
        let about = std::fs::metadata(&out).expect("the file");
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o777, 0o600);
        assert!(!std::path::Path::new(&format!("{out}.part")).exists());

        let all = lines(&out);
        assert_eq!(all[0]["kind"], "log");
        assert_eq!(all.last().expect("a line")["kind"], "end");
        let at = all.iter().rposition(|line| line["kind"] == "leaf").expect("a leaf");
        let leaf = all[..at].iter().filter(|line| line["kind"] == "leaf").count();
        let entry = parsed(all[at]["entry"].as_str().expect("what was hashed"));
        let seq = entry["seq"].as_i64();

        let mut changed = all.clone();
        let text = entry.to_string().replace("\"v\":1", "\"v\":2");
        changed[at]["entry"] = json!(text);
        let said = elsewhere(room.path(), &["--file", &written(&stage.server, &changed)]);
        found(&said, "event_altered", seq);
        let mut gone = all.clone();
        gone[at].as_object_mut().expect("a leaf").remove("entry");
        let said = elsewhere(room.path(), &["--file", &written(&stage.server, &gone)]);
        found(&said, "deletion_untold", None);
        // What nothing signs tells of no deletion, whatever it says.
        let note = all.iter().rfind(|line| line["kind"] == "checkpoint").expect("a checkpoint");
        let (root, signature) =
            note["note"].as_str().and_then(|it| it.split_once("\n\n")).expect("it");
        let mut forged = gone.clone();
        let note = format!("{root}\ndeleted {leaf}\n\n{signature}");
        forged.insert(forged.len() - 1, json!({ "kind": "deletion", "note": note }));
        forged.last_mut().expect("the end")["deletions"] = json!(1);
        let said = elsewhere(room.path(), &["--file", &written(&stage.server, &forged)]);
        let report = found(&said, "deletion_untold", None);
        assert_eq!(report["findings"][0]["code"], "deletion_unsigned", "{report}");
        let mut swapped = all.clone();
        swapped.swap(1, 2);
        let said = elsewhere(room.path(), &["--file", &written(&stage.server, &swapped)]);
        found(&said, "checkpoint_differs", None);

        let damaged = |lines: &[Value]| {
            let said = elsewhere(room.path(), &["--file", &written(&stage.server, lines)]);
            assert_eq!(said.code, 1, "{said:?}");
            assert!(said.err.contains("audit_file_damaged"), "{said:?}");
        };
        damaged(&all[..all.len() - 1]);
        damaged(&all[1..]);
        damaged(&[&all[..at], &all[at + 1..]].concat());
        damaged(&[&all[..], &all[at..=at]].concat());
    }
}
