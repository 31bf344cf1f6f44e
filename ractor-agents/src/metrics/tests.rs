//! What a recorder gets to see.
#![expect(clippy::float_cmp, reason = "small whole numbers")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ::metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit, set_default_local_recorder,
};
use parking_lot::Mutex;

use super::{Layer, describe, names, publish};
use crate::prelude::*;

/// Every value by the name and the labels of its metric; of histograms, how many there were.
type Values = Arc<Mutex<BTreeMap<String, f64>>>;

/// Keeps values, and the names that were described.
#[derive(Default)]
struct Book {
    values: Values,
    described: Mutex<Vec<String>>,
}

/// One metric in the book.
struct Line {
    values: Values,
    key: String,
}

impl Book {
    fn line(&self, key: &Key) -> Arc<Line> {
        let labels = key.labels();
        let labels: Vec<_> = labels.map(|label| (label.key(), label.value())).collect();
        Arc::new(Line {
            values: Arc::clone(&self.values),
            key: format!("{} {labels:?}", key.name()),
        })
    }

    /// What stands in the lines whose keys have all of `parts`, added up.
    fn sum(&self, parts: &[&str]) -> f64 {
        let values = self.values.lock();
        let has_all = |key: &str| parts.iter().all(|part| key.contains(part));
        let lines = values.iter().filter(|(key, _)| has_all(key));
        lines.map(|(_, value)| value).sum()
    }
}

impl Line {
    fn add(&self, value: f64) {
        *self.values.lock().entry(self.key.clone()).or_default() += value;
    }

    fn write(&self, value: f64) {
        self.values.lock().insert(self.key.clone(), value);
    }
}

impl CounterFn for Line {
    fn increment(&self, value: u64) {
        self.add(super::approximate(value));
    }

    fn absolute(&self, value: u64) {
        self.write(super::approximate(value));
    }
}

impl GaugeFn for Line {
    fn increment(&self, value: f64) {
        self.add(value);
    }

    fn decrement(&self, value: f64) {
        self.add(-value);
    }

    fn set(&self, value: f64) {
        self.write(value);
    }
}

impl HistogramFn for Line {
    fn record(&self, _: f64) {
        self.add(1.0);
    }
}

impl Recorder for Book {
    fn describe_counter(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.described.lock().push(name.as_str().to_owned());
    }

    fn describe_gauge(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.described.lock().push(name.as_str().to_owned());
    }

    fn describe_histogram(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.described.lock().push(name.as_str().to_owned());
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.line(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.line(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.line(key))
    }
}

#[derive(Clone)]
struct Judge;

impl Agent for Judge {
    type Message = &'static str;
    type Reply = ();

    async fn handle(&mut self, case: &&'static str, _: &Context<Self>) -> Result<(), Failure> {
        match *case {
            "fail" => Err(Failure::new("on purpose")),
            "panic" => std::panic::resume_unwind(Box::new("on purpose")),
            "hang" => std::future::pending().await,
            _ => Ok(()),
        }
    }
}

/// On one thread, where the recorder of a test is its own.
#[tokio::test(start_paused = true)]
async fn all_that_is_named_is_described_and_published() -> Result<()> {
    let book = Book::default();
    let _installed = set_default_local_recorder(&book);
    describe();
    let swarm = Swarm::builder().test().build()?;
    let judge = swarm
        .spawn(Judge)
        .around(Layer::new())
        .attempts(2)
        .deadline(Duration::from_secs(1))
        .await?;
    judge.ask("well").await?;
    for case in ["fail", "panic", "hang"] {
        assert!(judge.ask(case).await.is_err());
    }
    // The last restart comes after the answer, and after a pause.
    tokio::time::sleep(Duration::from_secs(1)).await;
    publish(&swarm);

    assert_eq!(book.sum(&[names::ACCEPTED, "Judge"]), 4.0);
    assert_eq!(book.sum(&[names::ENDED, "Judge", "handled"]), 1.0);
    assert_eq!(book.sum(&[names::ENDED, "Judge", "failed"]), 3.0);
    assert_eq!(book.sum(&[names::ENDED, "Judge"]), 4.0);
    assert_eq!(book.sum(&[names::RETRIED, "Judge"]), 3.0);
    assert_eq!(book.sum(&[names::RESTARTS, "Judge"]), 6.0);
    assert_eq!(book.sum(&[names::DEAD_LETTERS]), 3.0);
    assert_eq!(book.sum(&[names::AGENTS, "Judge"]), 1.0);
    assert_eq!(book.sum(&[names::QUEUED]), 0.0);
    assert_eq!(book.sum(&[names::IN_FLIGHT]), 0.0);
    for (outcome, count) in [("ok", 1.0), ("failed", 2.0), ("dropped", 4.0)] {
        assert_eq!(book.sum(&[names::HANDLE_DURATION, outcome]), count);
    }

    let mut described = book.described.lock().clone();
    described.sort();
    let published = book.values.lock();
    let published = published.keys().filter_map(|key| key.split(' ').next());
    let mut published: Vec<&str> = published.collect();
    published.dedup();
    assert_eq!(published, described, "all of them, and no others");
    Ok(())
}
