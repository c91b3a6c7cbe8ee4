//! What can be set from outside: every option is a flag and an environment variable.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use anyhow::bail;
use clap::parser::ArgMatches;
use clap::{CommandFactory, FromArgMatches, Parser};
use signal_relay::{Config, KnownHost, Network, Proxies};
use tracing::level_filters::LevelFilter;

mod limits;
mod livekit;
mod periods;
mod turn;

/// Introduces Tincan apps to each other by passing on the messages that set a call up. Picture
/// and sound do not pass through it.
///
/// It learns who calls whom, when, how much they say, and from which network addresses. What they
/// say is sealed for the other side, and whoever runs the relay cannot read it. It writes nothing
/// to disk, and no address of anybody into its log.
///
/// Prints the URL that clients use, one line for each address that it listens at, and runs until
/// it is interrupted or terminated. Then it takes nobody new in and tells its clients one after the
/// other; a second signal ends it at once.
#[derive(Debug, Parser)]
#[command(name = "tincan-relay", version)]
pub(crate) struct Options {
    /// Where to listen; may be repeated. Port 0 picks a free one, and [::] takes IPv4 as well.
    /// When not given, only programs on this machine can connect: 127.0.0.1:4080 and [::1]:4080
    #[arg(
        long,
        value_name = "IP:PORT",
        env = "TINCAN_RELAY_LISTEN",
        value_delimiter = ','
    )]
    pub(crate) listen: Vec<SocketAddr>,
    /// A host name by which clients reach this relay; may be repeated. Without a port it holds for
    /// 80, 443 and those that the relay listens at. Clients that dialled another place are refused.
    /// Must be given unless only programs on this machine reach the relay
    #[arg(
        long,
        value_name = "NAME[:PORT]",
        env = "TINCAN_RELAY_HOST",
        value_delimiter = ','
    )]
    pub(crate) host: Vec<KnownHost>,
    /// Speaks TLS with the certificate in this file (PEM), followed by those between it and a root.
    /// SIGHUP reads it again
    #[arg(long, value_name = "FILE", env = "TINCAN_RELAY_CERT", requires = "key")]
    pub(crate) cert: Option<PathBuf>,
    /// The private key of the certificate (PEM)
    #[arg(long, value_name = "FILE", env = "TINCAN_RELAY_KEY", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
    /// Where a reverse proxy connects from, as 10.0.0.0/8 or a single address; may be repeated.
    /// X-Forwarded-For and X-Forwarded-Host are believed from there, and only from there
    #[arg(
        long,
        value_name = "CIDR",
        env = "TINCAN_RELAY_TRUSTED_PROXY",
        value_delimiter = ','
    )]
    trusted_proxy: Vec<Network>,
    /// The trusted proxies begin each connection with a PROXY header, version 1 or 2
    #[arg(long, env = "TINCAN_RELAY_PROXY_PROTOCOL", requires = "trusted_proxy")]
    proxy_protocol: bool,
    /// Answers /health, /ready and /metrics here, without TLS
    #[arg(long, value_name = "IP:PORT", env = "TINCAN_RELAY_ADMIN")]
    pub(crate) admin: Option<SocketAddr>,
    /// Lets --admin be an address that other machines reach
    #[arg(long, env = "TINCAN_RELAY_ADMIN_REMOTE", requires = "admin")]
    admin_remote: bool,
    /// How much to log on standard error: off, error, warn, info, debug or trace
    #[arg(
        long,
        value_name = "LEVEL",
        env = "TINCAN_RELAY_LOG",
        default_value = "info"
    )]
    pub(crate) log: LevelFilter,
    #[command(flatten)]
    turn: turn::TurnOptions,
    #[command(flatten)]
    livekit: livekit::LiveKitOptions,
    #[command(flatten)]
    limits: limits::LimitOptions,
    #[command(flatten)]
    periods: periods::PeriodOptions,
}

impl Options {
    /// Reads the command line and the environment; ends the process when they cannot be read. The
    /// second value says which limits and periods that makes, a line each.
    pub(crate) fn read() -> (Self, [String; 2]) {
        let matches = Self::command().get_matches();
        let options = Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        let in_force = [LIMITS, PERIODS].map(|heading| in_force(&matches, heading));
        (options, in_force)
    }

    /// Checks what belongs together.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        let remote = |it: &&SocketAddr| !is_loopback(it.ip());
        let reached = match self.listen.iter().find(remote) {
            Some(listen) => Some(format!("other machines can reach {listen}")),
            // A proxy on this machine makes a relay on loopback one for everybody.
            None if !self.trusted_proxy.is_empty() => {
                Some("other machines reach this relay through a proxy".to_owned())
            }
            None => None,
        };
        if let Some(reached) = reached
            && self.host.is_empty()
        {
            bail!(
                "{reached}, so say by which name: --host NAME, for each name in the URLs that \
                 clients use. Without it another relay could pass itself off as its own visitors \
                 here"
            );
        }
        if let Some(admin) = self.admin.as_ref().filter(remote)
            && !self.admin_remote
        {
            bail!(
                "other machines can reach {admin}, and anybody there could read the metrics: use \
                 --admin 127.0.0.1:{}, or add --admin-remote where a firewall stands before it",
                admin.port()
            );
        }
        Ok(())
    }

    /// What the relay is given.
    pub(crate) fn config(&self) -> anyhow::Result<Config> {
        Ok(Config {
            hosts: self.host.clone(),
            embedded: false,
            proxies: Proxies {
                trusted: self.trusted_proxy.clone(),
                header: self.proxy_protocol,
            },
            ice: self.turn.config()?,
            livekit: self.livekit.config()?,
            limits: self.limits.limits(),
            timing: self.periods.timing(),
        })
    }
}

/// The options under a heading with what holds, whoever said it.
fn in_force(matches: &ArgMatches, heading: &str) -> String {
    let command = Options::command();
    let under = command
        .get_arguments()
        .filter(|it| it.get_help_heading() == Some(heading));
    let mut line = String::new();
    for option in under {
        let values = matches.get_raw(option.get_id().as_str());
        let values: Vec<_> = values.into_iter().flatten().collect();
        if let (Some(name), [value]) = (option.get_long(), values.as_slice()) {
            let space = if line.is_empty() { "" } else { " " };
            line.push_str(&format!("{space}{name}={}", value.to_string_lossy()));
        }
    }
    line
}

fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

/// A period as people write it: `500ms`, `1.5s`, `10m`, or a number of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Period(Duration);

impl FromStr for Period {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit = text.get(digits.len()..).unwrap_or_default();
        let seconds = match unit {
            "ms" => 0.001,
            "" | "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(NOT_A_PERIOD),
        };
        let number: f64 = digits.parse().map_err(|_| NOT_A_PERIOD)?;
        let period = Duration::try_from_secs_f64(number * seconds).map_err(|_| NOT_A_PERIOD)?;
        if !(SHORTEST..=LONGEST).contains(&period) {
            return Err("not between 1ms and 24h");
        }
        Ok(Self(period))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

const NOT_A_PERIOD: &str = "not a period: write 500ms, 1.5s, 10m or 1h";

/// Timers cannot do with zero.
const SHORTEST: Duration = Duration::from_millis(1);

const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Headings of the help, and what is printed at the start.
const LIMITS: &str = "Limits";
const PERIODS: &str = "Periods";

#[cfg(test)]
mod tests {
    use super::*;

    fn options(args: &[&str]) -> Options {
        Options::try_parse_from(["tincan-relay"].iter().chain(args)).unwrap()
    }

    #[test]
    fn unless_told_otherwise_the_defaults_of_the_library_hold() {
        assert_eq!(options(&[]).config().unwrap(), Config::default());
    }

    #[test]
    fn every_limit_and_period_has_a_variable_and_is_listed() {
        let matches = Options::command().get_matches_from(["tincan-relay"]);
        let lines = [LIMITS, PERIODS].map(|it| in_force(&matches, it)).concat();
        for option in Options::command().get_arguments() {
            let name = option.get_long().unwrap_or_default();
            if matches!(name, "help" | "version") {
                continue;
            }
            let variable = format!("TINCAN_RELAY_{}", name.to_uppercase().replace('-', "_"));
            assert_eq!(option.get_env().unwrap(), variable.as_str());
            if [Some(LIMITS), Some(PERIODS)].contains(&option.get_help_heading()) {
                assert!(lines.contains(&format!("{name}=")), "{name} in {lines}");
            }
        }
        assert!(lines.contains("max-connections=10000"), "{lines}");
        assert!(lines.contains("drain=10s"), "{lines}");
    }

    #[test]
    fn periods_are_read_as_people_write_them_and_as_they_are_printed() {
        for (text, millis) in [
            ("500ms", 500),
            ("1.5s", 1500),
            ("2", 2000),
            ("10m", 600_000),
            ("24h", 86_400_000),
        ] {
            let period: Period = text.parse().unwrap();
            assert_eq!(period.0, Duration::from_millis(millis), "{text}");
            assert_eq!(period.to_string().parse(), Ok(period), "{text}");
        }
        for text in [
            "", "s", "-1", "1d", "inf", "NaN", "0", "0.1ms", "25h", "1 s",
        ] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }

    #[test]
    fn whoever_can_be_reached_from_outside_must_say_by_which_name() {
        let refused = |args: &[&str]| options(args).check().unwrap_err().to_string();
        for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:4080"] {
            assert!(refused(&["--listen", listen]).contains("--host NAME"));
        }
        let behind_proxy = ["--listen", "127.0.0.1:0", "--trusted-proxy", "127.0.0.1"];
        assert!(refused(&behind_proxy).contains("--host NAME"));
        let fine: [&[&str]; 5] = [
            &["--trusted-proxy", "127.0.0.1", "--host", "relay.example"],
            &[],
            &["--listen", "127.0.0.1:0", "--listen", "[::1]:0"],
            &["--listen", "0.0.0.0:0", "--host", "relay.example"],
            &["--admin", "127.0.0.1:0"],
        ];
        for args in fine {
            assert!(options(args).check().is_ok(), "{args:?}");
        }
        assert!(refused(&["--admin", "0.0.0.0:9"]).contains("--admin 127.0.0.1:9"));
        assert!(
            options(&["--admin", "0.0.0.0:9", "--admin-remote"])
                .check()
                .is_ok()
        );
    }

    #[test]
    fn what_makes_no_sense_alone_is_not_taken_alone() {
        for args in [
            ["--cert", "x"].as_slice(),
            &["--livekit-url", "wss://livekit.example"],
            &[
                "--livekit-url",
                "wss://livekit.example",
                "--livekit-key",
                "x",
            ],
            &["--livekit-key", "x"],
            &["--livekit-secret-file", "x"],
            &["--key", "x"],
            &["--proxy-protocol"],
            &["--admin-remote"],
            &["--trusted-proxy", "10.0.0.1/8"],
        ] {
            assert!(
                Options::try_parse_from(["x"].iter().chain(args)).is_err(),
                "{args:?}"
            );
        }
    }
}
