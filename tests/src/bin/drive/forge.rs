//! Says on a network what is not so, for scenarios that run this on a host of a lab.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Result;
use identity::Address;
use scenarios::forge::{Lie, send};
use tokio::runtime::Handle;

/// What to say.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// The address of this host on the network.
    #[arg(long)]
    from: Ipv4Addr,
    /// How many datagrams a second, by each of multicast DNS and beacon.
    #[arg(long, default_value_t = 500)]
    per_second: u32,
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// That this person is here; else that a crowd is.
    #[arg(long)]
    person: Option<Address>,
    /// What the member at this place announces now, after so many seconds.
    #[arg(long, conflicts_with = "person")]
    of: Option<SocketAddr>,
    #[arg(long, default_value_t = 0)]
    after: u64,
}

/// Says it.
pub(crate) fn run(options: &Options) -> Result<()> {
    let lie = match (options.person, options.of) {
        (Some(person), _) => Lie::Person(person),
        (None, Some(place)) => Lie::Again(Handle::current().block_on(discovery::ask(place))?),
        (None, None) => Lie::Crowd,
    };
    println!("ready");
    std::thread::sleep(Duration::from_secs(options.after));
    let lasting = Duration::from_secs(options.seconds);
    let sent = send(&lie, options.from, options.per_second, lasting)?;
    println!("{sent}");
    Ok(())
}
