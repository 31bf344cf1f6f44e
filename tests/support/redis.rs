//! A Redis server of a test's own.

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::sleep;
use std::time::{Duration, Instant};

use redis::{Client, FromRedisValue};
use tempfile::TempDir;

/// A Redis server on a free port of this machine, with its files in a folder of its own and all of them written to disk before it answers. Killed when it is
/// dropped.
#[derive(Debug)]
pub struct RedisServer {
    process: Child,
    port: u16,
    password: Option<String>,
    folder: TempDir,
}

/// How long it may take to start, or to read its files again. Generous: the disk may be busy.
const STARTING: Duration = Duration::from_secs(20);

impl RedisServer {
    /// Starts one.
    ///
    /// # Panics
    /// If there is no such program, or it does not start.
    pub fn start() -> Self {
        Self::with_settings(&[])
    }

    /// One that all who ask for it at a time share.
    ///
    /// # Panics
    /// As for [`start`](Self::start).
    pub fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<RedisServer>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let server = Arc::new(Self::start());
            *shared = Arc::downgrade(&server);
            server
        })
    }

    /// The same with other settings, which come after its own.
    ///
    /// # Panics
    /// As for [`start`](Self::start).
    pub fn with_settings(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let password = settings.iter().find(|(name, _)| *name == "requirepass");
        let password = password.map(|(_, password)| (*password).to_owned());
        let config: String = settings
            .iter()
            .map(|(name, value)| format!("{name} {value}\n"))
            .collect();
        std::fs::write(folder.path().join("redis.conf"), config).expect("its settings");
        // Between being found free and being used a port may be taken by others.
        for _ in 0..5 {
            let port = free_port();
            let mut process = spawn(folder.path(), port);
            if answers(&mut process, port) {
                return Self {
                    process,
                    port,
                    password,
                    folder,
                };
            }
        }
        let log = std::fs::read_to_string(folder.path().join("log")).unwrap_or_default();
        panic!("redis-server does not start:\n{log}");
    }

    /// Where it is.
    pub fn url(&self) -> String {
        let login = self.password.as_ref();
        let login = login.map_or(String::new(), |password| format!(":{password}@"));
        format!("redis://{login}127.0.0.1:{}/0", self.port)
    }

    fn process(&self) -> u32 {
        self.process.id()
    }

    /// Stops it where it is, or lets it go on: SIGSTOP, or SIGCONT.
    ///
    /// # Panics
    /// If that is not possible.
    pub fn freeze(&self, is_frozen: bool) {
        let signal = if is_frozen { "-STOP" } else { "-CONT" };
        let process = self.process().to_string();
        let mut command = Command::new("kill");
        let told = command.args([signal, &process]).status();
        assert!(told.is_ok_and(|status| status.success()), "no signal");
    }

    /// Ends it with SIGKILL.
    ///
    /// # Panics
    /// If that is not possible.
    pub fn kill(&mut self) {
        self.process.kill().expect("it can be killed");
        self.process.wait().expect("it has ended");
    }

    /// Starts it again over the same files, if it was killed.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start_again(&mut self) {
        self.process = spawn(self.folder.path(), self.port);
        assert!(
            answers(&mut self.process, self.port),
            "it does not start again"
        );
    }

    /// Has it do something besides.
    ///
    /// # Panics
    /// If it refuses.
    pub fn ask<T: FromRedisValue>(&self, command: &[&str]) -> T {
        let client = Client::open(self.url()).expect("an address");
        let mut connection = client.get_connection().expect("it answers");
        let mut words = redis::Cmd::new();
        words.arg(command);
        words.query(&mut connection).expect("it does as it is told")
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}

fn spawn(folder: &Path, port: u16) -> Child {
    let mut command = Command::new("redis-server");
    command
        .arg(folder.join("redis.conf"))
        .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
        .args(["--dir", &folder.to_string_lossy()])
        .args(["--logfile", &folder.join("log").to_string_lossy()])
        .args(["--save", "", "--appendonly", "yes"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let settings = std::fs::read_to_string(folder.join("redis.conf")).unwrap_or_default();
    if !settings.contains("appendfsync") {
        command.args(["--appendfsync", "always"]);
    }
    match command.spawn() {
        Ok(process) => process,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            panic!("there is no redis-server: `.ci/services.sh` installs it")
        }
        Err(error) => panic!("redis-server cannot be started: {error}"),
    }
}

/// Whether it comes to answer. It is asked now and then, since nobody tells.
fn answers(process: &mut Child, port: u16) -> bool {
    let limit = Instant::now() + STARTING;
    while Instant::now() < limit {
        if process.try_wait().expect("its process").is_some() {
            return false;
        }
        if TcpStream::connect(("127.0.0.1", port)).is_ok() && is_ready(port) {
            return true;
        }
        sleep(Duration::from_millis(10));
    }
    false
}

/// Not while it reads its files. One that asks for a password is.
fn is_ready(port: u16) -> bool {
    use std::io::{Read, Write};
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else {
        return false;
    };
    let mut answer = [0; 7];
    let asked = stream
        .set_read_timeout(Some(Duration::from_secs(1)))
        .and_then(|()| stream.write_all(b"PING\r\n"))
        .and_then(|()| stream.read_exact(&mut answer));
    asked.is_ok() && (&answer == b"+PONG\r\n" || answer.starts_with(b"-NOAUTH"))
}
