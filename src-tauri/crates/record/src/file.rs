//! A file that is whole after every write: what fails halfway is cut off again.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::fragment::{Fragment, HEAD};

/// One side's file.
#[derive(Debug)]
pub(crate) struct SideFile {
    file: File,
    path: PathBuf,
    /// Up to here it can be played.
    whole: u64,
}

impl SideFile {
    /// Makes the file.
    pub(crate) fn create(path: PathBuf) -> Result<Self, Failure> {
        let file = create(&path).map_err(Failure::to("make a file"))?;
        Ok(Self {
            file,
            path,
            whole: 0,
        })
    }

    /// Adds a fragment; it is on the disk afterwards.
    pub(crate) fn append(&mut self, fragment: &Fragment) -> Result<(), Failure> {
        let Fragment { head, body } = fragment;
        let written = head
            .as_ref()
            .map_or(Ok(()), |head| self.write_head(head))
            .and_then(|()| self.write_body(body));
        if written.is_err() {
            // The disk may be full, and nothing is freed by an error here.
            let _ = self.file.set_len(self.whole);
        }
        written.map_err(Failure::to("write a fragment"))
    }

    /// Writes the head of the complete file.
    pub(crate) fn finish(&mut self, head: &[u8]) -> Result<(), Failure> {
        self.write_head(head)
            .map_err(Failure::to("write the head of a file"))
    }

    /// How long it is.
    pub(crate) fn bytes(&self) -> u64 {
        self.whole
    }

    /// Whether it still is where it was made: a file that was deleted can be written all the same.
    pub(crate) fn is_there(&self) -> bool {
        std::fs::metadata(&self.path).is_ok()
    }

    fn write_head(&mut self, head: &[u8]) -> std::io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(head)?;
        self.file.sync_data()?;
        self.whole = self.whole.max(HEAD as u64);
        Ok(())
    }

    fn write_body(&mut self, body: &[u8]) -> std::io::Result<()> {
        if body.is_empty() {
            return Ok(());
        }
        self.file.seek(SeekFrom::Start(self.whole))?;
        self.file.write_all(body)?;
        self.file.sync_data()?;
        self.whole += body.len() as u64;
        Ok(())
    }
}

/// Writes a small file whole.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let write = || {
        let mut file = create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(Failure::to("write what was agreed to"))
}

/// Recordings are their people's own: nobody else on this machine may read them.
fn create(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.create_new(true).read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
