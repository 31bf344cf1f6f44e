//! What the server's settings are worth, and what becomes of a queue when they change.

use std::time::Duration;

use ractor_agents::queue::{
    Dedup, Durability, Error, Guarantees, Queue, Redis, Requirements, Unmet,
};
use ractor_agents::swarm::Swarm;
use tests::{RedisServer, ms};

use crate::{NOW, Result, swarm};

/// Asks until the queue does as it should. Looks are 50 ms apart, and the pauses of its actor at most 5 s.
async fn in_the_end(queue: &Queue<u32>, is_so: impl Fn(&std::result::Result<(), Error>) -> bool) {
    for _ in 0..2_000 {
        let done = queue.enqueue(&0).wait(NOW).await.map(drop);
        if is_so(&done) {
            return;
        }
        tokio::time::sleep(ms(10)).await;
    }
    panic!("it never did");
}

#[tokio::test]
async fn a_server_that_syncs_every_second_is_refused_with_advice() -> Result {
    let server = RedisServer::with_settings(&[("appendfsync", "everysec")]);
    let swarm = swarm(&server)?;
    let refused = swarm.queue::<u32>("invoices").await;
    let Err(Error::Unmet { unmet, advice, .. }) = refused else {
        return Err("it was opened".into());
    };
    assert_eq!(
        unmet,
        Unmet::Durability {
            wanted: Durability::Synced,
            given: Durability::Buffered,
        }
    );
    assert!(advice.contains("appendfsync always"), "{advice}");
    let modest = Requirements::default().durability(Durability::Buffered);
    let queue = swarm.queue::<u32>("invoices").require(modest).await?;
    queue.enqueue(&7).await?;
    Ok(())
}

#[tokio::test]
async fn each_setting_that_is_wrong_is_named() -> Result {
    let cases = [
        ("appendonly no", Durability::Memory, "appendonly yes"),
        (
            "no-appendfsync-on-rewrite yes",
            Durability::Buffered,
            "no-appendfsync-on-rewrite no",
        ),
        (
            "maxmemory 100mb maxmemory-policy allkeys-lru",
            Durability::Memory,
            "noeviction",
        ),
    ];
    for (settings, given, wanted) in cases {
        let server = RedisServer::start();
        let set = ["CONFIG", "SET"].into_iter().chain(settings.split(' '));
        let _: String = server.ask(&set.collect::<Vec<_>>());
        let swarm = swarm(&server)?;
        let Err(Error::Unmet { unmet, advice, .. }) = swarm.queue::<u32>("invoices").await else {
            return Err("it was opened".into());
        };
        assert!(
            matches!(unmet, Unmet::Durability { given: found, .. } if found == given),
            "{unmet}"
        );
        assert!(advice.contains(wanted), "{advice}");
    }
    Ok(())
}

#[tokio::test]
async fn a_setting_that_is_changed_under_a_queue_makes_it_refuse_until_it_is_right_again() -> Result
{
    let server = RedisServer::start();
    let swarm = swarm(&server)?;
    let queue = swarm.queue::<u32>("invoices").await?;
    for _ in 0..2 {
        queue.enqueue(&1).await?;
        let _: String = server.ask(&["CONFIG", "SET", "appendfsync", "everysec"]);
        in_the_end(&queue, |done| matches!(done, Err(Error::Unmet { .. }))).await;
        assert!(matches!(queue.lease().await, Err(Error::Unmet { .. })));
        let _: String = server.ask(&["CONFIG", "SET", "appendfsync", "always"]);
        in_the_end(&queue, std::result::Result::is_ok).await;
    }
    assert!(queue.lease().await?.is_some());
    Ok(())
}

#[tokio::test]
async fn a_server_that_does_not_show_its_settings_is_trusted_less() -> Result {
    let server = RedisServer::with_settings(&[("rename-command", "CONFIG \"\"")]);
    let swarm = swarm(&server)?;
    let Err(Error::Unmet { advice, .. }) = swarm.queue::<u32>("invoices").await else {
        return Err("it was opened".into());
    };
    assert!(advice.contains("CONFIG GET"), "{advice}");
    let modest = Requirements::default().durability(Durability::Buffered);
    let queue = swarm.queue::<u32>("invoices").require(modest).await?;
    let Guarantees { durability, .. } = queue.guarantees().await?;
    assert_eq!(durability, Durability::Buffered);
    Ok(())
}

#[tokio::test]
async fn a_server_without_memory_refuses_messages_and_takes_acknowledgements() -> Result {
    let server = RedisServer::start();
    let swarm = swarm(&server)?;
    let dedup = Dedup::by_content(Duration::from_secs(60));
    let queue = swarm.queue::<u32>("invoices").dedup(dedup).await?;
    queue.enqueue(&1).await?;
    queue.enqueue(&2).ttl(ms(300)).await?;
    let delivery = queue.lease().await?.ok_or("nothing came")?;
    let _: String = server.ask(&["CONFIG", "SET", "maxmemory", "1"]);
    // Long enough for the second to die, so that the script would have something to do before it is refused.
    tokio::time::sleep(ms(350)).await;
    let refused = queue.enqueue(&3).wait(NOW).await;
    assert!(matches!(refused, Err(Error::NoSpace)), "{refused:?}");
    delivery.start().await?;
    delivery.ack().await?;
    assert_eq!(queue.stats().await?.dead, 1);
    let _: String = server.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    queue.enqueue(&3).await?;
    Ok(())
}

#[tokio::test]
async fn a_password_is_asked_for_and_not_told() -> Result {
    let server = RedisServer::with_settings(&[("requirepass", "sesame")]);
    let swarm = swarm(&server)?;
    swarm.queue::<u32>("invoices").await?.enqueue(&1).await?;
    let wrong = server.url().replace("sesame", "poppy");
    let broker = Redis::at(&wrong)?;
    let swarm = Swarm::builder().test().broker(broker).build()?;
    let refused = swarm.queue::<u32>("invoices").await;
    let Err(error @ Error::Broker(_)) = refused else {
        return Err(format!("{refused:?}").into());
    };
    assert!(!format!("{error} {error:?}").contains("poppy"));
    assert!(!error.is_retryable());
    Ok(())
}

#[tokio::test]
async fn nobody_at_the_address_is_told_at_once() -> Result {
    let mut server = RedisServer::start();
    server.kill();
    let swarm = swarm(&server)?;
    let refused = swarm.queue::<u32>("invoices").await;
    assert!(
        matches!(refused, Err(Error::Disconnected(_))),
        "{refused:?}"
    );
    Ok(())
}
