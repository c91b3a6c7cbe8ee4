//! Two sides, `a` and `b`, that talk over a network which loses nothing but what is cut.

use super::super::*;
use crate::network::interface;

/// The network, its time, and both sides.
pub(super) struct World {
    now: Instant,
    sides: [Side; 2],
    on_the_way: Vec<Packet>,
    cut: Box<dyn Fn(SocketAddr, SocketAddr) -> bool>,
    /// An address of `a`, and what the other side sees instead.
    translated: Option<(SocketAddr, SocketAddr)>,
    requests: usize,
    moves: [usize; 2],
}

struct Side {
    mover: Mover,
    sends_over: Pair,
    accepted: Vec<Pair>,
    addresses: Vec<SocketAddr>,
    /// When something came over the pair in use.
    heard: Instant,
    /// When media came.
    media: Instant,
}

struct Packet {
    at: Instant,
    from: SocketAddr,
    to: SocketAddr,
    what: What,
}

#[derive(Clone, Copy)]
enum What {
    Request(Request),
    Answer(Transaction),
    IceCheck,
    Media,
}

/// The address of a letter and a number: `a1:1`; anything else is somebody's.
pub(super) fn at(name: &str) -> SocketAddr {
    let (host, port) = name.split_once(':').unwrap();
    let side = match host.as_bytes()[0] {
        b'a' => 1,
        b'b' => 2,
        _ => 9,
    };
    let number: u8 = host[1..].parse().unwrap_or(1);
    SocketAddr::from(([10, 0, side, number], port.parse().unwrap()))
}

pub(super) fn pair(local: &str, remote: &str) -> Pair {
    let (local, remote) = (at(local), at(remote));
    Pair { local, remote }
}

fn name(address: SocketAddr) -> String {
    let SocketAddr::V4(address) = address else {
        return address.to_string();
    };
    let [_, _, side, number] = address.ip().octets();
    let side = if side == 1 { 'a' } else { 'b' };
    format!("{side}{number}:{}", address.port())
}

impl World {
    /// Both use the pair of `a1:1` and `b1:1`.
    pub(super) fn new() -> Self {
        let now = Instant::now();
        let side = |role, local, remote| {
            let selected = pair(local, remote);
            Side {
                mover: Mover::new(role, selected, &[], Numbers::default()),
                sends_over: selected,
                accepted: vec![selected],
                addresses: vec![selected.local],
                heard: now,
                media: now,
            }
        };
        let sides = [
            side(Role::Offerer, "a1:1", "b1:1"),
            side(Role::Answerer, "b1:1", "a1:1"),
        ];
        Self {
            now,
            sides,
            on_the_way: Vec::new(),
            cut: Box::new(|_, _| false),
            translated: None,
            requests: 0,
            moves: [0; 2],
        }
    }

    /// Which interfaces a side has: `eth0 10.0.1.1/16`.
    pub(super) fn set_interfaces(&mut self, side: usize, interfaces: &[&str]) {
        let interfaces = interfaces.iter().map(|it| {
            let (name, subnet) = it.split_once(' ').unwrap();
            interface(name, subnet)
        });
        self.sides[side].mover.set_interfaces(interfaces.collect());
    }

    /// How often each side moved so far.
    pub(super) const fn moves(&self) -> [usize; 2] {
        self.moves
    }

    /// How long a packet takes.
    pub(super) const fn trip(&self) -> Duration {
        Duration::from_millis(20)
    }

    /// What a side has from now on.
    pub(super) fn set_addresses(&mut self, side: usize, addresses: &[&str]) {
        let addresses: Vec<_> = addresses.iter().map(|it| at(it)).collect();
        self.sides[side].addresses.clone_from(&addresses);
        self.sides[side].mover.set_locals(self.now, addresses);
        self.work(side);
    }

    /// What is lost from now on, by sender and receiver.
    pub(super) fn cut(&mut self, cut: impl Fn(SocketAddr, SocketAddr) -> bool + 'static) {
        self.cut = Box::new(cut);
    }

    /// What a side sends fails.
    pub(super) fn fail(&mut self, side: usize) {
        self.sides[side].mover.lose(self.now);
        self.work(side);
    }

    /// From now on others see this address of `a` as that one, and what is for it alone arrives.
    pub(super) fn rebind(&mut self, inside: &str, outside: &str) {
        self.translated = Some((at(inside), at(outside)));
    }

    /// An ICE check comes from this address.
    pub(super) fn ice_check(&mut self, to: usize, from: &str) {
        let local = self.sides[to].sends_over.local;
        let over = Pair {
            local,
            remote: at(from),
        };
        self.sides[to].mover.on_ice_check(self.now, over);
        self.work(to);
    }

    /// Where each side sends media: `a1:1 b1:1`.
    pub(super) fn pairs(&self) -> [String; 2] {
        let shown = |it: Pair| format!("{} {}", name(it.local), name(it.remote));
        [0, 1].map(|at| shown(self.sides[at].sends_over))
    }

    /// Whether each side heard the other lately.
    pub(super) fn hear_each_other(&self) -> [bool; 2] {
        let lately = self.now - Duration::from_millis(100);
        [0, 1].map(|at| self.sides[at].media > lately)
    }

    /// Requests that were sent so far.
    pub(super) const fn requests(&self) -> usize {
        self.requests
    }

    pub(super) fn run(&mut self, length: Duration) {
        let until = self.now + length;
        let mut step = 0_u64;
        while self.now < until {
            self.now += Duration::from_millis(5);
            step += 1;
            for side in [0, 1] {
                let over = self.sides[side].sends_over;
                if step.is_multiple_of(4) {
                    self.send(side, over, What::Media);
                }
                if step.is_multiple_of(100) {
                    self.send(side, over, What::IceCheck);
                }
            }
            self.deliver();
            for side in [0, 1] {
                self.work(side);
            }
        }
    }

    fn deliver(&mut self) {
        let now = self.now;
        let due = self.on_the_way.extract_if(.., |it| it.at <= now);
        for packet in due.collect::<Vec<_>>() {
            let to = packet.to;
            let Some(side) = [0, 1]
                .into_iter()
                .find(|at| self.sides[*at].addresses.contains(&to))
            else {
                continue;
            };
            let over = Pair {
                local: to,
                remote: packet.from,
            };
            self.sides[side].take(now, over, packet.what);
        }
    }

    fn work(&mut self, side: usize) {
        let heard = self.sides[side].heard;
        self.sides[side].mover.handle_timeout(self.now, heard);
        while let Some(output) = self.sides[side].mover.poll_output() {
            match output {
                Output::Request(over, request) => {
                    self.requests += 1;
                    self.send(side, over, What::Request(request));
                }
                Output::Answer(over, transaction) => {
                    self.send(side, over, What::Answer(transaction));
                }
                Output::Accept(over) => self.sides[side].accepted.push(over),
                Output::Move(over) => {
                    self.moves[side] += 1;
                    self.sides[side].sends_over = over;
                    self.sides[side].heard = self.now;
                }
                Output::LookAround => {
                    let addresses = self.sides[side].addresses.clone();
                    self.sides[side].mover.set_locals(self.now, addresses);
                }
            }
        }
    }

    fn send(&mut self, side: usize, over: Pair, what: What) {
        let (mut from, mut to) = (over.local, over.remote);
        if !self.sides[side].addresses.contains(&from) || (self.cut)(from, to) {
            return;
        }
        if let Some((inside, outside)) = self.translated {
            if from == inside {
                from = outside;
            } else if to == inside {
                return;
            } else if to == outside {
                to = inside;
            }
        }
        let at = self.now + self.trip();
        self.on_the_way.push(Packet { at, from, to, what });
    }
}

impl Side {
    fn take(&mut self, now: Instant, over: Pair, what: What) {
        if over == self.sends_over {
            self.heard = now;
        }
        match what {
            What::Request(request) => self.mover.on_request(now, over, request),
            What::Answer(transaction) => self.mover.on_answer(now, over, transaction),
            What::IceCheck if !self.accepted.contains(&over) => self.mover.on_ice_check(now, over),
            What::Media if self.accepted.contains(&over) => self.media = now,
            What::IceCheck | What::Media => {}
        }
    }
}
