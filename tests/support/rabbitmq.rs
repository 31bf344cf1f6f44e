//! A RabbitMQ server of a test's own.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A server on free ports of this machine, its data in a temporary folder. Killed when this is dropped.
#[derive(Debug)]
pub struct RabbitServer {
    folder: TempDir,
    ports: Ports,
    running: Mutex<Running>,
}

/// Its processes. The second is what nodes of Erlang find each other by; of its own, so that it ends with the server.
#[derive(Debug)]
struct Running {
    server: Option<Kept>,
    _directory: Kept,
}

/// A process that is killed when this is dropped, or when the test's process ends, however that happens: its parent is a shell that reads from
/// us, and kills it when nothing can come any more.
#[derive(Debug)]
struct Kept(Child);

/// What that shell does with its arguments.
const KEEP: &str = r#""$@" </dev/null & read -r _; kill -9 $!; wait"#;

#[derive(Clone, Copy, Debug)]
struct Ports {
    amqp: u16,
    nodes: u16,
    directory: u16,
}

/// Where Debian has it: the program itself, which unlike the one in `sbin` runs as whoever starts it.
const SERVER: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/// The tool beside it.
const CONTROL: &str = "/usr/lib/rabbitmq/bin/rabbitmqctl";

/// How long it may take to start. It takes 5 to 10 s on two idle cores.
const START: Duration = Duration::from_secs(120);

impl RabbitServer {
    /// Starts one, and waits until it takes connections.
    pub fn start() -> Self {
        assert!(
            Path::new(SERVER).exists(),
            "{SERVER} is not there: .ci/services.sh installs it"
        );
        let folder = tempfile::tempdir().expect("a temporary folder");
        let ports = Ports::free();
        for file in ["environment", "rabbit.conf"] {
            fs::write(folder.path().join(file), "").expect("a file");
        }
        fs::write(folder.path().join("plugins"), "[].").expect("a file");
        let mut directory = Kept::command("epmd");
        let directory = directory
            .args(["-address", "127.0.0.1", "-port"])
            .arg(ports.directory.to_string());
        let server = Self {
            folder,
            ports,
            running: Mutex::new(Running {
                server: None,
                _directory: Kept::start(directory),
            }),
        };
        server.start_again();
        server
    }

    /// Where it is.
    pub fn address(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.ports.amqp)
    }

    /// The port it takes connections at.
    pub fn port(&self) -> u16 {
        self.ports.amqp
    }

    /// Ends it as a power cut would, but that the operating system goes on.
    pub fn kill(&self) {
        drop(
            self.running
                .lock()
                .expect("nobody panics here")
                .server
                .take(),
        );
    }

    /// Starts it where it was killed, with what it has on disk, and waits until it takes connections.
    pub fn start_again(&self) {
        let at = |file: &str| self.folder.path().join(file);
        let log = File::create(at("output")).expect("a file");
        let errors = log.try_clone().expect("a file");
        let mut command = Kept::command(SERVER);
        let command = command
            .arg("-noinput")
            .env("HOME", self.folder.path())
            .env("ERL_EPMD_PORT", self.ports.directory.to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODENAME", self.node())
            .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODE_PORT", self.ports.amqp.to_string())
            .env("RABBITMQ_DIST_PORT", self.ports.nodes.to_string())
            .env("RABBITMQ_CONF_ENV_FILE", at("environment"))
            .env("RABBITMQ_CONFIG_FILE", at("rabbit"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", at("plugins"))
            .env("RABBITMQ_MNESIA_BASE", at("data"))
            .env("RABBITMQ_LOG_BASE", at("log"))
            // One process, which can be killed: no shell that waits for it.
            .env("RABBITMQ_ALLOW_INPUT", "1")
            .stdout(log)
            .stderr(errors);
        self.running.lock().expect("nobody panics here").server = Some(Kept::start(command));
        let started = Instant::now();
        while !self.is_up() {
            assert!(started.elapsed() < START, "no server: {}", self.output());
            // The server's start is real, and can only be looked for.
            sleep(Duration::from_millis(50));
        }
    }

    /// What the server's own tool says to these arguments.
    pub fn control(&self, arguments: &[&str]) -> String {
        let said = Command::new(CONTROL)
            .args(["--node", &self.node()])
            .args(arguments)
            .env("HOME", self.folder.path())
            .env("ERL_EPMD_PORT", self.ports.directory.to_string())
            .env(
                "RABBITMQ_CONF_ENV_FILE",
                self.folder.path().join("environment"),
            )
            .stdin(Stdio::null())
            .output()
            .expect("rabbitmqctl comes with the server: .ci/services.sh installs it");
        let (out, err) = (said.stdout, said.stderr);
        format!(
            "{}{}",
            String::from_utf8_lossy(&out),
            String::from_utf8_lossy(&err)
        )
    }

    fn node(&self) -> String {
        format!("test{}@localhost", self.ports.amqp)
    }

    fn is_up(&self) -> bool {
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.ports.amqp)).is_ok()
    }

    fn output(&self) -> String {
        let mut text = String::new();
        let file = File::open(self.folder.path().join("output"));
        if let Ok(mut file) = file {
            let _ = file.seek(SeekFrom::Start(0));
            let _ = file.read_to_string(&mut text);
        }
        text
    }
}

impl Ports {
    /// Three that nobody has.
    fn free() -> Self {
        let taken = [(); 3].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port"));
        let [amqp, nodes, directory] =
            taken.map(|listener| listener.local_addr().expect("a port").port());
        Self {
            amqp,
            nodes,
            directory,
        }
    }
}

impl Kept {
    fn command(program: &str) -> Command {
        let mut command = Command::new("sh");
        command
            .args(["-c", KEEP, "sh", program])
            .stdin(Stdio::piped());
        command
    }

    fn start(command: &mut Command) -> Self {
        Self(command.spawn().expect("there is a shell"))
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
