//! How agents that close a circle together find out, tried with loom, which tries the ways in which threads can interleave and
//! what each may see of what others have stored.
//!
//! These are the files themselves, `ractor-agents/src/waits/{edge,seat,graph}.rs`, on loom's atomics and locks. What stands around
//! them is an agent that asks another: it sits down, is polled, says for whom it waits, and looks. That the model would notice is
//! shown by what must be caught: no fence, newcomers who are not counted, an answer that does not wake.

#[path = "."]
mod waits {
    #[path = "../../ractor-agents/src/waits/edge.rs"]
    mod edge;
    #[path = "../../ractor-agents/src/waits/graph.rs"]
    mod graph;
    #[path = "../../ractor-agents/src/waits/seat.rs"]
    mod seat;

    mod base {
        use std::cell::Cell;

        pub(super) use loom::sync::MutexGuard;
        pub(super) use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering};

        thread_local! {
            /// Loom runs all of its threads on one.
            static IS_FENCED: Cell<bool> = const { Cell::new(true) };
        }

        pub(super) fn fence(order: Ordering) {
            if IS_FENCED.get() {
                loom::sync::atomic::fence(order);
            }
        }

        /// Until it is dropped.
        pub(crate) struct WithoutFences(());

        impl WithoutFences {
            pub(crate) fn new() -> Self {
                IS_FENCED.set(false);
                Self(())
            }
        }

        impl Drop for WithoutFences {
            fn drop(&mut self) {
                IS_FENCED.set(true);
            }
        }

        #[derive(Debug, Default)]
        pub(super) struct Mutex<T>(loom::sync::Mutex<T>);

        impl<T> Mutex<T> {
            pub(super) fn lock(&self) -> MutexGuard<'_, T> {
                self.0.lock().expect("not poisoned")
            }
        }
    }

    pub(crate) use base::WithoutFences;
    pub(crate) use edge::{Edge, Sighting};
    pub(crate) use graph::{Graph, Node, Whom};
    pub(crate) use seat::Seat;
}

use std::sync::Arc;

use loom::thread;
use waits::{Edge, Graph, Node, Seat, Sighting, Whom, WithoutFences};

/// Runs `scene` in all interleavings with at most so many preemptions. Source: loom's documentation, which finds most bugs with two
/// or three.
fn explore(preemptions: usize, scene: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(scene);
}

/// The agents of a swarm, numbered from 1.
struct Swarm {
    graph: Graph,
    seats: Vec<Seat>,
}

#[derive(Clone, Copy)]
struct Agent<'a>(u64, &'a Seat);

impl Node for Agent<'_> {
    type Id = u64;

    fn id(&self) -> u64 {
        self.0
    }

    fn look(&self) -> Option<Sighting> {
        self.1.look()
    }
}

impl Swarm {
    fn of(count: usize) -> Arc<Self> {
        let seats = (0..count).map(|_| Seat::default()).collect();
        let graph = Graph::default();
        Arc::new(Self { graph, seats })
    }

    fn agent(&self, number: u64) -> Option<Agent<'_>> {
        let place = usize::try_from(number - 1).expect("few");
        Some(Agent(number, self.seats.get(place)?))
    }

    fn seat(&self, number: u64) -> &Seat {
        self.agent(number).expect("it is there").1
    }

    /// The first ask of an incarnation. True if it closes a circle.
    fn ask_first(&self, who: u64, epoch: u32, whom: u64) -> bool {
        let edge = Arc::default();
        self.graph.sit(self.seat(who), epoch, &edge);
        self.ask(&edge, who, || self.known(whom))
    }

    /// The work of `who` is polled, and asks whom `ask` says.
    fn ask(&self, edge: &Edge, who: u64, ask: impl FnOnce() -> Whom) -> bool {
        let before = self.graph.begin(edge);
        let whom = ask();
        let find = |number| self.agent(number);
        let circle = self.graph.wait(find, who, (edge, before), whom);
        circle.is_some()
    }

    fn known(&self, number: u64) -> Whom {
        Whom::at(number, self.seat(number))
    }

    /// The first agent sits down; the second is not there yet.
    fn sit_alone() -> (Arc<Self>, Arc<Edge>) {
        let swarm = Self::of(2);
        let edge = Arc::default();
        swarm.graph.sit(swarm.seat(1), 0, &edge);
        (swarm, edge)
    }
}

/// All of them ask the next one, for the first time. Returns how many are told.
fn close_together(count: u64) -> usize {
    let swarm = Swarm::of(usize::try_from(count).expect("few"));
    let asking = (1..=count).map(|who| {
        let swarm = Arc::clone(&swarm);
        thread::spawn(move || swarm.ask_first(who, 0, who % count + 1))
    });
    let asking: Vec<_> = asking.collect();
    let told = asking.into_iter().map(|agent| agent.join());
    told.filter(|told| *told.as_ref().expect("no panic"))
        .count()
}

#[test]
fn of_two_that_close_a_circle_together_one_is_told() {
    explore(3, || assert_eq!(close_together(2), 1));
}

#[test]
fn of_three_that_close_a_circle_together_one_is_told() {
    explore(1, || assert_eq!(close_together(3), 1));
}

#[test]
#[should_panic(expected = "left: 0")]
fn without_the_fence_nobody_may_be_told() {
    let _until_the_end = WithoutFences::new();
    explore(3, || assert_eq!(close_together(2), 1));
}

/// Each goes by what it knew of the other before it sat down itself.
#[test]
#[should_panic(expected = "left: 0")]
fn where_newcomers_are_not_counted_nobody_may_be_told() {
    explore(3, || {
        let swarm = Swarm::of(2);
        let asking = [(1, 2), (2, 1)].map(|(who, whom)| {
            let swarm = Arc::clone(&swarm);
            thread::spawn(move || {
                let edge = Arc::default();
                let known = swarm.known(whom);
                swarm.graph.sit(swarm.seat(who), 0, &edge);
                swarm.ask(&edge, who, || known)
            })
        });
        let told = asking.map(|agent| agent.join().expect("no panic"));
        assert_eq!(told.into_iter().filter(|told| *told).count(), 1);
    });
}

/// Who is asked answers at once, while the edge is being set, and then asks back. Fails if anybody is told.
fn answer_at_once(is_woken: bool) {
    let (swarm, edge) = Swarm::sit_alone();
    let mut answering = None;
    let told = swarm.ask(&edge, 1, || {
        let (answerer, edge) = (Arc::clone(&swarm), Arc::clone(&edge));
        answering = Some(thread::spawn(move || {
            if is_woken {
                edge.wake();
            }
            answerer.ask_first(2, 0, 1)
        }));
        swarm.known(2)
    });
    let answerer_told = answering.expect("it was asked").join().expect("no panic");
    assert!(!told && !answerer_told, "false alarm");
}

#[test]
fn who_is_answered_while_it_begins_to_wait_is_in_no_circle() {
    explore(3, || answer_at_once(true));
}

#[test]
#[should_panic(expected = "false alarm")]
fn where_an_answer_does_not_wake_there_are_false_alarms() {
    explore(3, || answer_at_once(false));
}

/// One waits, is killed, and its next incarnation asks the same while the other closes the circle.
#[test]
fn a_circle_that_a_killed_agent_was_in_ends_with_it_and_the_next_is_found() {
    explore(3, || {
        let (swarm, edge) = Swarm::sit_alone();
        assert!(!swarm.ask(&edge, 1, || Whom::number(2)));
        let other = {
            let swarm = Arc::clone(&swarm);
            thread::spawn(move || swarm.ask_first(2, 0, 1))
        };
        edge.clear();
        swarm.seat(1).take_over(1);
        let told = swarm.ask_first(1, 1, 2);
        let other_told = other.join().expect("no panic");
        assert!(told != other_told, "one of them, once");
    });
}

/// Who asks after an incarnation has ended meets nothing of it.
#[test]
fn who_hears_that_an_agent_was_killed_is_in_no_circle_with_it() {
    explore(3, || {
        let (swarm, edge) = Swarm::sit_alone();
        assert!(!swarm.ask(&edge, 1, || Whom::number(2)));
        let (tell, told) = loom::sync::mpsc::channel();
        let other = {
            let swarm = Arc::clone(&swarm);
            thread::spawn(move || {
                told.recv().expect("it is told");
                swarm.ask_first(2, 0, 1)
            })
        };
        edge.clear();
        tell.send(()).expect("somebody hears");
        swarm.seat(1).take_over(1);
        assert!(!other.join().expect("no panic"));
    });
}
