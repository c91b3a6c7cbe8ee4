//! What can be said on the command line, beside what every Tincan program takes.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Private video calls between two people.
#[derive(Clone, Debug, Default, Parser)]
#[command(name = "tincan-app", version, about)]
// clap names a group after its type, and the options flattened in below are of the same name.
#[group(skip)]
pub struct Options {
    /// Invite link or address to show, ready to be called.
    pub link: Option<String>,

    /// Keep a second person's identity and data beside your own, under this name.
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,

    /// How pictures reach the screen; by default what suits the system.
    #[arg(long, value_name = "WAY")]
    pub picture: Option<PictureWay>,

    /// Append one line of JSON a second about the call, and one per change of it, to this file.
    #[arg(long, value_name = "FILE")]
    pub figures: Option<PathBuf>,

    /// What every Tincan program takes.
    #[command(flatten)]
    pub common: headless::options::Options,
}

/// How pictures reach the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PictureWay {
    /// Drawn under the page (Linux).
    Native,
    /// Drawn by the page.
    Webview,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Result<Options, clap::Error> {
        Options::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
    }

    #[test]
    fn a_link_stands_alone_or_after_options() {
        assert_eq!(
            parse("app tincan:abc").unwrap().link.as_deref(),
            Some("tincan:abc")
        );
        let both = parse("app --profile ann --picture webview --fps 15 tincan:abc").unwrap();
        assert_eq!(both.profile.as_deref(), Some("ann"));
        assert_eq!(both.picture, Some(PictureWay::Webview));
        assert_eq!(both.common.fps, Some(15));
        assert_eq!(both.link.as_deref(), Some("tincan:abc"));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for line in ["app --picture magic", "app --size big", "app a b"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
