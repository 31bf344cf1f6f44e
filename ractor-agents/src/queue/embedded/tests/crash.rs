//! The power is cut at any moment: what was answered is so, and what was not is whole or not at all.

use std::collections::BTreeMap;

use super::super::log::simulate::Simulated;
use super::{WINDOW, draft, open};
use crate::queue::Token;

/// A small generator of its own, so that a seed is all there is to a run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        // Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// What is known of a message from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    /// It was answered that it is in the queue.
    In,
    /// Its enqueuing was not answered.
    PerhapsIn,
    /// Its acknowledgement was not answered.
    PerhapsGone,
    /// It was answered that it is done with.
    Gone,
}

fn payload(id: u128) -> Vec<u8> {
    let length = usize::try_from(id * 37 % 900).expect("it is small");
    id.to_le_bytes()
        .into_iter()
        .cycle()
        .take(length + 1)
        .collect()
}

/// One life after another on a disk whose power is cut. `QUEUE_IMAGES` is how many cuts (300 by default).
#[test]
fn what_was_answered_survives_every_power_cut() {
    let images = std::env::var("QUEUE_IMAGES")
        .map_or(300, |images| images.parse().expect("images are a number"));
    let seed = std::env::var("QUEUE_SEED").map_or_else(
        |_| rand::random(),
        |seed| seed.parse().expect("a seed is a number"),
    );
    println!("QUEUE_SEED={seed}");
    let mut dice = Dice(seed);
    let mut disk = Simulated::new();
    let mut known: BTreeMap<u128, Known> = BTreeMap::new();
    let (mut next, mut now) = (1, 1_000);
    for image in 0..images {
        let mut journal = open(&disk, now).expect("it opens after every cut");
        check(&journal, &mut known, image);
        let mut leased: Vec<(u128, Token)> = Vec::new();
        // Sometimes the power fails once more right after the opening.
        for _ in 0..dice.below(60) {
            now += dice.below(50);
            let mut batch: Vec<(u128, Known)> = Vec::new();
            for _ in 0..=dice.below(4) {
                match dice.below(8) {
                    0..2 => {
                        let drafts: Vec<_> = (0..=dice.below(3))
                            .map(|_| {
                                next += 1;
                                batch.push((next, Known::In));
                                draft(next, payload(next))
                            })
                            .collect();
                        journal.enqueue(drafts, WINDOW, now).expect("there is room");
                    }
                    2..4 => {
                        let given = journal
                            .change(|ledger, out| ledger.lease(8, 60_000, now, out))
                            .expect("there is room");
                        for given in given {
                            // An acknowledged one must never come back.
                            assert_ne!(known.get(&given.id.0), Some(&Known::Gone), "resurrected");
                            leased.push((given.id.0, given.token));
                        }
                    }
                    _ => {
                        for (id, token) in leased.drain(..leased.len().min(3)) {
                            let acked = journal
                                .change(|ledger, out| ledger.ack(token, now, out))
                                .expect("there is room");
                            acked.expect("the lease is good");
                            batch.push((id, Known::Gone));
                        }
                    }
                }
            }
            // Not answered yet: the power may fail here.
            for (id, what) in &batch {
                let perhaps = match what {
                    Known::Gone => Known::PerhapsGone,
                    _ => Known::PerhapsIn,
                };
                known.insert(*id, perhaps);
            }
            if dice.below(20) == 0 {
                break;
            }
            journal.commit().expect("the disk is well");
            known.extend(batch);
            if dice.below(2) == 0 {
                journal.tend().expect("the disk is well");
            }
        }
        let cut = disk.cut(dice.below(u64::MAX));
        drop(journal);
        disk = cut;
    }
    let gone = known
        .values()
        .filter(|known| **known == Known::Gone)
        .count();
    assert!(
        gone > images / 2,
        "{gone} acknowledged: too few to say anything"
    );
}

/// What is in the queue is what is known of it; and from now on, that is known.
fn check(journal: &super::Journal, known: &mut BTreeMap<u128, Known>, image: usize) {
    for (id, known) in known {
        let view = journal.ledger().find(super::Id(*id));
        let is_in = view.is_some();
        match *known {
            Known::In => assert!(is_in, "image {image}: {id} is lost"),
            Known::Gone => assert!(!is_in, "image {image}: {id} has come back"),
            Known::PerhapsIn | Known::PerhapsGone => {
                *known = if is_in { Known::In } else { Known::Gone };
            }
        }
        if let Some(view) = view {
            let read = journal.read(view.place).expect("it can be read");
            assert!(
                read == payload(*id),
                "image {image}: {id} is not what it was"
            );
        }
    }
}
