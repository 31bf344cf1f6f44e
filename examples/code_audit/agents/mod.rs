//! The agents, and how their work survives being killed at any moment.
//!
//! ```text
//!          ┌── Step to itself
//!        Scout ──── Note: a file, a skip, the end ────────────┐
//!          ├── Text ──▶ Analyst × N   ── Note: counts ────────┼──▶ Reporter ──▶ Fold
//!          └── Text ──▶ Auditor × M   ── Note: hits ──────────┘
//!                       (dedup layer)       (Critical if any)
//! ```
//!
//! Messages go from left to right only and mailboxes are bounded, so whoever is too fast waits and nobody waits in a
//! circle.
//!
//! # What a kill may do
//!
//! It drops a handler at an await, never between two statements. The message in hand goes back to the front of its lane
//! and is handled again, by the next incarnation: at least once. So each agent keeps what it has achieved *outside* of
//! itself, in a record behind a lock that its incarnations share, and a second attempt looks there first:
//!
//! | agent | record | a second attempt |
//! |---|---|---|
//! | [`Scout`] | [`Journey`](journey::Journey): step, position, errands left | runs the errands that are left; walks on from the position |
//! | [`Analyst`], [`Auditor`] | [`Told`]: whose analysis was sent | sends nothing twice |
//! | [`Reporter`] | [`Desk`]: the fold | applies the same fact: no change |
//!
//! What remains is the gap between *sent* and *recorded as sent*. A kill in there would repeat the message, or, had the
//! record come first, lose it. [`tell_once`] closes it: the send and its record are one poll of one future under the
//! record's lock, and a kill falls before both or after both. That also holds for an incarnation that was cut off, because
//! it computed for too long to be killed, and now finishes beside its successor: whichever comes first sends, the other
//! finds the record. Thus the accounting of messages, too, is that of a run without kills, except for the retries.
//!
//! # Why the dedup layer loses nothing
//!
//! A second text of known content ends as deduplicated because the first one was *accepted*, perhaps not yet analysed. The
//! first one cannot fail quietly afterwards: an attempt that is killed puts the same envelope back, behind the layer, and
//! it has 65,535 attempts. Should it use them up, or its agent be given up, it becomes a dead letter, and a dead letter
//! ends the audit with an error instead of a report that lacks something.
//!
//! # The end
//!
//! The scout's last note says that the walk is over. From then on the reporter knows all the contents there are, and the
//! audit is complete when each of them is counted and audited.

mod analyst;
mod auditor;
mod family;
mod journey;
mod once;
mod pool;
mod reporter;
mod scout;

use std::sync::Arc;

pub use analyst::Analyst;
pub use auditor::Auditor;
pub use family::Family;
pub use once::Told;
use once::tell_once;
pub use pool::Pool;
pub use reporter::{Desk, Note, Reporter};
pub use scout::{Brief, Scout, Step};

use crate::fold::Subject;

/// A content to be looked at.
#[derive(Clone, Debug)]
pub struct Text {
    /// Which one.
    pub subject: Subject,
    /// The content itself.
    pub content: Arc<str>,
}
