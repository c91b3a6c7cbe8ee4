//! An X screen without a monitor, and its pixels.
//!
//! Xvfb keeps its picture in a file that it maps into its memory, so reading that file reads what
//! is on the screen at this moment, without asking the server and without disturbing it.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;
use tokio::process::Command;

use crate::program::Program;

/// A running Xvfb.
#[derive(Debug)]
pub struct Screen {
    display: String,
    pixels: Pixels,
    // Dropped in this order: the server first, its directory after.
    server: Program,
    dir: TempDir,
}

impl Screen {
    /// Starts a screen of this size.
    ///
    /// # Errors
    /// When Xvfb is missing or does not start.
    pub async fn start(width: u32, height: u32) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let mut command = Command::new("Xvfb");
        command.args(["-displayfd", "1", "-nolisten", "tcp", "-noreset", "-ac"]);
        command.args(["-screen", "0", &format!("{width}x{height}x24")]);
        command.arg("-fbdir").arg(dir.path());
        let mut server = Program::start("xvfb", &mut command)?;
        let number = server
            .line(Duration::from_secs(10))
            .await?
            .context("Xvfb ended")?;
        let pixels = Pixels::open(&dir.path().join("Xvfb_screen0"))?;
        Ok(Self {
            display: format!(":{}", number.trim()),
            pixels,
            server,
            dir,
        })
    }

    /// For `DISPLAY`.
    #[must_use]
    pub fn display(&self) -> &str {
        &self.display
    }

    /// The server's process.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.server.pid()
    }

    /// What is on the screen, for reading again and again.
    ///
    /// # Errors
    /// When the server is gone.
    pub fn pixels(&self) -> Result<Pixels> {
        Pixels::open(&self.dir.path().join("Xvfb_screen0"))
    }

    /// The whole screen now.
    ///
    /// # Errors
    /// When the server is gone.
    pub fn grab(&self) -> Result<Raster> {
        self.pixels.grab()
    }

    /// Writes `NAME.png` into the directory of `TINCAN_TEST_LOG`, where there is one, for somebody to
    /// look at.
    ///
    /// # Errors
    /// As [`Self::save`].
    pub async fn keep(&self, name: &str) -> Result<()> {
        let Some(dir) = std::env::var_os("TINCAN_TEST_LOG") else {
            return Ok(());
        };
        self.save(&Path::new(&dir).join(format!("{name}.png")))
            .await
    }

    /// Writes a PNG of the whole screen.
    ///
    /// # Errors
    /// When ImageMagick's `import` fails.
    pub async fn save(&self, path: &Path) -> Result<()> {
        let mut import = Command::new("import");
        import
            .args(["-display", &self.display, "-window", "root"])
            .arg(path);
        let status = import
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .await?;
        ensure!(status.success(), "cannot save the screen: {status}");
        Ok(())
    }
}

/// Brightness, one byte for each pixel, row by row.
#[derive(Clone, Debug)]
pub struct Raster {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width * height` values from 0 to 255.
    pub luma: Vec<u8>,
}

impl Raster {
    /// One pixel; black outside.
    #[must_use]
    pub fn at(&self, x: usize, y: usize) -> u8 {
        if x < self.width && y < self.height {
            self.luma[y * self.width + x]
        } else {
            0
        }
    }
}

/// The file in which the server keeps its picture.
#[derive(Debug)]
pub struct Pixels {
    file: File,
    width: usize,
    height: usize,
    /// Where the first row begins, bytes.
    start: u64,
    /// From row to row, bytes.
    pitch: u64,
}

impl Pixels {
    /// Reads the header: XWD version 7, fields of 32 bits, most significant byte first.
    fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).with_context(|| format!("no screen at {}", path.display()))?;
        let mut header = [0; 100];
        file.read_exact_at(&mut header, 0)?;
        let field = |at: usize| {
            let bytes = [
                header[at * 4],
                header[at * 4 + 1],
                header[at * 4 + 2],
                header[at * 4 + 3],
            ];
            u64::from(u32::from_be_bytes(bytes))
        };
        if (field(1), field(11)) != (7, 32) {
            bail!("the screen is not of 32 bits in XWD 7");
        }
        let colours = field(19) * BYTES_PER_COLOUR;
        Ok(Self {
            width: usize::try_from(field(4))?,
            height: usize::try_from(field(5))?,
            start: field(0) + colours,
            pitch: field(12),
            file,
        })
    }

    /// Brightness of part of a row, as its green: what is black or white needs no more.
    ///
    /// # Errors
    /// When the file is gone.
    pub fn row(&self, y: usize, luma: &mut Vec<u8>) -> Result<()> {
        let mut row = vec![0; self.width * BYTES_PER_PIXEL];
        self.file
            .read_exact_at(&mut row, self.start + y as u64 * self.pitch)?;
        luma.clear();
        luma.extend(row.chunks_exact(BYTES_PER_PIXEL).map(|pixel| pixel[1]));
        Ok(())
    }

    /// The whole screen now.
    ///
    /// # Errors
    /// When the file is gone.
    pub fn grab(&self) -> Result<Raster> {
        let mut luma = Vec::with_capacity(self.width * self.height);
        let mut row = Vec::new();
        for y in 0..self.height {
            self.row(y, &mut row)?;
            luma.extend_from_slice(&row);
        }
        Ok(Raster {
            width: self.width,
            height: self.height,
            luma,
        })
    }
}

/// Blue, green, red, unused.
const BYTES_PER_PIXEL: usize = 4;

/// `XWDColor`: a pixel value, three components, flags, padding.
const BYTES_PER_COLOUR: u64 = 12;
