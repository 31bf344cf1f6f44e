//! Callers, and the thread that serves them.

use std::time::Duration;

use super::super::ledger::Outcome;
use super::super::log::simulate::{Fault, Simulated};
use super::{Id, WINDOW, draft, open, serve};
use crate::queue::Error;

const LONG: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_message_is_taken_in_leased_and_acknowledged() {
    let disk = Simulated::new();
    let (calls, thread) = serve(open(&disk, 1_000).expect("it opens"));
    let enqueue = |id| {
        calls.call(move |journal, now| journal.enqueue(vec![draft(id, vec![9; 30])], WINDOW, now))
    };
    assert_eq!(
        enqueue(1).await.expect("there is room"),
        [Outcome::Accepted]
    );
    let again = enqueue(1).await.expect("there is room");
    assert_eq!(again, [Outcome::Duplicate { of: Id(1) }]);

    let given = calls.lease(5, LONG, LONG).await.expect("the disk is well");
    assert_eq!((given.len(), &given[0].payload[..]), (1, &[9; 30][..]));
    let token = given[0].leased.token;
    let acked =
        calls.call(move |journal, now| journal.change(|ledger, out| ledger.ack(token, now, out)));
    acked
        .await
        .expect("the disk is well")
        .expect("the lease is good");
    let none = calls.lease(5, LONG, Duration::ZERO).await;
    assert!(none.expect("the disk is well").is_empty());
    calls.close();
    thread.join().expect("it ends").expect("the disk is well");
}

#[tokio::test]
async fn who_waits_is_given_what_comes_and_what_nobody_takes_is_given_back() {
    let disk = Simulated::new();
    let (calls, thread) = serve(open(&disk, 1_000).expect("it opens"));
    let gone = tokio::time::timeout(Duration::from_millis(20), calls.lease(1, LONG, LONG)).await;
    assert!(gone.is_err(), "nothing is there");
    let (given, enqueued) = tokio::join!(calls.lease(1, LONG, LONG), async {
        calls
            .call(|journal, now| journal.enqueue(vec![draft(1, vec![7])], WINDOW, now))
            .await
    });
    enqueued.expect("there is room");
    assert_eq!(
        given.expect("the disk is well").len(),
        1,
        "not given to who has gone"
    );
    calls.close();
    thread.join().expect("it ends").expect("the disk is well");
}

#[tokio::test]
async fn where_the_disk_fails_nobody_is_told_that_it_was_done() {
    for at in 0..40 {
        let disk = Simulated::new();
        let (calls, thread) = serve(open(&disk, 1_000).expect("it opens"));
        disk.fail_at(disk.counts().operations + at, Fault::Failed);
        let mut done = Vec::new();
        for id in 0..40 {
            let call = calls.call(move |journal, now| {
                journal.enqueue(vec![draft(id, vec![5; 900])], WINDOW, now)
            });
            // The thread is a real one, and the time it takes too.
            let ended = async {
                while !thread.is_finished() {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            let answer = tokio::select! {
                biased;
                answer = call => answer,
                // It waits for the next one who writes.
                () = ended => break,
            };
            match answer {
                Ok(_) => done.push(id),
                Err(error) => {
                    assert!(matches!(error, Error::Unknown(_)), "{error}");
                    break;
                }
            }
        }
        calls.close();
        let ended = thread.join().expect("it ends");
        let journal = open(&disk.kill(), 2_000).expect("it opens");
        for id in &done {
            assert!(
                journal.ledger().find(Id(*id)).is_some(),
                "operation {at}: {id}"
            );
        }
        assert!(
            ended.is_err() || done.len() == 40,
            "operation {at}: {ended:?}"
        );
    }
}

#[tokio::test]
async fn what_was_handed_over_and_never_looked_at_is_given_back() {
    let disk = Simulated::new();
    let (calls, thread) = serve(open(&disk, 1_000).expect("it opens"));
    let mut lease = Box::pin(calls.lease(1, LONG, LONG));
    assert!(futures_util::poll!(&mut lease).is_pending());
    let enqueued = calls.call(|journal, now| journal.enqueue(vec![draft(1, vec![7])], WINDOW, now));
    enqueued.await.expect("there is room");
    // By then the message has been handed over: the writer does one thing after another.
    let next = calls.call(|_, _| Ok(()));
    next.await.expect("the queue is open");
    drop(lease);
    let given = calls.lease(1, LONG, Duration::from_secs(5)).await;
    assert_eq!(given.expect("the queue is open").len(), 1);
    calls.close();
    thread.join().expect("it ends").expect("the disk is well");
}
