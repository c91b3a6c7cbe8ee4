//! What the relay asks of a LiveKit server: its room service by Twirp, with JSON
//! (docs.livekit.io, "Server APIs").

use std::io;
use std::time::SystemTime;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

use super::config::LiveKitConfig;
use super::error::ApiError;
use super::post::Door;
use super::room::{DEPARTURE_SECONDS, EMPTY_SECONDS, RoomName, SEATS};
use super::token::{self, Duty};

/// The room service of one server.
pub(super) struct Api {
    config: LiveKitConfig,
    door: Door,
}

#[derive(Serialize)]
struct CreateRoom<'a> {
    name: &'a str,
    max_participants: u32,
    empty_timeout: u32,
    departure_timeout: u32,
}

#[derive(Serialize)]
struct OfRoom<'a> {
    room: &'a str,
}

#[derive(Serialize)]
struct ListRooms<'a> {
    names: [&'a str; 1],
}

/// Of everything else in an answer only that it is JSON is checked.
#[derive(Deserialize)]
struct Participants {
    #[serde(default)]
    participants: Vec<IgnoredAny>,
}

impl Api {
    /// # Errors
    /// When TLS is needed and cannot be set up.
    pub(super) fn new(config: LiveKitConfig) -> io::Result<Self> {
        let door = Door::new(config.server.clone())?;
        Ok(Self { config, door })
    }

    pub(super) const fn config(&self) -> &LiveKitConfig {
        &self.config
    }

    /// Whether the server is there and knows the key.
    pub(super) async fn check(&self) -> Result<(), ApiError> {
        let nothing = ListRooms { names: ["none"] };
        let _rooms: IgnoredAny = self.call("ListRooms", Duty::List, &nothing).await?;
        Ok(())
    }

    /// Opens a room for two. The codecs of all rooms are for the server's own configuration to say
    /// (`room.enabled_codecs`): its API has no field for them.
    pub(super) async fn create(&self, room: RoomName) -> Result<(), ApiError> {
        let request = CreateRoom {
            name: &room.to_string(),
            max_participants: SEATS,
            empty_timeout: EMPTY_SECONDS,
            departure_timeout: DEPARTURE_SECONDS,
        };
        let _room: IgnoredAny = self.call("CreateRoom", Duty::Create, &request).await?;
        Ok(())
    }

    /// Closes a room and sends everybody in it away. One that is gone already is closed.
    pub(super) async fn delete(&self, room: RoomName) -> Result<(), ApiError> {
        let room = room.to_string();
        let request = OfRoom { room: &room };
        match self.call("DeleteRoom", Duty::Create, &request).await {
            Ok(IgnoredAny) | Err(ApiError::Refused(404)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// How many are in a room; none in one that is gone.
    pub(super) async fn participants(&self, room: RoomName) -> Result<usize, ApiError> {
        let room = room.to_string();
        let request = OfRoom { room: &room };
        let duty = Duty::Watch(&room);
        match self.call("ListParticipants", duty, &request).await {
            Ok(Participants { participants }) => Ok(participants.len()),
            Err(ApiError::Refused(404)) => Ok(0),
            Err(error) => Err(error),
        }
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        duty: Duty<'_>,
        request: &impl Serialize,
    ) -> Result<T, ApiError> {
        let token = token::of_relay(&self.config, duty, SystemTime::now());
        let token = token.ok_or(ApiError::Garbled)?;
        let json = serde_json::to_vec(request).map_err(|_| ApiError::Garbled)?;
        let path = format!("/twirp/livekit.RoomService/{method}");
        let answer = self.door.post(&path, &token, json).await?;
        serde_json::from_slice(&answer).map_err(|_| ApiError::Garbled)
    }
}
