//! The seal of an artifact: a keyed checksum (HMAC, RFC 2104) over what it was compiled from, for which engine, and over
//! its bytes; and which file those bytes were verified in.

use std::fmt;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use rand::Rng;
use sha2::{Digest, Sha256};
use wasmill_job::ModuleDigest;

use super::ArtifactError;
use super::file::{io_error, write_if_absent};

/// The key of a folder, made when the folder is. Not shown.
#[derive(Clone)]
pub(super) struct Key([u8; KEY_BYTES]);

/// What an artifact is of.
#[derive(Clone, Copy)]
pub(super) struct Subject {
    pub(super) module: ModuleDigest,
    /// The fingerprint of the engine it is for.
    pub(super) engine: u64,
}

/// A seal, as it stands beside its artifact.
pub(super) struct Seal {
    /// SHA-256 of the code.
    code: [u8; DIGEST_BYTES],
    /// Which file the code was verified in.
    file: Identity,
    mac: [u8; DIGEST_BYTES],
}

/// What tells a file from any other, and from itself after a change: device, inode, size, and the times of the last change
/// of content and of anything, in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Identity([u64; IDENTITY_WORDS]);

const KEY_BYTES: usize = 32;
const KEY_NAME: &str = "key";
const DIGEST_BYTES: usize = 32;
const IDENTITY_WORDS: usize = 5;
/// What a seal begins with; the number is the version of this layout.
const MAGIC: &[u8; 8] = b"wamseal\x01";
const SEAL_BYTES: usize = MAGIC.len() + DIGEST_BYTES + IDENTITY_WORDS * 8 + DIGEST_BYTES;

impl Key {
    /// The folder's key; made if there is none. Processes that start at once agree on one.
    pub(super) fn open(folder: &Path) -> Result<Self, ArtifactError> {
        let path = folder.join(KEY_NAME);
        if let Some(key) = Self::read(&path).map_err(io_error("read", &path))? {
            return Ok(key);
        }
        let mut fresh = [0; KEY_BYTES];
        rand::rng().fill_bytes(&mut fresh);
        write_if_absent(folder, &path, &fresh).map_err(io_error("write", &path))?;
        let key = Self::read(&path).map_err(io_error("read", &path))?;
        key.ok_or_else(|| io_error("read", &path)(io::Error::other("it is no key; delete it")))
    }

    fn read(path: &Path) -> io::Result<Option<Self>> {
        match fs::read(path) {
            Ok(bytes) => Ok(bytes.try_into().ok().map(Self)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn mac(&self, subject: Subject, code: &[u8; DIGEST_BYTES], file: Identity) -> Hmac<Sha256> {
        #[expect(clippy::unwrap_used, reason = "HMAC takes keys of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).unwrap();
        mac.update(MAGIC);
        mac.update(subject.module.to_string().as_bytes());
        mac.update(&subject.engine.to_be_bytes());
        mac.update(code);
        mac.update(&file.to_bytes());
        mac
    }
}

impl Seal {
    /// Seals `code`, which stands in `file`.
    pub(super) fn new(key: &Key, subject: Subject, code: &[u8], file: &Metadata) -> Self {
        let (code, file) = (Sha256::digest(code).into(), Identity::of(file));
        let mac = key.mac(subject, &code, file).finalize().into_bytes().into();
        Self { code, file, mac }
    }

    /// The seal in this file; `None` when there is none, or what is there is no seal.
    pub(super) fn read(path: &Path) -> io::Result<Option<Self>> {
        match fs::read(path) {
            Ok(bytes) => Ok(Self::of(&bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether it was made with this key for this artifact, and `file` is still the one it was made for.
    pub(super) fn is_of(&self, key: &Key, subject: Subject, file: &Metadata) -> bool {
        self.is_right(key, subject) && self.file == Identity::of(file)
    }

    /// Whether it was made with this key for this artifact with these bytes, wherever they stand.
    pub(super) fn covers(&self, key: &Key, subject: Subject, code: &[u8]) -> bool {
        self.is_right(key, subject) && self.code == <[u8; DIGEST_BYTES]>::from(Sha256::digest(code))
    }

    fn is_right(&self, key: &Key, subject: Subject) -> bool {
        // In constant time.
        key.mac(subject, &self.code, self.file).verify_slice(&self.mac).is_ok()
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        [MAGIC.as_slice(), &self.code, &self.file.to_bytes(), &self.mac].concat()
    }

    fn of(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; SEAL_BYTES] = bytes.try_into().ok()?;
        let rest = bytes.strip_prefix(MAGIC)?;
        let (code, rest) = rest.split_first_chunk::<DIGEST_BYTES>()?;
        let (words, mac) = rest.split_at_checked(IDENTITY_WORDS * 8)?;
        let mut file = [0; IDENTITY_WORDS];
        for (word, bytes) in file.iter_mut().zip(words.chunks_exact(8)) {
            *word = u64::from_be_bytes(bytes.try_into().ok()?);
        }
        Some(Self { code: *code, file: Identity(file), mac: mac.try_into().ok()? })
    }
}

impl Identity {
    fn of(file: &Metadata) -> Self {
        let nanoseconds = |seconds: i64, rest: i64| {
            seconds.cast_unsigned().wrapping_mul(1_000_000_000).wrapping_add(rest.cast_unsigned())
        };
        Self([
            file.dev(),
            file.ino(),
            file.size(),
            nanoseconds(file.mtime(), file.mtime_nsec()),
            nanoseconds(file.ctime(), file.ctime_nsec()),
        ])
    }

    fn to_bytes(self) -> Vec<u8> {
        self.0.iter().flat_map(|word| word.to_be_bytes()).collect()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}
