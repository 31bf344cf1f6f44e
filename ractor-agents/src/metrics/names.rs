//! The names of all metrics, with their units: one place to look, and to keep stable.
//!
//! They follow the conventions of Prometheus: base units, `_total` on counters. Labels are the agent's type, never a
//! single agent: their number is that of the types in a program, not of the agents in a swarm.

use ::metrics::Unit;

/// Messages taken in, by `agent_type`.
pub const ACCEPTED: &str = "ractor_agents_messages_accepted_total";
/// Messages that have reached their end, by `agent_type` and `end`.
pub const ENDED: &str = "ractor_agents_messages_ended_total";
/// Attempts after the first, by `agent_type`.
pub const RETRIED: &str = "ractor_agents_message_retries_total";
/// Messages that nobody handled.
pub const DEAD_LETTERS: &str = "ractor_agents_dead_letters_total";
/// Restarts of agents, by `agent_type`.
pub const RESTARTS: &str = "ractor_agents_agent_restarts_total";
/// Messages in line, by `agent_type`.
pub const QUEUED: &str = "ractor_agents_mailbox_messages";
/// Messages that a handler is at, by `agent_type`.
pub const IN_FLIGHT: &str = "ractor_agents_messages_in_flight";
/// Agents, by `agent_type` and `status`.
pub const AGENTS: &str = "ractor_agents_agents";
/// How long handlers take, by `agent_type` and `outcome`.
pub const HANDLE_DURATION: &str = "ractor_agents_message_handle_duration_seconds";

type Description = (&'static str, Unit, &'static str);

pub(super) const COUNTERS: &[Description] = &[
    (ACCEPTED, Unit::Count, "Messages taken in."),
    (ENDED, Unit::Count, "Messages that have reached their end."),
    (
        RETRIED,
        Unit::Count,
        "Attempts at a message after the first.",
    ),
    (DEAD_LETTERS, Unit::Count, "Messages that nobody handled."),
    (RESTARTS, Unit::Count, "Restarts of agents."),
];

pub(super) const GAUGES: &[Description] = &[
    (QUEUED, Unit::Count, "Messages in line."),
    (IN_FLIGHT, Unit::Count, "Messages that a handler is at."),
    (AGENTS, Unit::Count, "Agents."),
];

pub(super) const HISTOGRAMS: &[Description] =
    &[(HANDLE_DURATION, Unit::Seconds, "How long handlers take.")];
