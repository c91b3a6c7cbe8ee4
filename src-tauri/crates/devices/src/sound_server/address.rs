//! The address of a sound server, as `PULSE_SERVER` and `default-server` write it.

use std::path::PathBuf;

/// Where one server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Server {
    /// A socket of this machine.
    Unix(PathBuf),
    /// Another machine, or this one by its network.
    Tcp {
        host: String,
        port: u16,
        family: Family,
    },
}

/// Which addresses of a host count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Any,
    V4,
    V6,
}

impl Server {
    /// Reads one address: `{MACHINE}ADDRESS`, where ADDRESS is `unix:/PATH`, `/PATH`,
    /// `tcp:HOST:PORT`, `tcp4:…`, `tcp6:[ADDRESS]:PORT` or `HOST`. One for another machine than
    /// those of the names `here` is none.
    pub(super) fn parse(text: &str, here: &[String]) -> Option<Self> {
        let text = match text.strip_prefix('{') {
            Some(rest) => {
                let (machine, address) = rest.split_once('}')?;
                here.iter().any(|it| it == machine).then_some(address)?
            }
            None => text,
        };
        if let Some(path) = text.strip_prefix("unix:") {
            return (!path.is_empty()).then(|| Self::Unix(path.into()));
        }
        if text.starts_with('/') {
            return Some(Self::Unix(text.into()));
        }
        let (family, place) = if let Some(place) = text.strip_prefix("tcp4:") {
            (Family::V4, place)
        } else if let Some(place) = text.strip_prefix("tcp6:") {
            (Family::V6, place)
        } else {
            (Family::Any, text.strip_prefix("tcp:").unwrap_or(text))
        };
        let (host, port) = host_and_port(place)?;
        Some(Self::Tcp {
            host: host.to_owned(),
            port,
            family,
        })
    }
}

/// An address of IPv6 stands in brackets where a port follows.
fn host_and_port(place: &str) -> Option<(&str, u16)> {
    let (host, port) = if let Some(rest) = place.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        (host, rest.strip_prefix(':'))
    } else if place.matches(':').count() > 1 {
        (place, None)
    } else {
        match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        }
    };
    let port = match port {
        Some(port) => port.parse().ok()?,
        None => DEFAULT_PORT,
    };
    (!host.is_empty()).then_some((host, port))
}

/// `PA_NATIVE_DEFAULT_PORT`.
const DEFAULT_PORT: u16 = 4713;

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: &str, port: u16, family: Family) -> Option<Server> {
        let host = host.to_owned();
        Some(Server::Tcp { host, port, family })
    }

    #[test]
    fn addresses_are_read_as_libpulse_reads_them() {
        let unix = |path: &str| Some(Server::Unix(path.into()));
        for (text, server) in [
            ("unix:/run/pulse/native", unix("/run/pulse/native")),
            ("/run/pulse/native", unix("/run/pulse/native")),
            ("{ab12}unix:/x", unix("/x")),
            ("tcp:127.0.0.1:4713", tcp("127.0.0.1", 4713, Family::Any)),
            ("tcp:desk", tcp("desk", 4713, Family::Any)),
            ("desk:99", tcp("desk", 99, Family::Any)),
            ("{desk}tcp4:desk:1", tcp("desk", 1, Family::V4)),
            ("tcp6:[::1]:5", tcp("::1", 5, Family::V6)),
            ("[fe80::1]", tcp("fe80::1", 4713, Family::Any)),
            ("::1", tcp("::1", 4713, Family::Any)),
        ] {
            let here = ["ab12".to_owned(), "desk".to_owned()];
            assert_eq!(Server::parse(text, &here), server, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_of_this_machine_is_none() {
        for text in [
            "",
            "unix:",
            "{other}unix:/x",
            "{ab12",
            "tcp:",
            "desk:port",
            ":1",
            "[::1",
        ] {
            assert_eq!(Server::parse(text, &["ab12".to_owned()]), None, "{text}");
        }
    }
}
