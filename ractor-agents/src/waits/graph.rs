//! Circles of agents that wait for each other.

use parking_lot::Mutex;

use super::{Before, Edge, Sighting};
use crate::agent::AgentId;

/// The longest circle that is found. Source: a guess, far beyond what anybody builds on purpose; it keeps a wait from being paid for
/// by the length of the chain that it joins.
const HOPS_MAX: usize = 64;

/// An agent, as the graph sees it.
pub(crate) trait Node {
    fn id(&self) -> AgentId;
    /// Its edge, if it waits for anybody.
    fn look(&self) -> Option<Sighting>;
}

/// The graph of one swarm. The edges are with the agents.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    /// Held by whoever decides on a circle: of several that close it together, one is told.
    judging: Mutex<()>,
}

impl Graph {
    /// From now on agent `who`, whose edge it is, waits for nobody but agent `to`, unless it has been woken meanwhile.
    ///
    /// If that closes a circle, it does not wait after all and gets the circle: itself, whom it would wait for, and so on.
    pub(crate) fn wait<N: Node>(
        &self,
        find: impl Fn(u64) -> Option<N>,
        who: AgentId,
        (edge, before): (&Edge, Before),
        to: u64,
    ) -> Option<Vec<AgentId>> {
        edge.set(to, before);
        if !closes(&find, who.number(), to) {
            return None;
        }
        self.judge(&find, who.number(), edge)
    }

    #[cold]
    fn judge<N: Node>(
        &self,
        find: &impl Fn(u64) -> Option<N>,
        who: u64,
        edge: &Edge,
    ) -> Option<Vec<AgentId>> {
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

#[cfg(test)]
pub(super) fn set_for_tests(to: u64) -> std::sync::Arc<Edge> {
    let edge = std::sync::Arc::<Edge>::default();
    edge.set(to, edge.begin());
    edge
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;

    use super::{AgentId, Edge, Graph, HOPS_MAX, Node, Sighting};

    struct Someone<'a>(u64, &'a Edge);

    impl Node for Someone<'_> {
        fn id(&self) -> AgentId {
            AgentId::new(self.0, "someone")
        }

        fn look(&self) -> Option<Sighting> {
            self.1.look()
        }
    }

    struct People {
        graph: Graph,
        edges: Vec<Edge>,
    }

    impl People {
        fn new(count: u64) -> Self {
            Self {
                graph: Graph::default(),
                edges: (0..=count).map(|_| Edge::default()).collect(),
            }
        }

        fn edge(&self, number: u64) -> Option<&Edge> {
            self.edges.get(usize::try_from(number).ok()?)
        }

        fn wait(&self, who: u64, to: u64) -> Option<Vec<u64>> {
            let find = |number| Some(Someone(number, self.edge(number)?));
            let id = AgentId::new(who, "someone");
            let circle =
                self.graph
                    .wait(find, id, (self.edge(who)?, self.edge(who)?.begin()), to)?;
            Some(circle.iter().map(AgentId::number).collect())
        }
    }

    #[test]
    fn whoever_closes_a_circle_is_told_and_does_not_wait() {
        let people = People::new(4);
        assert_eq!(people.wait(2, 3), None);
        assert_eq!(people.wait(3, 1), None);
        assert_eq!(people.wait(4, 2), None, "it waits for a circle to be");
        assert_eq!(people.wait(1, 2), Some(vec![1, 2, 3]));
        assert_eq!(people.edges[1].look(), None);
    }

    #[test]
    fn who_has_ended_is_waited_for_in_vain_but_in_no_circle() {
        let people = People::new(2);
        assert_eq!(people.wait(1, 99), None);
    }

    #[test]
    fn circles_of_others_are_not_followed_for_ever() {
        let people = People::new(3);
        for (who, to) in [(1, 2), (2, 1)] {
            let edge = people.edge(who).expect("it is there");
            edge.set(to, edge.begin());
        }
        assert_eq!(people.wait(3, 1), None);
    }

    #[test]
    fn circles_are_found_up_to_the_limit() {
        let limit = HOPS_MAX as u64;
        for (count, is_found) in [(limit, true), (limit + 1, false)] {
            let people = People::new(count);
            for number in 1..count {
                assert_eq!(people.wait(number, number + 1), None);
            }
            assert_eq!(people.wait(count, 1).is_some(), is_found, "{count}");
        }
    }

    /// Many rounds of a circle that all of its members close at the same time.
    #[test]
    fn of_several_that_close_a_circle_together_one_is_told() {
        const COUNT: u64 = 3;
        for _ in 0..2_000 {
            let people = People::new(COUNT);
            let told = AtomicU64::new(0);
            let start = Barrier::new(3);
            thread::scope(|scope| {
                for number in 1..=COUNT {
                    let (people, told, start) = (&people, &told, &start);
                    scope.spawn(move || {
                        start.wait();
                        if people.wait(number, number % COUNT + 1).is_some() {
                            told.fetch_add(1, Ordering::Relaxed);
                        }
                    });
                }
            });
            assert_eq!(told.into_inner(), 1);
        }
    }
}
