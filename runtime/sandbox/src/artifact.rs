//! Modules compiled to machine code, kept in a private folder, so that each is compiled once and verified once.

mod file;
mod seal;

use std::fmt;
use std::fs::{self, DirBuilder, Permissions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use wasmill_job::ModuleDigest;

use crate::check::Component;
use crate::compiler::{self, CompileError};
use crate::sandbox::Sandbox;
use file::io_error as io;
use seal::{Key, Seal, Subject};

/// A compiled module that is known to be ours. Only the compiler and the store make one; that is what
/// [`Sandbox::load`] rests on.
#[derive(Clone)]
pub struct Artifact {
    digest: ModuleDigest,
    code: Code,
    code_bytes: u64,
}

/// Where the machine code is.
#[derive(Clone)]
pub(crate) enum Code {
    /// The compiler's own answer.
    Memory(Arc<[u8]>),
    /// A file in the private folder whose seal was found right.
    File(PathBuf),
}

/// A folder of artifacts. It is a cache: it may be deleted at any time, and several processes may share it.
///
/// Each artifact has a seal, made with a key that is in the folder as well: over its module, the engine it is for, and its
/// bytes, and over the file's inode, size and times once the bytes were verified. While those are the same, the file is
/// mapped without being read; else its bytes are verified again. A foreign or changed artifact counts as missing. The key
/// guards against artifacts that were put here from elsewhere and against damage, not against whoever can write as this
/// user: therefore the folder must belong to this user alone.
#[derive(Clone, Debug)]
pub struct ArtifactStore {
    folder: PathBuf,
    key: Key,
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

impl Artifact {
    pub(crate) fn of_compiler(digest: ModuleDigest, code: Vec<u8>) -> Self {
        Self { digest, code_bytes: code.len() as u64, code: Code::Memory(code.into()) }
    }

    /// The module it was compiled from.
    pub fn digest(&self) -> ModuleDigest {
        self.digest
    }

    /// How large the machine code is, with what belongs to it.
    pub fn code_bytes(&self) -> u64 {
        self.code_bytes
    }

    pub(crate) fn code(&self) -> &Code {
        &self.code
    }
}

impl fmt::Debug for Artifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code: &dyn fmt::Debug = match &self.code {
            Code::Memory(code) => &code.len(),
            Code::File(path) => path,
        };
        f.debug_struct("Artifact").field("digest", &self.digest).field("code", code).finish()
    }
}

impl ArtifactStore {
    /// Opens the folder; makes it, and its key, if need be. Takes all rights to it from other users.
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
        file::remove_what_was_left(&folder).map_err(io("look into", &folder))?;
        let key = Key::open(&folder)?;
        Ok(Self { folder, key })
    }

    /// The artifact of a module, if it was compiled for this sandbox before. One that is damaged or not ours is logged
    /// and counts as missing. Cost: two small files, if its bytes were verified before; else it is read whole, about 1 ms
    /// per megabyte.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn find(&self, sandbox: &Sandbox, module: ModuleDigest) -> Result<Option<Artifact>, ArtifactError> {
        let subject = Subject { module, engine: fingerprint(sandbox) };
        let (path, seal_path) = self.paths(subject);
        let Some(seal) = Seal::read(&seal_path).map_err(io("read", &seal_path))? else { return Ok(None) };
        let found = match fs::symlink_metadata(&path) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io("look at", &path)(error)),
        };
        if found.is_file() && seal.is_of(&self.key, subject, &found) {
            return Ok(Some(Artifact { digest: module, code: Code::File(path), code_bytes: found.len() }));
        }
        let bytes = fs::read(&path).map_err(io("read", &path))?;
        if !found.is_file() || !seal.covers(&self.key, subject, &bytes) {
            tracing::warn!(
                path = %path.display(), %module,
                "a compiled module is damaged, or was not compiled here; it is compiled again"
            );
            return Ok(None);
        }
        // The bytes are right and the file is another than the one that was sealed: a copy, or a restored folder. It is
        // written anew, so that what is mapped later is what was verified now.
        self.keep(subject, bytes).map(Some)
    }

    /// The artifact of a module, compiled here and kept if there is none yet. Blocks as long as the compiler takes. For
    /// modules that are trusted not to choke it; others go to [`ArtifactStore::compile_apart`].
    ///
    /// # Errors
    /// When it does not compile, or the folder cannot be written.
    pub fn compile(&self, sandbox: &Sandbox, component: &Component) -> Result<Artifact, ArtifactError> {
        self.find_or(sandbox, component, || sandbox.compile_code(component))
    }

    /// The same, compiled by a process of its own with limits: address space, processor time, time. `program` starts this
    /// very program in such a way that it calls [`crate::compile_for_parent`] and nothing else: what it answers is believed.
    ///
    /// # Errors
    /// When it does not compile within the limits, the process cannot be started, or the folder cannot be written.
    pub fn compile_apart(
        &self,
        sandbox: &Sandbox,
        component: &Component,
        program: Command,
    ) -> Result<Artifact, ArtifactError> {
        self.find_or(sandbox, component, || compiler::ask(program, component.bytes()))
    }

    fn find_or(
        &self,
        sandbox: &Sandbox,
        component: &Component,
        compile: impl FnOnce() -> Result<Vec<u8>, CompileError>,
    ) -> Result<Artifact, ArtifactError> {
        let module = component.digest();
        if let Some(artifact) = self.find(sandbox, module)? {
            return Ok(artifact);
        }
        self.keep(Subject { module, engine: fingerprint(sandbox) }, compile()?)
    }

    /// Writes code and seal. Power lost in between: there is code without a seal, or with an older one, and it is
    /// compiled again.
    fn keep(&self, subject: Subject, code: Vec<u8>) -> Result<Artifact, ArtifactError> {
        let (path, seal_path) = self.paths(subject);
        let written = file::write(&self.folder, &path, &code).map_err(io("write", &path))?;
        let seal = Seal::new(&self.key, subject, &code, &written);
        file::write(&self.folder, &seal_path, &seal.to_bytes()).map_err(io("write", &seal_path))?;
        Ok(Artifact { digest: subject.module, code: Code::File(path), code_bytes: code.len() as u64 })
    }

    fn paths(&self, subject: Subject) -> (PathBuf, PathBuf) {
        let name = |kind| self.folder.join(format!("{}-{:016x}.{kind}", subject.module, subject.engine));
        (name("cwasm"), name("seal"))
    }
}

/// What an artifact depends on besides its module: the engine's version and settings, the processor, and how this
/// crate makes components.
fn fingerprint(sandbox: &Sandbox) -> u64 {
    let mut hasher = DefaultHasher::new();
    env!("CARGO_PKG_VERSION").hash(&mut hasher);
    std::env::consts::ARCH.hash(&mut hasher);
    sandbox.engine().precompile_compatibility_hash().hash(&mut hasher);
    hasher.finish()
}
