//! What a log needs of a disk.

use std::any::Any;
use std::io;
use std::sync::Arc;

/// A folder of one log, and everything that the log does to it. Names are plain file names.
pub(crate) trait Disk: Send + Sync {
    /// Takes the folder for this process alone, until the lock is dropped.
    ///
    /// # Errors
    /// [`LockError::Held`] if somebody has it.
    fn lock(&self) -> Result<Lock, LockError>;

    /// The names of the files, in any order.
    ///
    /// # Errors
    /// The disk's.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Makes a file of no length, in place of any of that name.
    ///
    /// # Errors
    /// The disk's.
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;

    /// Opens a file to read and to write.
    ///
    /// # Errors
    /// The disk's.
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;

    /// Renames a file, in place of any that has the new name.
    ///
    /// # Errors
    /// The disk's.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file. Those who have it open can go on reading.
    ///
    /// # Errors
    /// The disk's.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Brings to disk which files there are: what was created, renamed and removed before. Not their contents.
    ///
    /// # Errors
    /// The disk's.
    fn sync(&self) -> io::Result<()>;
}

/// An open file.
pub(crate) trait DiskFile: Send + Sync {
    /// Reads some bytes at `offset`; 0 at the end of the file.
    ///
    /// # Errors
    /// The disk's.
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes some of `bytes` at `offset`, and says how many.
    ///
    /// # Errors
    /// The disk's.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;

    /// Brings what was written to disk, with the length if that changed.
    ///
    /// # Errors
    /// The disk's. What was written may be lost then, and another call would not tell.
    fn sync_data(&self) -> io::Result<()>;

    /// How long the file is, in bytes.
    ///
    /// # Errors
    /// The disk's.
    fn length(&self) -> io::Result<u64>;
}

/// Holds the folder while it is there.
pub(crate) type Lock = Box<dyn Any + Send + Sync>;

/// Why a folder could not be taken.
#[derive(Debug)]
pub(crate) enum LockError {
    /// Somebody has it: the number of the process, if that is known.
    Held(Option<u32>),
    /// The disk failed.
    Io(io::Error),
}

/// Writes all of `bytes`, in as many writes as the disk wants.
pub(super) fn write_all_at(
    file: &dyn DiskFile,
    mut bytes: &[u8],
    mut offset: u64,
) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write_at(bytes, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => {
                bytes = bytes.get(count..).unwrap_or_default();
                offset += count as u64;
            }
            // A signal came first, and nothing was written.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Fills `bytes`, in as many reads as the disk wants.
pub(super) fn read_exact_at(
    file: &dyn DiskFile,
    mut bytes: &mut [u8],
    mut offset: u64,
) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.read_at(bytes, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                bytes = bytes.get_mut(count..).unwrap_or_default();
                offset += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
