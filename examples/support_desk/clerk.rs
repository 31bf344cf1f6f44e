//! Those who do the work.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ractor_agents::agent::AgentId;
use ractor_agents::prelude::*;

use crate::ticket::Ticket;

/// How long one unit of effort takes a clerk of ordinary pace.
const UNIT: Duration = Duration::from_millis(2);

/// Does tickets, at a pace that others can change.
#[derive(Clone, Debug)]
pub(crate) struct Clerk {
    /// In hundredths of the ordinary time.
    pace: Arc<AtomicU32>,
}

impl Clerk {
    pub(crate) fn new(pace: u32) -> Self {
        Self {
            pace: Arc::new(AtomicU32::new(pace)),
        }
    }

    /// From now on everything takes so many times as long.
    pub(crate) fn slow_down(&self, times: u32) {
        let pace = self.pace.load(Ordering::Relaxed);
        self.pace
            .store(pace.saturating_mul(times), Ordering::Relaxed);
    }
}

impl Agent for Clerk {
    type Message = Ticket;
    type Reply = AgentId;

    async fn handle(&mut self, ticket: &Ticket, ctx: &Context<Self>) -> Result<AgentId, Failure> {
        // The sleep stands for work.
        let pace = self.pace.load(Ordering::Relaxed);
        tokio::time::sleep(UNIT * u32::from(ticket.effort) * pace / 100).await;
        Ok(ctx.id())
    }
}

/// Who is at the desk: name, pace in hundredths of the ordinary time, weight, and what they can do.
pub(crate) const STAFF: [(&str, u32, u32, &[&str]); 10] = [
    ("Ada", 70, 3, &["billing@2"]),
    ("Bob", 100, 2, &["billing@2", "sales@1"]),
    ("Cem", 220, 1, &["billing@2"]),
    ("Dora", 70, 3, &["technical@3"]),
    ("Eve", 100, 2, &["technical@3"]),
    ("Finn", 220, 1, &["technical@3", "account@1"]),
    ("Gwen", 80, 3, &["account@1"]),
    ("Hugo", 130, 2, &["account@1"]),
    ("Iris", 100, 2, &["sales@1"]),
    ("Jan", 60, 3, &["technical@2"]),
];

/// Whom everything takes four times as long from the middle of the day on.
pub(crate) const TIRED: &str = "Dora";
