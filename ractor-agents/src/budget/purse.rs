//! What is left of a budget.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::units::Units;
use super::{Budget, BudgetExhausted, Exhausted};
use crate::agent::{AgentId, Current};
use crate::message::Moment;

/// Whether there has ever been a budget: where there has not, nobody looks for one.
static IN_USE: AtomicBool = AtomicBool::new(false);

/// What is left of a budget, at one place of the path that the messages take. Got from
/// [`Context::budget`](crate::agent::Context::budget), or from [`Budget::open`].
///
/// Cheap to clone, and clones share their units. Set on a message (`.budget(&purse)`) it is what that message may take: so it is
/// handed on where it is not inherited, as in a task of one's own.
#[derive(Clone)]
pub struct Purse(Arc<Place>);

struct Place {
    /// How many messages deep what is sent from here may go.
    hops: u16,
    deadline: Moment,
    units: Units,
    /// The agent that it is the purse of; none for that of whoever sent the first message.
    agent: Option<AgentId>,
    before: Option<Arc<Place>>,
}

impl Purse {
    pub(super) fn open(budget: Budget) -> Self {
        IN_USE.store(true, Ordering::Relaxed);
        Self(Arc::new(Place {
            hops: budget.hops,
            deadline: Moment::now().after(budget.within),
            units: Units::new(budget.units),
            agent: None,
            before: None,
        }))
    }

    /// What is left to the message that the current task handles, if there is a budget.
    #[inline]
    pub(crate) fn inherited() -> Option<Self> {
        if Self::is_in_use() {
            Current::budget()
        } else {
            None
        }
    }

    /// Whether there has ever been a budget.
    #[inline]
    pub(crate) fn is_in_use() -> bool {
        // Whoever has got a message with a budget sees that there is one: what brought the message brought this too.
        IN_USE.load(Ordering::Relaxed)
    }

    /// No more than what is left to the message that the current task handles.
    pub(crate) fn limited(self) -> Self {
        match Current::budget() {
            Some(outer) => self.inside(&outer),
            None => self,
        }
    }

    /// How many messages deep what is sent now may go; 0 for none.
    pub fn hops(&self) -> u16 {
        self.0.hops
    }

    /// How much time is left. `None` for no limit.
    pub fn time_left(&self) -> Option<Duration> {
        let deadline = self.0.deadline;
        (!deadline.is_never()).then(|| deadline.since(Moment::now()))
    }

    /// How many units of that name are left. `None` for no limit. Advisory: others may spend of them.
    pub fn left(&self, name: &str) -> Option<u64> {
        self.0.units.left(name)
    }

    /// The units that there is a limit for, by name, and how many are left. Advisory: others may spend of them.
    pub fn units(&self) -> impl Iterator<Item = (&str, u64)> {
        let units = &self.0.units;
        let names = units.names();
        names.filter_map(|name| Some((name, units.left(name)?)))
    }

    /// The agents that the messages went through, in their order. The last is the one whose message in hand this belongs to.
    pub fn path(&self) -> Vec<AgentId> {
        let places = std::iter::successors(Some(&self.0), |place| place.before.as_ref());
        let mut path: Vec<_> = places.filter_map(|place| place.agent).collect();
        path.reverse();
        path
    }

    /// Spends units: all of them or none. Returns how many are left; `u64::MAX` where there is no limit.
    ///
    /// Never more is spent than there was, however many spend at once. Where it is known only afterwards how much something takes,
    /// spend the most that it can take before, and [give back](Self::give_back) the rest.
    ///
    /// # Errors
    /// [`BudgetExhausted`] if fewer are left. A name without a limit is no error: whoever set the budget does not mind. That goes for
    /// misspelt names too.
    pub fn spend(&self, name: &str, amount: u64) -> Result<u64, BudgetExhausted> {
        let spent = self.0.units.spend(name, amount);
        spent.map_err(|name| self.exhausted(Exhausted::Units(name)))
    }

    /// Gives units back that were spent and not used. There will never be more than in the beginning.
    pub fn give_back(&self, name: &str, amount: u64) {
        self.0.units.give_back(name, amount);
    }

    pub(crate) fn deadline(&self) -> Moment {
        self.0.deadline
    }

    /// Whether anything can be sent at `now`.
    pub(crate) fn check(&self, now: Moment) -> Result<(), BudgetExhausted> {
        if self.0.hops == 0 {
            return Err(self.exhausted(Exhausted::Hops));
        }
        self.check_time(now)
    }

    pub(crate) fn check_time(&self, now: Moment) -> Result<(), BudgetExhausted> {
        if self.0.deadline <= now {
            return Err(self.exhausted(Exhausted::Deadline));
        }
        Ok(())
    }

    /// What `agent` has that got a message with this.
    pub(crate) fn at(&self, agent: AgentId) -> Self {
        let Place {
            hops,
            deadline,
            ref units,
            ..
        } = *self.0;
        Self(Arc::new(Place {
            hops: hops.saturating_sub(1),
            deadline,
            units: units.clone(),
            agent: Some(agent),
            before: Some(Arc::clone(&self.0)),
        }))
    }

    /// The less of both, on the other's path.
    fn inside(&self, outer: &Self) -> Self {
        Self(Arc::new(Place {
            hops: self.0.hops.min(outer.0.hops),
            deadline: self.0.deadline.min(outer.0.deadline),
            units: self.0.units.and(&outer.0.units),
            agent: None,
            before: Some(Arc::clone(&outer.0)),
        }))
    }

    fn exhausted(&self, which: Exhausted) -> BudgetExhausted {
        BudgetExhausted {
            which,
            path: self.path(),
        }
    }
}

impl From<Budget> for Purse {
    fn from(budget: Budget) -> Self {
        budget.open()
    }
}

impl From<&Purse> for Purse {
    fn from(purse: &Purse) -> Self {
        purse.clone()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // One after the other: dropped by each other, a long path would need a deep stack.
        let mut before = self.before.take();
        while let Some(mut place) = before.and_then(Arc::into_inner) {
            before = place.before.take();
        }
    }
}

impl fmt::Debug for Purse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Purse")
            .field("hops", &self.hops())
            .field("time_left", &self.time_left())
            .field("units", &self.units().collect::<Vec<_>>())
            .field("path", &self.path())
            .finish()
    }
}
