//! Commands as they are typed, on queues that nobody has, and on one that a swarm works on.

use std::path::Path;

use clap::Parser;
use ractor_agents::codec::{Codec, Encoding};
use ractor_agents::prelude::{Duration, Result, Swarm};
use ractor_agents::queue::{Embedded, Queue};
use serde_json::Value;

use super::run;
use crate::{About, Failure};

/// What a command writes.
async fn typed(folder: &Path, line: &str) -> std::result::Result<String, Failure> {
    let at = folder.to_string_lossy();
    let words = ["ractor-agents", "queue", "--at", &at];
    let words = words.into_iter().chain(line.split_whitespace());
    let arguments = crate::Arguments::try_parse_from(words)
        .map_err(|error| Failure::Refused(error.to_string()))?;
    let About::Queue(arguments) = arguments.about;
    let mut out = Vec::new();
    run(arguments, &mut out).await?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

async fn json(folder: &Path, line: &str) -> Result<Value> {
    let text = typed(folder, &format!("--json {line}")).await;
    Ok(serde_json::from_str(
        &text.map_err(|error| format!("{error:?}"))?,
    )?)
}

async fn filled(swarm: &Swarm) -> Result<Queue<String>> {
    let codec = Codec::of::<String>().encoding(Encoding::Json);
    let queue = swarm.queue::<String>("mail/out").codec(codec).await?;
    for text in ["a", "b", "c", "d"] {
        queue.enqueue(&text.to_owned()).header("to", "all")?.await?;
    }
    for why in ["no such person", "moved"] {
        let delivery = queue.lease().await?.ok_or("nothing came")?;
        delivery.dead_letter(why).await?;
    }
    Ok(queue)
}

fn swarm(folder: &Path) -> Result<Swarm> {
    let broker = Embedded::in_folder(folder);
    Ok(Swarm::builder().broker(broker).build()?)
}

async fn all_commands(folder: &Path) -> Result<()> {
    let stats = json(folder, "stats mail/out").await?;
    assert_eq!((&stats["ready"], &stats["dead"]), (&2.into(), &2.into()));
    let peeked = json(folder, "peek mail/out --payload").await?;
    assert_eq!(peeked[0]["payload"]["message"], "c");
    assert_eq!(peeked[0]["payload"]["headers"][0][1], "all");
    assert_eq!(peeked[1]["position"], "ready");
    let dead = json(folder, "dead mail/out --reason rejected --since 1h").await?;
    assert_eq!(dead[0]["reason"], "rejected: no such person");
    let id = dead[0]["id"].as_str().ok_or("no id")?;

    assert!(matches!(
        typed(folder, "discard mail/out --all").await,
        Err(Failure::Refused(_))
    ));
    assert!(matches!(
        typed(folder, "redrive mail/out --yes").await,
        Err(Failure::Refused(_))
    ));
    assert_eq!(
        json(folder, &format!("redrive mail/out {id}")).await?["redriven"],
        1
    );
    assert_eq!(
        json(folder, "discard mail/out --all --yes").await?["discarded"],
        1
    );
    assert_eq!(json(folder, "pause mail/out").await?["paused"], true);
    assert_eq!(json(folder, "stats mail/out").await?["paused"], true);
    assert_eq!(json(folder, "resume mail/out").await?["resumed"], true);
    assert_eq!(json(folder, "purge mail/out --yes").await?["purged"], 3);
    assert_eq!(json(folder, "stats mail/out").await?["messages"], 0);
    assert_eq!(json(folder, "list").await?[0], "mail/out");
    Ok(())
}

#[tokio::test]
async fn a_queue_that_nobody_has_is_put_in_order() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let swarm = swarm(folder.path())?;
    filled(&swarm).await?;
    swarm.shutdown(Duration::from_secs(5)).await;
    all_commands(folder.path()).await
}

#[tokio::test]
async fn a_queue_that_a_swarm_works_on_is_put_in_order() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let swarm = swarm(folder.path())?;
    let queue = filled(&swarm).await?;
    all_commands(folder.path()).await?;
    assert_eq!(queue.stats().await?.count(), 0);
    assert!(folder.path().join("mail/out/operators.sock").exists());
    swarm.shutdown(Duration::from_secs(5)).await;
    assert!(!folder.path().join("mail/out/operators.sock").exists());
    Ok(())
}

#[tokio::test]
async fn people_get_tables() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let swarm = swarm(folder.path())?;
    filled(&swarm).await?;
    let typed = async |line| {
        let text = typed(folder.path(), line).await;
        text.map_err(|error| format!("{error:?}"))
    };
    let stats = typed("stats mail/out").await?;
    assert!(stats.starts_with("mail/out: 2 messages"), "{stats}");
    let dead = typed("dead mail/out").await?;
    assert!(dead.contains("rejected: moved"), "{dead}");
    assert_eq!(typed("list").await?, "mail/out\n");
    Ok(())
}

#[tokio::test]
async fn a_queue_that_is_not_there_is_not_made() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let missing = typed(folder.path(), "stats no/such").await;
    assert!(
        matches!(&missing, Err(Failure::Failed(why)) if why.contains("no/such")),
        "{missing:?}"
    );
    assert!(!folder.path().join("no").exists());
    let scheme = typed(Path::new("nats://here"), "list").await;
    assert!(
        matches!(&scheme, Err(Failure::Refused(why)) if why.contains("nats")),
        "{scheme:?}"
    );
    Ok(())
}
