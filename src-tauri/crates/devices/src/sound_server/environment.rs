//! What libpulse looks at to find a server: variables, directories, the machine's names.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The surroundings of a process.
#[derive(Clone, Debug)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    /// The root of the file system: another one in tests.
    root: PathBuf,
}

impl Environment {
    /// Those of this process.
    #[must_use]
    pub fn of_this_process() -> Self {
        Self::new(std::env::vars_os(), Path::new("/"))
    }

    /// Those of a process with these variables, on a machine whose files are below `root`.
    #[must_use]
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>, root: &Path) -> Self {
        Self {
            variables: variables.into_iter().collect(),
            root: root.to_owned(),
        }
    }

    /// A variable that is set to something.
    pub(super) fn var(&self, name: &str) -> Option<String> {
        let value = self.variables.get(std::ffi::OsStr::new(name))?;
        let value = value.to_str().map(str::to_owned);
        value.filter(|it| !it.trim().is_empty())
    }

    /// A variable that names a path.
    pub(super) fn path(&self, name: &str) -> Option<PathBuf> {
        let value = self.variables.get(std::ffi::OsStr::new(name))?;
        (!value.is_empty()).then(|| PathBuf::from(value))
    }

    /// The sockets on which a server of this user may be.
    pub(super) fn user_sockets(&self) -> Vec<PathBuf> {
        if let Some(dir) = self.path("PULSE_RUNTIME_PATH") {
            return vec![dir.join("native")];
        }
        if let Some(dir) = self.path("XDG_RUNTIME_DIR") {
            return vec![dir.join("pulse/native")];
        }
        let own = self
            .config_dir()
            .zip(self.machine_id())
            .map(|(dir, id)| dir.join(format!("{id}-runtime/native")));
        let session = self.below("run/user").join(user_id().to_string());
        own.into_iter()
            .chain([session.join("pulse/native")])
            .collect()
    }

    /// The socket of a server for all users.
    pub(super) fn system_socket(&self) -> PathBuf {
        self.below("var/run/pulse/native")
    }

    /// The files of settings, of which the first that is there counts.
    pub(super) fn client_confs(&self) -> Vec<PathBuf> {
        if let Some(path) = self.path("PULSE_CLIENTCONFIG") {
            return vec![path];
        }
        let own = self.config_dir().map(|it| it.join("client.conf"));
        own.into_iter()
            .chain([self.below("etc/pulse/client.conf")])
            .collect()
    }

    /// The cookies, of which the first that is one counts; `named` by a file of settings.
    pub(super) fn cookies(&self, named: Option<PathBuf>) -> Vec<PathBuf> {
        let home = self.path("HOME");
        [
            self.path("PULSE_COOKIE"),
            named,
            self.config_dir().map(|it| it.join("cookie")),
            home.map(|it| it.join(".pulse-cookie")),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The cookie that cpal's client takes.
    pub(super) fn usual_cookie(&self) -> Option<PathBuf> {
        let home = self.path("HOME")?;
        [
            self.path("PULSE_COOKIE"),
            Some(home.join(".config/pulse/cookie")),
            Some(home.join(".pulse-cookie")),
        ]
        .into_iter()
        .flatten()
        .find(|it| it.exists())
    }

    /// A path in a file of settings, which may be relative to its directory.
    pub(super) fn in_config(&self, path: &str) -> Option<PathBuf> {
        if path.starts_with('/') {
            return Some(path.into());
        }
        if let Some(rest) = path.strip_prefix("~/") {
            return Some(self.path("HOME")?.join(rest));
        }
        Some(self.config_dir()?.join(path))
    }

    /// By which names an address may mean this machine.
    pub(super) fn machine_names(&self) -> Vec<String> {
        let host = std::fs::read_to_string(self.below("proc/sys/kernel/hostname"));
        let host = host.ok().map(|it| it.trim().to_owned());
        self.machine_id().into_iter().chain(host).collect()
    }

    /// Where a socket of our own may stand.
    pub(super) fn runtime_dir(&self) -> PathBuf {
        self.path("XDG_RUNTIME_DIR")
            .filter(|it| it.is_dir())
            .unwrap_or_else(std::env::temp_dir)
    }

    fn config_dir(&self) -> Option<PathBuf> {
        let configs = self
            .path("XDG_CONFIG_HOME")
            .or_else(|| Some(self.path("HOME")?.join(".config")))?;
        Some(configs.join("pulse"))
    }

    fn machine_id(&self) -> Option<String> {
        ["etc/machine-id", "var/lib/dbus/machine-id"]
            .iter()
            .filter_map(|it| std::fs::read_to_string(self.below(it)).ok())
            .map(|it| it.trim().to_owned())
            .find(|it| !it.is_empty())
    }

    fn below(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }
}

fn user_id() -> u32 {
    std::fs::metadata("/proc/self").map_or(0, |it| it.uid())
}
