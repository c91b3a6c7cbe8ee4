//! The passphrase of an exported file: from a file, from the terminal without an echo, or from
//! standard input.

use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, Read, stdin};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use zeroize::Zeroizing;

/// Reads a passphrase that exists.
///
/// # Errors
/// When there is none.
pub(crate) fn known(file: Option<&Path>) -> Result<Zeroizing<String>> {
    match file {
        Some(path) => {
            let file = File::open(path).with_context(|| path.display().to_string())?;
            first_line(file)
        }
        None if stdin().is_terminal() => ask("Passphrase: "),
        None => first_line(stdin()),
    }
}

/// Reads a new passphrase; from a terminal twice, for what is mistyped opens nothing later.
///
/// # Errors
/// When there is none, or the second one is another.
pub(crate) fn new(file: Option<&Path>) -> Result<Zeroizing<String>> {
    let passphrase = known(file)?;
    if file.is_none() && stdin().is_terminal() {
        let again = ask("The same again: ")?;
        ensure!(passphrase == again, "the two are not the same");
    }
    Ok(passphrase)
}

fn ask(prompt: &str) -> Result<Zeroizing<String>> {
    let typed = rpassword::prompt_password(prompt).context("no passphrase")?;
    Ok(Zeroizing::new(typed))
}

/// The first line without its end.
fn first_line(from: impl Read) -> Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::with_capacity(LONGEST));
    let read = BufReader::new(from.take(LONGEST as u64)).read_line(&mut line);
    read.context("no passphrase")?;
    let length = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(length);
    Ok(line)
}

/// Nobody types more, and a device that never ends does not fill memory.
const LONGEST: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passphrase_is_the_first_line_of_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("passphrase");
        for (content, passphrase) in [
            ("correct horse\n", "correct horse"),
            ("correct horse\r\nbattery", "correct horse"),
            (" spaces count ", " spaces count "),
            ("", ""),
        ] {
            std::fs::write(&path, content).unwrap();
            assert_eq!(*new(Some(&path)).unwrap(), passphrase);
        }
        std::fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(known(Some(&path)).is_err());
        assert!(known(Some(&dir.path().join("none"))).is_err());
    }

    #[test]
    fn an_endless_file_ends() {
        let endless = std::io::repeat(b'x');
        assert_eq!(first_line(endless).unwrap().len(), LONGEST);
    }
}
