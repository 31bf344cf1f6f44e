//! Circles of agents that wait for each other.

use std::sync::Arc;

use super::base::{AtomicU64, Mutex, Ordering};
use super::edge::Wakes;
use super::{Edge, Seat, Sighting};

/// The longest circle that is found. Source: a guess, far beyond what anybody builds on purpose; it keeps a wait from being paid for
/// by the length of the chain that it joins.
pub(super) const HOPS_MAX: usize = 64;

/// An agent, as the graph sees it.
pub(crate) trait Node {
    type Id;
    fn id(&self) -> Self::Id;
    /// Its edge, if it waits for anybody.
    fn look(&self) -> Option<Sighting>;
}

/// Whom an agent would wait for, and whether that one may ever have waited itself, as far as was known while the work of the agent was
/// polled.
// Twice the number, plus one if so. One word: it is passed on right after it was written, which would take longer in parts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whom(u64);

impl Whom {
    /// Agent `number`, whose seat it is.
    pub(crate) fn at(number: u64, seat: &Seat) -> Self {
        Self(number << 1 | u64::from(seat.has_waited()))
    }

    /// Agent `number`, of whom nothing else is known.
    pub(crate) const fn number(number: u64) -> Self {
        Self(number << 1 | 1)
    }

    const fn get(self) -> u64 {
        self.0 >> 1
    }

    const fn may_have_waited(self) -> bool {
        self.0 & 1 != 0
    }
}

/// How things were when an agent's work was about to be polled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before {
    wakes: Wakes,
    newcomers: u64,
}

/// The graph of one swarm. The edges are with the agents.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    /// How many incarnations were given an edge. Most agents that are asked have none: as long as nobody else was given one, nobody
    /// has to look who they are.
    newcomers: AtomicU64,
    /// Held by whoever decides on a circle: of several that close it together, one is told.
    judging: Mutex<()>,
}

impl Graph {
    /// Gives an edge to an incarnation, unless another has taken over its seat.
    pub(crate) fn sit(&self, seat: &Seat, epoch: u32, edge: &Arc<Edge>) {
        seat.sit(epoch, edge);
        // Afterwards, and before it waits: who looks and does not see this sets its edge before that one looks.
        self.newcomers.fetch_add(1, Ordering::AcqRel);
    }

    /// The work of the agent is about to be polled whose edge it is.
    pub(crate) fn begin(&self, edge: &Edge) -> Before {
        Before {
            wakes: edge.begin(),
            newcomers: self.newcomers.load(Ordering::Acquire),
        }
    }

    /// From now on agent `who`, whose edge it is, waits for nobody but `whom`, unless it has been woken meanwhile.
    ///
    /// If that closes a circle, it does not wait after all and gets the circle: itself, whom it would wait for, and so on.
    pub(crate) fn wait<N: Node>(
        &self,
        find: impl Fn(u64) -> Option<N>,
        who: u64,
        (edge, before): (&Edge, Before),
        whom: Whom,
    ) -> Option<Vec<N::Id>> {
        let to = whom.get();
        edge.set(to, before.wakes);
        let is_nobody_new = self.newcomers.load(Ordering::Acquire) == before.newcomers;
        if is_nobody_new && !whom.may_have_waited() {
            return None;
        }
        if !closes(&find, who, to) {
            return None;
        }
        self.judge(&find, who, edge)
    }

    #[cold]
    fn judge<N: Node>(
        &self,
        find: &impl Fn(u64) -> Option<N>,
        who: u64,
        edge: &Edge,
    ) -> Option<Vec<N::Id>> {
        // Dropped after unlocking, since agents may be dropped with them.
        let mut nodes = Vec::new();
        let judging = self.judging.lock();
        let first = walk(find, who, &mut nodes)?;
        // Two walks that saw the same, and nothing of it was set anew in between: so all of it was there between the two.
        let second = walk(find, who, &mut nodes)?;
        let is_circle = first == second && edge.withdraw();
        drop(judging);
        is_circle.then(|| nodes.iter().take(first.len()).map(Node::id).collect())
    }
}

/// Whether the edges lead from `to` back to `who`, as far as a walk can tell.
fn closes<N: Node>(find: &impl Fn(u64) -> Option<N>, who: u64, to: u64) -> bool {
    let mut at = to;
    for _ in 1..HOPS_MAX {
        let Some(seen) = find(at).and_then(|node| node.look()) else {
            return false;
        };
        at = seen.to;
        if at == who {
            return true;
        }
    }
    false
}

/// From `who` along the edges back to it. Who is met is left in `nodes`.
fn walk<N: Node>(
    find: &impl Fn(u64) -> Option<N>,
    who: u64,
    nodes: &mut Vec<N>,
) -> Option<Vec<Sighting>> {
    let mut hops = Vec::new();
    let mut at = who;
    while hops.len() < HOPS_MAX {
        nodes.push(find(at)?);
        let seen = nodes.last()?.look()?;
        hops.push(seen);
        at = seen.to;
        if at == who {
            return Some(hops);
        }
    }
    None
}
