//! `RabbitMQ`, driven by `lapin`.

use std::fs;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::{StreamExt, future::join_all};
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions,
    ConfirmSelectOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, Consumer};
use tokio::sync::Mutex;

use super::server::{Server, free_ports, wait_for};
use super::{DurableQueue, PAYLOAD, Store, key};

/// A server with quorum queues of one node, and publishers that wait for their confirms. It knows no keys and, in quorum queues before version
/// 4, no priorities; both are left out. An acknowledgement is not answered.
#[derive(Debug)]
pub struct RabbitMq {
    address: String,
    count: AtomicU64,
    _servers: [Server; 2],
}

/// One of them.
pub struct Quorum {
    connection: Connection,
    channel: Channel,
    name: String,
    /// Begins with the first lease.
    consumer: Mutex<Option<Consumer>>,
}

/// Where Debian has it: the program itself, which unlike the one in `sbin` runs as whoever starts it.
const SERVER: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/// Messages that are given out ahead of acknowledgements. Source: twice the consumers that are measured.
const PREFETCH: u16 = 2_048;

impl Store for RabbitMq {
    const NAME: &'static str = "RabbitMQ";

    type Queue = Quorum;

    async fn start(folder: &Path) -> Self {
        assert!(
            Path::new(SERVER).exists(),
            "{SERVER} is not there: .ci/services.sh installs it"
        );
        let folder = folder.join("rabbitmq");
        let at = |file: &str| folder.join(file);
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(at("plugins"), "[].").expect("a file");
        for file in ["environment", "rabbit.conf"] {
            fs::write(at(file), "").expect("a file");
        }
        let [port, nodes, directory] = free_ports();
        // What nodes of Erlang find each other by; of its own, so that it ends with the bench.
        let mut finder = Server::command("epmd");
        let finder = finder.args(["-address", "127.0.0.1", "-port", &directory.to_string()]);
        let finder = Server::start(finder);
        let mut command = Server::command(SERVER);
        let command = command
            .arg("-noinput")
            .env("HOME", &folder)
            .env("ERL_EPMD_PORT", directory.to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODENAME", format!("bench{port}@localhost"))
            .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODE_PORT", port.to_string())
            .env("RABBITMQ_DIST_PORT", nodes.to_string())
            .env("RABBITMQ_CONF_ENV_FILE", at("environment"))
            .env("RABBITMQ_CONFIG_FILE", at("rabbit"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", at("plugins"))
            .env("RABBITMQ_MNESIA_BASE", at("data"))
            .env("RABBITMQ_LOG_BASE", at("log"))
            // One process, which can be killed: no shell that waits for it.
            .env("RABBITMQ_ALLOW_INPUT", "1");
        let server = Server::start(command);
        wait_for(port);
        Self {
            address: format!("amqp://guest:guest@127.0.0.1:{port}/%2f"),
            count: AtomicU64::new(0),
            _servers: [server, finder],
        }
    }

    async fn queue(&self) -> Quorum {
        let properties = ConnectionProperties::default();
        let connection = Connection::connect(&self.address, properties).await;
        let connection = connection.expect("the server is up");
        let channel = connection.create_channel().await.expect("a channel");
        let confirms = channel.confirm_select(ConfirmSelectOptions::default());
        confirms.await.expect("it can confirm");
        let name = format!("queue-{}", self.count.fetch_add(1, Ordering::Relaxed));
        let mut table = FieldTable::default();
        let kind = AMQPValue::LongString("quorum".into());
        table.insert("x-queue-type".into(), kind);
        let declared =
            channel.queue_declare(name.as_str().into(), QueueDeclareOptions::durable(), table);
        declared.await.expect("it has quorum queues");
        Quorum {
            connection,
            channel,
            name,
            consumer: Mutex::default(),
        }
    }
}

impl Quorum {
    async fn consumer(&self) -> Consumer {
        let prefetched = self.channel.basic_qos(PREFETCH, BasicQosOptions::default());
        prefetched.await.expect("the server is up");
        let consumed = self.channel.basic_consume(
            self.name.as_str().into(),
            "bench".into(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        );
        consumed.await.expect("the queue is there")
    }
}

impl DurableQueue for Quorum {
    type Lease = Delivery;

    async fn enqueue(&self, number: u64) {
        let properties = BasicProperties::default()
            .with_delivery_mode(2)
            .with_message_id(key(number).into());
        let options = BasicPublishOptions::default();
        let name = self.name.as_str();
        let published =
            self.channel
                .basic_publish("".into(), name.into(), options, &PAYLOAD, properties);
        let confirm = published.await.expect("the server is up");
        let confirmation = confirm.await.expect("the server is up");
        assert!(matches!(confirmation, Confirmation::Ack(_)));
    }

    async fn enqueue_all(&self, numbers: Range<u64>) {
        join_all(numbers.map(|number| self.enqueue(number))).await;
    }

    async fn lease(&self) -> Delivery {
        let mut consumer = self.consumer.lock().await;
        if consumer.is_none() {
            *consumer = Some(self.consumer().await);
        }
        let next = consumer.as_mut().expect("it is there").next().await;
        next.expect("the server is up").expect("the server is up")
    }

    async fn ack(&self, delivery: Delivery) {
        let acked = delivery.acker.ack(BasicAckOptions::default());
        acked.await.expect("the channel is open");
    }

    async fn close(self) {
        // Its queue goes with the server.
        let _ = self.connection.close(200, "done".into()).await;
    }
}

impl std::fmt::Debug for Quorum {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Quorum").field(&self.name).finish()
    }
}
