//! A house that stands as long as the process: one store, a clock that stands still, nobody in it.

use std::path::Path;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, LazyLock};

use database::Db;
use identity::{IdentityApp, Surroundings};
use kernel::{App, Clock, Keys, Parts, Random};
use tokio::runtime::{Builder, Runtime};
use types::Time;
use web::Origins;

/// When it is.
pub(crate) const NOW: Time = Time::from_micros(1_800_000_000_000_000);
/// What its folders are called, with the id of the process behind it.
const FOLDER: &str = "sixfold-parsers-";

pub(crate) struct House {
    runtime: Runtime,
    pub(crate) app: App,
    pub(crate) identity: IdentityApp,
    /// Where clients of Socket.IO call.
    pub(crate) live: axum::Router,
}

impl House {
    pub(crate) fn run<T>(&self, task: impl Future<Output = T>) -> T {
        self.runtime.block_on(task)
    }
}

/// The one there is.
pub(crate) fn house() -> &'static House {
    static HOUSE: LazyLock<House> = LazyLock::new(open);
    &HOUSE
}

fn open() -> House {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let folder = folder();
    let url = format!("sqlite://{}", folder.join("house.db").display());
    let settings = database::Settings { url, ..Default::default() };
    let db = runtime.block_on(Db::open(&settings)).expect("a store");
    let clock = Clock::Fixed(Arc::new(AtomicI64::new(NOW.micros())));
    let keys = Keys::new([1; 32], [2; 32]);
    let entered = runtime.enter();
    let app = App::new(Parts::new(db, keys, clock, Random::seeded(7)));
    let surroundings = Surroundings {
        public_url: "http://localhost:8080".to_owned(),
        origins: Origins::default(),
        development: false,
    };
    let settings = identity::Settings { argon2_memory_kib: 64, ..Default::default() };
    let identity = identity::new(app.clone(), settings, surroundings).expect("the room");
    // Sessions that nobody ends are over soon; nobody is known.
    let settings = live::Settings { heartbeat_s: 1, heartbeat_timeout_s: 1, ..Default::default() };
    let who: live::Who = Arc::new(|_| Box::pin(async { Ok(None) }));
    let live = live::socket_io(&live::new(app.clone(), settings, who));
    drop(entered);
    House { runtime, app, identity, live }
}

/// A folder of this process. Nobody closes the house, so whoever comes next clears away what earlier
/// processes have left.
fn folder() -> std::path::PathBuf {
    let place = std::env::temp_dir();
    for entry in std::fs::read_dir(&place).expect("a place for files").map_while(Result::ok) {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| name.strip_prefix(FOLDER));
        if pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            // Another process may be clearing the same one away.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    let folder = place.join(format!("{FOLDER}{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}
