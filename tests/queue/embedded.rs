//! One process, one folder.

use ractor_agents::queue::{Embedded, Error, Stale};
use ractor_agents::swarm::Swarm;
use tests::{ms, secs};

use crate::{NOW, Result, reopened, swarm};

#[tokio::test]
async fn what_was_enqueued_is_there_after_the_swarm_has_ended() -> Result {
    let (first, folder) = swarm()?;
    let queue = first.queue::<String>("invoices").await?;
    let receipt = queue.enqueue(&"17".to_owned()).key("17").await?;
    assert!(!receipt.is_duplicate);
    let held = queue.lease().await?.ok_or("nothing came")?;
    assert_eq!(held.message(), "17");
    first.shutdown(secs(5)).await;
    assert!(matches!(held.ack().await, Err(Error::Closed)));
    assert!(matches!(queue.stats().await, Err(Error::Closed)));

    let second = reopened(&folder)?;
    let queue = second.queue::<String>("invoices").await?;
    let again = queue.enqueue(&"17".to_owned()).key("17").await?;
    assert_eq!((again.id, again.is_duplicate), (receipt.id, true));
    let delivery = queue.lease().wait(NOW).await?.ok_or("nothing came")?;
    assert_eq!((delivery.id(), delivery.attempts()), (receipt.id, 0));
    delivery.ack().await?;
    assert!(matches!(
        delivery.ack().await,
        Err(Error::Stale(Stale::Gone))
    ));
    assert!(queue.lease().wait(NOW).await?.is_none());
    assert_eq!(queue.stats().await?.count(), 0);
    Ok(())
}

#[tokio::test]
async fn a_folder_belongs_to_one_swarm_at_a_time() -> Result {
    let (first, folder) = swarm()?;
    let queue = first.queue::<String>("invoices").await?;
    let second = reopened(&folder)?;
    let refused = second.queue::<String>("invoices").await;
    let holder = Some(std::process::id());
    assert!(matches!(refused, Err(Error::InUse { holder: told }) if told == holder));
    queue.close().await;
    let queue = second.queue::<String>("invoices").await?;
    assert_eq!(queue.stats().await?.count(), 0);
    Ok(())
}

#[tokio::test]
async fn a_dropped_swarm_lets_go_of_its_folder() -> Result {
    let (first, folder) = swarm()?;
    let queue = first.queue::<u32>("invoices").await?;
    queue.enqueue(&7).await?;
    drop((queue, first));
    let second = reopened(&folder)?;
    assert_eq!(
        second
            .queue::<u32>("invoices")
            .await?
            .stats()
            .await?
            .count(),
        1
    );
    Ok(())
}

#[tokio::test]
async fn a_killed_actor_of_a_queue_interrupts_nobody() -> Result {
    let (swarm, _folder) = swarm()?;
    let queue = swarm.queue::<u32>("invoices").await?;
    queue.enqueue(&7).await?;
    let held = queue.lease().await?.ok_or("nothing came")?;
    let actor = "queues/default.invoices#1";
    let mut kills = 0;
    for _ in 0..9 {
        // Between two lives there is nobody to kill.
        kills += usize::from(swarm.tree().get(actor).ok_or("no actor")?.kill());
        queue.enqueue(&8).await?;
    }
    assert!(kills > 0);
    held.ack().await?;
    assert_eq!(queue.stats().await?.count(), 9);
    Ok(())
}

/// Killed more often than a lease is renewed.
#[tokio::test]
async fn a_queue_whose_actor_is_killed_again_and_again_renews_its_leases() -> Result {
    let (swarm, _folder) = swarm()?;
    let queue = swarm.queue::<u32>("numbers").lease(ms(1_200)).await?;
    queue.enqueue(&1).await?;
    let held = queue.lease().await?.ok_or("nothing came")?;
    for _ in 0..6 {
        // Less than a third of the lease; all of them together are longer than it.
        tokio::time::sleep(ms(300)).await;
        let tree = swarm.tree();
        let mut nodes = tree.nodes().iter();
        let actor = nodes.find(|node| node.path.to_string().contains("numbers"));
        actor.ok_or("no actor")?.kill();
    }
    assert!(!held.is_lost());
    held.ack().await?;
    Ok(())
}

#[tokio::test]
async fn without_a_broker_there_is_no_queue() -> Result {
    let swarm = Swarm::builder().test().build()?;
    let refused = swarm.queue::<u32>("invoices").await;
    assert!(matches!(refused, Err(Error::NoBroker)));
    let folder = tempfile::tempdir()?;
    let queue = swarm
        .queue::<u32>("a/b")
        .on(Embedded::in_folder(folder.path()))
        .await?;
    queue.enqueue(&1).await?;
    assert!(folder.path().join("a").join("b").is_dir());
    assert!(matches!(
        swarm.queue::<u32>("../b").await,
        Err(Error::Name(_))
    ));
    Ok(())
}
