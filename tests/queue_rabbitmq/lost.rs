//! Connections that are cut, servers that are killed, processes that end.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ractor_agents::queue::{Error, Queue, RabbitMq, Stale};
use ractor_agents::swarm::Swarm;
use tests::{RabbitServer, ms, secs};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::{NOW, Result, SERVER, name, soon, swarm, swarm_at};

/// How long a broker may be away, and be looked for.
const PATIENT: Duration = secs(90);

/// A line to a server that can be cut.
struct Wire {
    address: SocketAddr,
    passing: Arc<Mutex<JoinSet<()>>>,
    _accepting: JoinSet<()>,
}

impl Wire {
    async fn to(port: u16) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let passing = Arc::new(Mutex::new(JoinSet::new()));
        let passes = Arc::clone(&passing);
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let Ok(mut far) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else {
                    continue;
                };
                let pass = async move {
                    let _ = copy_bidirectional(&mut near, &mut far).await;
                };
                passes.lock().expect("nobody panics here").spawn(pass);
            }
        });
        Ok(Self {
            address,
            passing,
            _accepting: accepting,
        })
    }

    /// Cuts all that is connected now.
    fn cut(&self) {
        self.passing.lock().expect("nobody panics here").abort_all();
    }

    fn swarm(&self) -> Result<Swarm> {
        let address = format!("amqp://guest:guest@{}/%2f", self.address);
        let broker = RabbitMq::at(&address)?.known_after(NOW);
        Ok(Swarm::builder().test().broker(broker).build()?)
    }
}

/// Enqueues until it is known that the message is in the queue.
async fn put(queue: &Queue<u32>, number: u32) -> Result {
    let begun = Instant::now();
    loop {
        match queue.enqueue(&number).await {
            Ok(_) => return Ok(()),
            Err(error) if error.is_retryable() && begun.elapsed() < PATIENT => sleep(ms(5)).await,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Handles what comes until nothing has come for a while, and all of `count` were there.
async fn handle(queue: &Queue<u32>, count: u32) -> Result<BTreeSet<u32>> {
    let mut seen = BTreeSet::new();
    let begun = Instant::now();
    loop {
        assert!(begun.elapsed() < PATIENT, "{} of {count} came", seen.len());
        match queue.lease().wait(ms(300)).await {
            Ok(Some(delivery)) => {
                seen.insert(*delivery.message());
                match delivery.ack().await {
                    // It comes again.
                    Ok(()) | Err(Error::Stale(_) | Error::Unknown(_) | Error::Disconnected(_)) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Ok(None) if seen.len() == count as usize => return Ok(seen),
            Ok(None) => {}
            Err(error) if error.is_retryable() => sleep(ms(5)).await,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Messages go in and out while that happens. All of them come.
async fn nothing_is_lost(
    queue: &Queue<u32>,
    count: u32,
    disturb: impl Future<Output = ()>,
) -> Result {
    let puts = async {
        for number in 0..count {
            put(queue, number).await?;
        }
        Ok(())
    };
    let (sent, handled, ()): (Result, _, ()) = tokio::join!(puts, handle(queue, count), disturb);
    sent?;
    assert_eq!(handled?, (0..count).collect());
    Ok(())
}

#[tokio::test]
async fn cut_connections_lose_nothing() -> Result {
    let wire = Wire::to(SERVER.port()).await?;
    let swarm = wire.swarm()?;
    let queue = swarm.queue::<u32>(&name()).options(soon()).await?;
    nothing_is_lost(&queue, 200, async {
        for _ in 0..5 {
            // In the middle of things, whatever they are.
            sleep(ms(70)).await;
            wire.cut();
        }
    })
    .await
}

#[tokio::test]
async fn a_lease_ends_with_its_connection() -> Result {
    let wire = Wire::to(SERVER.port()).await?;
    let swarm = wire.swarm()?;
    let queue = swarm.queue::<u32>(&name()).options(soon()).await?;
    queue.enqueue(&7).await?;
    let first = queue.lease().await?.ok_or("nothing came")?;
    let fence = first.fence();
    wire.cut();
    let again = queue.lease().wait(PATIENT).await?.ok_or("nothing came")?;
    assert_eq!((again.id(), again.attempts()), (first.id(), 1));
    assert!(again.fence() > fence);
    let late = first.ack().await;
    assert!(
        matches!(late, Err(Error::Stale(Stale::Restarted))),
        "{late:?}"
    );
    again.ack().await?;
    assert_eq!(queue.stats().await?.count(), 0);
    Ok(())
}

#[tokio::test]
async fn what_takes_its_process_with_it_is_a_dead_letter_in_the_end() -> Result {
    let name = name();
    let (wire, watcher) = (Wire::to(SERVER.port()).await?, swarm()?);
    let watched = watcher.queue::<u32>(&name).options(soon()).await?;
    watched.enqueue(&7).attempts(3).await?;
    let swarm = wire.swarm()?;
    let queue = swarm.queue::<u32>(&name).options(soon()).await?;
    for attempt in 1..=3 {
        let delivery = queue.lease().wait(PATIENT).await?.ok_or("nothing came")?;
        assert_eq!(delivery.start().await?, attempt);
        // As if the process had ended: the server sees no more of it.
        wire.cut();
        while !delivery.is_lost() && delivery.extend().await.is_ok() {
            sleep(ms(5)).await;
        }
    }
    assert!(watched.lease().wait(ms(500)).await?.is_none());
    let stats = watched.stats().await?;
    assert_eq!((stats.count(), stats.dead), (0, 1));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_loses_nothing_that_was_taken_in() -> Result {
    let server = RabbitServer::start();
    let swarm = swarm_at(&server)?;
    let queue = swarm.queue::<u32>(&name()).options(soon()).await?;
    // Nobody takes these before the server is killed.
    let before = swarm.queue::<u32>(&name()).options(soon()).await?;
    for number in 0..50 {
        put(&before, number).await?;
    }
    let leases = swarm.queue::<u32>(&name()).options(soon()).await?;
    put(&leases, 7).await?;
    let held = leases.lease().await?.ok_or("nothing came")?;
    let restart = async {
        sleep(ms(300)).await;
        tokio::task::block_in_place(|| {
            server.kill();
            server.start_again();
        });
    };
    nothing_is_lost(&queue, 300, restart).await?;
    assert_eq!(handle(&before, 50).await?, (0..50).collect());
    let again = leases.lease().wait(PATIENT).await?.ok_or("nothing came")?;
    assert_eq!((again.id(), again.attempts()), (held.id(), 1));
    assert!(again.fence() > held.fence());
    assert!(matches!(held.ack().await, Err(Error::Stale(_))));
    again.ack().await?;
    Ok(())
}

#[tokio::test]
async fn a_dropped_swarm_keeps_nothing() -> Result {
    let name = name();
    let (one, other) = (swarm()?, swarm()?);
    let queue = one.queue::<u32>(&name).await?;
    queue.enqueue(&7).await?;
    let held = queue.lease().await?.ok_or("nothing came")?;
    let there = other.queue::<u32>(&name).await?;
    assert!(there.lease().wait(ms(50)).await?.is_none());
    // Nobody says goodbye.
    std::mem::forget(held);
    drop((queue, one));
    let again = there.lease().wait(PATIENT).await?.ok_or("nothing came")?;
    assert_eq!(again.message(), &7);
    again.ack().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_room_takes_nothing_in_and_gives_out_what_it_has() -> Result {
    let server = RabbitServer::start();
    let swarm = swarm_at(&server)?;
    let queue = swarm.queue::<u32>(&name()).options(soon()).await?;
    for number in 0..3 {
        queue.enqueue(&number).await?;
    }
    let control = |arguments: &[&str]| tokio::task::block_in_place(|| server.control(arguments));
    // More than any disk has: the server thinks that its own is full.
    let said = control(&["set_disk_free_limit", "900000GB"]);
    assert!(!said.contains("Error"), "{said}");
    let said = control(&["eval", "rabbit_alarm:get_alarms()."]);
    assert!(said.contains("disk"), "{said}");
    // The first is on its way when the server says that it takes nothing.
    let first = queue.enqueue(&3).into_future();
    let mut first = std::pin::pin!(first);
    let waits = tokio::time::timeout(ms(500), &mut first).await;
    assert!(waits.is_err(), "{waits:?}");
    let refused = queue.enqueue(&4).wait(NOW).await;
    assert!(matches!(refused, Err(Error::NoSpace)), "{refused:?}");
    for number in 0..3 {
        let delivery = queue.lease().wait(PATIENT).await?.ok_or("nothing came")?;
        assert_eq!(delivery.message(), &number);
        if number == 1 {
            let refused = delivery.nack("it needs a copy").await;
            assert!(matches!(refused, Err(Error::NoSpace)), "{refused:?}");
        }
        delivery.ack().await?;
    }
    control(&["set_disk_free_limit", "1MB"]);
    first.await?;
    put(&queue, 4).await?;
    assert_eq!(handle(&queue, 2).await?, BTreeSet::from([3, 4]));
    Ok(())
}
