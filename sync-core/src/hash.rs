//! Digests. 128 bits name things and compare rows, 256 bits seal a plan file. Both come from SHA-256.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Digest as _;

/// The text is not a digest of the expected length in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a hexadecimal digest of the expected length")]
pub struct BadDigest;

macro_rules! digest {
    ($(#[$doc:meta])* $name:ident, $bytes:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub [u8; $bytes]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = BadDigest;

            fn from_str(text: &str) -> Result<Self, BadDigest> {
                let text = text.as_bytes();
                if text.len() != 2 * $bytes {
                    return Err(BadDigest);
                }
                let mut out = [0; $bytes];
                for (byte, pair) in out.iter_mut().zip(text.chunks_exact(2)) {
                    *byte = (nibble(pair[0])? << 4) | nibble(pair[1])?;
                }
                Ok(Self(out))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }
    };
}

fn nibble(byte: u8) -> Result<u8, BadDigest> {
    match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        _ => Err(BadDigest),
    }
}

digest! {
    /// 128 bits of SHA-256: row digests, and ids of operations, conflicts, issues and proposals.
    /// Displayed as 32 lower-case hexadecimal digits.
    Hash128, 16
}
digest! {
    /// A whole SHA-256: hash of a plan file, of settings, of a scope. 64 hexadecimal digits.
    Hash256, 32
}

impl Hash256 {
    /// SHA-256 of the bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }
}

impl Hash128 {
    /// The first half of SHA-256 of the bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Hash256::of(bytes).into()
    }
}

impl From<Hash256> for Hash128 {
    fn from(hash: Hash256) -> Self {
        let mut out = [0; 16];
        out.copy_from_slice(&hash.0[..16]);
        Self(out)
    }
}

/// Feeds parts into one digest so that no two different sequences of parts give the same bytes:
/// every part is preceded by its length.
#[derive(Clone, Debug)]
pub struct Hasher(sha2::Sha256);

impl Hasher {
    /// Starts a digest for one purpose. Equal parts under different purposes give different digests.
    #[must_use]
    pub fn new(purpose: &str) -> Self {
        let mut hasher = Self(sha2::Sha256::new());
        hasher.text(purpose);
        hasher
    }

    /// Adds bytes.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
        self
    }

    /// Adds a text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    /// Adds a number.
    pub fn number(&mut self, number: i64) -> &mut Self {
        self.bytes(&number.to_le_bytes())
    }

    /// Closes the digest at 128 bits.
    #[must_use]
    pub fn finish(self) -> Hash128 {
        self.finish_full().into()
    }

    /// Closes the digest at 256 bits.
    #[must_use]
    pub fn finish_full(self) -> Hash256 {
        Hash256(self.0.finalize().into())
    }
}
