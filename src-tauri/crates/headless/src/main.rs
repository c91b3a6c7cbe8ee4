//! `tincan`: calls without a window.

use std::io::{Stdout, Write, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use devices::CameraChoice;
use echo::Hearing;
use engine::{Config, Engine, LanVisibility};
use headless::figures::Figures;
use headless::history::Records;
use headless::options::Options;
use headless::outcome::{BAD_CALL, exit_help};
use headless::people::{Change, People};
use headless::process::EndRequests;
use headless::recorder::Recorder;
use headless::recordings::{self, Answer};
use headless::session::{Purpose, Report, Session};
use headless::test_call::{EchoPeer, TestCall};
use headless::{compose, examine, history, log, memory, nearby, people, process, transfer, whom};
use identity::Identity;
use store::{Keychain, Remembered, Store};
use tokio::runtime::Runtime;
use tokio::time::timeout;

/// Private video calls between two people, without a window.
#[derive(Debug, Parser)]
#[command(name = "tincan", version, after_help = exit_help())]
struct Line {
    #[command(subcommand)]
    verb: Verb,

    #[command(flatten)]
    options: Options,

    /// Write the other side's pictures to this file, or `none`.
    #[arg(long, value_name = "FILE.y4m", global = true)]
    picture_out: Option<PathBuf>,

    /// Write the other side's shared screen to this file, or `none`.
    #[arg(long, value_name = "FILE.y4m", global = true)]
    screen_out: Option<PathBuf>,

    /// What to answer when the other side asks to record a call.
    #[arg(long, value_name = "yes|no|ask", value_parser = Answer::parse, default_value = "ask", global = true)]
    consent: Answer,

    /// Print one line of JSON a second with the call's figures, and one per change of state.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Print our address and leave.
    Id,
    /// Wait for calls.
    Answer {
        /// Accept every call at once.
        #[arg(long)]
        auto: bool,
        /// Leave after the first call, with its exit status.
        #[arg(long)]
        once: bool,
    },
    /// Call somebody.
    Call {
        /// An address or an invite link, alone or within a text; a contact or somebody near, by
        /// name; or a computer on the network where Tincan runs, with or without :PORT.
        to: String,
        /// End the call after so many seconds with media.
        #[arg(long = "for", value_name = "SECONDS")]
        lasting: Option<u64>,
    },
    /// List who is near: people on the networks that this machine is on, as far as they want to be
    /// seen.
    Nearby {
        /// Look around for so long.
        #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=3600))]
        seconds: u64,
    },
    /// Try camera, microphone, speaker and a whole call within this computer: say something, and
    /// hear and see yourself two seconds later. Needs no network.
    TestCall {
        /// How long, in seconds with media.
        #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(5..=600))]
        seconds: u16,
    },
    /// List contacts and blocked people.
    Contacts,
    /// Save, rename, remove, block or unblock somebody.
    Contact {
        #[command(subcommand)]
        change: Change,
    },
    /// Check network, relay, camera, microphone and speaker, and say what is wrong and what to do.
    /// Fails when anything does; --json prints the whole report.
    Doctor {
        /// Another computer to check against, where Tincan runs: its name or IP address, with or
        /// without :PORT; or a person, by name or address. It is asked to dial back, for only
        /// others see whether a firewall here lets them in.
        #[arg(long, value_name = "HOST")]
        peer: Option<String>,
    },
    /// Check the consent that is kept beside a recording: who asked for it, who agreed, and when.
    /// Fails unless both signed it.
    Consent {
        /// The folder of the recording.
        folder: PathBuf,
    },
    /// Write identity, settings, contacts, history and texts to a file that only a passphrase opens, to
    /// move to another computer. Whoever has both can be you.
    Export {
        /// The file, which must not be there yet.
        file: PathBuf,
        #[command(flatten)]
        passphrase: Passphrase,
    },
    /// Take over what another computer exported.
    Import {
        /// The file.
        file: PathBuf,
        /// Replace the identity that is here. Its key is kept aside.
        #[arg(long)]
        replace: bool,
        #[command(flatten)]
        passphrase: Passphrase,
    },
}

/// Where the passphrase of an exported file comes from.
#[derive(Args, Debug)]
struct Passphrase {
    /// Take the passphrase from the first line of this file, not from the terminal or standard
    /// input.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl Passphrase {
    fn file(&self) -> Option<&Path> {
        self.passphrase_file.as_deref()
    }
}

fn main() -> ExitCode {
    let _prepared = process::prepare();
    let line = Line::parse();
    log::start("warn");
    let result = Runtime::new()
        .context("cannot start the async runtime")
        .and_then(|runtime| {
            let result = runtime.block_on(run(line));
            // Dropping the runtime would wait for the read of standard input, which blocks until
            // the next line comes.
            runtime.shutdown_background();
            result
        });
    match result {
        Ok(code) => code,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(line: Line) -> Result<ExitCode> {
    let (directory, keychain) = place(&line.options)?;
    // Only where it is needed: a new computer that imports has no identity yet.
    let open = || Store::open_with(&directory, keychain);
    // Of those who write nothing: they work beside the program that holds the directory.
    let look = || Remembered::of(&directory, keychain);
    let purpose = match &line.verb {
        Verb::Id => {
            writeln!(stdout(), "{}", open()?.identity().address())?;
            return Ok(ExitCode::SUCCESS);
        }
        Verb::Consent { folder } => {
            recordings::check(folder, &mut stdout())?;
            return Ok(ExitCode::SUCCESS);
        }
        Verb::Contacts => {
            people::list(open()?.people(), line.json, &mut stdout())?;
            return Ok(ExitCode::SUCCESS);
        }
        Verb::Contact { change } => {
            change.apply(&mut open()?)?;
            return Ok(ExitCode::SUCCESS);
        }
        Verb::Doctor { peer } => {
            let us = look()?;
            let peer = peer.as_deref();
            let peer = peer.map(|it| examine::peer(it, &us.identity, &us.people, &us.known));
            let mut subjects = examine::subjects(&line.options, &us.settings, peer);
            if subjects.lan.is_some() {
                subjects.port = examine::running_port(&us, discovery::DEFAULT_PORT).await;
            }
            let report = examine::run(subjects, line.json, &mut stdout()).await?;
            return Ok(if report.has_failures() {
                ExitCode::FAILURE
            } else {
                ExitCode::SUCCESS
            });
        }
        Verb::Export { file, passphrase } => {
            transfer::export(&open()?, file, passphrase.file())?;
            return Ok(ExitCode::SUCCESS);
        }
        Verb::Import {
            file,
            replace,
            passphrase,
        } => {
            let place = (directory.as_path(), keychain);
            transfer::import(place, file, passphrase.file(), *replace, &mut stdout())?;
            return Ok(ExitCode::SUCCESS);
        }
        Verb::Nearby { seconds } => {
            let lasting = Duration::from_secs(*seconds);
            return look_around(&line, open()?, lasting).await;
        }
        Verb::TestCall { seconds } => {
            let lasting = Duration::from_secs(u64::from(*seconds));
            return test_call(&line, look()?, lasting).await;
        }
        Verb::Answer { auto, once } => Purpose::Answer {
            auto: *auto,
            once: *once,
        },
        Verb::Call { to, lasting } => {
            let (to, lasting) = (to.clone(), lasting.map(Duration::from_secs));
            return dial(line, open()?, &to, lasting).await;
        }
    };
    let store = open()?;
    let end = EndRequests::listen().context("cannot listen for signals")?;
    let engine = start(&line, &store)?;
    call(line, store, engine, purpose, end).await
}

/// Where our data is, and whether the system's keychain has the key.
fn place(options: &Options) -> Result<(PathBuf, Keychain)> {
    if let Some(directory) = &options.data {
        return Ok((directory.clone(), Keychain::Unused));
    }
    let directory = store::default_dir(Some("headless"));
    let directory = directory.context("no place for our data; see --data")?;
    Ok((directory, Keychain::System))
}

/// Lists who is near. Others see us meanwhile, as far as we want to be seen; no relay is asked.
async fn look_around(line: &Line, store: Store, lasting: Duration) -> Result<ExitCode> {
    let mut end = EndRequests::listen().context("cannot listen for signals")?;
    let (settings, identity) = (store.settings(), Arc::new(store.identity()));
    let mut config = compose::config(&line.options, &settings, identity, store.known_people());
    config.relay = None;
    let engine = Engine::start(config, compose::backends(&line.options, &settings))?;
    let seen = tokio::select! {
        seen = nearby::look(&engine, lasting) => Some(seen),
        () = end.next() => None,
    };
    nearby::stop(engine).await;
    if let Some(seen) = seen {
        nearby::list(&seen, store.people(), line.json, &mut stdout())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Starts an engine by what is remembered and the options.
fn start(line: &Line, store: &Store) -> Result<Engine> {
    let (settings, identity) = (store.settings(), Arc::new(store.identity()));
    let config = compose::config(&line.options, &settings, identity, store.known_people());
    let backends = compose::backends(&line.options, &settings);
    Ok(Engine::start(config, backends)?)
}

/// Calls whom a text names.
async fn dial(line: Line, store: Store, to: &str, lasting: Option<Duration>) -> Result<ExitCode> {
    let mut end = EndRequests::listen().context("cannot listen for signals")?;
    let engine = start(&line, &store)?;
    let found = tokio::select! {
        found = whom::find(to, &engine, store.people()) => found,
        () = end.next() => {
            nearby::stop(engine).await;
            return Ok(ExitCode::SUCCESS);
        }
    };
    match found {
        Ok(to) => {
            let purpose = Purpose::Call { to, lasting };
            call(line, store, engine, purpose, end).await
        }
        Err(error) => {
            nearby::stop(engine).await;
            tracing::error!("nobody to call: {error}");
            Ok(ExitCode::from(BAD_CALL))
        }
    }
}

/// Runs the engine for a purpose.
async fn call(
    line: Line,
    store: Store,
    engine: Engine,
    purpose: Purpose,
    end: EndRequests,
) -> Result<ExitCode> {
    let store = Arc::new(Mutex::new(store));
    let people = People::new(Arc::clone(&store));
    let history = tokio::spawn(history::keep(Records::of(&engine), store, None, |_| {}));
    tokio::spawn(memory::give_back_after_calls(engine.ended()));
    let _recorders = line.recorders(&engine)?;
    let report = line.report(&engine);
    let session = Session::new(engine, people, purpose, line.video(), report);
    let session = session.with_consent(line.consent);
    let code = session.run(end).await;
    if timeout(PATIENCE, history).await.is_err() {
        tracing::error!("the last call is not written down");
    }
    Ok(code)
}

/// Calls a peer inside the program. No relay but the peer's own is used, so that nobody can call
/// meanwhile and nothing depends on a network; nothing is written down.
async fn test_call(line: &Line, us: Remembered, lasting: Duration) -> Result<ExitCode> {
    let end = EndRequests::listen().context("cannot listen for signals")?;
    let (settings, identity) = (us.settings, Arc::new(us.identity));
    let echo = Arc::new(Identity::generate().context("cannot make a key")?);
    let setup = compose::test_peer(&line.options, &settings, identity.address(), echo);
    let peer = EchoPeer::start(setup).await?;
    let config = compose::config(&line.options, &settings, identity, us.known);
    let config = Config {
        relay: None,
        lan: LanVisibility::Off,
        ..config
    };
    let mut backends = compose::backends(&line.options, &settings);
    let (audio, hearing) = Hearing::at(backends.audio);
    backends.audio = audio;
    let engine = Engine::start(config, backends)?;
    let _recorders = line.recorders(&engine)?;
    let report = line.report(&engine);
    let call = TestCall::new(engine, peer, hearing, line.video(), lasting, report);
    Ok(ExitCode::from(call.run(end).await))
}

impl Line {
    /// Whether our camera is on in calls.
    fn video(&self) -> bool {
        self.options.camera != Some(CameraChoice::None)
    }

    fn report(&self, engine: &Engine) -> Report<Stdout> {
        if self.json {
            let figures = Figures::new(stdout()).with_ages(&engine.remote_picture());
            Report::Json(Box::new(figures))
        } else {
            Report::Plain(stdout())
        }
    }

    /// What writes the other side's pictures down, where that is wanted.
    fn recorders(&self, engine: &Engine) -> Result<Vec<Recorder>> {
        let fps = compose::video(&self.options).fps as u32;
        [
            (&self.picture_out, engine.remote_picture()),
            (&self.screen_out, engine.screen_picture()),
        ]
        .into_iter()
        .filter_map(|(path, feed)| {
            let path = path.as_deref().filter(|it| it.as_os_str() != "none")?;
            Some(Recorder::start(path, &feed, fps))
        })
        .collect()
    }
}

/// A disk that needs longer is not waited for.
const PATIENCE: Duration = Duration::from_secs(2);
