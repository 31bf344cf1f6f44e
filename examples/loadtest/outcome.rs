//! What a load came to.

use std::fmt;

use hdrhistogram::Histogram;

use crate::generator::Load;

/// What a load came to.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Outcome {
    pub load: Load,
    /// Messages that were due.
    pub due: u64,
    /// Of those: answered.
    pub answered: u64,
    /// Of those: refused, timed out, or not sent for too many under way.
    pub failed: u64,
    /// Accepted by a mailbox and not accounted for at the end.
    pub lost: u64,
    /// Answers per second, until the last one.
    pub per_second: f64,
    pub response: Latency,
    /// How long all agents took to start, in milliseconds.
    pub spawned_ms: f64,
}

/// Response times in milliseconds, from when a message was due.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct Latency {
    pub mean: f64,
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub p99_9: f64,
    pub max: f64,
}

impl Outcome {
    /// The share of messages that were answered.
    pub fn success(&self) -> f64 {
        self.answered as f64 / self.due.max(1) as f64
    }
}

impl Latency {
    /// Of times in microseconds.
    pub fn of(times: &Histogram<u64>) -> Self {
        let at = |quantile| times.value_at_quantile(quantile) as f64 / 1e3;
        Self {
            mean: times.mean() / 1e3,
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p99_9: at(0.999),
            max: times.max() as f64 / 1e3,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Latency {
            mean,
            p50,
            p90,
            p99,
            p99_9,
            max,
        } = self.response;
        writeln!(
            f,
            "{} agents ({:.0} ms to start), {:.0} messages/s of {} bytes for {} s, layers {:?}",
            self.load.agents,
            self.spawned_ms,
            self.load.rate,
            self.load.payload,
            self.load.seconds,
            self.load.layers
        )?;
        writeln!(
            f,
            "{} due, {} answered ({:.3} %, {:.0}/s), {} failed, {} lost",
            self.due,
            self.answered,
            self.success() * 100.0,
            self.per_second,
            self.failed,
            self.lost
        )?;
        write!(
            f,
            "response in ms: mean {mean:.3}, p50 {p50:.3}, p90 {p90:.3}, p99 {p99:.3}, p99.9 {p99_9:.3}, max {max:.3}"
        )
    }
}
