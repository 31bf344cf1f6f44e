//! What is a subject, and what is a pattern.

use ractor_agents::routing::topic::{NameError, Pattern, PublishError, Subject, SubscribeError};
use tests::{Task, test_swarm};

use crate::{Result, puppet};

#[test]
fn names_are_words_with_dots_between_them() -> Result {
    for name in [
        "orders",
        "orders.eu.created",
        "ä.ö",
        "a b.c",
        &"a".repeat(255),
    ] {
        assert_eq!(name.parse::<Subject>()?.as_str(), name);
        assert_eq!(name.parse::<Pattern>()?.to_string(), name);
    }
    for name in ["*", "#", "orders.*.created", "#.*.#"] {
        assert_eq!(name.parse::<Pattern>()?.as_str(), name);
    }
    Ok(())
}

#[test]
fn what_is_no_name_is_told_with_what_is_wrong() {
    for name in ["", ".", "a.", ".a", "a..b"] {
        let empty = NameError::EmptyWord { name: name.into() };
        assert_eq!(name.parse::<Subject>(), Err(empty.clone()));
        assert_eq!(name.parse::<Pattern>(), Err(empty));
    }
    let long = "ä".repeat(128);
    let too_long = NameError::TooLong { bytes: 256 };
    assert_eq!(Subject::try_from(&long), Err(too_long.clone()));
    assert_eq!(Pattern::try_from(long), Err(too_long));
    for name in ["*", "a.#", "a.b*"] {
        let wildcard = NameError::WildcardInSubject { name: name.into() };
        assert_eq!(name.parse::<Subject>(), Err(wildcard));
    }
    for (name, word) in [("a.b*", "b*"), ("##.a", "##"), ("*#", "*#")] {
        let (name, word) = (name.to_string(), word.to_string());
        let text = format!("{name:?} has a wildcard inside the word {word:?}");
        let error = Pattern::try_from(&name).expect_err("a wildcard");
        assert_eq!(error.to_string(), text);
        assert_eq!(error, NameError::WildcardInWord { name, word });
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_none_subscribes_nobody_and_gives_the_message_back() -> Result {
    let swarm = test_swarm();
    let topics = swarm.topics::<Task>().await?;
    let (agent, _) = puppet(&swarm).await?;
    let refused = topics.subscribe(&agent, "orders..created");
    assert!(matches!(
        refused,
        Err(SubscribeError::Pattern(NameError::EmptyWord { .. }))
    ));
    assert_eq!(topics.subscriptions(), 0);
    assert!(topics.unsubscribe(agent.id(), "or*ders").is_err());
    let error = topics.publish("orders.*", Task::note(7)).await;
    let error = error.err().ok_or("it was published")?;
    assert!(matches!(
        &error,
        PublishError::Subject {
            error: NameError::WildcardInSubject { .. },
            ..
        }
    ));
    assert_eq!(error.into_message().id, 7);
    Ok(())
}
