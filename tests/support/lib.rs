//! What the test suites share.

mod gate;
mod log;
mod park;
mod puppet;
mod quiet;
#[cfg(feature = "rabbitmq")]
mod rabbitmq;
mod random;
#[cfg(feature = "redis")]
mod redis;
mod strategies;
mod witness;

pub use gate::Gate;
pub use log::Log;
pub use park::block_on;
pub use puppet::{Act, Puppet, Task};
pub use quiet::panic_quietly;
#[cfg(feature = "rabbitmq")]
pub use rabbitmq::RabbitServer;
pub use random::Random;
#[cfg(feature = "redis")]
pub use redis::RedisServer;
pub use strategies::change_strategy;
pub use witness::{Seen, witness};

use std::time::Duration;

use ractor_agents::swarm::Swarm;

/// A swarm whose time can be paused: everything runs on the test's own runtime.
pub fn test_swarm() -> Swarm {
    Swarm::builder()
        .test()
        .build()
        .expect("a test has a runtime around it")
}

/// Lets everything else come to rest. Only for tests whose time is paused: it then returns as soon as nobody else has
/// anything to do, and takes no real time.
pub async fn idle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

/// Milliseconds.
pub const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Seconds.
pub const fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}
