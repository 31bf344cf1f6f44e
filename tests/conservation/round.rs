//! One swarm from its beginning to its end.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use ractor_agents::swarm::Swarm;
use tests::{Random, ms, secs};
use tokio::task::JoinSet;

use crate::sampler::Sampler;
use crate::tally::{Tally, Totals};
use crate::{traffic, zoo};

/// Where a round happens.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Threads {
    One,
    Many,
}

const SENDERS: u64 = 4;

/// Runs one round of `count` messages and checks it.
pub(crate) async fn run(mut random: Random, count: u64, threads: Threads) -> Totals {
    let tally = Arc::new(Tally::default());
    let builder = Swarm::builder().partitions(1 + random.below(4) as usize);
    let builder = match threads {
        Threads::One => builder.test(),
        Threads::Many => builder,
    };
    let swarm = builder.build().expect("a swarm");
    let mut agents = Vec::new();
    for _ in 0..4 + random.below(12) {
        agents.push(
            zoo::spawn(&swarm, &mut random, &tally)
                .await
                .expect("it starts"),
        );
    }
    let sampler = Sampler::start(&swarm);
    let agents: Arc<[_]> = agents.into();
    let mut senders = JoinSet::new();
    for _ in 0..SENDERS {
        let (agents, tally) = (Arc::clone(&agents), Arc::clone(&tally));
        senders.spawn(traffic::send(agents, random.fork(), count / SENDERS, tally));
    }
    if random.once_in(4) {
        // An end in the middle of it all.
        tokio::time::sleep(ms(random.below(20))).await;
        end(&swarm, &mut random).await;
    }
    senders.join_all().await;
    end(&swarm, &mut random).await;
    let looks = sampler.stop();
    let status = swarm.status();
    tally.assert_agrees(&status.messages);
    assert_eq!(swarm.dead_letters().total(), status.messages.dead_lettered);
    assert_eq!(status.agents, 0, "{status:?}");
    for agent in agents.iter() {
        let messages = agent.accounting();
        assert!(messages.balances(), "{messages:?}");
        assert_eq!(
            (messages.queued, messages.in_flight),
            (0, 0),
            "{messages:?}"
        );
    }
    drop((swarm, agents));
    assert_no_parcel_is_left(&tally).await;
    Totals::new(status.messages, status.restarts, looks, &tally)
}

async fn end(swarm: &Swarm, random: &mut Random) {
    let limit = *random.one_of(&[ms(0), ms(5), ms(100), secs(3)]);
    let report = tokio::time::timeout(secs(60), swarm.shutdown(limit)).await;
    let report = report.expect("a shutdown comes to an end");
    assert_eq!(report.abandoned, 0, "{report:?}");
}

/// Messages are dropped in the end, those that dead letters kept included.
async fn assert_no_parcel_is_left(tally: &Tally) {
    // Tasks that were killed are dropped by their runtime in its own time; the sleep is real where time is.
    for _ in 0..1_000 {
        if tally.alive.load(Ordering::Relaxed) == 0 {
            return;
        }
        tokio::time::sleep(ms(5)).await;
    }
    let tasks = tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks();
    panic!("messages are left behind, {tasks} tasks are alive: {tally:?}");
}
