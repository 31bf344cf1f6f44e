//! What can be chosen for each message.

use ractor_agents::agent::AskError;
use ractor_agents::dead_letter::Reason;
use ractor_agents::mailbox::ttl;
use ractor_agents::message::{Headers, Priority};
use ractor_agents::prelude::*;
use ractor_agents::supervision::Backoff;
use tests::{Act, Log, Puppet, Task, idle, ms, secs, test_swarm};
use tokio::time::Instant;

/// What an agent saw of its message's company.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    priority: Option<Priority>,
    attempt: Option<u16>,
    deadline: Option<Duration>,
    tenant: Option<String>,
    key: Option<String>,
}

#[derive(Clone, Default)]
struct Witness(Log<Seen>);

impl Agent for Witness {
    type Message = ();
    type Reply = ();

    async fn handle(&mut self, (): &(), ctx: &Context<Self>) -> Result<(), Failure> {
        let tenant = ctx.headers().and_then(|headers| headers.get("tenant"));
        self.0.push(Seen {
            priority: ctx.priority(),
            attempt: ctx.attempt(),
            deadline: ctx.deadline(),
            tenant: tenant.map(str::to_owned),
            key: ctx.key().map(str::to_owned),
        });
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn the_handler_sees_what_travels_with_its_message() -> Result<()> {
    let swarm = test_swarm();
    let log = Log::default();
    let to = swarm
        .spawn(Witness(Log::clone(&log)))
        .priority(Priority::Low)
        .deadline(secs(7))
        .await?;
    to.ask(()).await?;
    to.ask(())
        .priority(Priority::Urgent)
        .deadline(secs(3))
        .key("k")
        .header("tenant", "blue")?
        .await?;
    let plain = Seen {
        priority: Some(Priority::Low),
        attempt: Some(1),
        deadline: Some(secs(7)),
        tenant: None,
        key: None,
    };
    let chosen = Seen {
        priority: Some(Priority::Urgent),
        deadline: Some(secs(3)),
        tenant: Some("blue".into()),
        key: Some("k".into()),
        ..plain.clone()
    };
    assert_eq!(log.all(), [plain, chosen]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn headers_are_bounded() -> Result<()> {
    let swarm = test_swarm();
    let to = swarm.spawn(Witness::default()).await?;
    let large = "x".repeat(Headers::BYTES_MAX);
    assert!(to.tell(()).header("large", &large).is_err());
    let mut tell = to.tell(());
    for number in 0..Headers::COUNT_MAX {
        tell = tell.header(&number.to_string(), "")?;
    }
    assert!(tell.header("one more", "").is_err());
    Ok(())
}

/// A puppet that is busy at its gate.
async fn busy(swarm: &Swarm) -> Result<(Puppet, AgentRef<Puppet>)> {
    let puppet = Puppet::default();
    let to = swarm.spawn(puppet.clone()).await?;
    to.tell(Task::new(0, Act::Wait)).await?;
    idle().await;
    Ok((puppet, to))
}

#[tokio::test(start_paused = true)]
async fn a_message_expires_in_line_and_not_in_hand() -> Result<()> {
    let swarm = test_swarm();
    let (puppet, to) = busy(&swarm).await?;
    to.tell(1).ttl(secs(2)).await?;
    to.tell(2).ttl(secs(4)).await?;
    let asked = to.ask(3).ttl(secs(1));
    let open = async {
        tokio::time::sleep(secs(3)).await;
        puppet.gate.open();
    };
    let (answer, ()) = tokio::join!(asked, open);
    assert!(
        matches!(answer, Err(AskError::Expired { .. })),
        "{answer:?}"
    );
    idle().await;
    assert_eq!(puppet.done.all(), [0, 2]);
    let took_long = to.ask(Task::new(4, Act::Take(3_000))).ttl(secs(1)).await;
    assert_eq!(took_long?, 4, "a handler that has begun may finish");
    let messages = to.accounting();
    assert_eq!((messages.handled, messages.expired), (3, 2), "{messages:?}");
    let letters = swarm.dead_letters().list();
    assert!(
        letters
            .iter()
            .all(|letter| letter.reason == Reason::Expired)
    );
    assert!(letters.iter().all(|letter| letter.attempts == 0));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_ttl_layer_is_for_messages_without_a_ttl_of_their_own() -> Result<()> {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let to = swarm
        .spawn(puppet.clone())
        .layer(ttl::Layer::new(secs(2)))
        .await?;
    to.tell(Task::new(0, Act::Wait)).await?;
    idle().await;
    to.tell(1).await?;
    to.tell(2).ttl(secs(10)).await?;
    let asked = to.ask(3).ttl(secs(10));
    let open = async {
        tokio::time::sleep(secs(3)).await;
        puppet.gate.open();
    };
    let (answer, ()) = tokio::join!(asked, open);
    assert!(answer.is_ok(), "{answer:?}");
    assert_eq!(puppet.done.all(), [0, 2, 3]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_messages_own_ttl_goes_before_its_agents() -> Result<()> {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let to = swarm.spawn(puppet.clone()).ttl(secs(2)).await?;
    to.tell(Task::new(0, Act::Wait)).await?;
    idle().await;
    to.tell(1).await?;
    to.tell(2).ttl(secs(10)).await?;
    to.tell(3).ttl(secs(1)).await?;
    tokio::time::sleep(secs(3)).await;
    puppet.gate.open();
    idle().await;
    assert_eq!(puppet.done.all(), [0, 2]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_messages_own_deadline_goes_before_its_agents() -> Result<()> {
    let swarm = test_swarm();
    let to = swarm
        .spawn(Puppet::default())
        .deadline(secs(5))
        .restart_backoff(Backoff::NONE)
        .await?;
    for (deadline, took) in [(None, 5), (Some(2), 2), (Some(9), 9)] {
        let begun = Instant::now();
        let mut ask = to.ask(Task::new(1, Act::Hang));
        if let Some(deadline) = deadline {
            ask = ask.deadline(secs(deadline));
        }
        let error = ask.await.unwrap_err();
        assert!(matches!(error, AskError::Timeout { .. }), "{error:?}");
        assert!(begun.elapsed() >= secs(took), "{:?}", begun.elapsed());
        assert!(
            begun.elapsed() < secs(took) + ms(100),
            "{:?}",
            begun.elapsed()
        );
    }
    idle().await;
    assert_eq!(to.restarts(), 3);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_messages_own_attempts_go_before_its_agents() -> Result<()> {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let to = swarm.spawn(puppet.clone()).attempts(2).await?;
    let once = to.ask(Task::new(1, Act::Fail)).attempts(1).await;
    let twice = to.ask(Task::new(2, Act::Fail)).await;
    let thrice = to.ask(Task::new(3, Act::FailBefore(3))).attempts(3).await;
    assert!(matches!(once, Err(AskError::Failed { attempts: 1, .. })));
    assert!(matches!(twice, Err(AskError::Failed { attempts: 2, .. })));
    assert_eq!(thrice?, 3);
    assert_eq!(puppet.begun.all(), [1, 2, 2, 3, 3, 3]);
    assert_eq!(to.accounting().retried, 3);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn patience_covers_the_line_and_the_handler() -> Result<()> {
    let swarm = test_swarm();
    let (puppet, to) = busy(&swarm).await?;
    let begun = Instant::now();
    let in_line = to.ask(1).patience(secs(2)).await.unwrap_err();
    assert!(matches!(in_line, AskError::Timeout { .. }), "{in_line:?}");
    assert!(begun.elapsed() >= secs(2) && begun.elapsed() < ms(2_100));
    assert_eq!(to.restarts(), 0, "withdrawn, not killed");
    puppet.gate.open();
    let in_hand = to.ask(Task::new(2, Act::Hang)).patience(secs(2)).await;
    assert!(
        matches!(in_hand, Err(AskError::Timeout { .. })),
        "{in_hand:?}"
    );
    idle().await;
    assert_eq!(to.restarts(), 1);
    let messages = to.accounting();
    assert_eq!(
        (messages.expired, messages.cancelled),
        (1, 1),
        "{messages:?}"
    );
    Ok(())
}

/// A time to live ends the wait in line, patience ends it all: an ask with both is answered by whichever is over first.
#[tokio::test(start_paused = true)]
async fn an_ask_with_a_time_to_live_keeps_its_patience() -> Result<()> {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let to = swarm.spawn(puppet.clone()).deadline(Duration::MAX).await?;
    let begun = Instant::now();
    let asked = to
        .ask(Task::new(1, Act::Hang))
        .ttl(secs(1))
        .patience(secs(5));
    let answer = tokio::time::timeout(secs(60), asked).await;
    let answer = answer.map_err(|_| "still waiting after a minute")?;
    assert!(
        matches!(answer, Err(AskError::Timeout { .. })),
        "{answer:?}"
    );
    assert!(begun.elapsed() < secs(6), "{:?}", begun.elapsed());
    Ok(())
}

/// As above, in line behind a handler that takes long.
#[tokio::test(start_paused = true)]
async fn an_ask_that_expired_in_line_is_told_within_its_patience() -> Result<()> {
    let swarm = test_swarm();
    let (_puppet, to) = busy(&swarm).await?;
    let begun = Instant::now();
    let asked = to.ask(1).ttl(secs(1)).patience(secs(5));
    let answer = tokio::time::timeout(secs(20), asked).await;
    let answer = answer.map_err(|_| "still waiting after 20 s")?;
    assert!(answer.is_err());
    assert!(begun.elapsed() < secs(6), "{:?}", begun.elapsed());
    Ok(())
}
