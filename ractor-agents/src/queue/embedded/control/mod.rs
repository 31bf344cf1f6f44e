//! Operators' access to a queue that a process has open: a socket in the queue's folder.
//!
//! ```text
//! operator ──▶ operators.sock ──▶ the process that has the queue: one request, one answer
//! ```
//!
//! Whoever may write into the folder may do all of this; the socket is for its owner only. What goes over it are [`Request`] and [`Response`], each behind a
//! byte that says which version of them, and its length. Messages are neither taken in nor given out by it.

mod client;
mod server;
mod wire;

pub(super) use client::Client;
pub(super) use server::Server;

use serde::{Deserialize, Serialize};

use crate::queue::{Cursor, DeadLetter, Filter, Guarantees, Peeked, Selection, Stats};

/// The name of the socket in the folder of its queue.
const SOCKET: &str = "operators.sock";

/// What an operator wants.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Request {
    Guarantees,
    Stats,
    Peek {
        count_max: u32,
    },
    Purge,
    SetPaused {
        is_paused: bool,
    },
    DeadLetters {
        filter: Filter,
        after: Option<Cursor>,
        count_max: u32,
    },
    Redrive {
        selection: Selection,
    },
    Discard {
        selection: Selection,
    },
}

/// What comes of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Response {
    Guarantees(Guarantees),
    Stats(Box<Stats>),
    Peeked(Vec<Peeked>),
    DeadLetters(Vec<DeadLetter>),
    /// How many there were.
    Count(u64),
    Done,
    /// Why not.
    Refused {
        why: String,
    },
}
