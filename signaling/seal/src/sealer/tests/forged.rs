//! Frames of others than they say.

use std::time::Instant;

use identity::Address;
use snow::Builder;

use super::two_sides::{Side, in_conversation, kinds, seconds, settle};
use crate::dropped::Dropped;
use crate::frame::{Kind, SessionId, begin};
use crate::noise::Context;
use crate::payload::Hello;
use crate::rate::Sender;
use crate::reject::{NO_COMMON_VERSION, Rejection, hash_of_hello};
use crate::version::Offer;
use crate::words::{Commitment, Nonce};

/// The other address with the same X25519 form.
fn negative(address: Address) -> Address {
    let mut bytes = *address.as_bytes();
    bytes[31] ^= 0x80;
    Address::from_bytes(bytes)
}

/// A HELLO as the crate would make it, for a context and a static key that do not belong together.
fn hello_as(context: &Context, secret: &[u8; 32], responder: &[u8; 32]) -> Vec<u8> {
    let hello = Hello {
        offer: Offer::ours(),
        commitment: Commitment::to(&Nonce::random().unwrap()),
    };
    let mut noise = context.initiate(secret, responder).unwrap();
    let mut frame = begin(Kind::Hello, context.session, 256);
    frame.resize(256, 0);
    noise
        .write_message(&hello.encode(), &mut frame[18..])
        .unwrap();
    frame
}

#[test]
fn a_frame_under_another_sender_s_name_is_dropped() {
    let now = Instant::now();
    let (mut ann, mut bob, eve) = (Side::new(), Side::new(), Side::new());
    ann.say(now, bob.address, 1, b"invite");
    let hello = ann.only();
    let judged = bob
        .sealer
        .take(now, eve.address, (Sender::Stranger, eve.address), &hello);
    assert_eq!(judged, Err(Dropped::Unauthentic));
    bob.take(now, ann.address, &hello);
    let reply = bob.only();
    let judged = ann
        .sealer
        .take(now, eve.address, (Sender::Stranger, eve.address), &reply);
    assert_eq!(judged, Err(Dropped::UnknownSession));
    ann.take(now, bob.address, &reply);
    let data = ann.only();
    let judged = bob
        .sealer
        .take(now, eve.address, (Sender::Stranger, eve.address), &data);
    assert_eq!(judged, Err(Dropped::UnknownSession));
    bob.take(now, ann.address, &data);
    assert_eq!(bob.heard, [(ann.address, 1, b"invite".to_vec())]);
}

#[test]
fn a_hello_sealed_with_another_key_than_its_sender_s_is_dropped() {
    let now = Instant::now();
    let (ann, mut bob, eve) = (Side::new(), Side::new(), Side::new());
    let public = identity::x25519_public(&bob.address).unwrap();
    // Eve knows both addresses, and says in the prologue what Bob will say.
    let context = Context {
        initiator: ann.address,
        responder: bob.address,
        session: SessionId([5; 16]),
    };
    let forged = hello_as(&context, &eve.identity().x25519_secret(), &public);
    let judged = bob
        .sealer
        .take(now, ann.address, (Sender::Stranger, ann.address), &forged);
    assert_eq!(judged, Err(Dropped::WrongSender));
    let real = hello_as(&context, &ann.identity().x25519_secret(), &public);
    bob.take(now, ann.address, &real);
    assert_eq!(kinds(&bob.out()), ["REPLY"]);
}

#[test]
fn an_address_and_its_negative_are_two_people() {
    let now = Instant::now();
    let (mut ann, mut bob) = (Side::new(), Side::new());
    // From Ann, and said to be from her negative.
    ann.say(now, bob.address, 1, b"invite");
    let hello = ann.only();
    let judged = bob.sealer.take(
        now,
        negative(ann.address),
        (Sender::Stranger, negative(ann.address)),
        &hello,
    );
    assert_eq!(judged, Err(Dropped::Unauthentic));
    // For Bob's negative, and brought to Bob.
    ann.say(now, negative(bob.address), 2, b"invite");
    let judged = bob.sealer.take(
        now,
        ann.address,
        (Sender::Stranger, ann.address),
        &ann.only(),
    );
    assert_eq!(judged, Err(Dropped::Unauthentic));
    bob.take(now, ann.address, &hello);
    let judged = ann.sealer.take(
        now,
        negative(bob.address),
        (Sender::Stranger, negative(bob.address)),
        &bob.only(),
    );
    assert_eq!(judged, Err(Dropped::UnknownSession));
    assert!(bob.heard.is_empty());
}

#[test]
fn senders_with_weak_keys_are_refused() {
    let now = Instant::now();
    let mut bob = Side::new();
    let mut identity_element = [0; 32];
    identity_element[0] = 1;
    for bytes in [[0; 32], identity_element, [0xff; 32]] {
        let weak = Address::from_bytes(bytes);
        let context = Context {
            initiator: weak,
            responder: bob.address,
            session: SessionId([5; 16]),
        };
        // Whatever secret there is to such a key, everybody has it.
        let public = identity::x25519_public(&bob.address).unwrap();
        let hello = hello_as(&context, &[8; 32], &public);
        assert_eq!(
            bob.sealer.take(now, weak, (Sender::Stranger, weak), &hello),
            Err(Dropped::WeakKey)
        );
        let sent = bob.sealer.send(now, weak, 1, b"");
        assert_eq!(sent, Err(crate::SendError::WeakKey));
    }
}

#[test]
fn frames_that_are_thrown_back_are_not_taken() {
    let now = Instant::now();
    let (mut ann, mut bob) = (Side::new(), Side::new());
    ann.say(now, bob.address, 1, b"invite");
    let hello = ann.only();
    let thrown = ann
        .sealer
        .take(now, bob.address, (Sender::Stranger, bob.address), &hello);
    assert_eq!(thrown, Err(Dropped::KnownSession));
    let thrown = ann
        .sealer
        .take(now, ann.address, (Sender::Stranger, ann.address), &hello);
    assert_eq!(thrown, Err(Dropped::Ourselves));
    bob.take(now, ann.address, &hello);
    settle(now, &mut ann, &mut bob);
    ann.say(now, bob.address, 1, b"more");
    let data = ann.only();
    let thrown = ann
        .sealer
        .take(now, bob.address, (Sender::Stranger, bob.address), &data);
    assert_eq!(thrown, Err(Dropped::Unauthentic));
}

#[test]
fn a_forged_reset_costs_one_handshake_and_ends_nothing() {
    let now = Instant::now();
    let (mut ann, mut bob) = in_conversation(now);
    ann.say(now, bob.address, 1, b"offer");
    let data = ann.only();
    let mut forged = data[..18].to_vec();
    forged[1] = 4;
    bob.take(now, ann.address, &data);
    assert_eq!(bob.messages(), [b"offer"]);
    for _ in 0..100 {
        ann.take(now, bob.address, &forged);
    }
    assert_eq!(kinds(&ann.out()), ["HELLO"]);
    // The HELLO is lost; the session works as before.
    ann.say(now, bob.address, 1, b"candidate");
    bob.say(now, ann.address, 1, b"answer");
    assert_eq!(settle(now, &mut ann, &mut bob), ["DATA", "DATA"]);
    assert_eq!(bob.messages(), [b"candidate"]);
    assert_eq!(ann.messages(), [b"answer"]);
    // The HELLO arrives; words stay what they were.
    let later = now + seconds(1);
    ann.pass_time(later);
    settle(later, &mut ann, &mut bob);
    assert_eq!((ann.words.len(), bob.words.len()), (1, 1));
    bob.say(later, ann.address, 1, b"and on");
    ann.say(later, bob.address, 1, b"and on");
    assert_eq!(settle(later, &mut ann, &mut bob), ["DATA", "DATA"]);
    assert_eq!(ann.messages(), [b"and on"]);
}

#[test]
fn a_reset_without_a_cause_or_under_another_name_changes_nothing() {
    let now = Instant::now();
    let (mut ann, mut bob) = in_conversation(now);
    let eve = Side::new();
    ann.say(now, bob.address, 1, b"offer");
    let mut forged = ann.only()[..18].to_vec();
    forged[1] = 4;
    let judged = ann
        .sealer
        .take(now, eve.address, (Sender::Stranger, eve.address), &forged);
    assert_eq!(judged, Err(Dropped::UnknownSession));
    let late = now + seconds(11);
    let judged = ann
        .sealer
        .take(late, bob.address, (Sender::Stranger, bob.address), &forged);
    assert_eq!(judged, Err(Dropped::NoCause));
    bob.say(late, ann.address, 1, b"answer");
    assert_eq!(settle(late, &mut ann, &mut bob), ["DATA"]);
}

#[test]
fn forged_resets_do_not_keep_an_old_message_coming_back() {
    let start = Instant::now();
    let (mut ann, mut bob) = in_conversation(start);
    ann.say(start, bob.address, 1, b"invite");
    let mut last = ann.only();
    for second in (0..60).step_by(4) {
        let now = start + seconds(second);
        let mut forged = last[..18].to_vec();
        forged[1] = 4;
        ann.take(now, bob.address, &forged);
        for frame in ann.out() {
            bob.take(now, ann.address, &frame);
        }
        for frame in bob.out() {
            ann.take(now, bob.address, &frame);
        }
        for frame in ann.out() {
            bob.take(now, ann.address, &frame);
            last = frame;
        }
    }
    // Three within the ten seconds in which a RESET can have a cause.
    assert_eq!(bob.messages().len(), 3);
}

#[test]
fn only_the_callee_can_reject_and_only_a_hello_that_waits() {
    let now = Instant::now();
    let (mut ann, mut bob, eve) = (Side::new(), Side::new(), Side::new());
    ann.say(now, bob.address, 1, b"invite");
    let hello = ann.only();
    let context = Context {
        initiator: ann.address,
        responder: bob.address,
        session: SessionId(hello[2..18].try_into().unwrap()),
    };
    let rejection = Rejection {
        reason: NO_COMMON_VERSION,
        offer: Offer::ours(),
    };
    let hash = hash_of_hello(&hello);
    let forged = rejection.sign(eve.identity(), &context, &hash);
    let judged = ann
        .sealer
        .take(now, bob.address, (Sender::Stranger, bob.address), &forged);
    assert_eq!(judged, Err(Dropped::Signature));
    let real = rejection.sign(bob.identity(), &context, &hash);
    let judged = ann
        .sealer
        .take(now, eve.address, (Sender::Stranger, eve.address), &real);
    assert_eq!(judged, Err(Dropped::UnknownSession));
    bob.take(now, ann.address, &hello);
    settle(now, &mut ann, &mut bob);
    assert_eq!(bob.messages(), [b"invite"]);
    let judged = ann
        .sealer
        .take(now, bob.address, (Sender::Stranger, bob.address), &real);
    assert_eq!(judged, Err(Dropped::UnknownSession));
    assert!(ann.incompatible.is_empty());
}

#[test]
fn who_reveals_another_value_than_it_committed_to_is_refused() {
    let now = Instant::now();
    let (ann, mut bob) = (Side::new(), Side::new());
    let public = identity::x25519_public(&bob.address).unwrap();
    let context = Context {
        initiator: ann.address,
        responder: bob.address,
        session: SessionId([5; 16]),
    };
    let [committed, revealed] = [(); 2].map(|()| Nonce::random().unwrap());
    let hello = Hello {
        offer: Offer::ours(),
        commitment: Commitment::to(&committed),
    };
    let secret = ann.identity().x25519_secret();
    let mut noise = context.initiate(&secret, &public).unwrap();
    let mut frame = begin(Kind::Hello, context.session, 256);
    frame.resize(256, 0);
    noise
        .write_message(&hello.encode(), &mut frame[18..])
        .unwrap();
    bob.take(now, ann.address, &frame);
    let reply = bob.only();
    noise.read_message(&reply[18..], &mut [0; 256]).unwrap();
    let keys = noise.into_stateless_transport_mode().unwrap();
    let mut channel = crate::channel::Channel::new(keys);
    let data = crate::payload::Data {
        conversation: 1,
        reveal: Some(revealed),
        message: b"invite",
    };
    let sealed = channel.seal(context.session, &data.encode().unwrap());
    let judged = bob.sealer.take(
        now,
        ann.address,
        (Sender::Stranger, ann.address),
        &sealed.unwrap(),
    );
    assert_eq!(judged, Err(Dropped::Commitment));
    assert!(bob.sealer.poll_output().is_none());
}

#[test]
fn a_handshake_of_another_protocol_does_not_open() {
    let now = Instant::now();
    let (ann, mut bob) = (Side::new(), Side::new());
    let context = Context {
        initiator: ann.address,
        responder: bob.address,
        session: SessionId([5; 16]),
    };
    let public = identity::x25519_public(&bob.address).unwrap();
    let mut noise = Builder::new("Noise_IK_25519_ChaChaPoly_BLAKE2s".parse().unwrap())
        .local_private_key(ann.identity().x25519_secret().as_slice())
        .unwrap()
        .remote_public_key(&public)
        .unwrap()
        .prologue(b"another protocol")
        .unwrap()
        .build_initiator()
        .unwrap();
    let mut frame = begin(Kind::Hello, context.session, 256);
    frame.resize(256, 0);
    noise.write_message(&[1; 142], &mut frame[18..]).unwrap();
    let judged = bob
        .sealer
        .take(now, ann.address, (Sender::Stranger, ann.address), &frame);
    assert_eq!(judged, Err(Dropped::Unauthentic));
}
