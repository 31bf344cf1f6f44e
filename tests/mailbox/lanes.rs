//! Five lanes: overtaking, aging and strict order.

use ractor_agents::agent::AgentRef;
use ractor_agents::mailbox::Aging;
use ractor_agents::message::Priority;
use ractor_agents::swarm::Swarm;
use tests::{Act, Puppet, Task, idle, secs, test_swarm};

use crate::Result;

/// How many messages of each lane wait before the first is handled.
const BACKLOG: usize = 3_200;

/// Spawns a puppet that is busy with a task at its gate.
async fn busy(swarm: &Swarm, aging: Aging) -> Result<(Puppet, AgentRef<Puppet>)> {
    let puppet = Puppet::default();
    let to = swarm
        .spawn(puppet.clone())
        .depth(BACKLOG)
        .aging(aging)
        .await?;
    to.tell(Task::new(0, Act::Wait)).await?;
    idle().await;
    Ok((puppet, to))
}

/// Fills `lanes`, then returns how many of the first `BACKLOG` messages that were handled came from each lane: at no
/// time during these is any of the lanes empty.
async fn shares(lanes: &[Priority], aging: Aging) -> Result<[usize; Priority::COUNT]> {
    let swarm = test_swarm();
    let (puppet, to) = busy(&swarm, aging).await?;
    for _ in 0..BACKLOG {
        for lane in lanes {
            let id = lane.index() as u64;
            to.try_tell_in(*lane, id)?;
        }
    }
    puppet.done.take();
    puppet.gate.open();
    let report = swarm.shutdown(secs(10)).await;
    assert!(report.is_clean(), "{report:?}");
    let mut shares = [0; Priority::COUNT];
    for id in puppet.done.all().iter().skip(1).take(BACKLOG) {
        shares[usize::try_from(*id)?] += 1;
    }
    Ok(shares)
}

/// A message in a lane, with room or not at all.
trait TryTellIn {
    fn try_tell_in(&self, lane: Priority, id: u64) -> Result;
}

impl TryTellIn for AgentRef<Puppet> {
    fn try_tell_in(&self, lane: Priority, id: u64) -> Result {
        use std::future::Future;
        use std::pin::pin;
        use std::task::{Context, Poll, Waker};
        let told = pin!(self.tell(id).priority(lane));
        match told.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(told) => Ok(told?),
            Poll::Pending => Err("no room".into()),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_higher_lane_overtakes_what_waits() -> Result {
    let swarm = test_swarm();
    let (puppet, to) = busy(&swarm, Aging::Fair).await?;
    for (id, lane) in [
        (1, Priority::Low),
        (2, Priority::Normal),
        (3, Priority::Critical),
        (4, Priority::High),
        (5, Priority::Urgent),
        (6, Priority::Critical),
    ] {
        to.tell(id).priority(lane).await?;
    }
    puppet.gate.open();
    idle().await;
    assert_eq!(puppet.done.all(), [0, 3, 6, 5, 4, 2, 1]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_higher_lane_overtakes_what_was_taken_ahead() -> Result {
    let swarm = test_swarm();
    let (puppet, to) = busy(&swarm, Aging::Fair).await?;
    to.tell(Task::new(1, Act::Wait))
        .priority(Priority::Low)
        .await?;
    for id in 2..=5 {
        to.tell(id).priority(Priority::Low).await?;
    }
    // The agent takes all five ahead and is at the first.
    puppet.gate.let_through(1);
    idle().await;
    to.tell(100).priority(Priority::Normal).await?;
    to.tell(101).priority(Priority::Critical).await?;
    puppet.gate.open();
    idle().await;
    assert_eq!(puppet.done.all(), [0, 1, 101, 100, 2, 3, 4, 5]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn under_saturation_the_lowest_lane_keeps_three_percent_and_each_between_one() -> Result {
    let shares = shares(&Priority::ALL, Aging::Fair).await?;
    let [critical, urgent, high, normal, low] = shares;
    assert!(low * 100 >= BACKLOG * 3, "{shares:?}");
    for between in [urgent, high, normal] {
        assert!(between * 100 >= BACKLOG, "{shares:?}");
    }
    assert!(critical * 100 >= BACKLOG * 90, "{shares:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_lowest_lane_that_waits_keeps_its_share_whichever_it_is() -> Result {
    use Priority::{High, Low, Normal, Urgent};
    let normal_lowest = shares(&[High, Normal], Aging::Fair).await?;
    assert!(
        normal_lowest[Normal.index()] * 100 >= BACKLOG * 3,
        "{normal_lowest:?}"
    );
    let three = shares(&[Urgent, Normal, Low], Aging::Fair).await?;
    assert!(three[Low.index()] * 100 >= BACKLOG * 3, "{three:?}");
    assert!(three[Normal.index()] * 100 >= BACKLOG, "{three:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn strict_lanes_starve_the_lower_ones() -> Result {
    let shares = shares(&Priority::ALL, Aging::Strict).await?;
    assert_eq!(shares, [BACKLOG, 0, 0, 0, 0]);
    Ok(())
}
