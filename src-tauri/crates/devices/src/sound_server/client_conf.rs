//! libpulse's file of settings, `client.conf`, as far as it tells where the server is.

use std::path::{Path, PathBuf};

use super::environment::Environment;

/// What the files say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ClientConf {
    pub(super) default_server: Option<String>,
    pub(super) cookie: Option<PathBuf>,
    pub(super) auto_connect_localhost: bool,
}

impl ClientConf {
    /// Reads the user's file, or that of the system where there is none, and then the files in the
    /// directory beside it in the order of their names; the last word counts.
    pub(super) fn read(environment: &Environment) -> Self {
        let mut conf = Self::default();
        let Some(path) = environment
            .client_confs()
            .into_iter()
            .find(|it| it.is_file())
        else {
            return conf;
        };
        conf.take(&path, environment);
        let mut beside = path.into_os_string();
        beside.push(".d");
        let entries = std::fs::read_dir(beside).into_iter().flatten().flatten();
        let mut parts: Vec<_> = entries
            .map(|it| it.path())
            .filter(|it| it.extension().is_some_and(|it| it == "conf"))
            .collect();
        parts.sort();
        for part in parts {
            conf.take(&part, environment);
        }
        conf
    }

    fn take(&mut self, path: &Path, environment: &Environment) {
        let Ok(text) = std::fs::read_to_string(path) else {
            tracing::debug!(file = %path.display(), "settings of the sound server cannot be read");
            return;
        };
        for line in text.lines() {
            let line = line.split([';', '#']).next().unwrap_or_default();
            let Some((name, value)) = line.split_once('=') else {
                continue;
            };
            let value = value.trim();
            let some = (!value.is_empty()).then_some(value);
            match name.trim() {
                "default-server" => self.default_server = some.map(str::to_owned),
                "cookie-file" => self.cookie = some.and_then(|it| environment.in_config(it)),
                "auto-connect-localhost" => {
                    self.auto_connect_localhost = ["yes", "true", "on", "1"].contains(&value);
                }
                _ => {}
            }
        }
    }
}
