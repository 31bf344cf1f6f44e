//! Metrics of a swarm, through the `metrics` facade: choose an exporter, call [`describe`] once and [`publish`] before
//! each scrape.
//!
//! Counts come from the accounting that the mailboxes keep anyway, so messages do not pay for them. The time that
//! handlers take is measured by [`Layer`], for the agents that it is put around.
//!
//! ```
//! # use ractor_agents::prelude::*;
//! # async fn greeter(name: String) -> String { name }
//! # #[tokio::main]
//! # async fn main() -> Result<()> {
//! use ractor_agents::metrics;
//!
//! metrics::describe();
//! let swarm = Swarm::local();
//! let greeter = swarm.spawn(greeter).around(metrics::Layer::new()).await?;
//! greeter.ask("World").await?;
//! metrics::publish(&swarm); // before each scrape
//! # Ok(())
//! # }
//! ```

mod layer;
pub mod names;
#[cfg(test)]
mod tests;

use ::metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge};
pub use layer::{Layer, Timed};

use crate::agent::Status;
use crate::swarm::Swarm;

/// Tells the exporter what each metric means and its unit.
pub fn describe() {
    for (name, unit, text) in names::COUNTERS {
        describe_counter!(*name, *unit, *text);
    }
    for (name, unit, text) in names::GAUGES {
        describe_gauge!(*name, *unit, *text);
    }
    for (name, unit, text) in names::HISTOGRAMS {
        describe_histogram!(*name, *unit, *text);
    }
}

/// Publishes what `swarm` has counted so far, by the agents' type. Costs as much as [`Swarm::status`], and twenty calls of
/// the recorder per type.
///
/// Counters are set to the swarm's own counts: two swarms with agents of one type need a recorder each.
pub fn publish(swarm: &Swarm) {
    for kind in swarm.status().kinds {
        let messages = kind.messages;
        let agent_type = kind.kind;
        counter!(names::ACCEPTED, "agent_type" => agent_type).absolute(messages.accepted);
        counter!(names::RETRIED, "agent_type" => agent_type).absolute(messages.retried);
        counter!(names::RESTARTS, "agent_type" => agent_type).absolute(kind.restarts);
        for (end, count) in [
            ("handled", messages.handled),
            ("failed", messages.failed),
            ("expired", messages.expired),
            ("deduplicated", messages.deduplicated),
            ("shed", messages.shed),
            ("cancelled", messages.cancelled),
            ("moved", messages.moved),
        ] {
            counter!(names::ENDED, "agent_type" => agent_type, "end" => end).absolute(count);
        }
        gauge!(names::QUEUED, "agent_type" => agent_type).set(approximate(messages.queued));
        gauge!(names::IN_FLIGHT, "agent_type" => agent_type).set(approximate(messages.in_flight));
        for status in Status::ALL {
            let count = kind.count_of(status) as u64;
            let gauge =
                gauge!(names::AGENTS, "agent_type" => agent_type, "status" => status.as_str());
            gauge.set(approximate(count));
        }
    }
    counter!(names::DEAD_LETTERS).absolute(swarm.dead_letters().total());
}

/// Gauges are floats; counts beyond 2⁵³ do not occur.
#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
fn approximate(count: u64) -> f64 {
    count as f64
}
