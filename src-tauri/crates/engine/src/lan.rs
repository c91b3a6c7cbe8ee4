//! Our membership of local networks: that it follows what the user set, and what is said of us
//! there.
//!
//! Who the others are is the matter of the [`Neighbourhood`], which exists while we are a member.

mod asking;
mod introductions;
mod neighbourhood;
mod standing;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use discovery::{Announcement, Heard, Joined, LanError, Membership};
use identity::{Address, Identity};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

pub use self::asking::WhoIsThere;
use self::neighbourhood::Neighbourhood;
pub(crate) use self::neighbourhood::Taken;
use crate::clock::Clock;
use crate::config::{Config, LanVisibility, People};
use crate::relays::{LinkId, LocalRelay, Relays, Way};
use crate::view::{LanState, LanView, NearbyPerson};

/// What the control task hears of local networks.
#[derive(Debug)]
pub(crate) struct News {
    /// By which joining: what an earlier one says is stale.
    joining: u64,
    what: What,
}

#[derive(Debug)]
enum What {
    /// We are a member, or cannot be.
    Joined(Result<(u16, Box<dyn Membership>), LanError>),
    /// Something was heard.
    Heard(Box<Heard>),
}

/// Our membership.
#[derive(Debug)]
pub(crate) struct Lan {
    backend: Option<Arc<dyn discovery::Lan>>,
    identity: Arc<Identity>,
    people: Arc<dyn People>,
    clock: Clock,
    news: mpsc::Sender<News>,
    profile: Profile,
    joinings: u64,
    state: State,
}

/// What follows from what the user set and whom they know.
#[derive(Debug, PartialEq, Eq)]
struct Profile {
    visibility: LanVisibility,
    name: String,
    familiar: Vec<Address>,
}

#[derive(Debug)]
enum State {
    Off,
    Joining {
        alias: Arc<Identity>,
        task: Task,
        /// What is to be asked as soon as we are a member.
        places: Vec<SocketAddr>,
    },
    On(Box<On>),
    Failed {
        again_at: Instant,
    },
}

#[derive(Debug)]
struct On {
    port: u16,
    membership: Box<dyn Membership>,
    neighbourhood: Neighbourhood,
    /// Whether we have been at our own relay: it knows of nobody before, and whoever came to us by an
    /// announcement would believe it.
    is_at_own_relay: bool,
    /// When it is logged that we are not there; `None` once it is.
    warns_at: Option<Instant>,
    announced: Option<Announcement>,
    /// Where others reach our relay, as it was looked up last.
    places: Vec<SocketAddr>,
    /// The same, as it was when there was any: by which another network is told from this one.
    was_at: Vec<SocketAddr>,
    /// Forwards what is heard.
    _task: Task,
}

/// A task that ends with its owner.
#[derive(Debug)]
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Lan {
    /// No member yet.
    pub(crate) fn new(
        backend: Option<Arc<dyn discovery::Lan>>,
        config: &Config,
        clock: Clock,
        news: mpsc::Sender<News>,
    ) -> Self {
        Self {
            backend,
            identity: Arc::clone(&config.identity),
            people: Arc::clone(&config.people),
            clock,
            news,
            profile: Profile {
                visibility: LanVisibility::Off,
                name: String::new(),
                familiar: Vec::new(),
            },
            joinings: 0,
            state: State::Off,
        }
    }

    /// Follows what the user set. Whoever wants to be seen by others than before comes back under
    /// another alias: nobody who saw the old one can tell that it is the same person.
    pub(crate) fn configure(&mut self, config: &Config, relays: &mut Relays) {
        self.people = Arc::clone(&config.people);
        let before = std::mem::replace(
            &mut self.profile,
            Profile {
                visibility: config.lan,
                name: config.name.clone(),
                familiar: self.people.familiar(),
            },
        );
        if before.visibility == config.lan {
            self.follow_profile();
            return;
        }
        if let Some(membership) = self.leave(relays) {
            tokio::spawn(membership.leave());
        }
        if config.lan != LanVisibility::Off {
            self.join();
        }
    }

    /// Ends the membership; what is returned says goodbye.
    pub(crate) fn leave(&mut self, relays: &mut Relays) -> Option<Box<dyn Membership>> {
        relays.close_link(LinkId::Own);
        relays.close_neighbours(|_| false);
        match std::mem::replace(&mut self.state, State::Off) {
            State::On(on) => Some(on.membership),
            State::Off | State::Joining { .. } | State::Failed { .. } => None,
        }
    }

    /// Takes in what was heard.
    pub(crate) fn on_news(&mut self, news: News, relays: &mut Relays) {
        if news.joining != self.joinings {
            return;
        }
        match news.what {
            What::Joined(Ok((port, membership))) => self.joined(port, membership, relays),
            What::Joined(Err(error)) => {
                tracing::warn!(%error, "no member of local networks");
                self.state = State::Failed {
                    again_at: self.clock.now() + JOIN_AGAIN,
                };
            }
            What::Heard(heard) => {
                if let State::On(on) = &mut self.state {
                    on.neighbourhood.hear(self.clock.now(), *heard);
                }
            }
        }
    }

    /// Time passes: a tenth of a second at a time is often enough.
    pub(crate) fn pass(&mut self, relays: &mut Relays, is_in_use: impl Fn(&Address) -> bool) {
        match &mut self.state {
            State::Failed { again_at } if *again_at <= self.clock.now() => self.join(),
            State::On(on) => {
                let now = self.clock.now();
                on.warn_of_own_relay(now, relays);
                on.neighbourhood.pass(now, relays, is_in_use);
                let silent = on.neighbourhood.ask_again(now);
                if !silent.is_empty() {
                    on.membership.ask(silent);
                }
            }
            State::Off | State::Joining { .. } | State::Failed { .. } => {}
        }
    }

    /// Looks whether the user knows others than before: they recognise us by what we announce.
    pub(crate) fn follow_people(&mut self) {
        if !matches!(self.state, State::On(_)) {
            return;
        }
        let familiar = self.people.familiar();
        if familiar != self.profile.familiar {
            self.profile.familiar = familiar;
            self.follow_profile();
        }
    }

    /// The addresses of this machine changed. On another network it comes back under another alias,
    /// or it could be followed from one to the next; not while `is_in_call`, for then it would be lost.
    pub(crate) fn network_changed(&mut self, is_in_call: bool, relays: &mut Relays) {
        let State::On(on) = &mut self.state else {
            return;
        };
        let places = on.membership.places();
        let moved = !places.iter().any(|it| on.was_at.contains(it));
        if moved && !is_in_call && !places.is_empty() && !on.was_at.is_empty() {
            if let Some(membership) = self.leave(relays) {
                tokio::spawn(membership.leave());
            }
            self.join();
            return;
        }
        if !places.is_empty() {
            // A card that goes from one network to the next has none for a while.
            on.was_at.clone_from(&places);
        }
        on.places = places;
        on.membership.network_changed();
        ask_where_they_were(on.membership.as_ref(), self.people.as_ref());
        on.neighbourhood.network_changed(self.clock.now());
    }

    /// Whether others can be found here, now or in a moment.
    pub(crate) const fn may_find(&self) -> bool {
        matches!(self.state, State::On(_) | State::Joining { .. })
    }

    /// Who is there, proven.
    pub(crate) fn view(&self) -> LanView {
        let on = match &self.state {
            State::Off => return LanView::of(LanState::Off),
            State::Joining { .. } => return LanView::of(LanState::Joining),
            State::Failed { .. } => return LanView::of(LanState::Failed),
            State::On(on) => on,
        };
        let nearby = on.neighbourhood.proven().into_iter();
        let nearby = nearby.map(|it| NearbyPerson {
            address: it.address.to_string(),
            name: it.name,
        });
        LanView {
            state: LanState::On,
            nearby: nearby.collect(),
            places: on.places.iter().map(ToString::to_string).collect(),
        }
    }

    /// Asks who is at one of these places, which the user typed.
    pub(crate) fn ask(&mut self, places: Vec<SocketAddr>, answer: oneshot::Sender<WhoIsThere>) {
        let State::On(on) = &mut self.state else {
            // The one who asked may have stopped waiting.
            let _ = answer.send(WhoIsThere::NotLooking);
            return;
        };
        on.membership.ask(places.clone());
        on.neighbourhood.ask(self.clock.now(), places, answer);
    }

    /// Looks for somebody whom we are about to call; where they were last is asked, and where their
    /// link says that they are. Returns how long the networks have before a far relay is asked.
    pub(crate) fn look_for(&mut self, who: Address, places: &[SocketAddr]) -> Duration {
        let mut asked = self.people.places(&who);
        asked.extend(places);
        match &mut self.state {
            State::On(on) => {
                if !asked.is_empty() {
                    on.membership.ask(asked);
                }
                on.neighbourhood.chance_of(self.clock.now(), &who)
            }
            State::Joining { places, .. } => {
                *places = asked;
                neighbourhood::HEAD_START
            }
            State::Off | State::Failed { .. } => Duration::ZERO,
        }
    }

    /// Where somebody may be: at those who announce them, else at those who announce nobody whom we
    /// know. Opens the links that are not there.
    pub(crate) fn ways_to(&mut self, who: &Address, relays: &mut Relays) -> Vec<Way> {
        match &mut self.state {
            State::On(on) => on.neighbourhood.ways_to(who, relays),
            State::Off | State::Joining { .. } | State::Failed { .. } => Vec::new(),
        }
    }

    /// Takes a stranger's bytes that came over a local relay.
    pub(crate) fn take(&mut self, way: Way, frame: &Bytes) -> Taken {
        let now = self.clock.now();
        match &mut self.state {
            State::On(on) => on.neighbourhood.take(now, way, frame, &self.people),
            State::Off | State::Joining { .. } | State::Failed { .. } => Taken::Nobody,
        }
    }

    /// A link to a neighbour changed. Returns whether there is another one in its place, by which
    /// nothing was said yet.
    pub(crate) fn on_link(&mut self, alias: Address, relays: &mut Relays) -> bool {
        match &mut self.state {
            State::On(on) => on.neighbourhood.on_link(self.clock.now(), alias, relays),
            State::Off | State::Joining { .. } | State::Failed { .. } => false,
        }
    }

    /// The link to our own relay changed: once we are there we can be announced.
    pub(crate) fn on_own_link(&mut self, relays: &Relays) {
        if let State::On(on) = &mut self.state
            && !on.is_at_own_relay
            && relays.is_online(LinkId::Own)
        {
            on.is_at_own_relay = true;
            self.follow_profile();
        }
    }

    /// What goes before a frame to somebody, so that they know whose it is.
    pub(crate) fn introduction(&self, to: &Address, frame: &[u8]) -> Option<Vec<u8>> {
        if !seal::begins_session(frame) {
            return None;
        }
        seal::introduce(&self.identity.address(), to).ok()
    }

    /// Who it is that has an alias at a local relay, as far as they were introduced.
    pub(crate) fn person_behind(&self, way: Way) -> Option<Address> {
        match &self.state {
            State::On(on) => on.neighbourhood.person_behind(way),
            State::Off | State::Joining { .. } | State::Failed { .. } => None,
        }
    }

    fn join(&mut self) {
        let Some(backend) = &self.backend else { return };
        let Ok(alias) = Identity::generate() else {
            tracing::error!("no random bytes for an alias");
            self.state = State::Failed {
                again_at: self.clock.now() + JOIN_AGAIN,
            };
            return;
        };
        self.joinings += 1;
        let joined = backend.join(&alias);
        let task = tokio::spawn(forward(self.joinings, joined, self.news.clone()));
        self.state = State::Joining {
            alias: Arc::new(alias),
            task: Task(task),
            places: Vec::new(),
        };
    }

    fn joined(&mut self, port: u16, membership: Box<dyn Membership>, relays: &mut Relays) {
        let state = std::mem::replace(&mut self.state, State::Off);
        let State::Joining {
            alias,
            task,
            places,
        } = state
        else {
            return;
        };
        if !places.is_empty() {
            membership.ask(places);
        }
        ask_where_they_were(membership.as_ref(), self.people.as_ref());
        tracing::info!("a member of local networks");
        // Our own clients of it are this machine's.
        let own = LocalRelay {
            alias: Arc::clone(&alias),
            url: format!("ws://127.0.0.1:{port}"),
            places: Vec::new(),
        };
        relays.open_local(LinkId::Own, own);
        let places = membership.places();
        self.state = State::On(Box::new(On {
            port,
            was_at: places.clone(),
            places,
            membership,
            neighbourhood: Neighbourhood::new(Arc::clone(&self.identity), alias, self.clock.now()),
            is_at_own_relay: false,
            warns_at: Some(self.clock.now() + OWN_RELAY_PATIENCE),
            announced: None,
            _task: task,
        }));
        self.follow_profile();
    }

    /// Recognises whom we know, and lets them recognise us as soon as they can reach us.
    fn follow_profile(&mut self) {
        let State::On(on) = &mut self.state else {
            return;
        };
        let familiar = &self.profile.familiar;
        on.neighbourhood.know(self.clock.now(), familiar);
        let alias = on.neighbourhood.alias();
        if !on.is_at_own_relay {
            return;
        }
        let announcement = match self.profile.visibility {
            LanVisibility::Off => None,
            LanVisibility::Known => Some(Announcement::hidden(
                &self.identity,
                alias,
                on.port,
                familiar,
            )),
            LanVisibility::Everyone => Some(Announcement::open(
                &self.identity,
                alias,
                on.port,
                &self.profile.name,
            )),
        };
        let announcement = match (&on.announced, announcement) {
            (Some(before), Some(said)) if said.says_the_same_as(before) => return,
            (Some(before), Some(said)) => Some(said.after(before, alias)),
            (None, Some(said)) => Some(said),
            (Some(_), None) => None,
            (None, None) => return,
        };
        on.announced.clone_from(&announcement);
        on.membership.announce(announcement);
    }
}

impl On {
    /// Logs once that we are not at our own relay: we are not announced then, and nothing else
    /// shows it.
    fn warn_of_own_relay(&mut self, now: Instant, relays: &Relays) {
        if !self.is_at_own_relay && self.warns_at.take_if(|at| *at <= now).is_some() {
            let state = relays.state(LinkId::Own);
            tracing::warn!(
                ?state,
                "not at our own relay, so nobody nearby can reach us"
            );
        }
    }
}

/// Asks where those whom the user knows were last: a network may swallow what is said to all.
fn ask_where_they_were(membership: &dyn Membership, people: &dyn People) {
    let places = people.familiar().into_iter();
    let places = places.filter_map(|it| people.places(&it).into_iter().next());
    let places: Vec<_> = places.take(MAX_REVISITED).collect();
    if !places.is_empty() {
        membership.ask(places);
    }
}

/// Joins, and forwards what is heard from then on.
async fn forward(
    joining: u64,
    joined: impl Future<Output = Result<Joined, LanError>>,
    control: mpsc::Sender<News>,
) {
    let say = async |what| control.send(News { joining, what }).await.is_ok();
    match joined.await {
        Ok(Joined {
            port,
            mut heard,
            membership,
        }) => {
            let mut goes_on = say(What::Joined(Ok((port, membership)))).await;
            while goes_on && let Some(it) = heard.recv().await {
                goes_on = say(What::Heard(Box::new(it))).await;
            }
        }
        Err(error) => {
            say(What::Joined(Err(error))).await;
        }
    }
}

/// Each is a connection on a network that may be another one by now.
const MAX_REVISITED: usize = 16;

/// A link within this machine is there in milliseconds; a machine that is very busy takes a second.
const OWN_RELAY_PATIENCE: Duration = Duration::from_secs(5);

/// A machine without a network now may have one then.
const JOIN_AGAIN: Duration = Duration::from_secs(10);
