//! Patterns against a reference that is as simple as can be, and as many as can be.

use std::collections::BTreeSet;
use std::time::Instant;

use ractor_agents::agent::AgentRef;
use ractor_agents::routing::topic::{Pattern, Subject, Topics};
use tests::{Puppet, Random, Task, idle, test_swarm};

use crate::{Result, puppet};

/// What is meant: `*` is one word, `#` is any number of them.
fn matches(pattern: &[&str], subject: &[&str]) -> bool {
    match (pattern, subject) {
        ([], []) => true,
        (["#", rest @ ..], _) => {
            matches(rest, subject)
                || matches!(subject, [_, others @ ..] if matches(pattern, others))
        }
        (["*", rest @ ..], [_, others @ ..]) => matches(rest, others),
        ([word, rest @ ..], [other, others @ ..]) => word == other && matches(rest, others),
        _ => false,
    }
}

fn reference(pattern: &str, subject: &str) -> bool {
    let pattern: Vec<&str> = pattern.split('.').collect();
    let subject: Vec<&str> = subject.split('.').collect();
    matches(&pattern, &subject)
}

/// One to six words out of few, so that many match.
fn name(random: &mut Random, words: &[&str]) -> String {
    let count = 1 + random.below(6);
    let chosen: Vec<&str> = (0..count).map(|_| *random.one_of(words)).collect();
    chosen.join(".")
}

const WORDS: [&str; 3] = ["a", "b", "cc"];

#[test]
fn a_pattern_matches_what_the_reference_says() -> Result {
    let seed = Random::seed("TOPICS_SEED");
    println!("TOPICS_SEED={seed}");
    let mut random = Random::new(seed);
    let mut matched = 0;
    for _ in 0..50_000 {
        let pattern = name(&mut random, &["a", "b", "cc", "*", "*", "#", "#"]);
        let subject = name(&mut random, &WORDS);
        let expected = reference(&pattern, &subject);
        let is_match = pattern
            .parse::<Pattern>()?
            .matches(&subject.parse::<Subject>()?);
        assert_eq!(is_match, expected, "{pattern} {subject}");
        matched += usize::from(expected);
    }
    assert!(matched > 5_000, "{matched}");
    Ok(())
}

/// Agents with random patterns, which come and go, and random messages: each agent with a pattern that matches gets the message
/// once, nobody else gets it.
#[tokio::test(start_paused = true)]
async fn whoever_has_a_pattern_that_matches_gets_the_message_once() -> Result {
    let seed = Random::seed("TOPICS_SEED");
    println!("TOPICS_SEED={seed}");
    let mut random = Random::new(seed);
    let swarm = test_swarm();
    let topics = swarm.topics::<Task>().await?;
    let mut agents = Vec::new();
    for _ in 0..20 {
        let (agent, puppet) = puppet(&swarm).await?;
        agents.push((agent, puppet, BTreeSet::<String>::new()));
    }
    for number in 0..3_000 {
        let (agent, _, patterns) = &mut agents[usize::try_from(random.below(20))?];
        let pattern = name(&mut random, &["a", "b", "cc", "*", "#"]);
        if random.once_in(2) {
            topics.subscribe(agent, &pattern)?;
            patterns.insert(pattern);
        } else if let Some(pattern) = patterns.pop_first() {
            assert!(topics.unsubscribe(agent.id(), pattern)?);
        } else {
            assert!(!topics.unsubscribe(agent.id(), pattern)?);
        }
        let subject = name(&mut random, &WORDS);
        let told = topics.publish(&subject, Task::note(number)).await?;
        idle().await;
        for (agent, puppet, patterns) in &agents {
            let wants = patterns.iter().any(|pattern| reference(pattern, &subject));
            let expected: &[u64] = if wants { &[number] } else { &[] };
            assert_eq!(
                puppet.done.take(),
                expected,
                "{agent:?} {patterns:?} {subject}"
            );
        }
        let wanting = agents
            .iter()
            .filter(|(_, _, patterns)| patterns.iter().any(|pattern| reference(pattern, &subject)));
        assert_eq!((told.delivered, told.skipped), (wanting.count(), 0));
        let subscriptions: usize = agents.iter().map(|(_, _, patterns)| patterns.len()).sum();
        assert_eq!(topics.subscriptions(), subscriptions);
    }
    Ok(())
}

async fn subscribed(
    topics: &Topics<Task>,
    agent: &AgentRef<Puppet>,
    range: std::ops::Range<u32>,
) -> Result {
    for number in range {
        // Half of them next to each other at the top, half of them deep.
        let pattern = match number % 2 {
            0 => format!("s{number}.created"),
            _ => format!("orders.*.s{number}.#"),
        };
        topics.subscribe(agent, pattern)?;
        // Each subscription comes after a table was published, the worst case for what is shared.
        topics.publish("nobody", Task::note(0)).now()?;
    }
    Ok(())
}

/// 100,000 subscriptions in time that does not grow with their square. Real time, since that is what it is about: were each
/// subscription to copy the others, there were 5 billion copies, minutes of them; the limit is far above what it takes.
#[tokio::test]
async fn a_hundred_thousand_subscriptions_cost_no_more_than_a_hundred_thousand_times_one() -> Result
{
    let swarm = test_swarm();
    let topics = swarm.topics::<Task>().await?;
    let (agent, puppet) = puppet(&swarm).await?;
    let begun = Instant::now();
    subscribed(&topics, &agent, 0..100_000).await?;
    assert_eq!(topics.subscriptions(), 100_000);
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
    assert_eq!(
        topics
            .publish("s77776.created", Task::note(1))
            .await?
            .delivered,
        1
    );
    assert_eq!(
        topics
            .publish("orders.eu.s77777", Task::note(2))
            .await?
            .delivered,
        1
    );
    assert_eq!(
        topics
            .publish("orders.eu.s77776", Task::note(3))
            .await?
            .delivered,
        0
    );
    agent.ask(Task::note(4)).await?;
    assert_eq!(puppet.done.all(), [1, 2, 4]);
    assert_eq!(topics.unsubscribe_all(agent.id()), 100_000);
    assert_eq!(topics.subscribers(), 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn many_wildcards_in_one_pattern_do_not_multiply() -> Result {
    let swarm = test_swarm();
    let topics = swarm.topics::<Task>().await?;
    let (agent, _) = puppet(&swarm).await?;
    let hard = "#.a.".repeat(60) + "#.b";
    topics.subscribe(&agent, &hard)?;
    topics.subscribe(&agent, "#.#.*.#.#.*.#")?;
    let subject = ["a"; 127].join(".");
    let begun = Instant::now();
    assert!(!hard.parse::<Pattern>()?.matches(&subject.parse()?));
    assert_eq!(topics.publish(&subject, Task::note(1)).await?.delivered, 1);
    idle().await;
    // A recursion over all ways to read it would not end in anybody's lifetime.
    assert!(begun.elapsed().as_secs() < 20);
    Ok(())
}
