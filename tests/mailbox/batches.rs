//! Messages handled together.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use ractor_agents::agent::AskError;
use ractor_agents::prelude::*;
use ractor_agents::supervision::Backoff;
use ractor_agents::swarm::SpawnError;
use tests::{Log, idle, ms, panic_quietly, secs, test_swarm};
use tokio::time::Instant;

/// What happens to the next batch.
#[derive(Clone, Copy)]
enum Fate {
    Fail,
    Panic,
    Hang,
    ShortOfReplies,
}

/// Keeps a log of the batches it gets; something can be done to the next one.
#[derive(Clone, Default)]
struct Packer {
    batches: Log<Vec<u64>>,
    fate: Arc<Mutex<Option<Fate>>>,
}

impl Packer {
    fn next(&self, fate: Fate) {
        *self.fate.lock().expect("not poisoned") = Some(fate);
    }
}

impl Agent for Packer {
    type Message = u64;
    type Reply = u64;

    async fn handle(&mut self, _: &u64, _: &Context<Self>) -> Result<u64, Failure> {
        Err(Failure::new("one by one"))
    }

    async fn handle_batch(
        &mut self,
        batch: &[&u64],
        _: &Context<Self>,
    ) -> Result<Vec<u64>, Failure> {
        self.batches.push(batch.iter().map(|id| **id).collect());
        let fate = self.fate.lock().expect("not poisoned").take();
        match fate {
            None => {}
            Some(Fate::Fail) => return Err(Failure::new("on purpose")),
            Some(Fate::Panic) => panic_quietly("on purpose"),
            Some(Fate::Hang) => std::future::pending().await,
            Some(Fate::ShortOfReplies) => return Ok(vec![0]),
        }
        Ok(batch.iter().map(|id| **id * 10).collect())
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_handled_as_soon_as_it_is_full() -> Result<()> {
    let swarm = test_swarm();
    let packer = Packer::default();
    let to = swarm.spawn(packer.clone()).batch(3, secs(60)).await?;
    let begun = Instant::now();
    for id in 1..=7_u64 {
        to.tell(id).await?;
    }
    idle().await;
    assert_eq!(packer.batches.all(), [[1, 2, 3], [4, 5, 6]]);
    assert!(begun.elapsed() < secs(1));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_does_not_fill_is_handled_after_its_delay() -> Result<()> {
    let swarm = test_swarm();
    let packer = Packer::default();
    let to = swarm.spawn(packer.clone()).batch(10, secs(5)).await?;
    to.tell(1_u64).await?;
    tokio::time::sleep(secs(3)).await;
    to.tell(2_u64).await?;
    tokio::time::sleep(ms(1_990)).await;
    assert!(packer.batches.is_empty());
    tokio::time::sleep(ms(20)).await;
    assert_eq!(packer.batches.all(), [[1, 2]]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn each_asker_gets_its_own_reply() -> Result<()> {
    let swarm = test_swarm();
    let to = swarm.spawn(Packer::default()).batch(3, secs(60)).await?;
    let (first, second, third) = tokio::join!(to.ask(1_u64), to.ask(2_u64), to.ask(3_u64));
    assert_eq!((first?, second?, third?), (10, 20, 30));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_wrong_number_of_replies_fails_the_batch() -> Result<()> {
    let swarm = test_swarm();
    let packer = Packer::default();
    packer.next(Fate::ShortOfReplies);
    let to = swarm.spawn(packer).batch(2, secs(60)).await?;
    let (first, second) = tokio::join!(to.ask(1_u64), to.ask(2_u64));
    for answer in [first, second] {
        assert!(matches!(answer, Err(AskError::Failed { .. })), "{answer:?}");
    }
    assert_eq!(to.accounting().failed, 2);
    Ok(())
}

/// However a batch ends before its time, its messages are back in line in the order they had.
async fn comes_back_in_order(fate: Fate, kill: bool) -> Result<()> {
    let swarm = test_swarm();
    let packer = Packer::default();
    packer.next(fate);
    let to = swarm
        .spawn(packer.clone())
        .batch(4, secs(60))
        .attempts(2)
        .deadline(secs(5))
        .restart_backoff(Backoff::NONE)
        .await?;
    for id in 1..=8_u64 {
        to.tell(id).await?;
    }
    idle().await;
    if kill {
        assert!(to.kill());
    }
    tokio::time::sleep(secs(6)).await;
    assert_eq!(
        packer.batches.all(),
        [[1, 2, 3, 4], [1, 2, 3, 4], [5, 6, 7, 8]]
    );
    let messages = to.accounting();
    assert_eq!((messages.handled, messages.retried), (8, 4), "{messages:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_failed_batch_comes_back_in_order() -> Result<()> {
    comes_back_in_order(Fate::Fail, false).await
}

#[tokio::test(start_paused = true)]
async fn a_batch_whose_handler_panicked_comes_back_in_order() -> Result<()> {
    comes_back_in_order(Fate::Panic, false).await
}

#[tokio::test(start_paused = true)]
async fn a_batch_past_its_deadline_comes_back_in_order() -> Result<()> {
    comes_back_in_order(Fate::Hang, false).await
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_was_killed_comes_back_in_order() -> Result<()> {
    comes_back_in_order(Fate::Hang, true).await
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_a_batch_to_fill() -> Result<()> {
    let swarm = test_swarm();
    let packer = Packer::default();
    let to = swarm.spawn(packer.clone()).batch(10, secs(60)).await?;
    to.tell(1_u64).await?;
    to.tell(2_u64).await?;
    let report = swarm.shutdown(secs(5)).await;
    assert!(report.is_clean(), "{report:?}");
    assert!(report.took < secs(1), "{report:?}");
    assert_eq!(packer.batches.all(), [[1, 2]]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_batch_takes_the_highest_lane_first() -> Result<()> {
    let swarm = test_swarm();
    let packer = Packer::default();
    let to = swarm.spawn(packer.clone()).batch(3, secs(60)).await?;
    to.tell(1_u64).priority(Priority::Low).await?;
    to.tell(2_u64).priority(Priority::Normal).await?;
    to.tell(3_u64).priority(Priority::Critical).await?;
    idle().await;
    assert_eq!(packer.batches.all(), [[3, 2, 1]]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_batch_has_two_messages_at_least() -> Result<()> {
    let swarm = test_swarm();
    for size in [0, 1, 1_025] {
        let refused = swarm.spawn(Packer::default()).batch(size, secs(1)).await;
        assert!(
            matches!(
                refused,
                Err(SpawnError::OutOfRange {
                    option: "batch",
                    ..
                })
            ),
            "{refused:?}"
        );
    }
    Ok(())
}

/// Beats by itself, wherever in its batch the beat stands.
#[derive(Clone, Default)]
struct Heart(Log<u64>);

impl Agent for Heart {
    type Message = u64;
    type Reply = ();

    async fn on_start(&mut self, ctx: &Context<Self>) -> Result<(), Failure> {
        ctx.every(ms(100), || 0)
            .map_err(|error| Failure::new(error.to_string()))?;
        Ok(())
    }

    async fn handle(&mut self, beat: &u64, _: &Context<Self>) -> Result<(), Failure> {
        self.0.push(*beat);
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn an_interval_goes_on_wherever_in_a_batch_its_message_stands() -> Result<()> {
    let swarm = test_swarm();
    let log = Log::default();
    let to = swarm
        .spawn(Heart(Log::clone(&log)))
        .batch(8, ms(50))
        .await?;
    for _ in 0..20 {
        // Always there before the beat.
        to.tell(1_u64).priority(Priority::Critical).await?;
        tokio::time::sleep(ms(70)).await;
    }
    let beats = log.all().iter().filter(|beat| **beat == 0).count();
    assert!(beats >= 8, "{beats} beats in 1.4 s");
    Ok(())
}

/// Keeps itself busy for as long as it is told.
struct Busybody(Arc<AtomicBool>);

impl Agent for Busybody {
    type Message = ();
    type Reply = ();

    async fn handle(&mut self, (): &(), ctx: &Context<Self>) -> Result<(), Failure> {
        if self.0.load(Ordering::Relaxed) {
            let _ = ctx.agent().try_tell(());
        }
        Ok(())
    }
}

/// A batch agent that always has a full batch in line lets others run all the same. On threads of its own, since the
/// worker would never come back otherwise; the wait is real for the same reason.
#[test]
fn a_busy_batch_agent_lets_others_run() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let is_busy = Arc::new(AtomicBool::new(true));
    let (others_ran, heard) = std::sync::mpsc::channel();
    let flag = Arc::clone(&is_busy);
    runtime.spawn(async move {
        let swarm = Swarm::local();
        let to = swarm
            .spawn_with(move || Busybody(Arc::clone(&flag)))
            .batch(2, ms(10))
            .await
            .expect("it starts");
        for _ in 0..10 {
            let _ = to.try_tell(());
        }
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        others_ran.send(swarm).expect("the test listens");
    });
    let heard = heard.recv_timeout(secs(10));
    is_busy.store(false, Ordering::Relaxed);
    runtime.shutdown_background();
    assert!(heard.is_ok(), "nobody else ran for 10 s");
}
