//! Two workers for agents, and a thread for the test.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ractor_agents::swarm::{Builder, Swarm};
use tokio::runtime::Runtime;

/// How long a handler of these tests may take.
pub(crate) const DEADLINE: Duration = Duration::from_millis(100);
/// How long anything may take that happens by itself. Long, for machines that are busy.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// The runtime of the agents, with two workers, and the flags that end what spins there.
pub(crate) struct Stage {
    agents: Option<Runtime>,
    flags: Vec<Arc<AtomicBool>>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let agents = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        Self {
            agents: Some(agents),
            flags: Vec::new(),
        }
    }

    /// A swarm whose agents run here.
    pub(crate) fn swarm(&self) -> Swarm {
        self.swarm_by(Swarm::builder())
    }

    pub(crate) fn swarm_by(&self, builder: Builder) -> Swarm {
        let agents = self.agents.as_ref().expect("until the end");
        builder
            .runtime(agents.handle().clone())
            .build()
            .expect("a swarm")
    }

    /// A flag that is up at the end of the test at the latest.
    pub(crate) fn flag(&mut self) -> Arc<AtomicBool> {
        let flag = Arc::new(AtomicBool::new(false));
        self.flags.push(Arc::clone(&flag));
        flag
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for flag in &self.flags {
            flag.store(true, Ordering::SeqCst);
        }
        if let Some(agents) = self.agents.take() {
            agents.shutdown_background();
        }
    }
}

/// Runs a test on a thread of its own runtime.
pub(crate) fn play<F: Future<Output = ()>>(play: impl FnOnce(Stage) -> F) {
    let own = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    own.block_on(play(Stage::new()));
}

/// Waits until it is so.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < SOON, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// What comes in time.
pub(crate) async fn soon<T>(what: &str, work: impl Future<Output = T>) -> T {
    let in_time = tokio::time::timeout(SOON, work).await;
    in_time.unwrap_or_else(|_| panic!("not in time: {what}"))
}
