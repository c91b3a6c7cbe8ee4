//! Moving to another computer: what the store exports, in a file of the user's.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use store::{Keychain, Store};

use crate::{files, passphrase};

/// Writes everything to a new file that only the passphrase opens.
///
/// # Errors
/// When there is such a file already, no good passphrase is given, or it cannot be written.
pub fn export(store: &Store, file: &Path, passphrase_file: Option<&Path>) -> Result<()> {
    let passphrase = passphrase::new(passphrase_file)?;
    let bytes = store.export(&passphrase)?;
    let mut out = files::create_new(file)?;
    let written = out.write_all(&bytes).and_then(|()| out.sync_all());
    if written.is_err() {
        // Half of it would only look like something to rely on.
        let _ = std::fs::remove_file(file);
    }
    written.with_context(|| format!("cannot write {}", file.display()))
}

/// Takes over what was exported to a file, into the directory at `place`, and tells what came.
///
/// # Errors
/// When the file is no export, the passphrase is not its own, or there is another identity here and
/// `replace` does not say so.
pub fn import(
    place: (&Path, Keychain),
    file: &Path,
    passphrase_file: Option<&Path>,
    replace: bool,
    out: &mut impl Write,
) -> Result<()> {
    let bytes = read(file)?;
    let passphrase = passphrase::known(passphrase_file)?;
    let (directory, keychain) = place;
    let imported = Store::open_with_import(directory, keychain, &bytes, &passphrase, replace);
    let (store, imported) = imported?;
    let (people, calls) = (imported.people, imported.calls);
    writeln!(out, "{}", store.identity().address())?;
    writeln!(out, "{people} people and {calls} calls came with it.")?;
    if imported.people_left_out > 0 {
        let left_out = imported.people_left_out;
        writeln!(out, "There was no room for {left_out} people.")?;
    }
    Ok(())
}

/// Reads a file that may be anything, to the bound of an export.
fn read(path: &Path) -> Result<Vec<u8>> {
    let what = || path.display().to_string();
    let mut bytes = Vec::new();
    let file = File::open(path).with_context(what)?;
    file.take(Store::MAX_EXPORT_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .with_context(what)?;
    let fits = bytes.len() <= Store::MAX_EXPORT_BYTES;
    ensure!(fits, "{} is too large to be an export", what());
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::import as take_over;

    #[test]
    fn what_was_exported_makes_another_directory_the_same_person() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("passphrase"), "correct horse battery\n").unwrap();
        std::fs::write(at("wrong"), "correct horse\n").unwrap();
        let passphrase = Some(at("passphrase"));
        let store = Store::open(&at("old")).unwrap();
        let address = store.identity().address();
        export(&store, &at("export"), passphrase.as_deref()).unwrap();
        let again = export(&store, &at("export"), passphrase.as_deref());
        assert!(again.is_err(), "nothing is overwritten");

        let import = |into: &str, passphrase: &str, replace| {
            let (place, mut out) = (at(into), Vec::new());
            let place = (place.as_path(), Keychain::Unused);
            let (file, passphrase) = (at("export"), at(passphrase));
            take_over(place, &file, Some(&passphrase), replace, &mut out)?;
            Ok::<_, anyhow::Error>(String::from_utf8(out).unwrap())
        };
        assert!(import("new", "wrong", false).is_err());
        let told = import("new", "passphrase", false).unwrap();
        assert_eq!(told.lines().next(), Some(address.to_string().as_str()));
        let theirs = Store::open(&at("other")).unwrap().identity().address();
        assert!(import("other", "passphrase", false).is_err());
        let now = || Store::open(&at("other")).unwrap().identity().address();
        assert_eq!(now(), theirs, "nobody is replaced unasked");
        import("other", "passphrase", true).unwrap();
        assert_eq!(now(), address);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_reads_what_was_exported() {
        use std::os::unix::fs::PermissionsExt;

        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("passphrase"), "correct horse battery").unwrap();
        let store = Store::open(&at("data")).unwrap();
        export(&store, &at("export"), Some(&at("passphrase"))).unwrap();
        let mode = std::fs::metadata(at("export"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
