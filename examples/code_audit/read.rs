//! One file's content, or why it is passed over.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

use crate::report::Skip;

/// A file above this size is not read: 4 MiB.
///
/// Source: the definition of the main job. Files of that size are data or generated.
pub const BYTES_MAX: u64 = 4 * 1024 * 1024;

/// What is in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Valid UTF-8 without a NUL.
    Text(Text),
    /// Nothing that is looked at any further.
    Skipped(Skip),
}

/// The content of a text file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// All of it.
    pub content: String,
    /// The hash of it: what makes two files duplicates.
    pub blake3: blake3::Hash,
}

impl Text {
    /// Its size.
    pub fn bytes(&self) -> u64 {
        self.content.len() as u64
    }
}

/// Reads the file at `path`, never more than [`BYTES_MAX`] and a byte of it, and never waits for a FIFO's other end.
pub fn read(path: &Path) -> Content {
    match bytes(path) {
        Ok(Some(bytes)) => text(bytes).map_or(Content::Skipped(Skip::Binary), Content::Text),
        Ok(None) => Content::Skipped(Skip::TooLarge),
        Err(_) => Content::Skipped(Skip::Unreadable),
    }
}

fn text(bytes: Vec<u8>) -> Option<Text> {
    if bytes.contains(&0) {
        return None;
    }
    let content = String::from_utf8(bytes).ok()?;
    let blake3 = blake3::hash(content.as_bytes());
    Some(Text { content, blake3 })
}

/// The file's bytes, or `None` if there are too many.
fn bytes(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = open(path)?;
    let metadata = file.metadata()?;
    // It was a regular file when the walk saw it; by now it may be anything.
    if !metadata.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    if metadata.len() > BYTES_MAX {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
    // The size is a promise of a moment ago: the file may have grown since, or be one of the kernel's, which have size 0.
    file.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= BYTES_MAX).then_some(bytes))
}

/// Opens for reading without following a link or waiting for a writer, should a FIFO have taken the file's place.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)
}

/// Opens for reading; this system has no FIFO among its files.
#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn read_bytes(bytes: &[u8]) -> Content {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, bytes).unwrap();
        read(&path)
    }

    #[test]
    fn text_is_valid_utf8_without_nul() {
        let Content::Text(text) = read_bytes("naïve\r\n".as_bytes()) else {
            panic!("not text")
        };
        assert_eq!((text.content.as_str(), text.bytes()), ("naïve\r\n", 8));
        assert_eq!(text.blake3, blake3::hash("naïve\r\n".as_bytes()));
        assert!(matches!(read_bytes(b""), Content::Text(text) if text.bytes() == 0));
        assert_eq!(read_bytes(b"a\0b"), Content::Skipped(Skip::Binary));
        assert_eq!(read_bytes(b"caf\xe9"), Content::Skipped(Skip::Binary));
        assert_eq!(
            read_bytes("cut \u{1f980}".as_bytes().split_last().unwrap().1),
            Content::Skipped(Skip::Binary)
        );
    }

    #[test]
    fn four_mebibytes_are_read_and_one_byte_more_is_not() {
        let limit = usize::try_from(BYTES_MAX).unwrap();
        assert!(
            matches!(read_bytes(&vec![b'a'; limit]), Content::Text(text) if text.bytes() == BYTES_MAX)
        );
        assert_eq!(
            read_bytes(&vec![b'a'; limit + 1]),
            Content::Skipped(Skip::TooLarge)
        );
    }

    #[test]
    fn a_huge_file_is_too_large_without_being_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sparse");
        // A terabyte of holes: reading it would neither fit nor end in time.
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        assert_eq!(read(&path), Content::Skipped(Skip::TooLarge));
    }

    #[test]
    fn a_vanished_file_and_a_folder_are_unreadable() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(
            read(&folder.path().join("gone")),
            Content::Skipped(Skip::Unreadable)
        );
        assert_eq!(read(folder.path()), Content::Skipped(Skip::Unreadable));
    }

    #[cfg(unix)]
    #[test]
    fn what_took_a_files_place_is_neither_waited_for_nor_followed() {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        assert!(
            std::process::Command::new("mkfifo")
                .arg(&fifo)
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(read(&fifo), Content::Skipped(Skip::Unreadable));
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
        assert_eq!(read(&link), Content::Skipped(Skip::Unreadable));
        assert_eq!(
            read(Path::new("/dev/zero")),
            Content::Skipped(Skip::Unreadable)
        );
    }

    /// The kernel says size 0 for what it makes up on reading, so the size alone cannot be the limit.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_limit_holds_where_the_size_is_not_known_beforehand() {
        let pagemap = read(Path::new("/proc/self/pagemap"));
        assert!(
            matches!(pagemap, Content::Skipped(_)),
            "pagemap is endless, and no text"
        );
        assert!(
            matches!(read(Path::new("/proc/self/status")), Content::Text(text) if text.bytes() > 0)
        );
    }
}
