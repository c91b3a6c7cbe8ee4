//! Who is on our networks.
//!
//! An announcement is a hint. Who announces somebody is asked by a [`Greeting`] over the relay that
//! it names, and only a proof makes anybody shown. Strangers' bytes: the table of neighbours, the
//! proofs that are asked for at a time and the introductions are bounded, and those whom the user
//! knows come first everywhere.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use discovery::{Acquaintances, Change, Heard, Neighbours, Recognised};
use identity::{Address, Identity};
use seal::Greeting;
use signal_client::{LinkState, Problem};
use tokio::sync::oneshot;

use super::asking::{Questions, WhoIsThere};
use super::introductions::Introductions;
pub(crate) use super::standing::Person;
use super::standing::{Proof, Standing};
use crate::config::People;
use crate::relays::{LinkId, LocalRelay, Relays, Way};
use crate::sealing::Priority;

/// Who is there.
#[derive(Debug)]
pub(crate) struct Neighbourhood {
    identity: Arc<Identity>,
    alias: Arc<Identity>,
    /// Since when we are a member.
    since: Instant,
    acquaintances: Acquaintances,
    neighbours: Neighbours,
    /// What is known of those who announce somebody, by their alias.
    standings: BTreeMap<Address, Standing>,
    introductions: Introductions,
    questions: Questions,
}

/// What a frame from a local relay is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Sealed, from somebody who was introduced.
    From(Address),
    /// Dealt with, or from nobody whom we know of.
    Nobody,
}

impl Neighbourhood {
    pub(super) fn new(identity: Arc<Identity>, alias: Arc<Identity>, now: Instant) -> Self {
        Self {
            acquaintances: Acquaintances::new(&identity, []),
            identity,
            alias,
            since: now,
            neighbours: Neighbours::default(),
            standings: BTreeMap::new(),
            introductions: Introductions::default(),
            questions: Questions::default(),
        }
    }

    /// Under which we are here.
    pub(super) fn alias(&self) -> &Identity {
        &self.alias
    }

    /// Asks who is at one of these places.
    pub(super) fn ask(
        &mut self,
        now: Instant,
        places: Vec<SocketAddr>,
        answer: oneshot::Sender<WhoIsThere>,
    ) {
        self.questions.ask(now, places, answer);
    }

    /// Recognises these people from now on.
    pub(super) fn know(&mut self, now: Instant, familiar: &[Address]) {
        self.acquaintances = Acquaintances::new(&self.identity, familiar.iter().copied());
        let aliases: Vec<_> = self.aliases().collect();
        for alias in aliases {
            self.recognise(now, alias);
        }
    }

    /// Takes in what was heard.
    pub(super) fn hear(&mut self, now: Instant, heard: Heard) {
        match heard {
            Heard::Seen(sighting) if sighting.announcement.alias == self.alias.address() => {}
            Heard::Seen(sighting) => {
                let alias = sighting.announcement.alias;
                self.questions.hear(&sighting);
                let recognised = self.acquaintances.recognise(&sighting.announcement);
                let change = match recognised {
                    Some(Recognised::Acquaintance(_)) => {
                        self.neighbours.heard_of_known(now, sighting)
                    }
                    Some(Recognised::Named(..)) | None => self.neighbours.heard(now, sighting),
                };
                match change {
                    Change::Appeared | Change::Changed => self.recognise(now, alias),
                    Change::Nothing | Change::Refused => {}
                }
            }
            Heard::Gone { alias, finder } => {
                let is_gone = self.neighbours.gone(&alias, finder);
                if let Some(standing) = self.standings.get_mut(&alias).filter(|_| !is_gone) {
                    // Another finder still hears it, or what somebody repeats.
                    standing.doubt(now);
                }
            }
        }
    }

    /// The network changed: whom we asked in vain may answer now.
    pub(super) fn network_changed(&mut self, now: Instant) {
        for standing in self.standings.values_mut() {
            if let Proof::Wanted { from, .. } = &mut standing.proof {
                *from = now;
            }
        }
    }

    /// Time passes: who is not heard any more is gone, and proofs are asked for.
    pub(super) fn pass(
        &mut self,
        now: Instant,
        relays: &mut Relays,
        is_in_use: impl Fn(&Address) -> bool,
    ) {
        self.neighbours.handle_timeout(now);
        let neighbours = &self.neighbours;
        self.standings
            .retain(|alias, _| neighbours.get(alias).is_some());
        for (alias, standing) in &mut self.standings {
            match &standing.proof {
                Proof::Asked { until, .. } if *until <= now => {
                    standing.fail(now, self.neighbours.failed(now, alias));
                }
                Proof::Given { until } if *until <= now => standing.doubt(now),
                Proof::Asked { .. } | Proof::Given { .. } | Proof::Wanted { .. } => {}
            }
        }
        self.ask_for_proofs(now, relays);
        let standings = &self.standings;
        self.questions.pass(now, |alias| standings.get(alias));
        relays.close_neighbours(|alias| {
            let standing = standings.get(alias);
            let is_asked = standing.is_some_and(|it| matches!(it.proof, Proof::Asked { .. }));
            is_asked || is_in_use(alias)
        });
    }

    /// Those who are there, whom we know first.
    pub(super) fn proven(&self) -> Vec<Person> {
        let mut proven: Vec<&Standing> = self.standings.values().collect();
        proven.retain(|it| it.is_shown);
        // One who was started again is two for a while.
        proven.sort_by_key(|it| (!it.is_familiar, it.person.address));
        proven.dedup_by_key(|it| it.person.address);
        proven.truncate(MAX_SHOWN);
        proven.into_iter().map(|it| it.person.clone()).collect()
    }

    /// How long our networks have before somebody is looked for elsewhere: long where they are said
    /// to be here or we have not heard everybody yet, and none where nobody is who could be them.
    pub(super) fn chance_of(&self, now: Instant, who: &Address) -> Duration {
        let mut standings = self.standings.values();
        let is_new = now < self.since + ALL_HEARD;
        if is_new || standings.any(|it| it.person.address == *who) {
            HEAD_START
        } else if self.unnamed().next().is_some() {
            SHORT_START
        } else {
            Duration::ZERO
        }
    }

    /// Where somebody may be: at those who announce them, and where there are none at those who
    /// announce nobody whom we know, for only the right one can answer.
    pub(super) fn ways_to(&mut self, who: &Address, relays: &mut Relays) -> Vec<Way> {
        let named = self.standings.iter();
        let named = named.filter(|(_, it)| it.person.address == *who);
        let mut aliases: Vec<Address> = named.map(|(alias, _)| *alias).collect();
        // Where it is known where they are, nobody else is told that somebody is looked for.
        if aliases.is_empty() {
            aliases.extend(self.unnamed().take(MAX_TRIED));
        }
        let mut ways = Vec::new();
        for alias in aliases {
            let link = LinkId::Neighbour(alias);
            if relays.state(link).is_none() {
                self.open(alias, relays);
            }
            let way = Way { link, at: alias };
            self.introductions.learn(way, *who);
            ways.push(way);
        }
        ways
    }

    /// Takes a stranger's bytes.
    pub(super) fn take(
        &mut self,
        now: Instant,
        way: Way,
        frame: &Bytes,
        people: &Arc<dyn People>,
    ) -> Taken {
        if seal::is_introduction(frame) {
            self.introductions.open(now, &self.identity, way, frame);
            return Taken::Nobody;
        }
        if self.is_answer(now, way, frame) {
            self.proved(now, way.at, people);
            return Taken::Nobody;
        }
        match self.introductions.who(way) {
            Some(who) => {
                self.introductions.refresh(way);
                Taken::From(who)
            }
            None => Taken::Nobody,
        }
    }

    pub(super) fn person_behind(&self, way: Way) -> Option<Address> {
        self.introductions.who(way)
    }

    /// A link to a neighbour changed: what was to be asked there is asked, or was in vain. Returns
    /// whether there is another link in its place, to where they may be too.
    pub(super) fn on_link(&mut self, now: Instant, alias: Address, relays: &mut Relays) -> bool {
        match relays.state(LinkId::Neighbour(alias)) {
            Some(LinkState::Online) => self.greet(alias, relays),
            // They were there, and their program has ended: nobody is anywhere else.
            Some(LinkState::Offline(Problem::Gone)) => {}
            Some(LinkState::Offline(_)) => return self.missed(now, alias, relays),
            Some(LinkState::Connecting) | None => {}
        }
        false
    }

    fn greet(&self, alias: Address, relays: &mut Relays) {
        let Some(standing) = self.standings.get(&alias) else {
            return;
        };
        let Proof::Asked {
            greeting, asker, ..
        } = &standing.proof
        else {
            return;
        };
        let Ok(introduction) = seal::introduce(asker, &standing.person.address) else {
            return;
        };
        let link = LinkId::Neighbour(alias);
        let way = Way { link, at: alias };
        relays.send(way, introduction, Priority::Others);
        relays.send(way, greeting.hello().to_vec(), Priority::Others);
    }

    /// Nobody is at the places of a neighbour. Where others are claimed, it is dialled there.
    fn missed(&mut self, now: Instant, alias: Address, relays: &mut Relays) -> bool {
        if self.neighbours.failed(now, &alias) {
            self.open(alias, relays);
            return true;
        }
        if let Some(standing) = self.standings.get_mut(&alias)
            && let Proof::Asked { .. } = standing.proof
        {
            standing.fail(now, false);
        }
        false
    }

    /// The places of those whom only answers tell of, as far as they are to be asked again.
    pub(super) fn ask_again(&mut self, now: Instant) -> Vec<SocketAddr> {
        self.neighbours.ask_again(now)
    }

    /// Neighbours of whom nobody knows who they are.
    fn unnamed(&self) -> impl Iterator<Item = Address> {
        self.aliases().filter(|it| !self.standings.contains_key(it))
    }

    fn aliases(&self) -> impl Iterator<Item = Address> {
        self.neighbours.iter().map(|it| it.announcement.alias)
    }

    /// Whom a neighbour announces. Where it was proven who is there it stays so, whatever is
    /// announced under that alias by others: whoever wants to be seen by others than before takes
    /// another one.
    fn recognise(&mut self, now: Instant, alias: Address) {
        let Some(neighbour) = self.neighbours.get(&alias) else {
            return;
        };
        let (person, is_familiar) = match self.acquaintances.recognise(&neighbour.announcement) {
            Some(Recognised::Acquaintance(address)) => {
                let named = neighbour.announcement.named.as_ref();
                let name = named.map(|it| it.name.clone()).unwrap_or_default();
                (Person { address, name }, true)
            }
            Some(Recognised::Named(address, name)) => (Person { address, name }, false),
            None => {
                let is_shown = |it: &Standing| it.is_shown;
                if !self.standings.get(&alias).is_some_and(is_shown) {
                    self.standings.remove(&alias);
                }
                return;
            }
        };
        match self.standings.get_mut(&alias) {
            Some(it) if it.person.address == person.address => it.is_familiar = is_familiar,
            Some(it) if it.is_shown => {}
            Some(_) | None => {
                let standing = Standing::new(person, is_familiar, now);
                self.standings.insert(alias, standing);
            }
        }
    }

    /// Asks for proofs, a few at a time, of those whom we know first.
    fn ask_for_proofs(&mut self, now: Instant, relays: &mut Relays) {
        let asked = self.standings.values();
        let asked = asked.filter(|it| matches!(it.proof, Proof::Asked { .. }));
        let free = MAX_ASKED.saturating_sub(asked.count());
        let mut due: Vec<(bool, Instant, Address)> =
            self.standings.iter().filter_map(due).collect();
        due.retain(|(_, from, _)| *from <= now);
        due.sort_unstable();
        for (_, _, alias) in due.into_iter().take(free) {
            self.ask_one(now, alias, relays);
        }
    }

    fn ask_one(&mut self, now: Instant, alias: Address, relays: &mut Relays) {
        let Some(standing) = self.standings.get_mut(&alias) else {
            return;
        };
        let Proof::Wanted { failures, .. } = standing.proof else {
            return;
        };
        // Whom we do not know is asked by nobody: announcing a name must not be a way to learn who
        // is around.
        let asker = if standing.is_familiar {
            &self.identity
        } else {
            &self.alias
        };
        let Ok(greeting) = Greeting::begin(asker, standing.person.address, now) else {
            // Nobody can hold such a key.
            standing.fail(now, false);
            return;
        };
        standing.proof = Proof::Asked {
            greeting: Box::new(greeting),
            asker: asker.address(),
            until: now + PATIENCE,
            failures,
        };
        match relays.state(LinkId::Neighbour(alias)) {
            Some(LinkState::Online) => self.greet(alias, relays),
            // In use, so that it tries again by itself.
            Some(LinkState::Connecting | LinkState::Offline(_)) => {}
            None => self.open(alias, relays),
        }
    }

    fn open(&self, alias: Address, relays: &mut Relays) {
        let Some(neighbour) = self.neighbours.get(&alias) else {
            return;
        };
        let port = neighbour.announcement.port;
        let relay = LocalRelay {
            alias: Arc::clone(&self.alias),
            url: format!("ws://{}:{port}", discovery::host_name(&alias)),
            places: neighbour.places().collect(),
        };
        relays.open_local(LinkId::Neighbour(alias), relay);
    }

    fn is_answer(&mut self, now: Instant, way: Way, frame: &[u8]) -> bool {
        if way.link != LinkId::Neighbour(way.at) {
            return false;
        }
        match self.standings.get_mut(&way.at).map(|it| &mut it.proof) {
            Some(Proof::Asked { greeting, .. }) => greeting.is_answered_by(now, frame),
            Some(Proof::Wanted { .. } | Proof::Given { .. }) | None => false,
        }
    }

    fn proved(&mut self, now: Instant, alias: Address, people: &Arc<dyn People>) {
        let Some(standing) = self.standings.get_mut(&alias) else {
            return;
        };
        standing.prove(now);
        self.neighbours.confirm(&alias);
        // Where strangers were is not written down.
        if standing.is_familiar
            && let Some(neighbour) = self.neighbours.get(&alias)
        {
            let places: Vec<_> = neighbour.places().collect();
            people.met(&standing.person.address, &places);
        }
    }
}

/// What is to be asked for, and from when: whom we know first.
fn due((alias, standing): (&Address, &Standing)) -> Option<(bool, Instant, Address)> {
    match standing.proof {
        Proof::Wanted { from, .. } => Some((!standing.is_familiar, from, *alias)),
        Proof::Asked { .. } | Proof::Given { .. } => None,
    }
}

/// How many proofs are asked for at a time.
const MAX_ASKED: usize = 8;

/// How long a proof may take: a connection and two messages on one network.
const PATIENCE: Duration = Duration::from_secs(3);

/// How many people are shown. A crowd is no list.
const MAX_SHOWN: usize = 64;

/// At how many neighbours somebody is looked for.
const MAX_TRIED: usize = 48;

/// How long our networks have where somebody is said to be there: a person waits no second for a
/// relay elsewhere.
pub(super) const HEAD_START: Duration = Duration::from_millis(700);

/// How long it takes at most to hear of all who are there.
const ALL_HEARD: Duration = Duration::from_secs(1);

/// And where they may be behind an announcement that names nobody.
const SHORT_START: Duration = Duration::from_millis(300);
