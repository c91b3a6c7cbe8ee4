//! The steps of the search: what happens by itself, what comes back, and what goes astray.

use call::id::SessionId;

use crate::station::Press;
use crate::who::Who;

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    /// What is at this place of the network arrives.
    Arrive(usize),
    /// The next deadline of a phone, or of its sessions, has come.
    Act(Who),

    MendPath,
    Link(Who, bool),
    Wake(Who),
    /// A crashed program is started again.
    Start(Who),

    Press(Who, Press),
    Lose(usize),
    LoseRelayed,
    Hold(usize),
    Repeat(usize),
    CutPath,
    /// The sessions lose their path for good; new ones find another one.
    Strand,
    /// The same, and this machine knows.
    Roam(Who),
    StopRelay,
    Sleep(Who),
    Crash(Who),
    Fail(Who, SessionId),
    /// What makes or shows media fails.
    Break(Who),
}

/// What of things that happen at the same instant is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Orders {
    /// What happens at one phone, in every order, before what happens at the other; what is broken
    /// comes back when nothing is on its way. Steps of the two phones do not touch each other, so
    /// little is missed: what breaks for both at once, in the midst of it.
    AliceFirst,
    /// Every order.
    All,
}

/// What may go astray in a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deviation {
    /// Users press anything but mute.
    Presses,
    /// Users mute.
    Mutes,
    /// What is on its way is lost, held back or repeated.
    Courier,
    /// The machines do not reach each other.
    Path,
    /// Machines change their network.
    Roaming,
    /// Links to the relay break.
    Links,
    /// Machines sleep and programs crash.
    Lives,
    /// Sessions fail, or are late to tell.
    Failures,
}
