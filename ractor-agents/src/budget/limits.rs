//! The limits that somebody sets.

use std::sync::Arc;
use std::time::Duration;

use super::Purse;

/// How much a message and all that is sent on its behalf may take. Set by `.budget(..)` on whatever is sent.
///
/// Each message that is given one has a purse of its own; [`open`](Self::open) makes one for several.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a budget holds for a message that is given it"]
pub struct Budget {
    pub(super) hops: u16,
    pub(super) within: Duration,
    pub(super) units: Vec<(Arc<str>, u64)>,
}

impl Budget {
    /// How many messages deep one may go by default. Source: the usual time to live of an IP packet, and the longest circle of asks
    /// that is found.
    pub const HOPS_DEFAULT: u16 = 64;
    /// How many messages deep one may go at most. The path is kept as long as its messages are. Source: a guess, well above what
    /// is of any use.
    pub const HOPS_MAX: u16 = 1_024;

    /// 64 hops, no end of the time, and no limit on any units.
    pub const fn new() -> Self {
        Self {
            hops: Self::HOPS_DEFAULT,
            within: Duration::MAX,
            units: Vec::new(),
        }
    }

    /// How many messages deep it may go, 1 to 1,024; other values become the nearest of them. With 1, whoever gets the message can
    /// send nothing on its behalf. Default: 64.
    pub fn hops(mut self, hops: u16) -> Self {
        self.hops = hops.clamp(1, Self::HOPS_MAX);
        self
    }

    /// How long all of it may take, from the moment on in which the budget is opened or set on a message. Default, and
    /// [`Duration::MAX`]: no limit.
    #[doc(alias = "deadline")]
    pub fn within(mut self, limit: Duration) -> Self {
        self.within = limit;
        self
    }

    /// How many units of that name may be spent over all; of a name that was given before, the last word counts. Default: no limit.
    pub fn units(mut self, name: impl Into<Arc<str>>, amount: u64) -> Self {
        let name = name.into();
        self.units.retain(|(known, _)| *known != name);
        self.units.push((name, amount));
        self
    }

    /// A purse of so much, for several messages to share, and to look into afterwards. The time runs from now on.
    pub fn open(self) -> Purse {
        Purse::open(self)
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new()
    }
}
