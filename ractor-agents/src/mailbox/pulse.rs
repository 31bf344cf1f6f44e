//! Signs of life of an agent, and what it uses.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::task::Waker;
use std::time::Duration;

use parking_lot::Mutex;

use crate::message::Moment;

/// Signs of life of an agent, and what it uses. A heartbeat is a poll of its work: whoever is not polled by itself is woken for one.
// In this order: what each poll touches comes last, beside what the consumer counts.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Pulse {
    /// The task of the incarnation of this epoch.
    task: Mutex<Option<(u32, Waker)>>,
    /// In bytes, as it says itself; 0 until it does.
    memory: AtomicU64,
    /// When it was last checked in microseconds, or 0; how long it had been polled by then; and the bits of the share of the time
    /// between the last two checks, or not a number. Written by the check alone.
    checked_at: AtomicU64,
    checked_busy: AtomicU64,
    cpu_share: AtomicU64,
    /// How many heartbeats in a row did not come.
    missed: AtomicU32,
    /// A heartbeat was asked for and did not come yet.
    is_asked: AtomicBool,
    /// The latest poll ended because nothing was in line: the next begins with a message, whose consumer looks at the clock.
    is_resting: AtomicBool,
    /// When the latest poll began or ended, in microseconds, doubled; odd while it goes on. 0 for never.
    polled: AtomicU64,
    /// How long its work was polled in microseconds, without a poll that goes on.
    busy: AtomicU64,
}

/// From when on what came after a check tells more than what was before. Source: a guess, sixty ticks of the coarse clock.
const TELLING: Duration = Duration::from_millis(250);

impl Default for Pulse {
    fn default() -> Self {
        Self {
            polled: AtomicU64::new(0),
            busy: AtomicU64::new(0),
            is_asked: AtomicBool::new(false),
            is_resting: AtomicBool::new(false),
            missed: AtomicU32::new(0),
            memory: AtomicU64::new(0),
            checked_at: AtomicU64::new(0),
            checked_busy: AtomicU64::new(0),
            cpu_share: AtomicU64::new(f64::NAN.to_bits()),
            task: Mutex::new(None),
        }
    }
}

impl Pulse {
    /// A poll begins, or has begun just now; nothing happens if that was noted already. `now` tells the time.
    pub(crate) fn begin(&self, now: impl FnOnce() -> Moment) {
        if self.polled.load(Ordering::Relaxed) & 1 == 0 {
            self.polled
                .store(now().micros() << 1 | 1, Ordering::Relaxed);
        }
    }

    /// The poll ends.
    pub(crate) fn end(&self, now: Moment) {
        let polled = self.polled.load(Ordering::Relaxed);
        let (began, now) = (polled >> 1, now.micros());
        // Seldom: the clock stands still for as long as a thousand polls take.
        if polled & 1 == 1 && now > began {
            self.busy.fetch_add(now - began, Ordering::Relaxed);
        }
        self.polled.store(now << 1, Ordering::Relaxed);
    }

    /// The next poll begins with a message, or does nothing.
    pub(super) fn rest(&self) {
        self.is_resting.store(true, Ordering::Relaxed);
    }

    /// Whether it was so, and no longer is.
    pub(crate) fn rouse(&self) -> bool {
        let was_resting = self.is_resting.load(Ordering::Relaxed);
        if was_resting {
            self.is_resting.store(false, Ordering::Relaxed);
        }
        was_resting
    }

    /// Whether [`beat`](Self::beat) is asked for.
    pub(crate) fn is_asked(&self) -> bool {
        self.is_asked.load(Ordering::Relaxed)
    }

    /// A heartbeat, of the incarnation of this epoch, whose task it is.
    pub(super) fn beat(&self, epoch: u32, task: &Waker) {
        let before = self.task.lock().replace((epoch, task.clone()));
        drop(before);
        self.is_asked.store(false, Ordering::Relaxed);
        self.missed.store(0, Ordering::Relaxed);
    }

    /// The incarnation of this epoch has ended; of its task nothing is kept.
    pub(crate) fn release(&self, epoch: u32) {
        let mut task = self.task.lock();
        let ended = task.take_if(|(of, _)| *of == epoch);
        drop(task);
        drop(ended);
    }

    /// Notes what it used, and asks it for a heartbeat. How many it has missed in a row by now.
    pub(super) fn check(&self, now: Moment) -> u32 {
        self.note_use(now);
        let task = self.task.lock().as_ref().map(|(_, task)| task.clone());
        let Some(task) = task else {
            // It is not running: its status says so.
            self.is_asked.store(false, Ordering::Relaxed);
            self.missed.store(0, Ordering::Relaxed);
            return 0;
        };
        let missed = if self.is_asked.swap(true, Ordering::Relaxed) {
            self.missed.fetch_add(1, Ordering::Relaxed) + 1
        } else {
            0
        };
        task.wake();
        missed
    }

    fn note_use(&self, now: Moment) {
        if let Some(share) = self.share_since_check(now) {
            self.cpu_share.store(share.to_bits(), Ordering::Relaxed);
        }
        let busy = self.cpu_time(now).as_micros();
        let busy = u64::try_from(busy).unwrap_or(u64::MAX);
        self.checked_busy.store(busy, Ordering::Relaxed);
        self.checked_at.store(now.micros(), Ordering::Relaxed);
    }

    /// The share of the time since the last check that its work was polled.
    fn share_since_check(&self, now: Moment) -> Option<f64> {
        let passed = now.since(self.checked_at()?);
        let before = Duration::from_micros(self.checked_busy.load(Ordering::Relaxed));
        let busy = self.cpu_time(now).saturating_sub(before);
        let share = busy.as_secs_f64() / passed.as_secs_f64();
        (!passed.is_zero()).then_some(share.min(1.0))
    }

    fn checked_at(&self) -> Option<Moment> {
        Moment::from_micros(self.checked_at.load(Ordering::Relaxed))
    }

    pub(crate) fn missed(&self) -> u32 {
        self.missed.load(Ordering::Relaxed)
    }

    /// When it was last polled.
    pub(crate) fn last(&self) -> Option<Moment> {
        Moment::from_micros(self.polled.load(Ordering::Relaxed) >> 1)
    }

    /// How long its work was polled.
    pub(crate) fn cpu_time(&self, now: Moment) -> Duration {
        let polled = self.polled.load(Ordering::Relaxed);
        let busy = Duration::from_micros(self.busy.load(Ordering::Relaxed));
        let began = Moment::from_micros(polled >> 1).filter(|_| polled & 1 == 1);
        busy + began.map_or(Duration::ZERO, |began| now.since(began))
    }

    /// The share of the time that its work was polled, 0 to 1: since the last check if that was long enough ago, otherwise between the
    /// last two. `None` before the first check.
    pub(crate) fn cpu_share(&self, now: Moment) -> Option<f64> {
        let noted = f64::from_bits(self.cpu_share.load(Ordering::Relaxed));
        let noted = (!noted.is_nan()).then_some(noted);
        if now.since(self.checked_at()?) < TELLING && noted.is_some() {
            return noted;
        }
        self.share_since_check(now).or(noted)
    }

    pub(crate) fn report_memory(&self, bytes: u64) {
        self.memory.store(bytes, Ordering::Relaxed);
    }

    /// In bytes, if it ever said.
    pub(crate) fn memory(&self) -> Option<u64> {
        let bytes = self.memory.load(Ordering::Relaxed);
        (bytes > 0).then_some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::{Wake, Waker};
    use std::time::Duration;

    use super::Pulse;
    use crate::message::Moment;

    const SECOND: Duration = Duration::from_secs(1);

    #[derive(Default)]
    struct Wakes(AtomicU32);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn one_that_is_not_polled_when_it_is_asked_misses_a_heartbeat() {
        let (pulse, wakes) = (Pulse::default(), Arc::<Wakes>::default());
        let task = Waker::from(Arc::clone(&wakes));
        let now = Moment::now();
        assert_eq!(pulse.check(now), 0, "it does not run");
        pulse.beat(1, &task);
        let missed: Vec<u32> = (0..5).map(|_| pulse.check(now)).collect();
        assert_eq!(missed, [0, 1, 2, 3, 4]);
        assert_eq!(wakes.0.load(Ordering::Relaxed), 5, "asked each time");
        pulse.beat(1, &task);
        assert_eq!(pulse.missed(), 0);
    }

    #[test]
    fn nothing_is_kept_of_the_task_of_an_incarnation_that_ended() {
        let (pulse, wakes) = (Pulse::default(), Arc::<Wakes>::default());
        for epoch in [1, 2] {
            pulse.beat(epoch, &Waker::from(Arc::clone(&wakes)));
        }
        pulse.release(1);
        assert_eq!(Arc::strong_count(&wakes), 2, "it is the successor's");
        pulse.release(2);
        assert_eq!(Arc::strong_count(&wakes), 1);
    }

    #[test]
    fn time_in_polls_counts_while_they_go_on() {
        let pulse = Pulse::default();
        let start = Moment::now();
        assert_eq!((pulse.last(), pulse.cpu_share(start)), (None, None));
        pulse.check(start);
        pulse.begin(|| start.after(2 * SECOND));
        let at = |seconds: u32| start.after(seconds * SECOND);
        assert_eq!(pulse.cpu_time(at(4)), 2 * SECOND);
        assert_eq!(pulse.cpu_share(at(4)), Some(0.5));
        pulse.begin(|| at(3));
        pulse.end(at(4));
        assert_eq!(pulse.cpu_time(at(8)), 2 * SECOND);
        assert_eq!(pulse.cpu_share(at(8)), Some(0.25));
        pulse.check(at(8));
        // Too early to tell: what was found at the check.
        assert_eq!(
            pulse.cpu_share(at(8).after(Duration::from_millis(1))),
            Some(0.25)
        );
        assert_eq!(pulse.cpu_share(at(9)), Some(0.0));
        assert_eq!(pulse.last(), Some(at(4)));
    }
}
