//! Servers of a bench's own.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A process that is killed when this is dropped, or when the bench's own ends, however that happens: its parent is a shell that reads from us, and kills it
/// when nothing can come any more.
#[derive(Debug)]
pub(super) struct Server(Child);

/// What that shell does with its arguments.
const KEEP: &str = r#""$@" </dev/null & read -r _; kill -9 $!; wait"#;

/// How long a server may take to start. RabbitMQ takes 5 to 10 s on two idle cores.
const START: Duration = Duration::from_mins(2);

impl Server {
    /// How to run `program`, for [`start`](Self::start).
    pub(super) fn command(program: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", KEEP, "sh", program]);
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        command
    }

    /// Runs it.
    pub(super) fn start(command: &mut Command) -> Self {
        Self(command.spawn().expect("there is a shell"))
    }
}

/// Waits until a server takes connections at `port`.
pub(super) fn wait_for(port: u16) {
    let began = Instant::now();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    while TcpStream::connect(address).is_err() {
        assert!(began.elapsed() < START, "a server does not start");
        // Its start is real, and can only be looked for.
        sleep(Duration::from_millis(50));
    }
}

/// Ports that nobody has.
pub(super) fn free_ports<const COUNT: usize>() -> [u16; COUNT] {
    let taken = [(); COUNT].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port"));
    taken.map(|listener| listener.local_addr().expect("an address").port())
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // It is gone in any case.
        let _ = self.0.wait();
    }
}
