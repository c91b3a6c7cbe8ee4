//! A machine of the lab: a network namespace.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};
use tokio::process::Command;

use super::shell::{ip, run};

/// A handle of it; the namespace goes with the last one.
#[derive(Clone, Debug)]
pub struct Host {
    namespace: Arc<Namespace>,
}

#[derive(Debug)]
struct Namespace {
    name: String,
}

impl Host {
    /// Makes one, with nothing but a loopback interface.
    pub(crate) fn start() -> Result<Self> {
        let name = unique(HOST);
        ip(&["netns", "add", &name]).context("no network namespaces")?;
        let host = Self {
            namespace: Arc::new(Namespace { name }),
        };
        // Packets may leave by another interface than they came by, as on any roaming machine.
        host.shell("echo 0 | tee /proc/sys/net/ipv4/conf/{all,default}/rp_filter")?;
        host.ip("link set lo up")?;
        Ok(host)
    }

    /// A command that runs on this host.
    #[must_use]
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("ip");
        command
            .args(["netns", "exec", self.namespace()])
            .arg(program);
        command
    }

    /// Runs commands of `ip`, one a line, on this host.
    ///
    /// # Errors
    /// When one of them fails; those behind it are not run.
    pub fn ip(&self, lines: &str) -> Result<()> {
        run("ip", &["-n", self.namespace(), "-batch", "-"], lines)
    }

    /// Replaces the rules of `nft` on this host by these.
    ///
    /// # Errors
    /// When they are refused.
    pub fn nft(&self, rules: &str) -> Result<()> {
        let args = ["netns", "exec", self.namespace(), "nft", "-f", "-"];
        run("ip", &args, &format!("flush ruleset\n{rules}\n"))
    }

    /// Whether packets that are not for this host pass through it.
    ///
    /// # Errors
    /// When the system does not let us.
    pub fn forward(&self, packets: bool) -> Result<()> {
        let packets = u8::from(packets);
        self.shell(&format!("echo {packets} > /proc/sys/net/ipv4/ip_forward"))
    }

    /// How `ip` calls it.
    pub(crate) fn namespace(&self) -> &str {
        &self.namespace.name
    }

    fn shell(&self, script: &str) -> Result<()> {
        let args = ["netns", "exec", self.namespace(), "bash", "-c", script];
        run("ip", &args, "")
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // What cannot be removed is no harm to anybody: its name is never used again.
        let _ = ip(&["netns", "del", &self.name]);
    }
}

/// Removes the hosts of programs that were killed before they could: namespaces stay by themselves.
pub(crate) fn sweep() {
    let names = std::fs::read_dir("/run/netns").into_iter().flatten();
    let names = names.flatten().map(|it| it.file_name());
    for name in names.filter_map(|it| it.into_string().ok()) {
        let maker = name.strip_prefix(HOST).and_then(|it| it.split('-').next());
        let maker = maker.and_then(|it| it.parse::<u32>().ok());
        if maker.is_some_and(|it| !Path::new(&format!("/proc/{it}")).exists()) {
            // Somebody else may sweep too.
            let _ = ip(&["netns", "del", &name]);
        }
    }
}

/// What names of namespaces begin with.
const HOST: &str = "tincanlab";

/// A name that nobody else on this machine uses; interface names have at most 15 characters.
pub(crate) fn unique(what: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{what}{}-{next}", std::process::id())
}
