//! First in, first out, per sender, receiver and lane.

use std::collections::HashMap;

use ractor_agents::message::Priority;
use ractor_agents::supervision::{Backoff, Intensity};
use ractor_agents::swarm::Swarm;
use tests::{Act, Puppet, Task, secs, test_swarm};
use tokio::task::JoinSet;

use crate::Result;

const SENDERS: u64 = 4;
const PER_SENDER: u64 = 400;

/// Sender, lane and number, packed into an id.
fn id(sender: u64, lane: Priority, number: u64) -> u64 {
    sender << 48 | (lane.index() as u64) << 40 | number
}

/// Asserts that the numbers of each sender and lane grow.
fn assert_ordered(done: &[u64]) {
    let mut last: HashMap<u64, u64> = HashMap::new();
    for id in done {
        let (line, number) = (id >> 40, id & ((1 << 40) - 1));
        let before = last.insert(line, number);
        assert!(
            before.is_none_or(|before| before < number),
            "{number} after {before:?}"
        );
    }
}

/// Several senders at once, each over two lanes, more messages than there is room for.
async fn send_at_once(swarm: Swarm) -> Result {
    let puppet = Puppet::default();
    let to = swarm.spawn(puppet.clone()).depth(64).await?;
    let mut senders = JoinSet::new();
    for sender in 0..SENDERS {
        let to = to.clone();
        senders.spawn(async move {
            for number in 0..PER_SENDER {
                let lane = if number % 3 == 0 {
                    Priority::High
                } else {
                    Priority::Low
                };
                let told = to.tell(id(sender, lane, number)).priority(lane).await;
                told.expect("there is room in the end");
            }
        });
    }
    senders.join_all().await;
    let report = swarm.shutdown(secs(10)).await;
    assert!(report.is_clean(), "{report:?}");
    let done = puppet.done.all();
    assert_eq!(done.len() as u64, SENDERS * PER_SENDER);
    assert_ordered(&done);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn messages_of_one_sender_in_one_lane_are_handled_in_order() -> Result {
    send_at_once(test_swarm()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn order_holds_when_senders_run_in_parallel() -> Result {
    send_at_once(Swarm::local()).await
}

#[tokio::test(start_paused = true)]
async fn order_is_kept_over_restarts() -> Result {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let to = swarm
        .spawn(puppet.clone())
        .attempts(3)
        .intensity(Intensity::new(10_000, secs(1)))
        .restart_backoff(Backoff::NONE)
        .await?;
    for number in 0..200 {
        let act = match number % 7 {
            0 => Act::PanicBefore(3),
            3 => Act::FailBefore(2),
            _ => Act::Note,
        };
        to.tell(Task::new(number, act)).await?;
    }
    assert_eq!(to.ask(200).await?, 200);
    assert_eq!(puppet.done.all(), (0..=200).collect::<Vec<_>>());
    assert_eq!(to.accounting().retried, 29 * 2 + 29);
    Ok(())
}
