//! A question and its answer, one after the other; and what it costs an agent that asks from its handler to be told of a deadlock.

use benches::{
    Message, Peer,
    bench::{self, Group, on_worker, scaled},
    each_peer,
    stopwatch::Stopwatch,
    take_numbers,
};
use criterion::Criterion;
use ractor_agents::prelude::*;

fn main() {
    bench::run(&[ask, ask_from_handler]);
}

fn ask(criterion: &mut Criterion) {
    let questions = scaled(20_000, 500);
    let mut group = bench::group(criterion, "ask", questions);
    each_peer!(measure(&mut group, questions));
    group.finish();
}

fn measure<P: Peer>(group: &mut Group<'_>, questions: u64) {
    group.bench_function(P::NAME, |bencher| {
        bencher.iter_custom(|iterations| on_worker(batches::<P>(iterations, questions)));
    });
}

async fn batches<P: Peer>(iterations: u64, questions: u64) -> Duration {
    let peer = P::start().await;
    let echo = peer.echo().await;
    let mut total = Duration::ZERO;
    for _ in 0..iterations {
        let first = take_numbers(questions);
        let watch = Stopwatch::start();
        for number in first..first + questions {
            let answer = P::ask(&echo, Message::numbered(number)).await;
            assert_eq!(answer, number);
        }
        total += watch.elapsed();
    }
    drop(echo);
    peer.shutdown().await;
    total
}

/// Asks another agent as often as it is told, and answers with how long that took.
#[derive(Clone)]
struct Asker(AgentRef<Echo>);

#[derive(Clone)]
struct Echo;

impl Agent for Asker {
    type Message = u64;
    type Reply = Duration;

    async fn handle(&mut self, questions: &u64, _: &Context<Self>) -> Result<Duration, Failure> {
        let watch = Stopwatch::start();
        for number in 0..*questions {
            let answer = self.0.ask(number).await;
            assert!(answer.is_ok_and(|answer| answer == number));
        }
        Ok(watch.elapsed())
    }
}

impl Agent for Echo {
    type Message = u64;
    type Reply = u64;

    async fn handle(&mut self, number: &u64, _: &Context<Self>) -> Result<u64, Failure> {
        Ok(*number)
    }
}

fn ask_from_handler(criterion: &mut Criterion) {
    let questions = scaled(20_000, 500);
    let mut group = bench::group(criterion, "ask_from_handler", questions);
    for (name, is_on) in [("detection_on", true), ("detection_off", false)] {
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|iterations| on_worker(rounds(iterations, questions, is_on)));
        });
    }
    group.finish();
}

async fn rounds(iterations: u64, questions: u64, is_on: bool) -> Duration {
    let swarm = Swarm::builder().deadlock_detection(is_on);
    let swarm = swarm.build().expect("there is a runtime");
    let echo = swarm.spawn(Echo).await.expect("it starts");
    let asker = swarm.spawn(Asker(echo)).await.expect("it starts");
    let mut total = Duration::ZERO;
    for _ in 0..iterations {
        total += asker.ask(questions).await.expect("it answers");
    }
    swarm.shutdown(Duration::from_secs(1)).await;
    total
}
