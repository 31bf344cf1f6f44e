//! What a disk can do at best: a log without a queue.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::group::Group;
use super::{DurableQueue, PAYLOAD, Store};

/// Plain files. Keys and priorities are left out, and nothing is ever taken out.
#[derive(Debug)]
pub struct PlainLog {
    folder: PathBuf,
    count: AtomicU64,
}

/// One of them: written over before it is used, and again from its beginning when it is full. The writer appends a frame for every message, and syncs
/// once for all who called.
#[derive(Debug)]
pub struct Frames {
    writer: Group<Vec<u8>, ()>,
}

/// Of a file. Source: a guess, more than any disk takes in at once.
const LENGTH: u64 = 128 << 20;

impl Store for PlainLog {
    const NAME: &'static str = "plain log";
    const GIVES: bool = false;

    type Queue = Frames;

    async fn start(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            count: AtomicU64::new(0),
        }
    }

    async fn queue(&self) -> Frames {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let path = self.folder.join(format!("log-{number}"));
        let file = File::create(&path).expect("a file");
        // It has no name any more, and goes with its writer.
        std::fs::remove_file(&path).expect("it is there");
        let zeros = vec![0; 1 << 20];
        for at in (0..LENGTH).step_by(zeros.len()) {
            file.write_all_at(&zeros, at).expect("room on the disk");
        }
        file.sync_all().expect("a disk");
        let (mut at, mut frames) = (0, Vec::new());
        let write = move |calls: Vec<Vec<u8>>| {
            frames.clear();
            for message in calls.iter().flat_map(|call| call.chunks(PAYLOAD.len())) {
                frames.extend_from_slice(&crc32fast::hash(message).to_le_bytes());
                frames.extend_from_slice(&[0, 0, 1, 0]);
                frames.extend_from_slice(message);
            }
            if at + frames.len() as u64 > LENGTH {
                at = 0;
            }
            file.write_all_at(&frames, at).expect("room on the disk");
            file.sync_data().expect("a disk");
            at += frames.len() as u64;
            vec![(); calls.len()]
        };
        Frames {
            writer: Group::start(write),
        }
    }
}

impl DurableQueue for Frames {
    type Lease = ();

    async fn enqueue(&self, _: u64) {
        self.writer.call(PAYLOAD.to_vec()).await;
    }

    async fn enqueue_all(&self, numbers: Range<u64>) {
        let count = usize::try_from(numbers.end - numbers.start).expect("a batch is small");
        self.writer.call(PAYLOAD.repeat(count)).await;
    }

    async fn lease(&self) {
        unreachable!("a log does not give");
    }

    async fn ack(&self, (): ()) {}

    fn commits(&self) -> Option<u64> {
        Some(self.writer.commits())
    }

    async fn close(self) {}
}
