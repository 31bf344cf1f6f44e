//! What can be wrong with a message as bytes.

/// What is wrong with a message, or with its bytes. None of it goes away by trying again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The encoding cannot express the message.
    #[error("the message cannot be encoded: {0}")]
    Encode(Box<dyn std::error::Error + Send + Sync>),
    /// The bytes are not what the encoding would have made of such a message.
    #[error("the message cannot be decoded: {0}")]
    Decode(Box<dyn std::error::Error + Send + Sync>),
    /// It is longer than allowed: raise [`Codec::size_max`](super::Codec::size_max), or put the large part elsewhere and send its name.
    #[error("the message is {length} bytes long; {limit} are allowed")]
    TooLarge {
        /// In bytes, without the header.
        length: usize,
        /// In bytes.
        limit: usize,
    },
    /// There are fewer bytes than announced, or than a header has.
    #[error("the message is cut off")]
    CutOff,
    /// There is something behind its end.
    #[error("there are {0} bytes behind the end of the message")]
    LeftOver(usize),
    /// It does not begin as a frame does.
    #[error("this is no framed message")]
    NoFrame,
    /// It was written by a later version of this crate.
    #[error("the frame is of version {0}, which this version does not know")]
    UnknownVersion(u8),
    /// It is encoded in a way that this version does not know.
    #[error("the encoding {0} is unknown")]
    UnknownEncoding(u8),
    /// It was damaged on its way, or on disk.
    #[error("the checksum is wrong: the message is damaged")]
    Checksum,
    /// It was encoded as something else.
    #[error("the message is of another kind")]
    OtherKind,
    /// It was encoded as another version of its type.
    #[error("the message is of schema {found}; expected was {expected}")]
    OtherSchema {
        /// The version that it has.
        found: u16,
        /// The version that was asked for.
        expected: u16,
    },
}
