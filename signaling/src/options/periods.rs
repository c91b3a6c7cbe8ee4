//! When the relay does what.

use signal_relay::Timing;

use super::{PERIODS, Period};

/// One option for each period.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = PERIODS)]
pub(super) struct PeriodOptions {
    /// How long a client may take from its first packet to a whole request, and then to prove its
    /// address
    #[arg(long, value_name = "TIME", env = "TINCAN_RELAY_HELLO")]
    #[arg(default_value_t = Period(Timing::default().hello))]
    hello: Period,
    /// How often a client is sent a ping
    #[arg(long, value_name = "TIME", env = "TINCAN_RELAY_PING")]
    #[arg(default_value_t = Period(Timing::default().ping))]
    ping: Period,
    /// How long a client may be silent before its connection counts as dead
    #[arg(long, value_name = "TIME", env = "TINCAN_RELAY_SILENCE")]
    #[arg(default_value_t = Period(Timing::default().silence))]
    silence: Period,
    /// How long an acknowledgement may wait for others to join it
    #[arg(long, value_name = "TIME", env = "TINCAN_RELAY_ACK_DELAY")]
    #[arg(default_value_t = Period(Timing::default().ack_delay))]
    ack_delay: Period,
    /// How long a session waits for its client after its connection fell silent
    #[arg(long, value_name = "TIME", env = "TINCAN_RELAY_RESUME")]
    #[arg(default_value_t = Period(Timing::default().resume))]
    resume: Period,
    /// The same after its connection was closed without a goodbye
    #[arg(long, value_name = "TIME", env = "TINCAN_RELAY_RESUME_BROKEN")]
    #[arg(default_value_t = Period(Timing::default().resume_broken))]
    resume_broken: Period,
    /// How long a client may acknowledge nothing of what it was sent before its session ends
    #[arg(long, value_name = "TIME", env = "TINCAN_RELAY_PROGRESS")]
    #[arg(default_value_t = Period(Timing::default().progress))]
    progress: Period,
    /// Over how long clients are told that the relay ends; less when there are few
    #[arg(long, value_name = "TIME", env = "TINCAN_RELAY_DRAIN")]
    #[arg(default_value_t = Period(Timing::default().drain))]
    drain: Period,
    /// How long one connection may take to end after its last frame
    #[arg(long, value_name = "TIME", env = "TINCAN_RELAY_CLOSE")]
    #[arg(default_value_t = Period(Timing::default().close))]
    close: Period,
}

impl PeriodOptions {
    pub(super) const fn timing(&self) -> Timing {
        Timing {
            hello: self.hello.0,
            ping: self.ping.0,
            silence: self.silence.0,
            ack_delay: self.ack_delay.0,
            resume: self.resume.0,
            resume_broken: self.resume_broken.0,
            progress: self.progress.0,
            drain: self.drain.0,
            close: self.close.0,
        }
    }
}
