//! Whatever depends on how threads interleave is in `tests/edges`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use super::graph::HOPS_MAX;
use super::{Edge, Graph, Node, Seat, Sighting, Whom};

#[test]
fn who_was_woken_meanwhile_waits_for_nobody() {
    let edge = Edge::default();
    let before = edge.begin();
    edge.wake();
    edge.set(7, before);
    assert_eq!(edge.look(), None);
    let before = edge.begin();
    edge.set(7, before);
    assert_eq!(edge.look().map(|seen| seen.to), Some(7));
    edge.wake();
    assert_eq!(edge.look(), None);
}

#[test]
fn an_edge_that_was_gone_in_between_is_another_one() {
    let edge = Edge::default();
    edge.set(7, edge.begin());
    let first = edge.look();
    assert!(first.is_some());
    assert_eq!(edge.look(), first);
    let before = edge.begin();
    assert_eq!(edge.look(), None, "its work is polled");
    edge.set(7, before);
    assert_ne!(edge.look(), first);
}

#[test]
fn what_is_gone_cannot_be_taken_back() {
    let edge = Edge::default();
    edge.set(7, edge.begin());
    assert!(edge.withdraw());
    assert!(!edge.withdraw());
    edge.set(7, edge.begin());
    edge.wake();
    assert!(!edge.withdraw());
}

fn set(to: u64) -> Arc<Edge> {
    let edge = Arc::<Edge>::default();
    edge.set(to, edge.begin());
    edge
}

#[test]
fn the_edge_of_an_earlier_incarnation_is_not_found() {
    let seat = Seat::default();
    let [early, late] = [1, 2].map(set);
    seat.take_over(1);
    seat.sit(1, &early);
    assert_eq!(seat.look().map(|seen| seen.to), Some(1));
    seat.take_over(2);
    assert_eq!(seat.look(), None);
    seat.sit(2, &late);
    seat.sit(1, &Arc::new(Edge::default()));
    seat.take_over(1);
    assert_eq!(seat.look().map(|seen| seen.to), Some(2));
}

struct Someone<'a>(u64, &'a Edge);

impl Node for Someone<'_> {
    type Id = u64;

    fn id(&self) -> u64 {
        self.0
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
        let edge = self.edge(who)?;
        let before = self.graph.begin(edge);
        let whom = Whom::number(to);
        self.graph.wait(find, who, (edge, before), whom)
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

#[test]
fn who_is_known_never_to_have_waited_is_not_looked_up() {
    let (graph, edge) = (Graph::default(), Edge::default());
    let seat = Seat::default();
    let whom = || Whom::at(2, &seat);
    let nobody = |_| -> Option<Someone<'_>> { panic!("looked up") };
    let edge_now = (&edge, graph.begin(&edge));
    assert_eq!(graph.wait(nobody, 1, edge_now, whom()), None);
    // Somebody has come to wait since the work was about to be polled, perhaps that one.
    let edge_now = (&edge, graph.begin(&edge));
    let other = set(1);
    let known = whom();
    graph.sit(&seat, 0, &other);
    let find = |number| Some(Someone(number, if number == 1 { &edge } else { &other }));
    let circle = graph.wait(find, 1, edge_now, known);
    assert_eq!(circle, Some(vec![1, 2]));
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
