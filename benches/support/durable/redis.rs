//! Redis, driven by its own client.

use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis::Value;
use redis::aio::MultiplexedConnection;

use super::server::{Server, free_ports, wait_for};
use super::{DurableQueue, PAYLOAD, PRIORITIES, Store, WINDOW, key};

/// A server that syncs before it answers: `appendonly yes`, `appendfsync always`.
#[derive(Debug)]
pub struct Redis {
    port: u16,
    count: AtomicU64,
    _server: Server,
}

/// A list for each priority, a hash with the messages, and a sorted set of leases. All callers share a connection, so that their commands
/// share syncs.
pub struct Lists {
    connection: MultiplexedConnection,
    name: String,
    scripts: [String; 3],
}

const ENQUEUE: &str = "
    for at = 1, #ARGV, 3 do
        if redis.call('SET', KEYS[1] .. ':seen:' .. ARGV[at], '1', 'NX', 'PX', WINDOW) then
            redis.call('RPUSH', KEYS[1] .. ':' .. ARGV[at + 1], ARGV[at])
            redis.call('HSET', KEYS[1] .. ':messages', ARGV[at], ARGV[at + 2])
        end
    end";
const LEASE: &str = "
    for priority = 0, PRIORITIES - 1 do
        local key = redis.call('LPOP', KEYS[1] .. ':' .. priority)
        if key then
            local now = redis.call('TIME')
            redis.call('ZADD', KEYS[1] .. ':leases', now[1] + 30, key)
            return { key, redis.call('HGET', KEYS[1] .. ':messages', key) }
        end
    end
    return false";
const ACK: &str = "
    if redis.call('ZREM', KEYS[1] .. ':leases', ARGV[1]) == 1 then
        redis.call('HDEL', KEYS[1] .. ':messages', ARGV[1])
    end";

impl Store for Redis {
    const NAME: &'static str = "Redis";

    type Queue = Lists;

    async fn start(folder: &Path) -> Self {
        let program = "/usr/bin/redis-server";
        assert!(
            Path::new(program).exists(),
            "{program} is not there: .ci/services.sh installs it"
        );
        let data = folder.join("redis");
        std::fs::create_dir_all(&data).expect("a folder");
        let [port] = free_ports();
        let mut command = Server::command(program);
        let command = command
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"])
            .args([
                "--appendfsync",
                "always",
                "--maxmemory-policy",
                "noeviction",
            ])
            .args(["--port", &port.to_string(), "--dir"])
            .arg(&data);
        let server = Server::start(command);
        wait_for(port);
        Self {
            port,
            count: AtomicU64::new(0),
            _server: server,
        }
    }

    async fn queue(&self) -> Lists {
        let client = redis::Client::open(format!("redis://127.0.0.1:{}", self.port));
        let client = client.expect("an address");
        let mut connection = client
            .get_multiplexed_async_connection()
            .await
            .expect("the server is up");
        let flushed = redis::cmd("FLUSHALL").exec_async(&mut connection).await;
        flushed.expect("the server is up");
        let mut scripts = Vec::new();
        for script in [ENQUEUE, LEASE, ACK] {
            let script = script
                .replace("WINDOW", &WINDOW.to_string())
                .replace("PRIORITIES", &PRIORITIES.to_string());
            let mut load = redis::cmd("SCRIPT");
            let loaded = load.arg("LOAD").arg(script);
            let sum = loaded.query_async(&mut connection).await;
            scripts.push(sum.expect("the script is right"));
        }
        Lists {
            connection,
            name: format!("queue-{}", self.count.fetch_add(1, Ordering::Relaxed)),
            scripts: scripts.try_into().expect("three of three"),
        }
    }
}

impl Lists {
    fn script(&self, index: usize) -> redis::Cmd {
        let mut command = redis::cmd("EVALSHA");
        command.arg(&self.scripts[index]).arg(1).arg(&self.name);
        command
    }

    async fn run(&self, command: &redis::Cmd) -> Value {
        let answer = command.query_async(&mut self.connection.clone()).await;
        answer.expect("the server is up")
    }
}

impl DurableQueue for Lists {
    type Lease = Vec<u8>;

    async fn enqueue(&self, number: u64) {
        self.enqueue_all(number..number + 1).await;
    }

    async fn enqueue_all(&self, numbers: Range<u64>) {
        let mut command = self.script(0);
        for number in numbers {
            command
                .arg(key(number))
                .arg(number % PRIORITIES)
                .arg(&PAYLOAD);
        }
        self.run(&command).await;
    }

    async fn lease(&self) -> Vec<u8> {
        loop {
            if let Value::Array(leased) = self.run(&self.script(1)).await
                && let Some(Value::BulkString(key)) = leased.into_iter().next()
            {
                return key;
            }
            // Nothing tells a script when there is something.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn ack(&self, key: Vec<u8>) {
        self.run(self.script(2).arg(key)).await;
    }

    async fn close(self) {}
}

impl std::fmt::Debug for Lists {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Lists").field(&self.name).finish()
    }
}
