//! What is known of the messages from outside.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What was seen of a message, by its name, or of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Its enqueueing was answered.
    Sent(u128),
    /// It was delivered, under this fence.
    Came(u128, Fence),
    /// What there was to do was done.
    Handled(u128),
    /// Its acknowledgement under this fence was answered.
    Done(u128, Fence),
    /// A call failed in a way that it may.
    Trouble(String),
}

/// Grows with each lease of a message.
pub type Fence = (u64, u64);

/// Where events are noted: here, or in another process that reads them line by line.
#[derive(Clone)]
pub enum Books {
    Kept(Arc<Mutex<Known>>),
    Told,
}

/// What follows from the events.
#[derive(Debug, Default)]
pub struct Known {
    sent: HashSet<u128>,
    handled: HashSet<u128>,
    /// The latest lease.
    came: HashMap<u128, Fence>,
    /// The lease under which each was acknowledged.
    done: HashMap<u128, Fence>,
    /// Messages that came after they were acknowledged.
    pub back: HashSet<u128>,
    /// Deliveries of what had been delivered before.
    pub again: usize,
    pub troubles: BTreeMap<String, usize>,
}

impl Books {
    pub fn kept() -> Self {
        Self::Kept(Arc::default())
    }

    pub fn note(&self, event: Event) {
        match self {
            Self::Kept(known) => lock(known).learn(event),
            Self::Told => println!("{event}"),
        }
    }

    /// Takes a line that another process wrote. What is none was not meant for us.
    pub fn hear(&self, line: &str) {
        if let Ok(event) = line.parse() {
            self.note(event);
        }
    }

    pub fn look<T>(&self, look: impl FnOnce(&Known) -> T) -> T {
        match self {
            Self::Kept(known) => look(&lock(known)),
            Self::Told => look(&Known::default()),
        }
    }
}

fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Known {
    fn learn(&mut self, event: Event) {
        match event {
            Event::Sent(id) => drop(self.sent.insert(id)),
            Event::Came(id, fence) => {
                let before = self.came.get(&id).copied();
                self.again += usize::from(before.is_some());
                self.came
                    .insert(id, before.map_or(fence, |before| before.max(fence)));
                self.compare(id);
            }
            Event::Handled(id) => drop(self.handled.insert(id)),
            Event::Done(id, fence) => {
                self.done.insert(id, fence);
                self.compare(id);
            }
            Event::Trouble(kind) => *self.troubles.entry(kind).or_default() += 1,
        }
    }

    /// Whoever had it under a later lease had it after it was gone. Two events of two tasks may be noted in either order.
    fn compare(&mut self, id: u128) {
        if let (Some(done), Some(came)) = (self.done.get(&id), self.came.get(&id))
            && came > done
        {
            self.back.insert(id);
        }
    }

    pub fn sent(&self) -> usize {
        self.sent.len()
    }

    pub fn handled(&self) -> usize {
        self.handled.len()
    }

    /// Messages whose enqueueing was answered and that nobody has handled.
    pub fn lost(&self) -> usize {
        self.sent.difference(&self.handled).count()
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent(id) => write!(f, "sent {id}"),
            Self::Came(id, (epoch, number)) => write!(f, "came {id} {epoch} {number}"),
            Self::Handled(id) => write!(f, "handled {id}"),
            Self::Done(id, (epoch, number)) => write!(f, "done {id} {epoch} {number}"),
            Self::Trouble(kind) => write!(f, "trouble {kind}"),
        }
    }
}

impl FromStr for Event {
    type Err = Box<dyn std::error::Error>;

    fn from_str(line: &str) -> Result<Self, Self::Err> {
        let words: Vec<&str> = line.split(' ').collect();
        Ok(match words[..] {
            ["sent", id] => Self::Sent(id.parse()?),
            ["came", id, epoch, number] => {
                Self::Came(id.parse()?, (epoch.parse()?, number.parse()?))
            }
            ["handled", id] => Self::Handled(id.parse()?),
            ["done", id, epoch, number] => {
                Self::Done(id.parse()?, (epoch.parse()?, number.parse()?))
            }
            ["trouble", kind] => Self::Trouble(kind.into()),
            _ => return Err("no event".into()),
        })
    }
}

#[cfg(test)]
mod wrong {
    use super::*;

    fn known(events: &[Event]) -> Known {
        let mut known = Known::default();
        for event in events {
            let told: Event = event.to_string().parse().expect("as it was written");
            assert_eq!(told, *event);
            known.learn(told);
        }
        known
    }

    #[test]
    fn a_lost_message_is_found_out() {
        assert_eq!(known(&[Event::Sent(7), Event::Came(7, (1, 1))]).lost(), 1);
        assert_eq!(known(&[Event::Sent(7), Event::Handled(7)]).lost(), 0);
    }

    #[test]
    fn a_message_that_comes_back_is_found_out() {
        let done = [
            Event::Came(7, (1, 2)),
            Event::Handled(7),
            Event::Done(7, (1, 2)),
        ];
        assert!(known(&done).back.is_empty());
        let late = known(&[&done[..], &[Event::Came(7, (1, 1))]].concat());
        assert!(late.back.is_empty(), "noted late by whoever had it before");
        let back = known(&[&done[..], &[Event::Came(7, (2, 1)), Event::Handled(7)]].concat());
        assert_eq!((back.back.len(), back.again), (1, 1));
    }
}
