//! Agents without room, and agents at their capacity.

use std::time::Duration;

use ractor_agents::agent::AskError;
use ractor_agents::mailbox::Refusal;
use ractor_agents::routing::{RoundRobin, RouteError, WhenFull};
use tests::{Act, Puppet, Task, idle, ms, secs, test_swarm};
use tokio::time::{Instant, timeout};

use crate::Result;

#[tokio::test(start_paused = true)]
async fn who_is_full_is_skipped_until_all_are() -> Result {
    let swarm = test_swarm();
    let puppets = [Puppet::default(), Puppet::default()];
    let one = swarm.spawn(puppets[0].clone()).depth(2).await?;
    let two = swarm.spawn(puppets[1].clone()).depth(50).await?;
    let router = swarm.router::<Puppet>().strategy(RoundRobin::default());
    let router = router.await?;
    for number in 0..30 {
        let told = timeout(secs(1), router.tell(Task::new(number, Act::Wait)));
        told.await??;
        idle().await;
    }
    assert!(one.accounting().accepted <= 3);
    assert_eq!(one.accounting().accepted + two.accounting().accepted, 30);
    for number in 30..54 {
        router.tell(Task::new(number, Act::Wait)).await?;
        idle().await;
    }
    let last = router.tell(Task::note(99));
    assert!(timeout(secs(9), last).await.is_err(), "all are full");
    puppets[0].gate.open();
    puppets[1].gate.open();
    timeout(secs(1), router.tell(Task::note(99))).await??;
    idle().await;
    assert_eq!(one.accounting().handled + two.accounting().handled, 55);
    Ok(())
}

/// Two that are full, and a message for the first of them; then the second has room again. Who gets the message?
async fn taken_by(when_full: WhenFull) -> Result<usize> {
    let swarm = test_swarm();
    let puppets = [Puppet::default(), Puppet::default()];
    let one = swarm.spawn(puppets[0].clone()).depth(2).await?;
    let two = swarm.spawn(puppets[1].clone()).depth(2).await?;
    for number in 0..3 {
        one.tell(Task::new(number, Act::Wait)).await?;
        two.tell(Task::new(number, Act::Wait)).await?;
        idle().await;
    }
    let router = swarm.router().members([&one, &two]).when_full(when_full);
    let router = router.strategy(RoundRobin::default()).await?;
    let other = async {
        idle().await;
        puppets[1].gate.open();
        tokio::time::sleep(secs(1)).await;
        puppets[0].gate.open();
    };
    let (asked, ()) = tokio::join!(router.ask(Task::note(7)), other);
    asked?;
    let took = puppets
        .iter()
        .position(|puppet| puppet.done.all().contains(&7));
    Ok(took.ok_or("nobody")?)
}

#[tokio::test(start_paused = true)]
async fn by_choice_it_waits_at_the_one_that_was_chosen_or_for_the_first_that_is_free() -> Result {
    assert_eq!(taken_by(WhenFull::Skip).await?, 1);
    assert_eq!(taken_by(WhenFull::Wait).await?, 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_ask_waits_for_room_no_longer_than_its_patience() -> Result {
    let swarm = test_swarm();
    let one = swarm.spawn(Puppet::default()).depth(1).await?;
    for number in 0..2 {
        one.tell(Task::new(number, Act::Wait)).await?;
        idle().await;
    }
    for when_full in [WhenFull::Skip, WhenFull::Wait] {
        let router = swarm.router().members([&one]).when_full(when_full).await?;
        let begun = Instant::now();
        let asked = router.ask(Task::note(7)).patience(secs(2)).await;
        assert!((secs(2)..ms(2_010)).contains(&begun.elapsed()));
        let Err(RouteError::Failed(AskError::Refused(refused))) = asked else {
            return Err("it was not refused".into());
        };
        assert_eq!((refused.agent, refused.message.id), (one.id(), 7));
        let Refusal::NoRoom { waited } = refused.refusal else {
            return Err("for another reason".into());
        };
        assert!(waited >= secs(2));
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn nobody_gets_more_than_the_capacity_it_was_given() -> Result {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let one = swarm.spawn(puppet.clone()).capacity(3).await?;
    let router = swarm.router::<Puppet>().await?;
    for number in 0..3 {
        router.tell(Task::new(number, Act::Wait)).await?;
    }
    let fourth = router.tell(Task::note(3)).await;
    assert!(matches!(fourth, Err(RouteError::NoCandidate { .. })));
    one.tell(Task::note(4)).await?;
    assert_eq!(
        one.accounting().accepted,
        4,
        "who sends directly is not held up"
    );
    puppet.gate.open();
    router.tell(Task::note(5)).await?;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_overloaded_are_chosen_only_if_nobody_else_is_left() -> Result {
    let swarm = test_swarm();
    let one = swarm.spawn(Puppet::default()).depth(10).await?;
    let two = swarm.spawn(Puppet::default()).depth(1_000).await?;
    let router = swarm.router::<Puppet>().strategy(RoundRobin::default());
    let router = router.await?;
    for number in 0..9 {
        one.tell(Task::new(number, Act::Wait)).await?;
        idle().await;
    }
    for number in 9..20 {
        router.tell(Task::new(number, Act::Wait)).await?;
    }
    assert_eq!(
        (one.accounting().accepted, two.accounting().accepted),
        (9, 11)
    );
    two.pause();
    router.tell(Task::new(20, Act::Wait)).await?;
    assert_eq!(one.accounting().accepted, 10);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_message_that_gave_up_its_place_in_line_leaves_the_room_to_others() -> Result {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let one = swarm.spawn(puppet.clone()).depth(2).await?;
    let router = swarm.router::<Puppet>().await?;
    for number in 0..3 {
        one.tell(Task::new(number, Act::Wait)).await?;
        idle().await;
    }
    for _ in 0..50 {
        let dropped = timeout(ms(10), router.tell(Task::note(7))).await;
        assert!(dropped.is_err());
    }
    puppet.gate.open();
    for number in 3..20 {
        let told = timeout(Duration::from_secs(1), router.tell(Task::note(number)));
        told.await??;
    }
    idle().await;
    assert_eq!(one.accounting().handled, 20);
    Ok(())
}
