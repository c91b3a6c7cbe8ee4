//! Sessions over link-local addresses of IPv6, which the library knows by what stands in for them.

use std::net::{IpAddr, Ipv4Addr};

use media::time::MediaTime;
use media::transport::{MediaTransport, Parcel, Role};

use super::duo::{Duo, End, keyframe, params};
use crate::network::Interface;
use crate::p2p::{Config, Negotiation, PeerToPeer};

/// An end on this address alone.
async fn open_on(address: IpAddr, role: Role) -> End {
    let transport = PeerToPeer::new(Config {
        bind: Some(address),
        ..Config::default()
    });
    End::of(transport.open(params(role)).await.unwrap())
}

/// All that a parcel says, as text.
fn text(parcel: &Parcel) -> String {
    String::from_utf8(parcel.0.to_vec()).unwrap()
}

/// The addresses of the candidates in it.
fn addresses(parcel: &Parcel) -> Vec<String> {
    let (Negotiation::Offer { sdp, .. } | Negotiation::Answer { sdp, .. }) =
        Negotiation::from_parcel(parcel).unwrap()
    else {
        return Vec::new();
    };
    let candidates = sdp.lines().filter(|it| it.starts_with("a=candidate:"));
    let address = |it: &str| it.split(' ').nth(4).unwrap().to_owned();
    candidates.map(address).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn media_flow_over_link_local_addresses_and_what_stands_in_for_them_is_told_to_nobody() {
    let links = Interface::all();
    let mut links = links.iter().filter_map(Interface::link_local);
    let Some(link) = links.next() else {
        return println!("skipped: no link-local address here");
    };
    let link = IpAddr::from(*link.ip());
    let mut caller = open_on(link, Role::Offerer).await;
    let callee = open_on(link, Role::Answerer).await;
    let parcels = caller.parcels_so_far().await;
    assert_eq!(addresses(&parcels[0]), [link.to_string()]);
    for parcel in parcels {
        assert!(!text(&parcel).contains(" ::1 "), "{}", text(&parcel));
        callee.control.parcel(parcel);
    }

    let mut duo = Duo::couple(caller, callee);
    duo.both_connected().await;
    for (from, to) in [(&duo.caller, &duo.callee), (&duo.callee, &duo.caller)] {
        from.send_video(MediaTime::from_micros(0), keyframe(30_000));
        assert_eq!(to.next_video().await.frame.payload, keyframe(30_000));
    }
    duo.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn candidates_that_no_address_of_ours_pairs_with_disturb_nothing() {
    let caller = open_on(Ipv4Addr::LOCALHOST.into(), Role::Offerer).await;
    let callee = open_on(Ipv4Addr::LOCALHOST.into(), Role::Answerer).await;
    for number in 1..5 {
        let alone = Negotiation::Candidate {
            candidate: format!("candidate:9 1 udp 2130706431 fe80::{number} 4000 typ host"),
            sdp_mid: None,
            sdp_mline_index: Some(0),
        };
        caller.control.parcel(alone.to_parcel());
        callee.control.parcel(alone.to_parcel());
    }
    let mut duo = Duo::couple(caller, callee);
    duo.both_connected().await;
    duo.close().await;
}
