//! How many messages are taken in and handled in a second.

use std::time::Duration;

use tests::ms;
use tokio::time::{Instant, sleep};

use crate::books::Books;

/// How far things are at a time.
#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Instant,
    sent: usize,
    handled: usize,
}

/// Samples since something.
#[derive(Debug)]
pub struct Meter {
    samples: Vec<Sample>,
}

/// How often it is looked.
const STEP: Duration = ms(50);

impl Meter {
    pub fn start(books: &Books) -> Self {
        Self {
            samples: vec![sample(books)],
        }
    }

    /// Goes on for a step. The time is real: it is what is measured.
    pub async fn step(&mut self, books: &Books) {
        sleep(STEP).await;
        self.samples.push(sample(books));
    }

    pub async fn run(&mut self, books: &Books, time: Duration) {
        while self.lasted() < time {
            self.step(books).await;
        }
    }

    pub fn lasted(&self) -> Duration {
        self.last().at - self.samples[0].at
    }

    fn last(&self) -> Sample {
        self.samples[self.samples.len() - 1]
    }

    /// The mean from then on, messages per second.
    pub fn mean(&self, from: Duration) -> f64 {
        let first = self.samples[0].at + from;
        let first = self.samples.iter().find(|sample| sample.at >= first);
        first.map_or(0.0, |first| rate(*first, self.last()))
    }

    /// The windows of that length: when each begins, and the mean in it.
    fn windows(&self, length: Duration) -> impl Iterator<Item = (Duration, f64)> {
        self.samples
            .iter()
            .enumerate()
            .filter_map(move |(at, first)| {
                let rest = &self.samples[at..];
                let last = rest.iter().find(|sample| sample.at >= first.at + length)?;
                Some((first.at - self.samples[0].at, rate(*first, *last)))
            })
    }

    /// When the first window begins in which it is so much.
    pub fn reached(&self, rate: f64, window: Duration) -> Option<Duration> {
        let mut windows = self.windows(window);
        windows.find(|(_, mean)| *mean >= rate).map(|(at, _)| at)
    }

    /// The mean in the best window.
    pub fn best(&self, window: Duration) -> f64 {
        self.windows(window)
            .map(|(_, mean)| mean)
            .fold(0.0, f64::max)
    }
}

fn sample(books: &Books) -> Sample {
    let (sent, handled) = books.look(|known| (known.sent(), known.handled()));
    Sample {
        at: Instant::now(),
        sent,
        handled,
    }
}

/// The lesser of what is taken in and what is handled: a backlog that is worked off is no recovery while nobody can send.
fn rate(first: Sample, last: Sample) -> f64 {
    let count = (last.sent - first.sent).min(last.handled - first.handled);
    let time = (last.at - first.at).as_secs_f64();
    if time > 0.0 { count as f64 / time } else { 0.0 }
}
