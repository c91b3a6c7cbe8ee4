//! Tokens of LiveKit: JWTs (RFC 7519) that are signed by HMAC with SHA-256 (RFC 7518, 3.2), with
//! LiveKit's own claims (docs.livekit.io, "Authentication").
//!
//! Time is an input, and what is signed follows from what is given: whoever asks for the same token
//! again gets the same bytes, and nobody has to keep them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha2::Sha256;

use super::config::LiveKitConfig;
use super::room::{DEPARTURE_SECONDS, Identity, RoomName, SEATS};

/// What a token says.
#[derive(Debug, Serialize)]
struct Claims<'a> {
    iss: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    nbf: u64,
    exp: u64,
    video: Grants<'a>,
    #[serde(rename = "roomConfig", skip_serializing_if = "Option::is_none")]
    room_config: Option<RoomConfig>,
}

/// What it lets its owner do.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Grants<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<&'a str>,
    #[serde(skip_serializing_if = "is_false")]
    room_join: bool,
    #[serde(skip_serializing_if = "is_false")]
    room_create: bool,
    #[serde(skip_serializing_if = "is_false")]
    room_admin: bool,
    #[serde(skip_serializing_if = "is_false")]
    room_list: bool,
    #[serde(skip_serializing_if = "is_false")]
    can_publish: bool,
    #[serde(skip_serializing_if = "is_false")]
    can_subscribe: bool,
    #[serde(skip_serializing_if = "is_false")]
    can_publish_data: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    can_publish_sources: &'a [&'a str],
}

/// How the room shall be where it is gone when its token is used, and the server makes it anew.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RoomConfig {
    max_participants: u32,
    empty_timeout: u32,
    departure_timeout: u32,
}

/// What the relay asks the server for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Duty<'a> {
    /// To open or close rooms.
    Create,
    /// To list rooms.
    List,
    /// To see who is in a room.
    Watch(&'a str),
}

/// What lets one party into one room until then.
pub(super) fn of_party(
    config: &LiveKitConfig,
    room: RoomName,
    identity: Identity,
    until: SystemTime,
) -> Option<String> {
    let room = room.to_string();
    let video = Grants {
        room: Some(&room),
        room_join: true,
        can_publish: true,
        can_subscribe: true,
        can_publish_data: true,
        can_publish_sources: &SOURCES,
        ..Grants::default()
    };
    let exp = until.duration_since(UNIX_EPOCH).ok()?.as_secs();
    sign(
        config,
        &Claims {
            iss: &config.key,
            sub: Some(identity.to_string()),
            nbf: exp.saturating_sub((TTL + SKEW).as_secs()),
            exp,
            video,
            room_config: Some(RoomConfig {
                max_participants: SEATS,
                empty_timeout: DEPARTURE_SECONDS,
                departure_timeout: DEPARTURE_SECONDS,
            }),
        },
    )
}

/// What lets the relay do something at the server, for a moment.
pub(super) fn of_relay(config: &LiveKitConfig, duty: Duty<'_>, now: SystemTime) -> Option<String> {
    let video = match duty {
        Duty::Create => Grants {
            room_create: true,
            ..Grants::default()
        },
        Duty::List => Grants {
            room_list: true,
            ..Grants::default()
        },
        Duty::Watch(room) => Grants {
            room_admin: true,
            room: Some(room),
            ..Grants::default()
        },
    };
    let now = now.duration_since(UNIX_EPOCH).ok()?.as_secs();
    sign(
        config,
        &Claims {
            iss: &config.key,
            sub: None,
            nbf: now.saturating_sub(SKEW.as_secs()),
            exp: now.saturating_add(SKEW.as_secs()),
            video,
            room_config: None,
        },
    )
}

fn sign(config: &LiveKitConfig, claims: &Claims<'_>) -> Option<String> {
    let claims = serde_json::to_vec(claims).ok()?;
    let mut token = BASE64URL_NOPAD.encode(HEADER);
    token.push('.');
    BASE64URL_NOPAD.encode_append(&claims, &mut token);
    let mut mac = Hmac::<Sha256>::new_from_slice(config.secret.as_bytes()).ok()?;
    mac.update(token.as_bytes());
    token.push('.');
    BASE64URL_NOPAD.encode_append(&mac.finalize().into_bytes(), &mut token);
    Some(token)
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_false(it: &bool) -> bool {
    !*it
}

/// For how long a token lets its owner in: a ring takes 90 s at most, and whoever is in gets new ones
/// from the server.
pub(super) const TTL: Duration = Duration::from_secs(5 * 60);

/// How far the clocks of relay and server may be apart; LiveKit allows a minute besides.
const SKEW: Duration = Duration::from_secs(60);

/// Everything that a call publishes.
const SOURCES: [&str; 4] = ["camera", "microphone", "screen_share", "screen_share_audio"];

const HEADER: &[u8] = br#"{"alg":"HS256","typ":"JWT"}"#;

#[cfg(test)]
mod tests {
    use super::super::config::LiveKitSecret;
    use super::*;

    fn config() -> LiveKitConfig {
        let secret = LiveKitSecret::from_text("secretsecretsecretsecretsecretsecret").unwrap();
        LiveKitConfig::new("ws://127.0.0.1:7880", "devkey", secret).unwrap()
    }

    /// Its claims as JSON.
    fn claims(token: &str) -> serde_json::Value {
        let claims = token.split('.').nth(1).unwrap();
        let bytes = BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[test]
    fn a_signature_is_the_one_that_openssl_computes() {
        // printf %s HEADER.CLAIMS | openssl dgst -sha256 -hmac secret… -binary | basenc --base64url
        let claims = Claims {
            iss: "devkey",
            sub: None,
            nbf: 1,
            exp: 2,
            video: Grants::default(),
            room_config: None,
        };
        let token = sign(&config(), &claims).unwrap();
        let expected = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.\
                        eyJpc3MiOiJkZXZrZXkiLCJuYmYiOjEsImV4cCI6MiwidmlkZW8iOnt9fQ.\
                        JbNOyacFATcSjEKUaJrxrWLPCBHRlr616OqVKczbEKk";
        assert_eq!(token, expected);
    }

    #[test]
    fn a_party_may_join_one_room_and_publish_what_a_call_has() {
        let until = UNIX_EPOCH + Duration::from_secs(1_700_000_300);
        let token = of_party(&config(), RoomName([1; 16]), Identity([2; 16]), until);
        let claims = claims(&token.unwrap());
        assert_eq!(claims["iss"], "devkey");
        assert_eq!(claims["sub"], "AgICAgICAgICAgICAgICAg");
        assert_eq!(claims["exp"], 1_700_000_300);
        assert_eq!(claims["nbf"], 1_699_999_940);
        let video = serde_json::json!({
            "room": "tincan-AQEBAQEBAQEBAQEBAQEBAQ",
            "roomJoin": true,
            "canPublish": true,
            "canSubscribe": true,
            "canPublishData": true,
            "canPublishSources": ["camera", "microphone", "screen_share", "screen_share_audio"],
        });
        assert_eq!(claims["video"], video);
        assert_eq!(claims["roomConfig"]["maxParticipants"], 2);
    }

    #[test]
    fn the_relay_asks_for_no_more_than_it_needs() {
        let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let video = |duty| claims(&of_relay(&config(), duty, now).unwrap())["video"].clone();
        assert_eq!(video(Duty::Create), serde_json::json!({"roomCreate": true}));
        assert_eq!(video(Duty::List), serde_json::json!({"roomList": true}));
        assert_eq!(
            video(Duty::Watch("a")),
            serde_json::json!({"roomAdmin": true, "room": "a"})
        );
    }
}
