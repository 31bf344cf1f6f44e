//! The swarm's dead letters.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::broadcast;

use super::DeadLetter;

/// The dead letters of a swarm: always on, the newest kept, all counted.
///
/// Cheap to clone.
#[derive(Clone)]
pub struct DeadLetters {
    kept: Arc<Mutex<Kept>>,
    news: broadcast::Sender<Arc<DeadLetter>>,
}

struct Kept {
    letters: VecDeque<Arc<DeadLetter>>,
    keep: usize,
    total: u64,
}

impl DeadLetters {
    /// How many letters are kept by default; older ones are forgotten but stay counted. Source: a guess, a mailbox full.
    pub const KEEP_DEFAULT: usize = 1024;
    /// How many letters a subscriber may fall behind. Source: a guess.
    pub const LAG_MAX: usize = 256;

    pub(crate) fn new(keep: usize) -> Self {
        let kept = Kept {
            letters: VecDeque::new(),
            keep,
            total: 0,
        };
        Self {
            kept: Arc::new(Mutex::new(kept)),
            news: broadcast::Sender::new(Self::LAG_MAX),
        }
    }

    /// How many messages have come here since the swarm began.
    pub fn total(&self) -> u64 {
        self.kept.lock().total
    }

    /// The letters that are kept, oldest first.
    pub fn list(&self) -> Vec<Arc<DeadLetter>> {
        self.kept.lock().letters.iter().cloned().collect()
    }

    /// Every letter from now on, after it was counted and kept. A subscriber that falls more than
    /// [`LAG_MAX`](Self::LAG_MAX) behind is told how many it missed and goes on with the oldest it can still have.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<DeadLetter>> {
        self.news.subscribe()
    }

    pub(crate) fn take_in(&self, letter: DeadLetter) {
        tracing::debug!(
            target: "ractor_agents::dead_letter",
            message = letter.id.map(tracing::field::display),
            message_type = letter.message_type,
            reason = letter.reason.as_str(),
            attempts = letter.attempts,
            "dead letter"
        );
        let letter = Arc::new(letter);
        let forgotten = {
            let mut kept = self.kept.lock();
            kept.total += 1;
            kept.letters.push_back(Arc::clone(&letter));
            if kept.letters.len() > kept.keep {
                kept.letters.pop_front()
            } else {
                None
            }
        };
        // An error only says that nobody listens. Subscribers that lag hold letters too, so that this may forget one.
        forget(|| drop(self.news.send(letter)));
        forget(|| drop(forgotten));
    }
}

/// Drops letters and the messages in them, which are the user's and may panic: whoever writes the next letter is not to
/// blame, and may be unwinding already.
fn forget(letters: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(letters)).is_err() {
        tracing::error!(
            target: "ractor_agents::dead_letter",
            "a message panicked as its dead letter was forgotten"
        );
    }
}

impl fmt::Debug for DeadLetters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetters")
            .field("total", &self.total())
            .finish_non_exhaustive()
    }
}
