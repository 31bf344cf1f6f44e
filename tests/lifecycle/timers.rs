//! Messages for later and at intervals.

use ractor_agents::agent::Timer;
use ractor_agents::mailbox::Refusal;
use ractor_agents::prelude::*;
use ractor_agents::supervision::Backoff;
use tests::{Log, idle, ms, secs, test_swarm};
use tokio::time::Instant;

/// Keeps a log of when it got what.
#[derive(Clone)]
struct Clockwork {
    begun: Instant,
    log: Log<(u64, u64)>,
    timer: Log<Timer>,
    called_off: Log<bool>,
    /// The period of the interval that it starts with, in milliseconds.
    period: Option<u64>,
}

impl Clockwork {
    fn new(period: Option<u64>) -> Self {
        Self {
            begun: Instant::now(),
            log: Log::default(),
            timer: Log::default(),
            called_off: Log::default(),
            period,
        }
    }

    /// When, in milliseconds, the messages of this name came.
    fn times(&self, name: u64) -> Vec<u64> {
        let all = self.log.all().into_iter();
        all.filter(|(message, _)| *message == name)
            .map(|(_, at)| at)
            .collect()
    }
}

#[derive(Clone, Copy)]
enum Word {
    Note(u64),
    /// A note after so many milliseconds.
    Later(u64, u64),
    CallOff,
    /// Takes so many milliseconds.
    Take(u64),
    /// As many notes in an hour as it is told; answers with how many were refused.
    Fill(usize),
}

impl Agent for Clockwork {
    type Message = Word;
    type Reply = usize;

    async fn on_start(&mut self, ctx: &Context<Self>) -> Result<(), Failure> {
        if let Some(period) = self.period {
            let timer = ctx.every(ms(period), || Word::Note(0));
            self.timer.push(timer?);
        }
        Ok(())
    }

    async fn handle(&mut self, word: &Word, ctx: &Context<Self>) -> Result<usize, Failure> {
        match *word {
            Word::Note(name) => {
                let at = u64::try_from(self.begun.elapsed().as_millis())?;
                self.log.push((name, at));
            }
            Word::Later(name, wait) => self.timer.push(ctx.later(Word::Note(name), ms(wait))?),
            Word::CallOff => {
                if let Some(timer) = self.timer.all().last() {
                    self.called_off.push(ctx.call_off(*timer));
                }
            }
            Word::Take(millis) => tokio::time::sleep(ms(millis)).await,
            Word::Fill(count) => {
                let scheduled = (0..count).map(|_| ctx.later(Word::Note(1), secs(3_600)));
                let refused = scheduled.filter_map(|scheduled| scheduled.err());
                return Ok(refused
                    .filter(|error| matches!(error.refusal, Refusal::Full { .. }))
                    .count());
            }
        }
        Ok(0)
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_for_later_comes_then() -> Result<()> {
    let swarm = test_swarm();
    let clockwork = Clockwork::new(None);
    let to = swarm.spawn(clockwork.clone()).await?;
    to.ask(Word::Later(1, 500)).await?;
    to.ask(Word::Later(2, 200)).await?;
    let messages = to.accounting();
    assert_eq!((messages.accepted, messages.queued), (4, 2));
    tokio::time::sleep(secs(1)).await;
    let log = clockwork.log.all();
    assert_eq!(
        log.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        [2, 1]
    );
    assert!(
        (200..=205).contains(&log[0].1) && (500..=505).contains(&log[1].1),
        "{log:?}"
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_message_for_later_can_be_called_off_once() -> Result<()> {
    let swarm = test_swarm();
    let clockwork = Clockwork::new(None);
    let to = swarm.spawn(clockwork.clone()).await?;
    to.ask(Word::Later(1, 500)).await?;
    to.ask(Word::CallOff).await?;
    to.ask(Word::CallOff).await?;
    tokio::time::sleep(secs(1)).await;
    assert_eq!(clockwork.called_off.all(), [true, false]);
    assert!(clockwork.log.is_empty());
    let messages = to.accounting();
    assert_eq!((messages.cancelled, messages.queued), (1, 0));
    assert_eq!(swarm.dead_letters().total(), 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_message_for_later_survives_a_restart() -> Result<()> {
    let swarm = test_swarm();
    let clockwork = Clockwork::new(None);
    let to = swarm.spawn(clockwork.clone()).await?;
    to.ask(Word::Later(1, 500)).await?;
    to.kill();
    idle().await;
    tokio::time::sleep(secs(1)).await;
    assert_eq!(clockwork.times(1).len(), 1);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_interval_keeps_its_pace() -> Result<()> {
    let swarm = test_swarm();
    let clockwork = Clockwork::new(Some(100));
    let to = swarm.spawn(clockwork.clone()).await?;
    tokio::time::sleep(ms(1_050)).await;
    let times = clockwork.times(0);
    assert_eq!(times.len(), 10, "{times:?}");
    for (count, at) in (1..).zip(&times) {
        assert!((count * 100..=count * 100 + 5).contains(at), "{times:?}");
    }
    to.ask(Word::CallOff).await?;
    tokio::time::sleep(secs(1)).await;
    assert_eq!(clockwork.times(0).len(), 10);
    assert_eq!(to.accounting().queued, 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn missed_periods_are_skipped() -> Result<()> {
    let swarm = test_swarm();
    let clockwork = Clockwork::new(Some(100));
    let to = swarm.spawn(clockwork.clone()).await?;
    to.ask(Word::Take(1_000)).await?;
    tokio::time::sleep(ms(205)).await;
    let times = clockwork.times(0);
    assert!((2..=4).contains(&times.len()), "{times:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_interval_begins_anew_with_each_incarnation_and_never_runs_twice() -> Result<()> {
    let swarm = test_swarm();
    let clockwork = Clockwork::new(Some(100));
    let to = swarm
        .spawn(clockwork.clone())
        .restart_backoff(Backoff::NONE)
        .await?;
    for _ in 0..5 {
        tokio::time::sleep(ms(250)).await;
        to.kill();
        idle().await;
    }
    assert_eq!(to.restarts(), 5);
    clockwork.log.take();
    tokio::time::sleep(ms(1_050)).await;
    let times = clockwork.times(0);
    assert!((9..=11).contains(&times.len()), "{times:?}");
    assert_eq!(to.accounting().queued, 1);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_interval_goes_on_after_a_pause() -> Result<()> {
    let swarm = test_swarm();
    let clockwork = Clockwork::new(Some(100));
    let to = swarm.spawn(clockwork.clone()).await?;
    tokio::time::sleep(ms(250)).await;
    to.pause();
    tokio::time::sleep(secs(1)).await;
    to.resume();
    clockwork.log.take();
    tokio::time::sleep(ms(1_050)).await;
    let times = clockwork.times(0);
    assert!((9..=11).contains(&times.len()), "{times:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn messages_for_later_are_bounded() -> Result<()> {
    let swarm = test_swarm();
    let to = swarm.spawn(Clockwork::new(None)).await?;
    let refused = to.ask(Word::Fill(2_000)).await?;
    assert_eq!(refused, 2_000 - 1_024);
    Ok(())
}
