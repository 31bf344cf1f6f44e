//! What the queues of a queue are called at the server, and what they are made with.

use std::fmt;

use lapin::types::{AMQPValue, FieldTable, LongString, ShortString};

use crate::message::Priority;
use crate::queue::{Name, Options};

/// The names of a queue's queues.
#[derive(Clone, Debug)]
pub(super) struct Names {
    /// `namespace/name`.
    stem: String,
}

/// How long what is delayed stays in the queue that it waits in, in milliseconds: each four times the one before. Source: a guess; the first is how late a
/// message may be, and few are enough for hours.
pub(super) const RUNGS: [u64; 9] = [
    25, 100, 400, 1_600, 6_400, 25_600, 102_400, 409_600, 1_638_400,
];

/// The header that tells how many milliseconds a message is to wait.
pub(super) const RUNG: &str = "wait";

/// How often the server delivers a message. We count attempts ourselves, and far fewer; but without a limit a quorum queue puts what it gets back behind all others,
/// and from version 4 on the default is 20. Source: a round number.
const DELIVERIES_MAX: u64 = 1_000_000;

/// The wait that gets a message closest to its time in few steps: the longest that is not a quarter too long, or the first.
pub(super) fn rung(delay: u64) -> u64 {
    let fits = |rung: &&u64| **rung <= delay.saturating_add(delay / 4);
    let [first, ..] = RUNGS;
    RUNGS.iter().rev().find(fits).copied().unwrap_or(first)
}

impl Names {
    pub(super) fn of(name: &Name) -> Self {
        Self {
            stem: name.to_string(),
        }
    }

    /// The line of this priority.
    pub(super) fn lane(&self, priority: Priority) -> ShortString {
        format!("{}.{}", self.stem, priority.as_str()).into()
    }

    /// The dead letters.
    pub(super) fn dead(&self) -> ShortString {
        format!("{}.dead", self.stem).into()
    }

    /// The queue where messages wait for so many milliseconds.
    pub(super) fn wait(&self, rung: u64) -> ShortString {
        format!("{}.wait-{rung}", self.stem).into()
    }

    /// The exchange before those: it goes by the [header](RUNG).
    pub(super) fn waits(&self) -> ShortString {
        format!("{}.wait", self.stem).into()
    }

    /// An exchange that is there when all the rest is.
    pub(super) fn made(&self) -> ShortString {
        format!("{}.made", self.stem).into()
    }

    /// How a line is made: what the server itself would drop, for instance by a policy, goes to the dead letters.
    pub(super) fn lane_arguments(&self, options: &Options) -> FieldTable {
        let mut arguments = quorum();
        refuse_when_full(&mut arguments);
        put(&mut arguments, "x-delivery-limit", whole(DELIVERIES_MAX));
        put(
            &mut arguments,
            "x-max-length",
            whole(options.count_max as u64),
        );
        put(
            &mut arguments,
            "x-max-length-bytes",
            whole(options.bytes_max),
        );
        let dead = self.dead();
        pass_on(&mut arguments);
        put(
            &mut arguments,
            "x-dead-letter-routing-key",
            text(dead.as_str()),
        );
        arguments
    }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stem)
    }
}

/// How the queue of the dead letters is made: where it is bounded the oldest go.
pub(super) fn dead_arguments(options: &Options) -> FieldTable {
    let mut arguments = quorum();
    if let Some(dead_max) = options.dead_max {
        put(&mut arguments, "x-overflow", text("drop-head"));
        put(&mut arguments, "x-max-length", whole(dead_max as u64));
    }
    arguments
}

/// How a queue to wait in is made: after its time a message goes to the line that it was published for, and stays until that has taken it.
pub(super) fn wait_arguments(rung: u64) -> FieldTable {
    let mut arguments = quorum();
    refuse_when_full(&mut arguments);
    put(&mut arguments, "x-message-ttl", whole(rung));
    pass_on(&mut arguments);
    arguments
}

/// Which messages get into the queue where they wait for so many milliseconds.
pub(super) fn rung_arguments(rung: u64) -> FieldTable {
    let mut arguments = FieldTable::default();
    put(&mut arguments, "x-match", text("all"));
    put(&mut arguments, RUNG, whole(rung));
    arguments
}

fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    put(&mut arguments, "x-queue-type", text("quorum"));
    arguments
}

fn refuse_when_full(arguments: &mut FieldTable) {
    put(arguments, "x-overflow", text("reject-publish"));
}

/// Whatever leaves the queue without an acknowledgement is published elsewhere before it is removed.
fn pass_on(arguments: &mut FieldTable) {
    put(arguments, "x-dead-letter-exchange", text(""));
    put(arguments, "x-dead-letter-strategy", text("at-least-once"));
}

fn put(arguments: &mut FieldTable, name: &str, value: AMQPValue) {
    arguments.insert(name.into(), value);
}

fn text(text: &str) -> AMQPValue {
    AMQPValue::LongString(LongString::from(text))
}

fn whole(number: u64) -> AMQPValue {
    AMQPValue::LongLongInt(i64::try_from(number).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_few_waits_and_never_a_quarter_too_long() {
        for delay in (1..20_000).chain([60_000, 299_999, 3_600_000, 86_400_000]) {
            let (mut waited, mut waits) = (0, 0);
            while waited < delay {
                waited += rung(delay - waited);
                waits += 1;
            }
            assert!(waits <= 60, "{delay} ms: {waits} waits");
            assert!(
                waited - delay <= (delay / 4).max(25),
                "{delay} ms: {waited} ms"
            );
        }
    }

    #[test]
    fn no_queue_of_one_is_one_of_another() {
        let names = |name: &str| Names::of(&name.parse().expect("a name"));
        let (short, long) = (names("a"), names("a.critical"));
        assert_eq!(
            short.lane(Priority::Critical).as_str(),
            "default/a.critical"
        );
        assert_ne!(
            short.lane(Priority::Critical),
            long.lane(Priority::Critical)
        );
        assert_ne!(short.lane(Priority::Critical), long.dead());
    }
}
