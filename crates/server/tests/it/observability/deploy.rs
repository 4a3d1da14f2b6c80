//! The dashboard, the alerts and the scrape configuration speak of metrics that are there.

use std::collections::BTreeSet;

use super::file;

/// Every word in a text that has the form of one of our metrics.
fn spoken_of(text: &str) -> BTreeSet<String> {
    let word = |letter: char| !(letter.is_ascii_lowercase() || letter == '_');
    text.split(word)
        .filter(|word| ["sixfold_", "process_"].iter().any(|start| word.starts_with(start)))
        .filter(|word| !word.ends_with('_'))
        .map(str::to_owned)
        .collect()
}

fn known(name: &str) -> bool {
    ops::metrics::ALL.iter().any(|family| {
        let ends: &[&str] =
            if family.kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
        ends.iter().any(|end| name.strip_suffix(end) == Some(family.name))
    })
}

#[test]
fn dashboard_and_alerts_name_metrics_that_are_there() {
    for (path, least) in [("deploy/grafana/sixfold.json", 30), ("deploy/prometheus/alerts.yml", 10)]
    {
        let names = spoken_of(&file(path));
        assert!(names.len() >= least, "{path} names {}: {names:?}", names.len());
        for name in names {
            assert!(known(&name), "{path}: there is no metric {name}");
        }
    }
}

#[test]
fn the_dashboard_shows_every_metric() {
    let shown = spoken_of(&file("deploy/grafana/sixfold.json"));
    for family in ops::metrics::ALL {
        let is_shown = shown.iter().any(|name| name.starts_with(family.name));
        assert!(is_shown, "{} is nowhere on the dashboard", family.name);
    }
}
