//! `SQLite` in the role of a queue.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Result, Transaction, params};

use super::group::Group;
use super::{DurableQueue, PAYLOAD, PRIORITIES, Store, key};

/// Files of their own, written by one connection each: `WAL`, and every commit synced.
#[derive(Debug)]
pub struct Sqlite {
    folder: PathBuf,
    count: AtomicU64,
}

/// One of them. What was called for meanwhile is one transaction.
#[derive(Debug)]
pub struct Tables {
    writer: Group<Call, Option<i64>>,
}

#[derive(Debug)]
enum Call {
    Enqueue(Range<u64>),
    Lease,
    Ack(i64),
}

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE seen (key TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE messages (
        id INTEGER PRIMARY KEY,
        priority INTEGER NOT NULL,
        leased_until INTEGER,
        payload BLOB NOT NULL
    );
    CREATE INDEX line ON messages (priority, id) WHERE leased_until IS NULL;
";

const SEE: &str = "INSERT OR IGNORE INTO seen VALUES (?1, unixepoch() + 300)";
const PUT: &str = "INSERT INTO messages (priority, payload) VALUES (?1, ?2)";
const TAKE: &str = "
    UPDATE messages SET leased_until = unixepoch() + 30
    WHERE id = (SELECT id FROM messages WHERE leased_until IS NULL ORDER BY priority, id LIMIT 1)
    RETURNING id, payload";
const DROP: &str = "DELETE FROM messages WHERE id = ?1";

impl Store for Sqlite {
    const NAME: &'static str = "rusqlite";

    type Queue = Tables;

    async fn start(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            count: AtomicU64::new(0),
        }
    }

    async fn queue(&self) -> Tables {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let path = self.folder.join(format!("sqlite-{number}"));
        let mut connection = Connection::open(path).expect("a file");
        connection.execute_batch(SCHEMA).expect("new tables");
        let write = move |calls| write(&mut connection, calls).expect("the disk is well");
        Tables {
            writer: Group::start(write),
        }
    }
}

fn write(connection: &mut Connection, calls: Vec<Call>) -> Result<Vec<Option<i64>>> {
    let transaction = connection.transaction()?;
    let replies = calls.into_iter().map(|call| call.done_in(&transaction));
    let replies = replies.collect();
    transaction.commit()?;
    replies
}

impl Call {
    /// The message, where one is leased.
    fn done_in(self, transaction: &Transaction<'_>) -> Result<Option<i64>> {
        match self {
            Self::Enqueue(numbers) => {
                let mut see = transaction.prepare_cached(SEE)?;
                let mut put = transaction.prepare_cached(PUT)?;
                for number in numbers {
                    if see.execute([key(number)])? == 1 {
                        let priority = i64::try_from(number % PRIORITIES).expect("it is small");
                        put.execute(params![priority, PAYLOAD])?;
                    }
                }
                Ok(None)
            }
            Self::Lease => {
                let mut take = transaction.prepare_cached(TAKE)?;
                let taken = take.query_row([], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?)));
                Ok(taken.optional()?.map(|(id, _)| id))
            }
            Self::Ack(id) => {
                transaction.prepare_cached(DROP)?.execute([id])?;
                Ok(None)
            }
        }
    }
}

impl DurableQueue for Tables {
    type Lease = i64;

    async fn enqueue(&self, number: u64) {
        self.enqueue_all(number..number + 1).await;
    }

    async fn enqueue_all(&self, numbers: Range<u64>) {
        self.writer.call(Call::Enqueue(numbers)).await;
    }

    async fn lease(&self) -> i64 {
        loop {
            if let Some(id) = self.writer.call(Call::Lease).await {
                return id;
            }
            // Nothing tells when there is something.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn ack(&self, id: i64) {
        self.writer.call(Call::Ack(id)).await;
    }

    fn commits(&self) -> Option<u64> {
        Some(self.writer.commits())
    }

    async fn close(self) {}
}
