//! Rules about sources that no compiler checks.

use std::path::Path;

use anyhow::{Context, Result};

use crate::files::{files, root, sources};

#[test]
fn the_page_reaches_the_shell_in_one_place() -> Result<()> {
    let sources = root()?.join("ui/src");
    let only = sources.join("backend/tauri.ts");
    let mut wrong = Vec::new();
    for path in files(&sources, &["ts", "svelte", "js"])? {
        if path != only && std::fs::read_to_string(&path)?.contains("@tauri-apps/") {
            wrong.push(path);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}

#[test]
fn no_file_is_too_long_to_read() -> Result<()> {
    let mut wrong = Vec::new();
    for path in sources()? {
        let text = std::fs::read_to_string(&path)?;
        // The tests of a file stand at its end and do not count.
        let code = text
            .split("\n#[cfg(test)]\nmod ")
            .next()
            .unwrap_or_default();
        let lines = code.lines().count();
        if lines > LONGEST && !path.components().any(|part| part.as_os_str() == "tests") {
            wrong.push(format!("{}: {lines}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "longer than {LONGEST} lines: {wrong:#?}");
    Ok(())
}

#[test]
fn nothing_is_left_half_done() -> Result<()> {
    let me = Path::new(file!())
        .file_name()
        .context("this file has a name")?;
    let mut wrong = Vec::new();
    for path in sources()?
        .into_iter()
        .filter(|path| path.file_name() != Some(me))
    {
        for (number, line) in std::fs::read_to_string(&path)?.lines().enumerate() {
            if FORBIDDEN.iter().any(|mark| has(line, mark)) {
                wrong.push(format!(
                    "{}:{}: {}",
                    path.display(),
                    number + 1,
                    line.trim()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}

/// Whether a line has a mark that is no part of a longer word.
fn has(line: &str, mark: &str) -> bool {
    let joins = |it: Option<char>| it.is_some_and(|it| it.is_alphanumeric() || it == '_');
    line.match_indices(mark).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + mark.len()..]);
        let begins_within = joins(before.chars().next_back()) && joins(mark.chars().next());
        let ends_within = joins(mark.chars().next_back()) && joins(after.chars().next());
        !begins_within && !ends_within
    })
}

/// Where the code of a file ends being readable.
const LONGEST: usize = 600;

/// Marks of work that was not finished, or of a place that is not the reader's.
const FORBIDDEN: &[&str] = &[
    "TODO",
    "FIXME",
    "XXX",
    "HACK",
    "todo!(",
    "unimplemented!(",
    "dbg!(",
    "! Placeholder",
    concat!("/wo", "rk/"),
    "/root/",
    "/home/",
];
