//! Full lanes: what each policy does, under a producer ten times too fast.

use ractor_agents::agent::{AgentRef, AskError, Status};
use ractor_agents::dead_letter::Reason;
use ractor_agents::mailbox::{LaneLimit, Overflow, Refusal};
use ractor_agents::message::Priority;
use tests::{Act, Puppet, Task, idle, ms, secs, test_swarm};

use crate::Result;

const DEPTH: usize = 8;
/// How many messages the producer tries to send: one each millisecond, while one takes ten to handle.
const SENT: u64 = 500;

/// What came of a producer ten times too fast.
struct Outcome {
    done: Vec<u64>,
    refused: Vec<u64>,
    shed: Vec<u64>,
    deepest: usize,
}

async fn overrun(overflow: Overflow) -> Result<Outcome> {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let to = swarm
        .spawn(puppet.clone())
        .depth(DEPTH)
        .overflow(overflow)
        .stop_within(secs(60))
        .await?;
    let mut refused = Vec::new();
    let mut deepest = 0;
    for id in 0..SENT {
        match to.tell(Task::new(id, Act::Take(10))).await {
            Ok(()) => {}
            Err(error) => {
                let limit = Refusal::Full {
                    priority: Priority::Normal,
                    depth_max: DEPTH,
                };
                assert_eq!(error.refusal, limit);
                refused.push(error.into_message().id);
            }
        }
        deepest = deepest.max(to.depth());
        tokio::time::sleep(ms(1)).await;
        assert!(to.accounting().balances(), "{:?}", to.accounting());
    }
    let report = swarm.shutdown(secs(60)).await;
    assert!(report.is_clean(), "{report:?}");
    let letters = swarm.dead_letters().list();
    assert!(letters.iter().all(|letter| letter.reason == Reason::Shed));
    let shed: Vec<u64> = letters
        .iter()
        .filter_map(|letter| letter.take::<Task>())
        .map(|task| task.id)
        .collect();
    let outcome = Outcome {
        done: puppet.done.all(),
        refused,
        shed,
        deepest,
    };
    // No silent drop: each message is in exactly one of the three places.
    let mut all = [&outcome.done[..], &outcome.refused, &outcome.shed].concat();
    all.sort_unstable();
    assert_eq!(all, (0..SENT).collect::<Vec<_>>());
    let messages = report.messages;
    assert_eq!(messages.accepted, SENT - outcome.refused.len() as u64);
    assert_eq!(messages.shed, outcome.shed.len() as u64);
    assert_eq!(messages.handled, outcome.done.len() as u64);
    // Those in line and those taken ahead, which are at most as many again.
    assert!(outcome.deepest <= 2 * DEPTH, "{}", outcome.deepest);
    Ok(outcome)
}

#[tokio::test(start_paused = true)]
async fn wait_slows_the_sender_down_and_loses_nothing() -> Result {
    let outcome = overrun(Overflow::Wait).await?;
    assert_eq!(outcome.done, (0..SENT).collect::<Vec<_>>());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn reject_gives_the_message_back() -> Result {
    let outcome = overrun(Overflow::Reject).await?;
    assert!(outcome.shed.is_empty());
    assert!(outcome.refused.len() as u64 > SENT * 8 / 10);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn drop_oldest_keeps_the_newest() -> Result {
    let outcome = overrun(Overflow::DropOldest).await?;
    assert!(outcome.refused.is_empty());
    assert_eq!(outcome.done.last(), Some(&(SENT - 1)));
    assert!(outcome.shed.is_sorted());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn drop_newest_sheds_what_comes() -> Result {
    let outcome = overrun(Overflow::DropNewest).await?;
    assert!(outcome.refused.is_empty());
    assert_eq!(outcome.done[..DEPTH], [0, 1, 2, 3, 4, 5, 6, 7]);
    Ok(())
}

async fn stuck(
    overflow: Overflow,
) -> Result<(ractor_agents::swarm::Swarm, Puppet, AgentRef<Puppet>)> {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let to = swarm
        .spawn(puppet.clone())
        .depth(2)
        .overflow(overflow)
        .await?;
    to.tell(Task::new(0, Act::Wait)).await?;
    idle().await;
    Ok((swarm, puppet, to))
}

#[tokio::test(start_paused = true)]
async fn an_asker_whose_message_is_shed_is_told() -> Result {
    for overflow in [Overflow::DropOldest, Overflow::DropNewest] {
        let (_swarm, puppet, to) = stuck(overflow).await?;
        let (first, second, third) = tokio::join!(to.ask(1), to.ask(2), async {
            let third = to.ask(3);
            let open = async {
                idle().await;
                puppet.gate.open();
            };
            tokio::join!(third, open).0
        });
        let shed = |answer: &std::result::Result<u64, AskError<Task>>| {
            matches!(answer, Err(AskError::Shed { .. }))
        };
        assert_eq!(shed(&first), overflow == Overflow::DropOldest);
        assert!(second.is_ok());
        assert_eq!(shed(&third), overflow == Overflow::DropNewest);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_full_lane_does_not_close_another() -> Result {
    let (_swarm, puppet, to) = stuck(Overflow::Reject).await?;
    to.tell(1).await?;
    to.tell(2).await?;
    assert!(to.tell(3).await.is_err());
    to.tell(4).priority(Priority::Low).await?;
    to.tell(5).priority(Priority::Critical).await?;
    puppet.gate.open();
    idle().await;
    assert_eq!(puppet.done.all(), [0, 5, 1, 2, 4]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn each_lane_may_have_a_limit_of_its_own() -> Result {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let limit = LaneLimit {
        depth_max: 1,
        overflow: Overflow::Reject,
    };
    let to = swarm
        .spawn(puppet.clone())
        .lane(Priority::Low, limit)
        .await?;
    to.tell(Task::new(0, Act::Wait)).await?;
    idle().await;
    to.tell(1).priority(Priority::Low).await?;
    let error = to.tell(2).priority(Priority::Low).await.unwrap_err();
    assert!(error.is_retryable());
    assert_eq!(error.into_message(), Task::note(2));
    for id in 3..100 {
        to.try_tell(id)?;
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_agent_is_overloaded_from_four_fifths_on() -> Result {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let to = swarm.spawn(puppet.clone()).depth(10).await?;
    to.tell(Task::new(0, Act::Wait)).await?;
    idle().await;
    for id in 1..8 {
        to.try_tell(id)?;
    }
    assert_eq!(to.status(), Status::Busy);
    to.try_tell(8)?;
    assert_eq!(to.status(), Status::Overloaded);
    puppet.gate.open();
    idle().await;
    assert_eq!(to.status(), Status::Idle);
    Ok(())
}
