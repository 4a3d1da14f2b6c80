//! Room for connections: each is an open file, of which a process has as many as it was given, and
//! mostly fewer than it may have.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Settings;

/// What else is open: the database, its connections, log, backups, calls to others.
const BESIDE: u64 = 512;

/// Takes as many as may be had, and says when they are too few for what the settings let in.
pub(super) fn make_room(settings: &Settings) {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        // Some systems allow fewer than they say: then it stays as it is.
        let most = Rlimit { current: limit.maximum, maximum: limit.maximum };
        if let Err(error) = setrlimit(Resource::Nofile, most) {
            tracing::debug!(%error, "the limit of open files stays as it is");
        }
    }
    let (web, live) = (settings.web.max_connections, settings.live.max_connections);
    let needed = needed(web, live);
    let allowed = getrlimit(Resource::Nofile).current;
    if let Some(allowed) = allowed.filter(|allowed| *allowed < needed) {
        tracing::warn!(
            allowed,
            needed,
            "this process may open fewer files than connections are let in: raise its limit \
             (`LimitNOFILE`, `ulimit -Hn`), or lower web.max_connections and live.max_connections"
        );
    }
}

fn needed(web: usize, live: usize) -> u64 {
    (web as u64).saturating_add(live as u64).saturating_add(BESIDE)
}

// Elsewhere the hard limit may be more than the system allows.
#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_becomes_the_hard_one() {
        let limit = getrlimit(Resource::Nofile);
        let fewer = limit.current.map_or(1024, |current| current.min(1024));
        setrlimit(Resource::Nofile, Rlimit { current: Some(fewer), maximum: limit.maximum })
            .unwrap();
        make_room(&Settings::default());
        assert_eq!(getrlimit(Resource::Nofile).current, limit.maximum);
    }
}
