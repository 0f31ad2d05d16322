//! Files that appear whole or not at all, and a file that one process at a time may change.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::client::MAX_MANIFEST_BYTES;
use crate::native::chance;
use crate::{Error, Kind, Result};

/// How long a lock may be as it was before whoever holds it is taken for gone.
const STALE: Duration = Duration::from_secs(5);
/// How long a lock is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long to wait before a lock is looked at again.
const PAUSE: Duration = Duration::from_millis(10);

/// What went wrong with a file.
pub(super) fn failed(path: &Path, error: io::Error) -> Error {
    Error::new(
        Kind::Content,
        format!("{} cannot be read or written", path.display()),
    )
    .with_source(error)
}

/// A file's bytes, if they are not more than `most`.
pub(super) fn read_at_most(path: &Path, most: u64) -> Result<Vec<u8>> {
    let of_path = |error| failed(path, error);
    let file = File::open(path).map_err(of_path)?;
    let mut bytes = Vec::new();
    let read = file.take(most + 1).read_to_end(&mut bytes);
    if read.map_err(of_path)? as u64 > most {
        let error = Error::new(Kind::TooLarge, format!("{} is too large", path.display()));
        return Err(error.with_expected(most, "more"));
    }
    Ok(bytes)
}

fn random_name() -> String {
    format!("{:016x}{:016x}", chance(), chance())
}

/// A file that gets its name once it is complete. To drop it before is to leave nothing.
pub(super) struct Temporary {
    path: PathBuf,
    committed: bool,
}

impl Temporary {
    /// A file in a folder, that nobody else has, and the same opened.
    pub(super) fn create(folder: &Path) -> io::Result<(Self, File)> {
        fs::create_dir_all(folder)?;
        let path = folder.join([".pierhead-", &random_name(), ".tmp"].concat());
        // Exclusively, so that no link which somebody put there is followed.
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)?;
        let committed = false;
        Ok((Self { path, committed }, file))
    }

    /// Gives the file its name, in one step. Its bytes are on the disk.
    pub(super) fn commit(mut self, path: &Path) -> io::Result<()> {
        fs::rename(&self.path, path)?;
        self.committed = true;
        // The name is on the disk too where folders can be synchronised.
        if let Some(folder) = path.parent()
            && let Ok(folder) = File::open(folder)
        {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.committed {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Writes a file that appears whole or not at all.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let (temporary, mut file) = Temporary::create(folder)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    temporary.commit(path)
}

/// Changes a file while no other process does: `change` makes new bytes of old ones, or `None` where nothing is to change. The
/// lock is a file beside it, as this project's command has it.
pub(super) fn change_locked(
    path: &Path,
    change: impl Fn(Vec<u8>) -> Result<Option<Vec<u8>>>,
) -> Result<()> {
    let lock = Lock::acquire(path)?;
    let bytes = read_at_most(path, MAX_MANIFEST_BYTES)?;
    let Some(bytes) = change(bytes)? else {
        return Ok(());
    };
    if bytes.len() as u64 > MAX_MANIFEST_BYTES {
        let message = format!("{} would be larger than is read", path.display());
        let error = Error::new(Kind::TooLarge, message);
        return Err(error.with_expected(MAX_MANIFEST_BYTES, bytes.len()));
    }
    if !lock.is_held() {
        // This process stood still for so long that another took it for gone.
        drop(lock);
        return change_locked(path, change);
    }
    write_whole(path, &bytes).map_err(|error| failed(path, error))
}

/// A lock file that says whose it is.
struct Lock {
    path: PathBuf,
    owner: String,
}

impl Lock {
    fn acquire(of: &Path) -> Result<Self> {
        let mut path = of.as_os_str().to_owned();
        path.push(".lock");
        let path = PathBuf::from(path);
        let owner = random_name();
        let begun = Instant::now();
        let mut last = (Self::seen(&path), begun);
        loop {
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(mut file) => {
                    file.write_all(owner.as_bytes())
                        .map_err(|error| failed(&path, error))?;
                    return Ok(Self { path, owner });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(&path, error)),
            }
            if begun.elapsed() > PATIENCE {
                return Err(Error::new(
                    Kind::Content,
                    format!("{}: others have held the lock for a minute", path.display()),
                ));
            }
            // By this process's clock alone: that of a network's disk may differ.
            let seen = Self::seen(&path);
            if seen != last.0 {
                last = (seen, Instant::now());
            } else if let Some((owner, _)) = &last.0
                && last.1.elapsed() > STALE
            {
                Self::break_one_of(&path, owner);
            }
            thread::sleep(PAUSE);
        }
    }

    /// Whose a lock is, and when it was touched; `None` if there is none.
    fn seen(path: &Path) -> Option<(Vec<u8>, Option<std::time::SystemTime>)> {
        let touched = fs::metadata(path).ok()?.modified().ok();
        Some((fs::read(path).ok()?, touched))
    }

    /// Removes a lock, but only that of this owner: another may have broken it meanwhile, and taken it.
    fn break_one_of(path: &Path, owner: &[u8]) {
        let mut aside = path.as_os_str().to_owned();
        aside.push([".", &random_name()].concat());
        if fs::rename(path, &aside).is_ok() {
            if fs::read(&aside).is_ok_and(|own| own != owner) {
                // Given back; should somebody have it by now, its owner finds out before it changes anything.
                let _ = fs::hard_link(&aside, path);
            }
            let _ = fs::remove_file(&aside);
        }
    }

    fn is_held(&self) -> bool {
        fs::read(&self.path).is_ok_and(|owner| owner == self.owner.as_bytes())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // One that is not ours any longer is left to whoever has it.
        if self.is_held() {
            let _ = fs::remove_file(&self.path);
        }
    }
}
