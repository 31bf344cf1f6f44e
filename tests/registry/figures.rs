//! What the registry knows of how agents are doing.

use ractor_agents::agent::Status;
use tests::{Act, Puppet, Task, idle, test_swarm};

use crate::Result;

#[tokio::test(start_paused = true)]
async fn load_is_what_is_in_hand_in_line_and_scheduled() -> Result {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let to = swarm.spawn(puppet.clone()).await?;
    let entry = swarm.registry().get(to.id()).ok_or("unknown")?;
    assert_eq!(entry.load(), 0);
    to.tell(Task::new(0, Act::Wait)).await?;
    idle().await;
    assert_eq!(entry.load(), 1, "in hand");
    for number in 1..100 {
        to.tell(Task::note(number)).await?;
    }
    assert_eq!(entry.load(), 100);
    to.kill();
    assert_eq!(entry.load(), 100, "a kill ends nothing by itself");
    idle().await;
    assert_eq!(entry.load(), 0, "one failed, the others were handled");
    assert_eq!(entry.success_rate(), Some(0.99));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_message_that_was_turned_away_or_shed_is_no_load() -> Result {
    use ractor_agents::mailbox::Overflow;
    let swarm = test_swarm();
    for overflow in [Overflow::Reject, Overflow::DropNewest, Overflow::DropOldest] {
        let spawn = swarm.spawn(Puppet::default()).depth(2).overflow(overflow);
        let to = spawn.await?;
        to.tell(Task::new(0, Act::Wait)).await?;
        idle().await;
        for number in 1..5 {
            // Refused where the lane rejects.
            let _ = to.try_tell(Task::note(number));
        }
        let entry = swarm.registry().get(to.id()).ok_or("unknown")?;
        assert_eq!(entry.load(), 3, "{overflow:?}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn stats_add_everybody_up() -> Result {
    let swarm = test_swarm();
    let puppets = std::iter::repeat_with(Puppet::default).take(3);
    let puppets = swarm.spawn_many(puppets).capability("dance@2").await?;
    swarm.spawn(async |text: String| text).await?;
    puppets[0].tell(Task::new(0, Act::Wait)).await?;
    puppets[1].pause();
    idle().await;
    let stats = swarm.registry().stats();
    assert_eq!((stats.agents, stats.load), (4, 1));
    assert_eq!(stats.kinds.get("Puppet"), Some(&3));
    assert_eq!(stats.capabilities.get("dance"), Some(&3));
    for (status, count) in [
        (Status::Busy, 1),
        (Status::Maintenance, 1),
        (Status::Idle, 2),
    ] {
        assert_eq!(stats.count_of(status), count, "{status}");
    }
    Ok(())
}
