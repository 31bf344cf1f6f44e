//! Senders that wait for room.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use ractor_agents::agent::{Agent, AgentRef, AskError};
use ractor_agents::mailbox::{Inbound, LaneLimit, Layer, Mailbox, Offer, Overflow, Refusal, dedup};
use ractor_agents::message::Priority;
use ractor_agents::swarm::Swarm;
use tests::{Act, Log, Puppet, Task, idle, ms, secs, test_swarm};
use tokio::task::JoinSet;

use crate::Result;

/// Polls a future once, on behalf of nobody.
fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// A puppet that is busy at its gate, with all of its lane full. The ids in the lane are from 1 on.
async fn full(swarm: &Swarm, depth: usize) -> Result<(Puppet, AgentRef<Puppet>)> {
    let puppet = Puppet::default();
    let to = swarm.spawn(puppet.clone()).depth(depth).await?;
    to.tell(Task::new(0, Act::Wait)).await?;
    idle().await;
    for id in 1..=depth as u64 {
        to.try_tell(Task::new(id, Act::Wait))?;
    }
    Ok((puppet, to))
}

#[tokio::test(start_paused = true)]
async fn senders_that_wait_are_served_first_come_first_served() -> Result {
    let swarm = test_swarm();
    let (puppet, to) = full(&swarm, 1).await?;
    let served = Log::default();
    let mut senders = JoinSet::new();
    for id in 10..30 {
        let (to, served) = (to.clone(), Log::clone(&served));
        senders.spawn(async move {
            to.tell(id).await.expect("room in the end");
            served.push(id);
        });
        idle().await;
    }
    assert!(served.is_empty());
    puppet.gate.open();
    senders.join_all().await;
    idle().await;
    assert_eq!(served.all(), (10..30).collect::<Vec<_>>());
    assert_eq!(puppet.done.all()[2..], (10..30).collect::<Vec<_>>());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn no_sender_starves_beside_others() -> Result {
    const SENDERS: u64 = 20;
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let to = swarm.spawn(puppet.clone()).depth(4).await?;
    let mut senders = JoinSet::new();
    for sender in 0..SENDERS {
        let to = to.clone();
        senders.spawn(async move {
            for _ in 0..200 {
                let told = to.tell(Task::new(sender, Act::Take(1))).await;
                told.expect("room in the end");
            }
        });
    }
    senders.join_all().await;
    // While all of them send, none is more than a few rounds ahead of another.
    let done = puppet.done.all();
    let mut counts = [0_u32; SENDERS as usize];
    for sender in done.iter().take(done.len() / 2) {
        counts[usize::try_from(*sender)?] += 1;
    }
    let (least, most) = (counts.iter().min(), counts.iter().max());
    let (least, most) = (least.copied().unwrap_or(0), most.copied().unwrap_or(0));
    assert!(most - least <= 8, "{counts:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_waiting_sender_gives_its_place_back() -> Result {
    let swarm = test_swarm();
    let (puppet, to) = full(&swarm, 1).await?;
    let mut cancelled = Box::pin(to.tell(10));
    let mut patient = Box::pin(to.tell(11));
    assert!(poll_once(cancelled.as_mut()).is_pending());
    assert!(poll_once(patient.as_mut()).is_pending());
    drop(cancelled);
    puppet.gate.open();
    patient.await?;
    idle().await;
    assert_eq!(puppet.done.all(), [0, 1, 11]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_sender_cancelled_after_its_call_passes_the_room_on() -> Result {
    let swarm = test_swarm();
    let (puppet, to) = full(&swarm, 1).await?;
    let mut called = Box::pin(to.tell(10));
    let mut next = Box::pin(to.tell(11));
    assert!(poll_once(called.as_mut()).is_pending());
    assert!(poll_once(next.as_mut()).is_pending());
    puppet.gate.open();
    idle().await;
    // The room is promised to the first and it has not come back for it.
    assert!(to.try_tell(12).is_err());
    drop(called);
    next.await?;
    idle().await;
    assert_eq!(puppet.done.all(), [0, 1, 11]);
    to.try_tell(13)?;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_pause_and_a_stop_call_off_the_wait() -> Result {
    for (stop, expected) in [(false, Refusal::Maintenance), (true, Refusal::Closed)] {
        let swarm = test_swarm();
        let (_puppet, to) = full(&swarm, 1).await?;
        let mut waiting = Box::pin(to.tell(10));
        assert!(poll_once(waiting.as_mut()).is_pending());
        if stop {
            to.stop();
        } else {
            to.pause();
        }
        let error = waiting.await.unwrap_err();
        assert_eq!(error.refusal, expected);
        assert_eq!(error.into_message(), Task::note(10));
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_ask_that_finds_no_room_comes_back_after_its_patience() -> Result {
    let swarm = test_swarm();
    let (puppet, to) = full(&swarm, 1).await?;
    let begun = tokio::time::Instant::now();
    let error = to.ask(10).patience(secs(2)).await.unwrap_err();
    assert!(begun.elapsed() >= secs(2) && begun.elapsed() < ms(2_010));
    let AskError::Refused(refused) = error else {
        panic!("{error:?}");
    };
    assert!(matches!(refused.refusal, Refusal::NoRoom { waited } if waited >= secs(2)));
    assert_eq!(refused.into_message(), Task::note(10));
    puppet.gate.open();
    idle().await;
    to.ask(11).await?;
    assert_eq!(to.accounting().accepted, 3);
    Ok(())
}

/// Aging takes a message out of the low lane past the chunk. The sender that waits for its room has to hear of it even
/// if the agent then comes to rest.
#[tokio::test(start_paused = true)]
async fn room_that_comes_by_aging_is_given_to_who_waits_for_it() -> Result {
    for others in 1..=64 {
        let swarm = test_swarm();
        let puppet = Puppet::default();
        let one = LaneLimit {
            depth_max: 1,
            overflow: Overflow::Wait,
        };
        let to = swarm.spawn(puppet.clone()).lane(Priority::Low, one).await?;
        to.tell(Task::new(0, Act::Wait)).await?;
        idle().await;
        for _ in 0..others {
            to.try_tell(1)?;
        }
        to.tell(2).priority(Priority::Low).await?;
        let mut waiting = Box::pin(to.tell(3).priority(Priority::Low));
        assert!(poll_once(waiting.as_mut()).is_pending());
        puppet.gate.open();
        let told = tokio::time::timeout(secs(60), waiting).await;
        told.map_err(|_| format!("with {others} others, nobody called the sender"))??;
    }
    Ok(())
}

/// The sender that is called turns out to be a duplicate: the room is for the next one.
#[tokio::test(start_paused = true)]
async fn a_duplicate_passes_its_room_on() -> Result {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let to = swarm
        .spawn(puppet.clone())
        .depth(1)
        .layer(dedup::Layer::by_content(secs(60)))
        .await?;
    to.tell(Task::new(0, Act::Wait)).await?;
    idle().await;
    to.try_tell(1)?;
    let mut waiting: Vec<_> = [2, 2, 3].map(|id| Box::pin(to.tell(id))).into();
    for tell in &mut waiting {
        assert!(poll_once(tell.as_mut()).is_pending());
    }
    puppet.gate.open();
    for tell in waiting {
        let told = tokio::time::timeout(secs(60), tell).await;
        told.map_err(|_| "nobody called the sender")??;
    }
    idle().await;
    assert_eq!(puppet.done.all(), [0, 1, 2, 3]);
    Ok(())
}

/// Those who wait are sent away by maintenance. When it is over before they look again, they have to queue up again:
/// nothing is promised to them any more.
#[tokio::test(start_paused = true)]
async fn maintenance_that_is_over_at_once_does_not_overfill_the_lane() -> Result {
    let swarm = test_swarm();
    let (puppet, to) = full(&swarm, 2).await?;
    let mut waiting: Vec<_> = (10..20).map(|id| Box::pin(to.tell(id))).collect();
    for tell in &mut waiting {
        assert!(poll_once(tell.as_mut()).is_pending());
    }
    to.pause();
    to.resume();
    for tell in &mut waiting {
        let _ = poll_once(tell.as_mut());
    }
    assert!(to.depth() <= 2, "{} wait in a lane for 2", to.depth());
    puppet.gate.open();
    for tell in waiting {
        tell.await?;
    }
    idle().await;
    assert_eq!(puppet.done.len(), 13);
    Ok(())
}

/// As above, but one of those who were sent away is dropped: it must not give back room that was promised to another.
#[tokio::test(start_paused = true)]
async fn who_was_sent_away_has_no_room_to_give_back() -> Result {
    let swarm = test_swarm();
    let (puppet, to) = full(&swarm, 2).await?;
    let mut sent_away: Vec<_> = (10..20).map(|id| Box::pin(to.tell(id))).collect();
    for tell in &mut sent_away {
        assert!(poll_once(tell.as_mut()).is_pending());
    }
    to.pause();
    to.resume();
    let mut waiting: Vec<_> = (20..30)
        .map(|id| Box::pin(to.tell(Task::new(id, Act::Wait))))
        .collect();
    for tell in &mut waiting {
        assert!(poll_once(tell.as_mut()).is_pending());
    }
    // The lane runs empty and both rooms are promised to the first two.
    puppet.gate.let_through(2);
    idle().await;
    drop(sent_away);
    for tell in &mut waiting {
        let _ = poll_once(tell.as_mut());
    }
    // Two in the lane, two taken ahead or in hand.
    assert!(to.depth() <= 4, "{} wait in a lane for 2", to.depth());
    Ok(())
}

/// Moves every message up by one lane, each time it is offered.
#[derive(Clone, Copy)]
struct Promote;

struct Promoting<Inner>(Inner);

impl<Inner> Layer<Inner> for Promote {
    type Outer = Promoting<Inner>;

    fn layer(self, inner: Inner) -> Promoting<Inner> {
        Promoting(inner)
    }
}

impl<A: Agent, Inner: Inbound<A>> Inbound<A> for Promoting<Inner> {
    fn offer(
        &self,
        mut offer: Offer<'_, A>,
        mailbox: &Mailbox<A>,
    ) -> std::result::Result<(), Refusal> {
        let up = match offer.priority() {
            Priority::Low => Priority::Normal,
            Priority::Normal => Priority::High,
            other => other,
        };
        offer.set_priority(up);
        self.0.offer(offer, mailbox)
    }
}

/// Room is promised in the lane that a sender waited for. If a layer moves the message to another lane when it is
/// offered again, the promise is not kept back for ever.
#[tokio::test(start_paused = true)]
async fn a_message_that_changes_lanes_leaves_no_promise_behind() -> Result {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let to = swarm.spawn(puppet.clone()).depth(1).layer(Promote).await?;
    to.tell(Task::new(0, Act::Wait)).await?;
    idle().await;
    to.tell(1).priority(Priority::Low).await?;
    let mut waiting = Box::pin(to.tell(2).priority(Priority::Low));
    assert!(poll_once(waiting.as_mut()).is_pending());
    puppet.gate.open();
    waiting.await?;
    idle().await;
    // This one is for Normal again, which has been empty for a while.
    let told = tokio::time::timeout(secs(60), to.tell(3).priority(Priority::Low)).await;
    told.map_err(|_| "an empty lane has no room")??;
    Ok(())
}
