//! By which links somebody is spoken to: where they were heard last, and until they were heard
//! everywhere they may be, the local networks first.
//!
//! Pure: time is an argument. Somebody is heard only by what proves that they are there now; what a
//! relay or an announcement says is no proof, so nobody can draw a conversation to where it gets
//! lost.

use std::time::{Duration, Instant};

use identity::Address;

use super::link::{LinkId, Way};

/// The ways to those whom we speak with, at most [`MAX_ROUTES`]; and whom we look for, who is one
/// person at a time.
#[derive(Debug, Default)]
pub(crate) struct Routes(Vec<(Address, Route)>);

/// The ways to one person.
#[derive(Debug)]
struct Route {
    /// When it was used or changed last.
    used: Instant,
    /// Where they were heard, the last first. At most [`MAX_HEARD`].
    heard: Vec<Way>,
    /// `Some` while we look for them on our networks and they have not answered.
    search: Option<Search>,
}

/// Looking for somebody.
#[derive(Debug)]
struct Search {
    /// Where on our networks they may be.
    ways: Vec<Way>,
    /// When the far relay is asked as well.
    far_from: Instant,
    is_far_asked: bool,
    /// Whether there is no far relay, or it knows of nobody.
    is_far_in_vain: bool,
    /// When our networks have had their time.
    until: Instant,
    /// What was said meanwhile, for ways that are found later.
    said: Vec<Vec<u8>>,
}

/// What is to be done for somebody whom we look for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// The far relay is to be asked; what was said before is to be said there.
    AskFar(Address, Vec<Vec<u8>>),
    /// They are nowhere.
    Nowhere(Address),
}

impl Routes {
    /// Looks for somebody whom we are about to call, and for nobody else any more, on our networks
    /// first: the far relay, where there is one, is asked after `head_start`.
    pub(crate) fn look_for(
        &mut self,
        now: Instant,
        who: Address,
        head_start: Duration,
        is_far_there: bool,
    ) {
        self.look_only_for(Some(&who));
        let route = self.route(now, who);
        route.heard.clear();
        route.search = Some(Search {
            ways: Vec::new(),
            far_from: now + head_start,
            is_far_asked: false,
            is_far_in_vain: !is_far_there,
            until: now + PATIENCE,
            said: Vec::new(),
        });
    }

    /// Ends the search for anybody else than this person.
    pub(crate) fn look_only_for(&mut self, who: Option<&Address>) {
        for (it, route) in &mut self.0 {
            if who != Some(it) {
                route.search = None;
            }
        }
    }

    /// Whom we look for and have not heard yet.
    pub(crate) fn sought(&self) -> Option<Address> {
        let mut routes = self.0.iter();
        let sought = routes.find(|(_, route)| route.search.is_some());
        sought.map(|(who, _)| *who)
    }

    /// Somebody whom we look for may be there. Returns what was said before and is to be said there
    /// too.
    pub(crate) fn may_be(&mut self, now: Instant, who: Address, way: Way) -> Vec<Vec<u8>> {
        let route = self.route(now, who);
        let Some(search) = &mut route.search else {
            return Vec::new();
        };
        if search.ways.contains(&way) || search.ways.len() >= MAX_WAYS {
            return Vec::new();
        }
        search.ways.push(way);
        search.said.clone()
    }

    /// It was proven that somebody is there now. Ends the search.
    pub(crate) fn heard(&mut self, now: Instant, who: Address, way: Way) {
        let route = self.route(now, who);
        route.search = None;
        route.heard.retain(|it| *it != way);
        route.heard.insert(0, way);
        route.heard.truncate(MAX_HEARD);
    }

    /// Nobody is there. Where nothing is left of our networks to wait for, the far relay is asked at
    /// once.
    pub(crate) fn lost(&mut self, now: Instant, way: Way) {
        for (_, route) in &mut self.0 {
            route.heard.retain(|it| *it != way);
            if let Some(search) = &mut route.search {
                let before = search.ways.len();
                search.ways.retain(|it| *it != way);
                if before > 0 && search.ways.is_empty() {
                    search.far_from = search.far_from.min(now);
                }
            }
        }
    }

    /// A link does not come up: as [`Routes::lost`], for those whom we look for. Who was heard there
    /// may be heard there again.
    pub(crate) fn failed(&mut self, now: Instant, link: LinkId) {
        let searches = self.0.iter_mut().filter_map(|(_, it)| it.search.as_mut());
        let ways: Vec<Way> = searches.flat_map(|it| it.ways.clone()).collect();
        for way in ways.into_iter().filter(|it| it.link == link) {
            self.lost(now, way);
        }
    }

    /// The ways by which to say this to somebody now: where they were heard last and the link
    /// `works`, or `everywhere` they were heard, because what we say may get lost. `far` is their way
    /// through a relay elsewhere.
    pub(crate) fn say(
        &mut self,
        now: Instant,
        who: Address,
        frame: &[u8],
        far: Option<Way>,
        (everywhere, works): (bool, impl Fn(Way) -> bool),
    ) -> Vec<Way> {
        let Some(route) = self.find(&who) else {
            return far.into_iter().collect();
        };
        route.used = now;
        if let Some(search) = &mut route.search {
            if search.said.len() < MAX_SAID && !search.said.iter().any(|it| it == frame) {
                search.said.push(frame.to_vec());
            }
            let far = far.filter(|_| search.is_far_asked);
            return search.ways.iter().copied().chain(far).collect();
        }
        let far = far.filter(|it| !route.heard.contains(it));
        let ways = route.heard.iter().copied().chain(far);
        if everywhere {
            return ways.collect();
        }
        let working = ways.clone().find(|it| works(*it));
        working.or_else(|| ways.last()).into_iter().collect()
    }

    /// The far relay knows of nobody. Whether our networks still have time to find them, if they are
    /// looked for: they may be started just now, and be heard in a moment.
    pub(crate) fn not_far(&mut self, now: Instant, who: &Address) -> Option<bool> {
        let search = self.find(who)?.search.as_mut()?;
        search.is_far_in_vain = true;
        Some(now < search.until)
    }

    /// Time passes: what follows for those whom we look for. `answers` says whether the far relay of a
    /// person is online.
    pub(crate) fn pass(&mut self, now: Instant, answers: impl Fn(&Address) -> bool) -> Vec<Due> {
        let mut due = Vec::new();
        for (who, route) in &mut self.0 {
            let Some(search) = &mut route.search else {
                continue;
            };
            if search.far_from <= now && !search.is_far_asked {
                search.is_far_asked = true;
                due.push(Due::AskFar(*who, search.said.clone()));
            }
            if search.until <= now && (search.is_far_in_vain || !answers(who)) {
                route.search = None;
                due.push(Due::Nowhere(*who));
            }
        }
        due
    }

    /// Whether it was proven lately that somebody is there.
    pub(crate) fn was_heard(&self, who: &Address, way: Way) -> bool {
        let mut routes = self.0.iter();
        routes.any(|(it, route)| it == who && route.heard.contains(&way))
    }

    /// Whether somebody is looked for and was not heard yet.
    pub(crate) fn is_searching(&self, who: &Address) -> bool {
        self.sought() == Some(*who)
    }

    /// The ways on our networks by which somebody is or may be reached.
    pub(crate) fn local_ways(&self, who: &Address) -> impl Iterator<Item = Way> {
        let route = self.0.iter().find(|(it, _)| it == who).map(|(_, it)| it);
        let heard = route.into_iter().flat_map(|it| &it.heard);
        let search = route.and_then(|it| it.search.as_ref());
        let searched = search.into_iter().flat_map(|it| &it.ways);
        heard
            .chain(searched)
            .copied()
            .filter(|it| it.link.is_local())
    }

    /// Forgets how somebody is reached.
    pub(crate) fn forget(&mut self, who: &Address) {
        self.0.retain(|(it, _)| it != who);
    }

    fn find(&mut self, who: &Address) -> Option<&mut Route> {
        let mut routes = self.0.iter_mut();
        routes.find(|(it, _)| it == who).map(|(_, route)| route)
    }

    fn route(&mut self, now: Instant, who: Address) -> &mut Route {
        let at = self.0.iter().position(|(it, _)| *it == who);
        let at = at.unwrap_or_else(|| {
            if self.0.len() == MAX_ROUTES {
                self.forget_oldest();
            }
            let route = Route {
                used: now,
                heard: Vec::new(),
                search: None,
            };
            self.0.push((who, route));
            self.0.len() - 1
        });
        let route = &mut self.0[at].1;
        route.used = now;
        route
    }

    fn forget_oldest(&mut self) {
        let routes = self.0.iter().enumerate();
        let oldest = routes.min_by_key(|(_, (_, route))| (route.search.is_some(), route.used));
        if let Some((at, _)) = oldest {
            self.0.swap_remove(at);
        }
    }
}

/// How long our networks have where no far relay knows of somebody: an announcement that comes late,
/// a link that is lost once.
const PATIENCE: Duration = Duration::from_secs(4);

/// Everybody with whom a session can be, twice.
const MAX_ROUTES: usize = 64;

/// Here, elsewhere, and where it was before.
const MAX_HEARD: usize = 3;

/// Neighbours that may be whom we look for.
const MAX_WAYS: usize = 48;

/// What is said before the first answer: a HELLO, and its like where it is renewed.
const MAX_SAID: usize = 8;

#[cfg(test)]
mod tests {
    use identity::Identity;

    use super::*;

    fn somebody() -> Address {
        Identity::generate().unwrap().address()
    }

    fn neighbour() -> Way {
        let alias = somebody();
        Way {
            link: LinkId::Neighbour(alias),
            at: alias,
        }
    }

    fn home(who: Address) -> Way {
        Way {
            link: LinkId::Home,
            at: who,
        }
    }

    const HELLO: &[u8] = b"hello";
    const SOON: Duration = Duration::from_millis(700);

    /// The ways by which HELLO goes.
    fn says(routes: &mut Routes, now: Instant, who: Address, far: Option<Way>) -> Vec<Way> {
        routes.say(now, who, HELLO, far, (false, |_| true))
    }

    #[test]
    fn who_was_never_looked_for_is_reached_by_the_far_relay() {
        let (mut routes, who, now) = (Routes::default(), somebody(), Instant::now());
        assert_eq!(says(&mut routes, now, who, Some(home(who))), [home(who)]);
        assert_eq!(says(&mut routes, now, who, None), []);
    }

    #[test]
    fn our_networks_come_first_and_the_far_relay_after_the_head_start() {
        let (mut routes, who, now) = (Routes::default(), somebody(), Instant::now());
        let (far, way) = (Some(home(who)), neighbour());
        routes.look_for(now, who, SOON, true);
        assert!(routes.may_be(now, who, way).is_empty());
        assert_eq!(says(&mut routes, now, who, far), [way]);
        let late = neighbour();
        assert_eq!(routes.may_be(now, who, late), [HELLO]);
        assert_eq!(routes.pass(now, |_| true), []);
        assert_eq!(
            routes.pass(now + SOON, |_| true),
            [Due::AskFar(who, vec![HELLO.to_vec()])]
        );
        assert_eq!(routes.pass(now + SOON, |_| true), [], "once");
        let ways = says(&mut routes, now + SOON, who, far);
        assert_eq!(ways, [way, late, home(who)]);
    }

    #[test]
    fn who_was_heard_is_spoken_to_there_and_where_that_fails_elsewhere() {
        let (mut routes, who, now) = (Routes::default(), somebody(), Instant::now());
        let (far, way) = (Some(home(who)), neighbour());
        routes.look_for(now, who, SOON, true);
        routes.may_be(now, who, way);
        routes.may_be(now, who, neighbour());
        routes.heard(now, who, way);
        assert!(!routes.is_searching(&who));
        assert_eq!(says(&mut routes, now, who, far), [way]);
        let say = |routes: &mut Routes, everywhere, down: Way| {
            routes.say(now, who, HELLO, far, (everywhere, |it| it != down))
        };
        assert_eq!(say(&mut routes, false, way), [home(who)]);
        assert_eq!(say(&mut routes, true, way), [way, home(who)]);
        routes.heard(now, who, home(who));
        assert_eq!(says(&mut routes, now, who, far), [home(who)]);
        assert_eq!(say(&mut routes, false, home(who)), [way], "and back");
        routes.lost(now, way);
        assert_eq!(say(&mut routes, true, home(who)), [home(who)]);
    }

    #[test]
    fn where_nobody_is_left_the_far_relay_is_asked_at_once() {
        let (mut routes, who, now) = (Routes::default(), somebody(), Instant::now());
        let (one, two) = (neighbour(), neighbour());
        routes.look_for(now, who, SOON, true);
        routes.may_be(now, who, one);
        routes.may_be(now, who, two);
        says(&mut routes, now, who, None);
        routes.lost(now, one);
        assert_eq!(routes.pass(now, |_| true), []);
        routes.lost(now, two);
        assert_eq!(
            routes.pass(now, |_| true),
            [Due::AskFar(who, vec![HELLO.to_vec()])]
        );
    }

    #[test]
    fn who_is_nowhere_is_told_of_when_our_networks_had_their_time() {
        let (mut routes, who, now) = (Routes::default(), somebody(), Instant::now());
        assert_eq!(routes.not_far(now, &who), None, "never looked for");
        routes.look_for(now, who, SOON, true);
        routes.may_be(now, who, neighbour());
        routes.pass(now + SOON, |_| true);
        assert_eq!(
            routes.pass(now + PATIENCE, |_| true),
            [],
            "the far relay may find them"
        );
        assert_eq!(routes.not_far(now + SOON, &who), Some(true));
        assert_eq!(routes.pass(now + PATIENCE, |_| true), [Due::Nowhere(who)]);
        assert_eq!(routes.pass(now + PATIENCE, |_| true), []);
        routes.look_for(now, who, SOON, true);
        routes.pass(now + SOON, |_| false);
        let silent = routes.pass(now + PATIENCE, |_| false);
        assert_eq!(silent, [Due::Nowhere(who)], "no relay answers");
        let far_away = somebody();
        routes.look_for(now, far_away, Duration::ZERO, false);
        let due = routes.pass(now + PATIENCE, |_| true);
        assert!(due.contains(&Due::Nowhere(far_away)));
    }

    #[test]
    fn who_is_started_while_she_is_called_is_found_though_the_far_relay_knew_of_nobody() {
        let (mut routes, who, now) = (Routes::default(), somebody(), Instant::now());
        let far = Some(home(who));
        routes.look_for(now, who, Duration::ZERO, true);
        assert_eq!(says(&mut routes, now, who, far), []);
        let asked = vec![HELLO.to_vec()];
        assert_eq!(routes.pass(now, |_| true), [Due::AskFar(who, asked)]);
        assert_eq!(routes.not_far(now + SOON, &who), Some(true));
        assert_eq!(routes.pass(now + SOON, |_| true), []);
        assert_eq!(routes.sought(), Some(who));
        let late = neighbour();
        assert_eq!(routes.may_be(now + 2 * SOON, who, late), [HELLO]);
        routes.heard(now + 2 * SOON, who, late);
        assert_eq!(routes.pass(now + PATIENCE, |_| true), []);
        assert_eq!(routes.sought(), None);
        // A relay that answers when all time has passed ends it.
        routes.look_for(now, who, Duration::ZERO, true);
        assert_eq!(routes.not_far(now + PATIENCE, &who), Some(false));
    }

    #[test]
    fn one_person_at_a_time_is_looked_for() {
        let (mut routes, now) = (Routes::default(), Instant::now());
        let [one, other] = [0; 2].map(|_| somebody());
        routes.look_for(now, one, SOON, true);
        routes.look_for(now, other, SOON, true);
        assert_eq!(routes.sought(), Some(other));
        assert!(!routes.is_searching(&one));
        routes.look_only_for(Some(&other));
        assert!(routes.is_searching(&other));
        routes.look_only_for(None);
        assert_eq!(routes.sought(), None);
    }

    #[test]
    fn memory_is_bounded_and_whom_we_look_for_is_not_forgotten() {
        let (mut routes, who, now) = (Routes::default(), somebody(), Instant::now());
        routes.look_for(now, who, SOON, true);
        for number in 0..1000_u32 {
            routes.may_be(now, who, neighbour());
            routes.say(now, who, &number.to_be_bytes(), None, (false, |_| true));
            routes.heard(now + SOON, somebody(), neighbour());
        }
        assert_eq!(routes.0.len(), MAX_ROUTES);
        assert!(routes.is_searching(&who));
        assert_eq!(routes.local_ways(&who).count(), MAX_WAYS);
        let due = routes.pass(now + SOON, |_| true);
        assert!(matches!(&due[..], [Due::AskFar(_, said)] if said.len() == MAX_SAID));
    }
}
