//! Rate limit and load shedding.

use ractor_agents::agent::AskError;
use ractor_agents::mailbox::{Overflow, Refusal, load_shed, rate_limit};
use ractor_agents::message::Priority;
use tests::{Act, Puppet, Task, idle, ms, secs, test_swarm};

use crate::Result;

#[tokio::test(start_paused = true)]
async fn beyond_the_rate_senders_are_told_when_to_come_back() -> Result {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let to = swarm
        .spawn(puppet.clone())
        .layer(rate_limit::Layer::per_second(10).burst(3))
        .await?;
    for id in 0..3 {
        to.tell(id).await?;
    }
    let error = to.tell(3).await.unwrap_err();
    let Refusal::RateLimited { retry_after } = error.refusal else {
        panic!("{error:?}");
    };
    assert!(error.is_retryable());
    assert!(
        retry_after > ms(0) && retry_after <= ms(100),
        "{retry_after:?}"
    );
    tokio::time::sleep(retry_after).await;
    to.tell(error.into_message()).await?;
    let asked = to.ask(4).await;
    assert!(matches!(asked, Err(AskError::Refused(_))), "{asked:?}");
    assert_eq!(to.accounting().accepted, 4);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_rate_holds_under_a_producer_that_is_too_fast() -> Result {
    let swarm = test_swarm();
    let to = swarm
        .spawn(Puppet::default())
        .layer(rate_limit::Layer::per_second(100))
        .await?;
    for id in 0..2_000 {
        let _ = to.tell(id).await;
        tokio::time::sleep(ms(1)).await;
    }
    let accepted = to.accounting().accepted;
    assert!((295..=305).contains(&accepted), "{accepted}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_message_refused_further_in_costs_no_token() -> Result {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let to = swarm
        .spawn(puppet.clone())
        .depth(1)
        .overflow(Overflow::Reject)
        .layer(rate_limit::Layer::per(4, secs(1_000)))
        .await?;
    to.tell(Task::new(0, Act::Wait)).await?;
    idle().await;
    to.tell(1).await?;
    for _ in 0..10 {
        let error = to.tell(2).await.unwrap_err();
        assert!(matches!(error.refusal, Refusal::Full { .. }), "{error:?}");
    }
    puppet.gate.open();
    idle().await;
    to.tell(3).await?;
    idle().await;
    to.tell(4).await?;
    assert!(to.tell(5).await.is_err());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn load_is_shed_above_the_depth_and_urgent_messages_are_spared() -> Result {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let to = swarm
        .spawn(puppet.clone())
        .layer(load_shed::Layer::above(3).sparing(Priority::Urgent))
        .await?;
    to.tell(Task::new(0, Act::Wait)).await?;
    idle().await;
    for id in 1..=3 {
        to.tell(id).await?;
    }
    let error = to.tell(4).await.unwrap_err();
    assert_eq!(
        error.refusal,
        Refusal::Overloaded {
            depth: 3,
            depth_max: 3
        }
    );
    assert_eq!(error.into_message(), Task::note(4));
    to.tell(5).priority(Priority::Urgent).await?;
    to.tell(6).priority(Priority::Critical).await?;
    assert!(to.tell(7).priority(Priority::High).await.is_err());
    puppet.gate.open();
    idle().await;
    assert_eq!(puppet.done.all(), [0, 6, 5, 1, 2, 3]);
    to.tell(8).await?;
    Ok(())
}
