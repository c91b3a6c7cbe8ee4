//! Who this installation is, as the page shows it: address, invite link, and the link as a
//! square code.

use std::fmt::Write as _;

use engine::Config;
use identity::{Identity, Invite};
use qrcode::{Color, EcLevel, QrCode};

use crate::view::Me;

/// What to show of ourselves, who are reached on our networks at these `places`.
pub(crate) fn me(config: &Config, places: &[String]) -> Me {
    shown(
        &config.identity,
        &config.name,
        config.relay.as_deref(),
        places,
    )
}

/// The code says also where we are on our networks: whoever scans it is here. The link does not: it
/// is sent far away, and would be wrong tomorrow.
fn shown(identity: &Identity, name: &str, relay: Option<&str>, places: &[String]) -> Me {
    let invite = invite(identity, name, relay);
    let link = invite.to_string();
    let here = invite.with_lan(places.iter().filter_map(|it| it.parse().ok()));
    let qr_svg = square_code(&here.to_string()).unwrap_or_default();
    Me {
        address: identity.address().to_string(),
        link,
        qr_svg,
    }
}

fn invite(identity: &Identity, name: &str, relay: Option<&str>) -> Invite {
    let invite = Invite::new(identity.address()).with_name(name);
    match relay {
        // A relay that is no URL would make the link useless: without it, it works for who uses the
        // same relay as we do.
        Some(relay) => invite.clone().with_relay(relay).unwrap_or(invite),
        None => invite,
    }
}

/// The SVG of a QR code with its quiet zone: black on white whatever the theme, because many
/// cameras do not read it otherwise. One path of horizontal runs keeps it small.
fn square_code(text: &str) -> Option<String> {
    // Links are short, and shown on a clean screen: the lowest level gives the largest squares.
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (y, row) in code.to_colors().chunks(width).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|a, b| a == b) {
            if run[0] == Color::Dark {
                let (left, top, length) = (x + QUIET, y + QUIET, run.len());
                // Writing to a String cannot fail.
                let _ = write!(path, "M{left} {top}h{length}v1h-{length}z");
            }
            x += run.len();
        }
    }
    let side = width + 2 * QUIET;
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/>\
         <path d=\"{path}\"/></svg>"
    ))
}

/// Squares of white around the code (ISO/IEC 18004).
const QUIET: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_leads_back_to_us() {
        let identity = Identity::generate().unwrap();
        let me = shown(&identity, "Ada", Some("ws://127.0.0.1:4000/v1"), &[]);
        let invite: Invite = me.link.parse().unwrap();
        assert_eq!(invite.address, identity.address());
        assert_eq!(invite.name.as_deref(), Some("Ada"));
        assert_eq!(invite.relay.as_deref(), Some("ws://127.0.0.1:4000/v2"));
        assert_eq!(me.address, identity.address().to_string());
    }

    #[test]
    fn a_wrong_relay_is_left_out_of_the_link() {
        let me = shown(&Identity::generate().unwrap(), "", Some("nonsense"), &[]);
        assert_eq!(me.link, me.address);
    }

    #[test]
    fn the_code_says_where_we_are_and_the_link_does_not() {
        let identity = Identity::generate().unwrap();
        let places = ["192.168.1.5:48267".to_owned()];
        let here = shown(&identity, "Ada", None, &places);
        let nowhere = shown(&identity, "Ada", None, &[]);
        assert_eq!(here.link, nowhere.link);
        assert_ne!(here.qr_svg, nowhere.qr_svg);
    }

    #[test]
    fn the_code_has_a_quiet_zone_and_its_dark_squares() {
        let svg = square_code("tincan").unwrap();
        assert!(svg.contains("viewBox=\"0 0 29 29\""));
        // The finder pattern at the top left begins with a run of seven.
        assert!(svg.contains("M4 4h7v1h-7z"), "{svg}");
        assert!(square_code(&"x".repeat(5000)).is_none());
    }
}
