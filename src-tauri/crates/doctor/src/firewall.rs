//! Whether a firewall of this machine is in the way. It cannot be asked without an administrator's
//! rights, so it is inferred: from our own port, and from the programs that set firewalls up where
//! they leave traces that everybody may read. Who is heard or reached says nothing of it: most let
//! announcements in, and all let out. Another machine that dials us says all of it.

use std::path::Path;

use discovery::DEFAULT_PORT;

use crate::finding::Finding;

/// The firewall that is set up, as far as it can be seen.
pub(crate) fn program() -> Option<String> {
    if cfg!(target_os = "linux") {
        linux(Path::new("/")).map(str::to_owned)
    } else {
        None
    }
}

/// Of a Linux system at `root`.
fn linux(root: &Path) -> Option<&'static str> {
    let ufw = std::fs::read_to_string(root.join("etc/ufw/ufw.conf"));
    if ufw.is_ok_and(|it| is_enabled(&it)) {
        return Some("ufw");
    }
    // systemd keeps a link for each unit that is active.
    let units = root.join("run/systemd/units");
    let is_active = |name: &&str| {
        let link = units.join(format!("invocation:{name}.service"));
        link.symlink_metadata().is_ok()
    };
    ["firewalld", "nftables"].into_iter().find(is_active)
}

fn is_enabled(conf: &str) -> bool {
    let value = |line: &str| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == "ENABLED").then(|| value.trim() == "yes")
    };
    conf.lines().filter_map(value).next_back() == Some(true)
}

/// What is known of firewalls. `own_port` is what became of our own port, or why it was not tried;
/// `way_in` what another machine found that tried it.
pub(crate) fn judge(program: Option<String>, own_port: &Finding, way_in: &Finding) -> Finding {
    match (way_in, program) {
        (Finding::WayInOpen, _) => Finding::FirewallLetsIn,
        // It answered us, and sees us at our own address: what the two of us say is carried, and a
        // firewall here or between the two keeps out what it says first.
        (Finding::WayInBlocked { port }, program) => Finding::FirewallBlocks {
            program,
            port: *port,
        },
        (_, program) => seen_from_here(program, own_port),
    }
}

fn seen_from_here(program: Option<String>, own_port: &Finding) -> Finding {
    match (own_port, program) {
        (Finding::OwnPortBlocked { port, .. }, program) => Finding::FirewallBlocks {
            program,
            port: *port,
        },
        (Finding::OwnPortOpen { port, .. }, Some(program)) => Finding::FirewallActive {
            program,
            port: *port,
        },
        (Finding::LanOff | Finding::NoNetworkToTry, _) => own_port.clone(),
        // Our own port could not be tried: the firewall has to let in the usual one.
        (_, Some(program)) => Finding::FirewallActive {
            program,
            port: DEFAULT_PORT,
        },
        _ if cfg!(target_os = "linux") => Finding::FirewallNotSeen,
        _ => Finding::NotHere,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Verdict;

    #[test]
    fn ufw_is_active_when_its_file_says_so() {
        for (conf, enabled) in [
            ("# ufw\nENABLED=yes\nLOGLEVEL=low\n", true),
            ("ENABLED = no", false),
            ("#ENABLED=yes", false),
            ("", false),
        ] {
            assert_eq!(is_enabled(conf), enabled, "{conf}");
        }
    }

    const NOT_TRIED: Finding = Finding::WayInNotTried;

    #[test]
    fn another_machine_that_came_through_or_did_not_settles_it() {
        let open = Finding::OwnPortOpen {
            port: 7000,
            addresses: 2,
        };
        let ufw = Some("ufw".to_owned());
        let lets_in = judge(ufw.clone(), &open, &Finding::WayInOpen);
        assert_eq!(lets_in, Finding::FirewallLetsIn);
        let blocked = Finding::WayInBlocked { port: 7000 };
        let blocks = Finding::FirewallBlocks {
            program: ufw.clone(),
            port: 7000,
        };
        assert_eq!(judge(ufw, &open, &blocked), blocks);
    }

    #[test]
    fn a_blocked_port_is_a_firewall_whichever_it_is() {
        let ufw = || Some("ufw".to_owned());
        let blocked = Finding::OwnPortBlocked {
            port: 7000,
            blocked: 1,
            addresses: 2,
        };
        let open = Finding::OwnPortOpen {
            port: 7000,
            addresses: 2,
        };
        assert_eq!(
            judge(None, &blocked, &NOT_TRIED),
            Finding::FirewallBlocks {
                program: None,
                port: 7000
            }
        );
        let active = |port| Finding::FirewallActive {
            program: "ufw".to_owned(),
            port,
        };
        assert_eq!(judge(ufw(), &open, &NOT_TRIED), active(7000));
        assert_eq!(
            judge(ufw(), &Finding::NoPort, &NOT_TRIED),
            active(DEFAULT_PORT)
        );
        assert_eq!(judge(ufw(), &Finding::LanOff, &NOT_TRIED), Finding::LanOff);
        let temporary = Finding::TemporaryPort {
            port: 7000,
            blocked: 1,
            addresses: 2,
        };
        assert_eq!(judge(ufw(), &temporary, &NOT_TRIED), active(DEFAULT_PORT));
        for own_port in [open, temporary, Finding::NoPort] {
            let finding = judge(None, &own_port, &NOT_TRIED);
            assert_eq!(finding.verdict(), Verdict::Unknown, "{finding:?}");
        }
    }
}
