//! What a random life of a queue is made of.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Enqueue(Vec<Spec>),
    Lease {
        count: usize,
        length: u64,
    },
    Start(Pick),
    Ack(Pick),
    Nack(Pick, Option<u64>),
    Extend(Pick, u64),
    Release(Pick),
    Reject(Pick),
    Wait(u64),
    Pause,
    Resume,
    Purge,
    Redrive(Choice),
    Discard(Choice),
    /// The process dies, and another opens the queue.
    Restart,
    /// The log goes on in another segment.
    Roll,
    /// The oldest segment of the log is made needless, so much at a time, and retired.
    Retire(usize),
}

/// A message; its name, group and fingerprint are of few, so that they meet.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub(crate) id: u128,
    pub(crate) priority: usize,
    pub(crate) group: Option<u8>,
    pub(crate) delay: Option<u64>,
    pub(crate) ttl: Option<u64>,
    pub(crate) attempts_max: u32,
    pub(crate) dedup: Option<(u8, u64)>,
    pub(crate) size: u32,
}

/// Which token.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pick {
    /// One of those that should be good.
    Good(usize),
    /// One of those that were ever given.
    Any(usize),
    /// One that was never given.
    Forged,
}

#[derive(Clone, Debug)]
pub(crate) enum Choice {
    Ids(Vec<u128>),
    Oldest {
        kind: Option<ReasonKind>,
        age: u64,
        count: usize,
    },
}

fn spec() -> impl Strategy<Value = Spec> {
    (
        0..60_u128,
        0..5_usize,
        option::of(0..3_u8),
        option::weighted(0.2, 0..4_000_u64),
        option::weighted(0.2, 0..6_000_u64),
        1..4_u32,
        option::weighted(0.4, (0..12_u8, 1..8_000_u64)),
        1..40_u32,
    )
        .prop_map(
            |(id, priority, group, delay, ttl, attempts_max, dedup, size)| Spec {
                id,
                priority,
                group,
                delay,
                ttl,
                attempts_max,
                dedup,
                size,
            },
        )
}

fn pick() -> impl Strategy<Value = Pick> {
    prop_oneof![
        8 => any::<usize>().prop_map(Pick::Good),
        3 => any::<usize>().prop_map(Pick::Any),
        1 => Just(Pick::Forged),
    ]
}

fn choice() -> impl Strategy<Value = Choice> {
    let kind = prop_oneof![
        Just(ReasonKind::Exhausted),
        Just(ReasonKind::Expired),
        Just(ReasonKind::Rejected)
    ];
    prop_oneof![
        vec(0..60_u128, 1..6).prop_map(Choice::Ids),
        (option::of(kind), 0..20_000_u64, 1..5_usize)
            .prop_map(|(kind, age, count)| Choice::Oldest { kind, age, count }),
    ]
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        24 => vec(spec(), 1..5).prop_map(Step::Enqueue),
        24 => (1..4_usize, 1..4_000_u64).prop_map(|(count, length)| Step::Lease { count, length }),
        20 => pick().prop_map(Step::Start),
        12 => pick().prop_map(Step::Ack),
        14 => (pick(), option::of(0..2_000_u64)).prop_map(|(pick, delay)| Step::Nack(pick, delay)),
        4 => (pick(), 0..4_000_u64).prop_map(|(pick, length)| Step::Extend(pick, length)),
        5 => pick().prop_map(Step::Release),
        5 => pick().prop_map(Step::Reject),
        16 => (0..2_000_u64).prop_map(Step::Wait),
        1 => Just(Step::Pause),
        3 => Just(Step::Resume),
        1 => Just(Step::Purge),
        4 => choice().prop_map(Step::Redrive),
        2 => choice().prop_map(Step::Discard),
        3 => Just(Step::Restart),
        5 => Just(Step::Roll),
        4 => (1..4_usize).prop_map(Step::Retire),
    ]
}

/// Few enough bounds to meet them.
pub(crate) fn settings() -> impl Strategy<Value = Settings> {
    (
        prop_oneof![Just(6_usize), Just(1_000)],
        prop_oneof![Just(80_u64), Just(1_000_000)],
        option::weighted(0.3, 0..3_usize),
        prop_oneof![3 => Just(Aging::Fair), 1 => Just(Aging::Strict)],
    )
        .prop_map(|(count_max, bytes_max, dead_max, aging)| Settings {
            count_max,
            bytes_max,
            dead_max,
            aging,
            ..Settings::default()
        })
}
