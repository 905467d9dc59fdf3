//! Modules compiled to machine code, kept in a private folder, so that each is compiled once.

use std::fmt;
use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};
use wasmill_job::ModuleDigest;

use crate::check::Component;
use crate::sandbox::{CompileError, Sandbox};

/// A compiled module that is known to be ours. Only the compiler and the store make one; that is what
/// [`Sandbox::load`] rests on.
#[derive(Clone)]
pub struct Artifact {
    digest: ModuleDigest,
    code: Vec<u8>,
}

/// A folder of artifacts. It is a cache: it may be deleted at any time, and several processes may share it.
///
/// Nothing in it is believed without its checksum, which guards against damage, not against whoever can write as
/// this user: therefore the folder must belong to this user alone.
#[derive(Clone, Debug)]
pub struct ArtifactStore {
    folder: PathBuf,
}

/// Why artifacts cannot be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    #[error("the artifact folder {} belongs to another user (uid {owner}); machine code from there is not trusted: give a folder of your own", folder.display())]
    Foreign { folder: PathBuf, owner: u32 },
    #[error("cannot {what} {}: {source}", path.display())]
    Io { what: &'static str, path: PathBuf, source: io::Error },
    #[error(transparent)]
    Compile(#[from] CompileError),
}

/// What a file begins with; the number is the version of this layout. The checksum of the rest follows.
const MAGIC: &[u8; 8] = b"wamill\x00\x01";
const CHECKSUM_BYTES: usize = 32;
const HEADER_BYTES: usize = MAGIC.len() + CHECKSUM_BYTES;

/// What may stand in front of a file that is being written.
const UNFINISHED: &str = ".unfinished-";

impl Artifact {
    pub(crate) fn of_compiler(digest: ModuleDigest, code: Vec<u8>) -> Self {
        Self { digest, code }
    }

    /// The module it was compiled from.
    pub fn digest(&self) -> ModuleDigest {
        self.digest
    }

    pub(crate) fn code(&self) -> &[u8] {
        &self.code
    }

    /// What [`ArtifactStore`] wrote, if it is whole and unchanged.
    fn of_file(digest: ModuleDigest, mut bytes: Vec<u8>) -> Option<Self> {
        let rest = bytes.strip_prefix(MAGIC)?;
        let (checksum, code) = rest.split_at_checked(CHECKSUM_BYTES)?;
        if checksum != checksum_of(digest, code) {
            return None;
        }
        bytes.drain(..HEADER_BYTES);
        Some(Self { digest, code: bytes })
    }
}

impl fmt::Debug for Artifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Artifact").field("digest", &self.digest).field("code", &self.code.len()).finish()
    }
}

impl ArtifactStore {
    /// Opens the folder; makes it if need be. Takes all rights to it from other users.
    ///
    /// # Errors
    /// When it cannot be made, or belongs to somebody else.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, ArtifactError> {
        let folder = folder.into();
        DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(io("make", &folder))?;
        let found = fs::metadata(&folder).map_err(io("look at", &folder))?;
        // This process's own entry belongs to its effective user; where there is none, the change of rights
        // below fails for a stranger.
        if let Ok(own) = fs::metadata("/proc/self")
            && own.uid() != found.uid()
        {
            return Err(ArtifactError::Foreign { folder, owner: found.uid() });
        }
        if found.mode() & 0o777 != 0o700 {
            fs::set_permissions(&folder, Permissions::from_mode(0o700))
                .map_err(io("make private", &folder))?;
        }
        Ok(Self { folder })
    }

    /// The artifact of a module, if it was compiled for this sandbox before. One that is damaged is logged and
    /// counts as missing. Cost: reads the file and its checksum, about 1 ms per megabyte.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn find(&self, sandbox: &Sandbox, module: ModuleDigest) -> Result<Option<Artifact>, ArtifactError> {
        let path = self.path(sandbox, module);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io("read", &path)(error)),
        };
        let artifact = Artifact::of_file(module, bytes);
        if artifact.is_none() {
            tracing::warn!(path = %path.display(), %module, "a precompiled module is damaged; it is compiled again");
        }
        Ok(artifact)
    }

    /// The artifact of a module, compiled and kept if there is none yet. Blocks as long as the compiler takes.
    ///
    /// # Errors
    /// When it does not compile, or the folder cannot be written.
    pub fn compile(&self, sandbox: &Sandbox, component: &Component) -> Result<Artifact, ArtifactError> {
        if let Some(artifact) = self.find(sandbox, component.digest())? {
            return Ok(artifact);
        }
        let artifact = sandbox.compile(component)?;
        let path = self.path(sandbox, component.digest());
        self.write(&path, &artifact).map_err(io("write", &path))?;
        Ok(artifact)
    }

    /// Written aside, synced, renamed: under its name a file is whole, also after a power cut.
    fn write(&self, path: &Path, artifact: &Artifact) -> io::Result<()> {
        static WRITTEN: AtomicU64 = AtomicU64::new(0);
        let turn = WRITTEN.fetch_add(1, Ordering::Relaxed);
        let aside = self.folder.join(format!("{UNFINISHED}{}-{turn}", std::process::id()));
        let written = (|| {
            // A process that died may have had this number before.
            let _ = fs::remove_file(&aside);
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
            file.write_all(MAGIC)?;
            file.write_all(&checksum_of(artifact.digest, &artifact.code))?;
            file.write_all(&artifact.code)?;
            file.set_permissions(Permissions::from_mode(0o400))?;
            file.sync_all()?;
            fs::rename(&aside, path)?;
            fs::File::open(&self.folder)?.sync_all()
        })();
        if written.is_err() {
            // What is left aside is never read; removing it only saves room.
            let _ = fs::remove_file(&aside);
        }
        written
    }

    fn path(&self, sandbox: &Sandbox, module: ModuleDigest) -> PathBuf {
        self.folder.join(format!("{module}-{:016x}.cwasm", fingerprint(sandbox)))
    }
}

/// What an artifact depends on besides its module: the engine's version and settings, the processor, and how this
/// crate makes components.
fn fingerprint(sandbox: &Sandbox) -> u64 {
    let mut hasher = DefaultHasher::new();
    env!("CARGO_PKG_VERSION").hash(&mut hasher);
    sandbox.engine().precompile_compatibility_hash().hash(&mut hasher);
    hasher.finish()
}

/// Over the module's digest too: a file under another one's name is not that one.
fn checksum_of(module: ModuleDigest, code: &[u8]) -> [u8; CHECKSUM_BYTES] {
    Sha256::new().chain_update(module.to_string()).chain_update(code).finalize().into()
}

fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ArtifactError {
    let path = path.to_owned();
    move |source| ArtifactError::Io { what, path, source }
}
