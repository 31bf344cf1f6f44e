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

use std::collections::HashSet;

use super::faults::Fault;
use super::*;

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

/// What the queue begins with.
#[derive(Clone, Copy, Debug)]
struct Setting {
    messages: usize,
    attempts_max: u32,
    grouped: bool,
    ttl: Option<u64>,
}

/// Where the rules say that a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Line {
        due: u64,
    },
    Lease {
        token: usize,
        until: u64,
        started: bool,
    },
    Dead,
    Gone,
}

#[derive(Clone, Copy, Debug)]
struct Rule {
    at: At,
    attempts: u32,
    expires: Option<u64>,
}

/// The ledger, and what the rules say of it.
struct World {
    setting: Setting,
    ledger: Ledger,
    log: Vec<Record>,
    now: u64,
    tokens: Vec<Token>,
    /// What each consumer holds, or believes to hold.
    held: [Option<usize>; CONSUMERS],
    rules: Vec<Rule>,
    fault: Option<Fault>,
}

macro_rules! ensure {
    ($right:expr, $($wrong:tt)*) => {
        if !$right {
            return Err(format!($($wrong)*));
        }
    };
}

impl World {
    fn new(setting: Setting, fault: Option<Fault>) -> Self {
        let mut world = Self {
            setting,
            ledger: Ledger::new(settings(), 1),
            log: Vec::new(),
            now: 1_000,
            tokens: Vec::new(),
            held: [None; CONSUMERS],
            rules: Vec::new(),
            fault,
        };
        world.ledger.set_fault(fault);
        world.ledger.open(world.now, &mut world.log);
        let place = Place {
            segment: 1,
            offset: 0,
            length: 10,
        };
        let expires = setting.ttl.map(|ttl| world.now + ttl);
        let batch = (0..setting.messages).map(|at| NewMessage {
            group: setting.grouped.then(|| "g".into()),
            attempts_max: setting.attempts_max,
            expires,
            ..NewMessage::new(id(at), place)
        });
        let taken = world
            .ledger
            .enqueue(batch.collect(), world.now, &mut world.log);
        taken.expect("there is room");
        let rule = Rule {
            at: At::Line { due: 0 },
            attempts: 0,
            expires,
        };
        world.rules = vec![rule; setting.messages];
        world
    }

    /// One act, by the ledger and by the rules. `false` if nobody could do that now.
    fn act(&mut self, act: Act) -> Result<bool, String> {
        match act {
            Act::Wait => self.wait(LENGTH / 2),
            Act::Sleep => self.wait(LENGTH),
            Act::Crash => self.crash()?,
            Act::Redrive => return self.redrive(),
            Act::Lease(consumer) => self.lease(consumer)?,
            Act::Start(consumer)
            | Act::Ack(consumer)
            | Act::Nack(consumer)
            | Act::NackFor(consumer)
            | Act::Extend(consumer)
            | Act::Bury(consumer)
            | Act::Release(consumer) => {
                let Some(token) = self.held[consumer] else {
                    return Ok(false);
                };
                self.settle(act, token)?;
            }
        }
        Ok(true)
    }

    fn wait(&mut self, millis: u64) {
        self.now += millis;
        self.ledger.advance(self.now, &mut self.log);
        let (now, attempts_max) = (self.now, self.setting.attempts_max);
        for rule in &mut self.rules {
            if let At::Lease { until, started, .. } = rule.at
                && until <= now
            {
                rule.at = At::Line { due: 0 };
                if started && rule.attempts >= attempts_max {
                    rule.at = At::Dead;
                }
            }
            let is_waiting = matches!(rule.at, At::Line { .. } | At::Lease { started: false, .. });
            if is_waiting && rule.expires.is_some_and(|expires| expires <= now) {
                rule.at = At::Dead;
            }
        }
    }

    fn crash(&mut self) -> Result<(), String> {
        let replayed = Ledger::replay(settings(), &self.log);
        let (found, expected) = (replayed.snapshot(self.now), self.ledger.snapshot(self.now));
        ensure!(found == expected, "read: {found:?} instead of {expected:?}");
        self.ledger = replayed;
        self.ledger.set_fault(self.fault);
        self.ledger.open(self.now, &mut self.log);
        for rule in &mut self.rules {
            if let At::Lease { started, .. } = rule.at {
                let is_last = started && rule.attempts >= self.setting.attempts_max;
                let is_over = rule.expires.is_some_and(|expires| expires <= self.now);
                rule.at = if is_last || is_over {
                    At::Dead
                } else {
                    At::Line { due: 0 }
                };
            }
        }
        Ok(())
    }

    fn redrive(&mut self) -> Result<bool, String> {
        let redriven = self
            .ledger
            .redrive(&Selection::all(), self.now, &mut self.log);
        let mut count = 0;
        for rule in self.rules.iter_mut().filter(|rule| rule.at == At::Dead) {
            count += 1;
            *rule = Rule {
                at: At::Line { due: 0 },
                attempts: 0,
                expires: None,
            };
        }
        ensure!(redriven == Ok(count), "{redriven:?} of {count} redriven");
        Ok(count > 0)
    }

    fn is_available(&self, at: usize) -> bool {
        let is_due = |rule: &Rule| matches!(rule.at, At::Line { due } if due <= self.now);
        // A group is one at a time, and a retry holds it up.
        let is_busy = self.rules.iter().any(|rule| match rule.at {
            At::Lease { .. } => true,
            At::Line { due } => due > self.now && rule.attempts > 0,
            At::Dead | At::Gone => false,
        });
        is_due(&self.rules[at]) && !(self.setting.grouped && is_busy)
    }

    fn lease(&mut self, consumer: usize) -> Result<(), String> {
        let leased = self.ledger.lease(1, LENGTH, self.now, &mut self.log);
        let Some(leased) = leased.first() else {
            let available = (0..self.rules.len()).find(|at| self.is_available(*at));
            ensure!(available.is_none(), "{available:?} is available");
            return Ok(());
        };
        let at = number(leased.id);
        ensure!(self.is_available(at), "{at} is leased, and not available");
        ensure!(
            leased.attempts == self.rules[at].attempts,
            "attempts: {leased:?}, {:?}",
            self.rules[at]
        );
        let last = self.tokens.last();
        ensure!(
            last.is_none_or(
                |last| (last.epoch, last.number) < (leased.token.epoch, leased.token.number)
            ),
            "a fence that is not greater: {leased:?} after {last:?}"
        );
        self.held[consumer] = Some(self.tokens.len());
        self.rules[at].at = At::Lease {
            token: self.tokens.len(),
            until: self.now + LENGTH,
            started: false,
        };
        self.tokens.push(leased.token);
        Ok(())
    }

    /// Says something under a token, which is taken if and only if the rules say that it is good.
    fn settle(&mut self, act: Act, token: usize) -> Result<(), String> {
        let at = number(self.tokens[token].id);
        let before = (self.ledger.snapshot(self.now), self.log.len());
        let outcome = self.tell(act, self.tokens[token]);
        let (now, attempts_max) = (self.now, self.setting.attempts_max);
        let rule = &mut self.rules[at];
        let (until, started) = match rule.at {
            At::Lease {
                token: good,
                until,
                started,
            } if good == token => (until, started),
            _ => {
                ensure!(
                    outcome.is_err(),
                    "{act:?} of a stale token is taken: {rule:?}"
                );
                let after = (self.ledger.snapshot(now), self.log.len());
                ensure!(before == after, "refused, and changed: {act:?}");
                return Ok(());
            }
        };
        let is_refused = matches!(act, Act::Release(_)) && started;
        ensure!(
            outcome.is_err() == is_refused,
            "{act:?}: {outcome:?} of {rule:?}"
        );
        match act {
            Act::Start(_) => {
                rule.attempts += u32::from(!started);
                rule.at = At::Lease {
                    token,
                    until,
                    started: true,
                };
            }
            Act::Extend(_) => {
                rule.at = At::Lease {
                    token,
                    until: until.max(now + LENGTH),
                    started,
                };
            }
            Act::Ack(_) => rule.at = At::Gone,
            Act::Bury(_) => rule.at = At::Dead,
            Act::Release(_) if !started => rule.at = At::Line { due: 0 },
            Act::Nack(_) | Act::NackFor(_) => {
                rule.attempts += u32::from(!started);
                let later = if matches!(act, Act::Nack(_)) {
                    0
                } else {
                    LENGTH / 2
                };
                let is_over = rule.expires.is_some_and(|expires| expires <= now);
                rule.at = if rule.attempts >= attempts_max || is_over {
                    At::Dead
                } else {
                    At::Line { due: now + later }
                };
            }
            _ => {}
        }
        Ok(())
    }

    fn tell(&mut self, act: Act, token: Token) -> Result<(), String> {
        let Self {
            ledger, log, now, ..
        } = self;
        let now = *now;
        let cause = Cause::failed("no luck");
        match act {
            Act::Start(_) => ledger.start(token, now, log).map(drop),
            Act::Ack(_) => ledger.ack(token, now, log),
            Act::Nack(_) => ledger.nack(token, Some(0), cause, now, log).map(drop),
            Act::NackFor(_) => {
                let later = Some(LENGTH / 2);
                ledger.nack(token, later, cause, now, log).map(drop)
            }
            Act::Extend(_) => ledger.extend(token, now + LENGTH, now, log).map(drop),
            Act::Bury(_) => ledger.dead_letter(token, "never", now, log),
            _ => {
                let released = ledger.release(token, now, log);
                return released.map_err(|error| error.to_string());
            }
        }
        .map_err(|error| error.to_string())
    }

    /// What must be so in every state. Leaves it as it is.
    fn check(&mut self) -> Result<(), String> {
        for at in 0..self.rules.len() {
            let rule = self.rules[at];
            let view = self.ledger.find(id(at));
            let position = view.as_ref().map(|view| view.position);
            let is_right = match (rule.at, position) {
                (At::Gone, None) | (At::Dead, Some(Position::Dead)) => true,
                (At::Line { due }, Some(Position::Ready)) => due <= self.now,
                (At::Line { due }, Some(Position::Delayed { due: told })) => due == told,
                (
                    At::Lease { until, started, .. },
                    Some(Position::Leased {
                        until: told,
                        is_running,
                    }),
                ) => (until, started) == (told, is_running),
                _ => false,
            };
            ensure!(is_right, "{at} is {position:?}, and not {rule:?}");
            let attempts = view.map_or(rule.attempts, |view| view.attempts);
            ensure!(
                attempts == rule.attempts && attempts <= self.setting.attempts_max,
                "{at} has had {attempts} attempts: {rule:?}"
            );
        }
        let shown = self.ledger.peek(usize::MAX).into_iter().map(|view| view.id);
        let letters = self
            .ledger
            .dead_letters(&Filter::default(), None, usize::MAX);
        let mut shown: Vec<Id> = shown
            .chain(letters.iter().map(|letter| letter.id))
            .collect();
        shown.sort_unstable();
        let all = (0..self.rules.len()).filter(|at| self.rules[*at].at != At::Gone);
        ensure!(shown == all.map(id).collect::<Vec<_>>(), "shown: {shown:?}");
        self.check_tokens()
    }

    /// At most one token of each message is good. Every other is refused by everything.
    fn check_tokens(&mut self) -> Result<(), String> {
        for token in 0..self.tokens.len() {
            let at = number(self.tokens[token].id);
            let is_good =
                matches!(self.rules[at].at, At::Lease { token: good, .. } if good == token);
            if is_good {
                continue;
            }
            for act in acts().into_iter().take(8).skip(1) {
                self.settle(act, token)?;
            }
        }
        Ok(())
    }

    /// Nothing is stuck. The world is of no use afterwards.
    fn check_end(mut self) -> Result<(), String> {
        self.wait(10 * LENGTH);
        let left = self
            .rules
            .iter()
            .filter(|rule| matches!(rule.at, At::Line { .. }));
        for _ in 0..left.count() {
            let before = self.tokens.len();
            self.lease(0)?;
            ensure!(
                self.tokens.len() > before,
                "nothing comes of {:?}",
                self.rules
            );
            self.settle(Act::Ack(0), before)?;
        }
        let is_over = |rule: &Rule| matches!(rule.at, At::Dead | At::Gone);
        ensure!(self.rules.iter().all(is_over), "stuck: {:?}", self.rules);
        self.crash()?;
        self.check()
    }

    /// What tells this state from others, as far as anything can come of it: times from now on, and tokens by what they are good for.
    fn key(&self) -> String {
        let times = |at: u64| at.saturating_sub(self.now);
        let mut key = Vec::new();
        for rule in &self.rules {
            let at = match rule.at {
                At::Line { due } => (0, times(due), false),
                At::Lease { until, started, .. } => (1, times(until), started),
                At::Dead => (2, 0, false),
                At::Gone => (3, 0, false),
            };
            let expires = rule.expires.map(times);
            key.push(format!("{at:?} {} {expires:?}", rule.attempts));
        }
        let mut order: Vec<(u64, Id)> = self
            .ledger
            .snapshot(self.now)
            .messages
            .iter()
            .map(|saved| (saved.order, saved.id))
            .collect();
        order.sort_unstable();
        for (_, id) in order {
            key.push(id.to_string());
        }
        for held in self.held {
            let told = held.map(|token| (self.tokens[token].id, self.staleness(token)));
            key.push(format!("{told:?}"));
        }
        let same = self.held[0].is_some() && self.held[0] == self.held[1];
        key.push(same.to_string());
        key.join(" ")
    }

    fn staleness(&self, token: usize) -> Option<String> {
        // At the same time as before: nothing changes by that.
        let told = self.tokens[token];
        let at = number(told.id);
        match self.rules[at].at {
            At::Lease { token: good, .. } if good == token => None,
            _ if told.epoch < self.ledger.epoch() => Some("before".into()),
            other => Some(matches!(other, At::Lease { .. }).to_string()),
        }
    }
}

fn settings() -> Settings {
    Settings {
        // A lease that runs out is tried again at once.
        backoff_base: 0,
        backoff_cap: 0,
        ..Settings::default()
    }
}

fn id(at: usize) -> Id {
    Id(at as u128 + 1)
}

fn number(id: Id) -> usize {
    usize::try_from(id.0).expect("it is small") - 1
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
