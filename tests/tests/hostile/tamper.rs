//! The relay changes what passes through it while a call is set up.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use identity::Address;
use scenarios::hostile_relay::{Delivery, Envelope, Kind, Random, pass};
use scenarios::story::Story;
use scenarios::turn::turn;

use super::{Pair, SOON, World};

/// What a call may come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// It connects all the same.
    Connects,
    /// It connects, or it does not, and both know. Messages were lost, and not each is said again: a
    /// relay's link loses none by itself.
    Either,
    /// Nothing rings.
    Silence,
}

/// One way to meddle.
struct Attack {
    what: &'static str,
    outcome: Outcome,
    tamper: fn(&mut Random, Envelope, &People) -> Vec<Delivery>,
}

/// Who is there, and somebody of whom nobody has heard.
#[derive(Clone, Copy)]
struct People {
    ada: Address,
    bea: Address,
    carl: Address,
}

const ATTACKS: &[Attack] = &[
    Attack {
        what: "repeats everything and changes all order",
        outcome: Outcome::Connects,
        tamper: |random, envelope, _| {
            let mut late = || Delivery {
                after: random.delay(Duration::from_millis(250)),
                envelope: envelope.clone(),
            };
            vec![late(), late(), late()]
        },
    },
    Attack {
        what: "loses every third frame",
        outcome: Outcome::Either,
        tamper: |random, envelope, _| match random.below(3) {
            0 => Vec::new(),
            _ => vec![pass(envelope)],
        },
    },
    Attack {
        what: "adds a copy from a stranger to everything",
        outcome: Outcome::Connects,
        tamper: |_, envelope, people| {
            let copy = from(&envelope, people.carl);
            vec![pass(copy), pass(envelope)]
        },
    },
    Attack {
        what: "sends everything back to whom it comes from, too",
        outcome: Outcome::Connects,
        tamper: |_, envelope, people| {
            let back = Envelope {
                from: envelope.to,
                to: envelope.from,
                payload: envelope.payload.clone(),
            };
            let as_stranger = from(&back, people.carl);
            vec![pass(back), pass(as_stranger), pass(envelope)]
        },
    },
    Attack {
        what: "changes a byte of every second message",
        outcome: Outcome::Either,
        tamper: |random, envelope, _| {
            let hit = Kind::of(&envelope.payload) == Kind::Data && random.below(2) == 0;
            vec![pass(if hit {
                flipped(random, &envelope)
            } else {
                envelope
            })]
        },
    },
    Attack {
        what: "adds a changed copy before everything",
        outcome: Outcome::Connects,
        tamper: |random, envelope, _| {
            let changed = flipped(random, &envelope);
            vec![pass(changed), pass(envelope)]
        },
    },
    Attack {
        what: "adds cut and lengthened copies of everything",
        outcome: Outcome::Connects,
        tamper: |_, envelope, _| {
            let cuts = [0, 1, 2, 10, 17, 18, 26, 64, envelope.payload.len() - 1];
            let cuts = cuts.map(|it| envelope.payload.len().min(it));
            let mut all: Vec<_> = cuts.iter().map(|it| pass(cut(&envelope, *it))).collect();
            all.push(pass(lengthened(&envelope)));
            all.push(pass(envelope));
            all
        },
    },
    Attack {
        what: "changes a byte of every message",
        outcome: Outcome::Silence,
        tamper: |random, envelope, _| vec![pass(flipped_if(Kind::Data, random, envelope))],
    },
    Attack {
        what: "changes a byte of every first frame",
        outcome: Outcome::Silence,
        tamper: |random, envelope, _| vec![pass(flipped_if(Kind::Hello, random, envelope))],
    },
    Attack {
        what: "changes a byte of every answer",
        outcome: Outcome::Silence,
        tamper: |random, envelope, _| vec![pass(flipped_if(Kind::Reply, random, envelope))],
    },
    Attack {
        what: "says that all of Ada's comes from a stranger",
        outcome: Outcome::Silence,
        tamper: |_, envelope, people| {
            let hers = envelope.from == people.ada;
            vec![pass(if hers {
                from(&envelope, people.carl)
            } else {
                envelope
            })]
        },
    },
    Attack {
        what: "says that all of Bea's comes from a stranger",
        outcome: Outcome::Silence,
        tamper: |_, envelope, people| {
            let hers = envelope.from == people.bea;
            vec![pass(if hers {
                from(&envelope, people.carl)
            } else {
                envelope
            })]
        },
    },
    Attack {
        what: "cuts everything in half",
        outcome: Outcome::Silence,
        tamper: |_, envelope, _| vec![pass(cut(&envelope, envelope.payload.len() / 2))],
    },
    Attack {
        what: "lets no answer through",
        outcome: Outcome::Silence,
        tamper: |_, envelope, people| match envelope.from == people.ada {
            true => vec![pass(envelope)],
            false => Vec::new(),
        },
    },
];

#[tokio::test]
async fn a_call_connects_or_is_not_there_whatever_is_done_to_its_messages() -> Result<()> {
    let _turn = turn().await;
    let world = World::new().await?;
    let mut pair = world.pair().await?;
    let carl = identity::Identity::generate()?.address();
    let people = People {
        ada: world.ada,
        bea: world.bea,
        carl,
    };
    for (seed, attack) in ATTACKS.iter().enumerate() {
        let mut random = Random::new(seed as u64);
        let tamper = attack.tamper;
        world
            .relay
            .set(move |envelope| tamper(&mut random, envelope, &people));
        let lived = match attack.outcome {
            Outcome::Connects => pair.talk().await,
            Outcome::Either => attempt(&world, &mut pair).await,
            Outcome::Silence => silence(&mut pair).await,
        };
        lived.with_context(|| format!("a relay that {}", attack.what))?;
        pair.check()
            .with_context(|| format!("a relay that {}", attack.what))?;
        world.relay.behave();
    }
    // Whatever was left behind, those two can still talk.
    pair.talk().await?;
    pair.check()
}

/// Ada dials and after a while hangs up or gives up. What was lost of the end is asked for later.
async fn attempt(world: &World, pair: &mut Pair) -> Result<()> {
    pair.dial().await?;
    // Whether it connects in time is left open.
    let _ = pair.ada.phase("connected", Duration::from_secs(3)).await;
    pair.ada.say("end").await?;
    pair.ada.state("idle", SOON).await?;
    world.relay.behave();
    pair.bea.listen(ATTENTION).await;
    let story = Story::of(pair.bea.lines());
    if story.steps().last().is_some_and(|it| it.state != "idle") {
        pair.bea.state("idle", SOON).await?;
    }
    Ok(())
}

/// Ada dials and gives up; meanwhile nothing has happened at Bea's.
async fn silence(pair: &mut Pair) -> Result<()> {
    let rings = Story::of(pair.bea.lines()).rang().len();
    pair.dial().await?;
    pair.ada.state("outgoing", SOON).await?;
    pair.ada.listen(ATTENTION).await;
    pair.bea.listen(Duration::ZERO).await;
    let story = Story::of(pair.bea.lines());
    ensure!(story.rang().len() == rings, "it rang: {story:?}");
    pair.end(false).await
}

/// Several retransmissions of the first frame, which come after 1, 2 and 4 s, are not waited for:
/// what is false at first is false again.
const ATTENTION: Duration = Duration::from_millis(1300);

fn from(envelope: &Envelope, sender: Address) -> Envelope {
    Envelope {
        from: sender,
        ..envelope.clone()
    }
}

/// An envelope of this kind with a byte changed; any other as it is.
fn flipped_if(kind: Kind, random: &mut Random, envelope: Envelope) -> Envelope {
    if Kind::of(&envelope.payload) == kind {
        flipped(random, &envelope)
    } else {
        envelope
    }
}

fn flipped(random: &mut Random, envelope: &Envelope) -> Envelope {
    let mut payload = envelope.payload.to_vec();
    let at = random.below(payload.len());
    payload[at] ^= 1 << random.below(8);
    Envelope {
        payload: payload.into(),
        ..envelope.clone()
    }
}

fn cut(envelope: &Envelope, length: usize) -> Envelope {
    Envelope {
        payload: envelope.payload.slice(..length),
        ..envelope.clone()
    }
}

fn lengthened(envelope: &Envelope) -> Envelope {
    let mut payload = envelope.payload.to_vec();
    payload.push(0);
    Envelope {
        payload: payload.into(),
        ..envelope.clone()
    }
}
