//! Whoever calls a queue may go away at any moment: nothing is stuck by that, and nothing is lost.
//!
//! A stress test, and no proof: what callers and writer share is locks, condition variables and channels of other crates, which a model
//! checker would have to have in versions of its own.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::timeout;

use super::super::log::simulate::Simulated;
use super::super::writer::{CALLS_MAX, Calls};
use super::dice::{Dice, seed};
use super::{WINDOW, draft, open, serve};
use crate::queue::Error;

const LONG: Duration = Duration::from_secs(30);

/// What all know: messages that were taken in, those that were acknowledged, and those that may have been.
#[derive(Default)]
struct Known {
    taken: BTreeSet<u128>,
    acked: BTreeSet<u128>,
    perhaps: BTreeSet<u128>,
}

/// Waits for so long, or a little, or hardly at all.
fn patience(dice: &mut Dice) -> Duration {
    match dice.below(4) {
        0 => Duration::ZERO,
        1 => Duration::from_micros(dice.below(300)),
        _ => LONG,
    }
}

async fn call(calls: Arc<Calls>, known: Arc<Mutex<Known>>, mut dice: Dice, caller: u128) {
    for round in 0..150 {
        let id = 1 + caller * 1_000 + round;
        let enqueued = calls
            .call(move |journal, now| journal.enqueue(vec![draft(id, vec![3; 60])], WINDOW, now));
        if timeout(patience(&mut dice), enqueued).await.is_ok() {
            known.lock().taken.insert(id);
        }
        let count = usize::try_from(1 + dice.below(3)).expect("it is small");
        let leased = calls.lease(count, LONG, Duration::from_millis(dice.below(3)));
        let Ok(leased) = timeout(patience(&mut dice), leased).await else {
            // What it was given is given back.
            continue;
        };
        for delivery in leased.expect("the queue is open") {
            let token = delivery.leased.token;
            if dice.once_in(3) {
                calls.release(token);
                continue;
            }
            let acked = calls.call(move |journal, now| {
                journal.change_with_room(|ledger, out| ledger.ack(token, now, out))
            });
            if let Ok(acked) = timeout(patience(&mut dice), acked).await {
                let acked = acked.expect("the queue is open");
                acked.expect("nobody else has it");
                assert!(known.lock().acked.insert(token.id.0), "twice");
            } else {
                // Done or not: if not, somebody else will get it.
                known.lock().perhaps.insert(token.id.0);
                calls.release(token);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_goes_away_leaves_nothing_behind() {
    let mut dice = Dice::new(seed());
    let disk = Simulated::new();
    let (calls, thread) = serve(open(&disk, 1_000).expect("it opens"));
    let known = Arc::new(Mutex::new(Known::default()));
    let callers: Vec<_> = (0..16)
        .map(|caller| {
            let dice = Dice::new(dice.next());
            let (calls, known) = (Arc::clone(&calls), Arc::clone(&known));
            tokio::spawn(call(calls, known, dice, caller))
        })
        .collect();
    for caller in callers {
        let ended = timeout(LONG, caller).await.expect("nobody waits for ever");
        ended.expect("nobody is wrong");
    }
    assert_eq!(
        calls.free(),
        (CALLS_MAX, CALLS_MAX),
        "places that nobody has"
    );
    // All that is left can be had: nothing is on lease to nobody.
    let mut left = BTreeSet::new();
    loop {
        let given = calls.lease(100, LONG, Duration::from_millis(300)).await;
        let given = given.expect("the queue is open");
        if given.is_empty() {
            break;
        }
        left.extend(given.iter().map(|delivery| delivery.leased.token.id.0));
    }
    let count = calls.call(|journal, _| Ok(journal.ledger().stats().count()));
    assert_eq!(count.await.expect("the queue is open"), left.len());
    let known = known.lock();
    println!(
        "{} taken in, {} acknowledged, {} perhaps, {} left",
        known.taken.len(),
        known.acked.len(),
        known.perhaps.len(),
        left.len(),
    );
    for id in known.taken.difference(&left) {
        let is_accounted = known.acked.contains(id) || known.perhaps.contains(id);
        assert!(is_accounted, "{id} is lost");
    }
    assert!(known.acked.is_disjoint(&left), "one has come back");
    calls.close();
    thread.join().expect("it ends").expect("the disk is well");
}

/// Closing takes what came before, and nothing that comes after; and nobody is left waiting.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_comes_while_it_is_closed_is_told_so_or_served() {
    let mut dice = Dice::new(seed());
    for _ in 0..60 {
        let disk = Simulated::new();
        let (calls, thread) = serve(open(&disk, 1_000).expect("it opens"));
        let callers: Vec<_> = (0..8_u128)
            .map(|caller| {
                let calls = Arc::clone(&calls);
                tokio::spawn(async move {
                    let mut done = Vec::new();
                    for round in 0..50 {
                        let id = 1 + caller * 1_000 + round;
                        let call = calls.call(move |journal, now| {
                            journal.enqueue(vec![draft(id, vec![3; 60])], WINDOW, now)
                        });
                        match call.await {
                            Ok(_) => done.push(id),
                            Err(Error::Closed) => break,
                            Err(error) => panic!("{error}"),
                        }
                        match calls.lease(1, LONG, LONG).await {
                            Ok(given) => given.iter().for_each(|it| calls.release(it.leased.token)),
                            Err(Error::Closed) => break,
                            Err(error) => panic!("{error}"),
                        }
                    }
                    done
                })
            })
            .collect();
        // Real, as the work is.
        tokio::time::sleep(Duration::from_micros(dice.below(3_000))).await;
        calls.close();
        let mut all = Vec::new();
        for caller in callers {
            let ended = timeout(LONG, caller).await.expect("nobody waits for ever");
            all.extend(ended.expect("nobody is wrong"));
        }
        thread.join().expect("it ends").expect("the disk is well");
        let journal = open(&disk.kill(), 2_000).expect("it opens");
        for id in all {
            assert!(
                journal.ledger().find(super::Id(id)).is_some(),
                "{id} is lost"
            );
        }
    }
}
