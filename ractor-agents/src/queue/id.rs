//! Names: of a message, of its content.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::time;

/// The name of a message: unique, and sorted roughly by when it was made. Written as a UUID (version 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub(crate) u128);

/// As its text where people read it, otherwise as a number.
impl Serialize for MessageId {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() {
            return to.collect_str(self);
        }
        self.0.serialize(to)
    }
}

impl<'de> Deserialize<'de> for MessageId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if from.is_human_readable() {
            let text = <Cow<'de, str>>::deserialize(from)?;
            return text.parse().map_err(D::Error::custom);
        }
        u128::deserialize(from).map(Self)
    }
}

impl MessageId {
    /// A new one. Source: RFC 9562, section 5.7: 48 bits of milliseconds, 74 bits of chance.
    pub fn random() -> Self {
        const VERSION: u128 = 0x7 << 76;
        const VARIANT: u128 = 0b10 << 62;
        const CHANCE: u128 = (0xfff << 64) | ((1 << 62) - 1);
        let chance: u128 = rand::random();
        let when = u128::from(time::millis(SystemTime::now())) << 80;
        Self(when | VERSION | VARIANT | (chance & CHANCE))
    }

    /// As a number.
    pub const fn as_u128(self) -> u128 {
        self.0
    }

    /// That of this number, for brokers that store it.
    pub const fn from_u128(number: u128) -> Self {
        Self(number)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.0;
        let group = |shift: u32, bits: u32| (number >> shift) & ((1 << bits) - 1);
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            group(96, 32),
            group(80, 16),
            group(64, 16),
            group(48, 16),
            group(0, 48)
        )
    }
}

/// A text that is no [`MessageId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a message's name is 32 hexadecimal digits, with or without hyphens")]
pub struct ParseIdError(());

impl FromStr for MessageId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let digits: String = text.chars().filter(|letter| *letter != '-').collect();
        let is_plain = digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let number = u128::from_str_radix(&digits, 16).ok();
        number
            .filter(|_| is_plain)
            .map(Self)
            .ok_or(ParseIdError(()))
    }
}

/// What two messages have in common that are duplicates of each other: 128 bits of a cryptographic hash, since whoever can
/// make two messages collide can have one of them dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fingerprint(pub(crate) [u8; 16]);

impl Fingerprint {
    /// Of a key that the sender gave.
    pub fn of_key(key: &str) -> Self {
        Self::derived("ractor-agents queue key", key.as_bytes())
    }

    /// Of an encoded message.
    pub fn of_content(content: &[u8]) -> Self {
        Self::derived("ractor-agents queue content", content)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Keys and contents are hashed apart, so that no content is taken for a key.
    fn derived(context: &str, bytes: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(context);
        hasher.update(bytes);
        let mut print = [0; 16];
        hasher.finalize_xof().fill(&mut print);
        Self(print)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_uuid_of_version_seven_and_is_read_as_it_is_written() {
        let id = MessageId::random();
        let text = id.to_string();
        assert_eq!((text.len(), text.as_bytes()[14]), (36, b'7'));
        assert!(b"89ab".contains(&text.as_bytes()[19]), "{text}");
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(text.replace('-', "").parse(), Ok(id));
        for bad in ["", "1", "+0000000000000000000000000000001", &text[1..]] {
            assert!(bad.parse::<MessageId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn keys_and_contents_have_prints_of_their_own() {
        assert_eq!(Fingerprint::of_key("a"), Fingerprint::of_key("a"));
        assert_ne!(Fingerprint::of_key("a"), Fingerprint::of_key("b"));
        assert_ne!(Fingerprint::of_key("a"), Fingerprint::of_content(b"a"));
    }
}
