//! Requests, by the template of their route: the table is made once from the API's description, so
//! that nobody outside can make it grow, and finding a place in it takes no lock.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::Duration;

use crate::{Counter, Elsewhere, Gauge, Histogram, MICROS};

/// What is not in the API's description: pages, documents, and what is not there at all.
pub const OTHER: &str = "other";

/// Requests.
#[derive(Debug, Default)]
pub struct Http {
    routes: OnceLock<Routes>,
    other: Route,
    /// Being worked on.
    pub in_flight: Gauge,
    /// Answered 503 for want of room.
    pub refused: Refusals,
    /// Took longer than they should.
    pub slow: Counter,
    /// Connections to the port of the house.
    pub connections: Connections,
    /// Connections to the plain port that leads to it, where there is one.
    pub redirects: Connections,
}

/// Connections to one port.
#[derive(Debug, Default)]
pub struct Connections {
    /// Open now. Whoever accepts them knows, so nobody counts them.
    pub open: Elsewhere,
    /// How many may be open.
    pub limit: Gauge,
    /// Turned away because so many were.
    pub refused: Counter,
}

/// Requests answered 503 for want of room, by what was full.
#[derive(Debug, Default)]
pub struct Refusals {
    /// As many as may be were being worked on.
    pub in_flight: Counter,
    /// Bodies that had not come yet, of one client or of all.
    pub awaited_bodies: Counter,
    /// Requests that are carried out even if their client is gone.
    pub idempotent_requests: Counter,
    /// Others waited for longer than they should.
    pub wait: Counter,
    /// The queue of the store.
    pub database_queue: Counter,
    /// Connections to the store.
    pub database_connections: Counter,
    /// The line of long reads.
    pub long_reads: Counter,
    /// Passwords to be hashed or compared.
    pub passwords: Counter,
    /// Exports of whole groups.
    pub exports: Counter,
    /// Requests to other servers.
    pub calls: Counter,
    /// Pages of others that are read.
    pub pages: Counter,
    /// Sockets and streams.
    pub live_connections: Counter,
    /// Nothing with a name: changes that lost against others too often, a store that is away.
    pub other: Counter,
}

impl Refusals {
    /// Each with its name.
    #[must_use]
    pub fn all(&self) -> [(&'static str, &Counter); 13] {
        [
            ("in_flight", &self.in_flight),
            ("awaited_bodies", &self.awaited_bodies),
            ("idempotent_requests", &self.idempotent_requests),
            ("wait_target", &self.wait),
            ("database_queue", &self.database_queue),
            ("database_connections", &self.database_connections),
            ("long_reads", &self.long_reads),
            ("passwords", &self.passwords),
            ("exports", &self.exports),
            ("calls", &self.calls),
            ("pages", &self.pages),
            ("live_connections", &self.live_connections),
            ("other", &self.other),
        ]
    }

    /// Together.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.all().iter().map(|(_, counter)| counter.get()).sum()
    }
}

type Routes = HashMap<Box<str>, Vec<(Box<str>, Route)>>;

/// Requests of one method to one route.
#[derive(Debug)]
pub struct Route {
    /// By the first digit of their status, 1 to 5.
    pub classes: [Counter; 5],
    /// How long they took.
    pub took: Histogram,
}

impl Default for Route {
    fn default() -> Self {
        Self { classes: Default::default(), took: Histogram::new(&MICROS) }
    }
}

impl Http {
    /// Says which routes there are, as (template, method); only the first time.
    pub fn know<'a>(&self, all: impl IntoIterator<Item = (&'a str, &'a str)>) {
        self.routes.get_or_init(|| {
            let mut routes = Routes::new();
            for (route, method) in all {
                routes.entry(route.into()).or_default().push((method.into(), Route::default()));
            }
            routes
        });
    }

    /// A request was answered.
    pub fn answered(&self, route: Option<&str>, method: &str, status: u16, took: Duration) {
        let known = route.and_then(|route| self.routes.get()?.get(route));
        let known = known.and_then(|all| all.iter().find(|(name, _)| **name == *method));
        let route = known.map_or(&self.other, |(_, route)| route);
        if let Some(class) = route.classes.get(usize::from(status / 100).wrapping_sub(1)) {
            class.one();
        }
        route.took.took(took);
    }

    /// Every route that was asked for so far, as (template, method).
    pub fn asked(&self) -> Vec<(&str, &str, &Route)> {
        let known = self.routes.get().into_iter().flatten();
        let all = known.flat_map(|(name, methods)| {
            methods.iter().map(|(method, route)| (&**name, &**method, route))
        });
        let mut asked: Vec<_> = all
            .chain([(OTHER, OTHER, &self.other)])
            .filter(|(_, _, route)| route.classes.iter().any(|class| class.get() > 0))
            .collect();
        asked.sort_by_key(|(name, method, _)| (*name, *method));
        asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_counted_as_other() {
        let http = Http::default();
        http.know([("/v1/things", "GET"), ("/v1/things", "POST")]);
        let took = Duration::from_millis(1);
        http.answered(Some("/v1/things"), "GET", 200, took);
        http.answered(Some("/v1/things"), "GET", 404, took);
        http.answered(Some("/v1/things"), "BREW", 405, took);
        http.answered(Some("/nowhere"), "GET", 404, took);
        http.answered(None, "GET", 0, took);
        let asked: Vec<_> = http.asked().into_iter().map(|one| (one.0, one.1)).collect();
        assert_eq!(asked, [("/v1/things", "GET"), (OTHER, OTHER)]);
        let counts = |at: usize| {
            let asked = http.asked();
            asked.get(at).map(|one| one.2.classes.each_ref().map(Counter::get))
        };
        assert_eq!(counts(0), Some([0, 1, 0, 1, 0]));
        assert_eq!(counts(1), Some([0, 0, 0, 2, 0]));
    }

    #[test]
    fn refusals_have_a_name_each() {
        let refusals = Refusals::default();
        for (_, counter) in refusals.all() {
            counter.one();
        }
        let mut names = refusals.all().map(|(name, counter)| {
            assert_eq!(counter.get(), 1, "{name}");
            name
        });
        names.sort_unstable();
        assert!(names.windows(2).all(|two| two.first() != two.last()), "{names:?}");
        assert_eq!(refusals.sum(), names.len() as u64);
    }
}
