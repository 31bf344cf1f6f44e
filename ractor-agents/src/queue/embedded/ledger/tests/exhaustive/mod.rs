//! Every order in which two consumers, the clock, a crash and an operator can act on one or two messages, up to a depth: the real ledger, and
//! nothing left to chance.
//!
//! States that differ only in numbers that nobody compares are visited once, by the shortest way. In each of them, whatever led there:
//! - of the tokens that were ever given, at most one is good per message, and it is the one that the rules say;
//! - every other is refused by every operation, which changes nothing;
//! - a message is in exactly one place, and where the rules say: in line, delayed, on lease, dead, or gone for good;
//! - its attempts are those that were started or failed, and no more than it has;
//! - what a crash leaves is what the log says;
//! - when all leases and pauses are over, whatever is not dead or gone can be leased.
//!
//! `QUEUE_DEPTH` goes deeper.

mod world;

use std::collections::HashSet;

use self::world::{Setting, World};
use super::Dice;
use super::faults::Fault;

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Lease(usize),
    Start(usize),
    Ack(usize),
    Nack(usize),
    /// With another attempt due later.
    NackFor(usize),
    Extend(usize),
    Bury(usize),
    Release(usize),
    /// Half the length of a lease goes by, which is also how long a nack asks for.
    Wait,
    /// A consumer sleeps past the end of its lease.
    Sleep,
    /// The process dies, and another opens the queue.
    Crash,
    Redrive,
}

/// Of a lease, in milliseconds.
const LENGTH: u64 = 10;
const CONSUMERS: usize = 2;

fn acts() -> Vec<Act> {
    let each = |consumer| {
        [
            Act::Lease(consumer),
            Act::Start(consumer),
            Act::Ack(consumer),
            Act::Nack(consumer),
            Act::NackFor(consumer),
            Act::Extend(consumer),
            Act::Bury(consumer),
            Act::Release(consumer),
        ]
    };
    let common = [Act::Wait, Act::Sleep, Act::Crash, Act::Redrive];
    (0..CONSUMERS).flat_map(each).chain(common).collect()
}

fn build(setting: Setting, fault: Option<Fault>, path: &[Act]) -> Result<World, String> {
    let mut world = World::new(setting, fault);
    for act in path {
        world.act(*act)?;
    }
    Ok(world)
}

/// How many states there are up to `depth`, or what is wrong in the first that is.
fn explore(setting: Setting, depth: usize, fault: Option<Fault>) -> Result<usize, String> {
    let mut seen = HashSet::new();
    let mut level: Vec<Vec<Act>> = vec![Vec::new()];
    for _ in 0..depth {
        let mut next = Vec::new();
        for path in level {
            for act in acts() {
                let mut longer = path.clone();
                longer.push(act);
                let wrong = |wrong| format!("{setting:?} {longer:?}: {wrong}");
                let mut world = build(setting, fault, &path).map_err(wrong)?;
                let was_possible = world.act(act).map_err(wrong)?;
                if !was_possible || !seen.insert(world.key()) {
                    continue;
                }
                world.check().map_err(wrong)?;
                world.check_end().map_err(wrong)?;
                next.push(longer);
            }
        }
        level = next;
    }
    Ok(seen.len())
}

const ONE: Setting = Setting {
    messages: 1,
    attempts_max: 2,
    grouped: false,
    ttl: None,
};

fn depth(default: usize) -> usize {
    std::env::var("QUEUE_DEPTH")
        .map_or(default, |depth| depth.parse().expect("a depth is a number"))
}

#[test]
fn whatever_two_consumers_do_with_one_message_it_is_held_by_one() {
    let states = explore(ONE, depth(9), None).unwrap_or_else(|wrong| panic!("{wrong}"));
    println!("{states} states");
    let ttl = Setting {
        ttl: Some(3 * LENGTH / 2),
        ..ONE
    };
    let states = explore(ttl, depth(8), None).unwrap_or_else(|wrong| panic!("{wrong}"));
    println!("{states} states with a time to live");
}

#[test]
fn whatever_two_consumers_do_with_two_messages_each_is_held_by_one() {
    for grouped in [false, true] {
        let two = Setting {
            messages: 2,
            grouped,
            ..ONE
        };
        let states = explore(two, depth(6), None).unwrap_or_else(|wrong| panic!("{wrong}"));
        println!("{states} states, grouped: {grouped}");
    }
}

/// Much deeper, along some ways out of all, with no two states taken for the same.
#[test]
fn long_ways_lead_to_nothing_else() {
    let two = Setting { messages: 2, ..ONE };
    let mut dice = Dice::new(rand::random());
    println!("{dice:?}");
    for _ in 0..100 {
        let mut world = World::new(two, None);
        let mut path = Vec::new();
        for _ in 0..40 {
            let acts = acts();
            let act = acts[usize::try_from(dice.draw(acts.len() as u64 - 1)).expect("an index")];
            path.push(act);
            let outcome = world.act(act).and_then(|_| world.check());
            outcome.unwrap_or_else(|wrong| panic!("{path:?}: {wrong}"));
        }
        let end = world.check_end();
        end.unwrap_or_else(|wrong| panic!("{path:?}: {wrong}"));
    }
}

#[test]
fn faults_are_found_within_a_few_steps() {
    let faults = [Fault::NoFencing, Fault::AttemptsCountAtLease];
    for fault in faults {
        let found = explore(ONE, 6, Some(fault)).expect_err("found");
        println!("{fault:?}: {found}");
    }
}
