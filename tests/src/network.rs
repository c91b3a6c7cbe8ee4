//! Two hosts that cannot reach each other, only the machine between them: network namespaces without
//! a route beyond their own network, as behind two firewalls.

use std::process::Command as Blocking;

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

/// The network; dropping it takes it down.
#[derive(Debug)]
pub struct Network {
    hosts: [Host; 2],
}

/// One of the two hosts.
#[derive(Debug)]
pub struct Host {
    namespace: String,
    /// The interface by which the machine in the middle reaches it.
    outer: String,
    /// How this host calls the machine in the middle: an IPv4 address.
    pub gateway: String,
}

impl Network {
    /// Sets it up.
    ///
    /// # Errors
    /// When the system does not let us: that is for root, and not in every container.
    pub fn start() -> Result<Self> {
        let host = |at: u32| -> Result<Host> {
            let host = Host {
                namespace: format!("tincan{}-{at}", std::process::id()),
                // Interface names have at most 15 characters.
                outer: format!("tc{}-{at}", std::process::id()),
                gateway: format!("10.77.{at}.1"),
            };
            host.set_up(at).context("no network namespaces")?;
            Ok(host)
        };
        Ok(Self {
            hosts: [host(1)?, host(2)?],
        })
    }

    /// Its hosts.
    #[must_use]
    pub fn hosts(&self) -> &[Host; 2] {
        &self.hosts
    }
}

impl Host {
    /// A command that runs on this host.
    #[must_use]
    pub fn command(&self, program: &std::path::Path) -> Command {
        let mut command = Command::new("ip");
        command
            .args(["netns", "exec", &self.namespace])
            .arg(program);
        command
    }

    fn set_up(&self, at: u32) -> Result<()> {
        let Self {
            namespace,
            outer,
            gateway,
        } = self;
        ip(&["netns", "add", namespace])?;
        let veth = ["link", "add", outer, "type", "veth", "peer", "name", "eth0"];
        ip(&[&veth[..], &["netns", namespace]].concat())?;
        ip(&["addr", "add", &format!("{gateway}/24"), "dev", outer])?;
        ip(&["link", "set", outer, "up"])?;
        let address = format!("10.77.{at}.2/24");
        ip(&["-n", namespace, "addr", "add", &address, "dev", "eth0"])?;
        for interface in ["eth0", "lo"] {
            ip(&["-n", namespace, "link", "set", interface, "up"])?;
        }
        Ok(())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // A namespace takes its interfaces along, but a while later: the next network of this process
        // would find the name taken. What was never made is no harm.
        let _ = ip(&["link", "del", &self.outer]);
        let _ = ip(&["netns", "del", &self.namespace]);
    }
}

fn ip(args: &[&str]) -> Result<()> {
    let out = Blocking::new("ip").args(args).output()?;
    let said = String::from_utf8_lossy(&out.stderr);
    ensure!(out.status.success(), "ip {}: {said}", args.join(" "));
    Ok(())
}
