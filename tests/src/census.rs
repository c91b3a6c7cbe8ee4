//! Which rooms a LiveKit server has had while somebody looked, and who was in them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::livekit::Api;

/// Somebody who looks, several times a second, until it is dropped.
#[derive(Debug)]
pub struct Census {
    api: Api,
    seen: Arc<Mutex<Seen>>,
    looking: JoinHandle<()>,
}

/// What there was, each by the name that the server gives once and never again (sid).
#[derive(Clone, Debug, Default)]
struct Seen {
    rooms: BTreeSet<String>,
    /// The most participants that a room had at once.
    most: usize,
}

/// Who is in the only room, and what they publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Present {
    /// The room's sid.
    pub room: String,
    /// Each participant's sid, with the tracks by theirs.
    pub participants: BTreeMap<String, BTreeMap<String, Track>>,
}

/// A published track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// What it carries, by the server's name: `MICROPHONE`.
    pub source: String,
    /// Whether whoever publishes it, or whoever moderates the room, has muted it.
    pub muted: bool,
}

impl Present {
    /// The same without what a toggle changes.
    #[must_use]
    pub fn sids(&self) -> (String, BTreeMap<String, BTreeSet<String>>) {
        let tracks = self.participants.iter();
        let tracks = tracks.map(|(sid, it)| (sid.clone(), it.keys().cloned().collect()));
        (self.room.clone(), tracks.collect())
    }

    /// The sources of all microphones and cameras that are muted, in order: screens are for as long
    /// as nobody shows one.
    #[must_use]
    pub fn paused(&self) -> Vec<&str> {
        let tracks = self.participants.values().flat_map(BTreeMap::values);
        let muted = tracks.filter(|it| it.muted).map(|it| it.source.as_str());
        let mut paused: Vec<_> = muted
            .filter(|it| matches!(*it, "CAMERA" | "MICROPHONE"))
            .collect();
        paused.sort_unstable();
        paused
    }
}

impl Census {
    /// Looks from now on.
    #[must_use]
    pub fn start(api: Api) -> Self {
        let seen = Arc::<Mutex<Seen>>::default();
        let into = Arc::clone(&seen);
        let looking = tokio::spawn(async move {
            loop {
                // A server that is killed has no rooms.
                if let Ok(rooms) = api.rooms().await {
                    let mut seen = into.lock().unwrap_or_else(PoisonError::into_inner);
                    seen.note(&rooms);
                }
                sleep(LOOK).await;
            }
        });
        Self { api, seen, looking }
    }

    /// Makes sure that there were no more than so many rooms in all, and never more than two people
    /// in one.
    ///
    /// # Errors
    /// When there were more.
    pub fn had_at_most(&self, count: usize) -> Result<()> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        ensure!(
            seen.rooms.len() <= count && seen.most <= 2,
            "{seen:?} is more than {count} rooms for two"
        );
        Ok(())
    }

    /// Waits until nobody is in any room, and says how long that took.
    ///
    /// # Errors
    /// When somebody still is after `limit`.
    pub async fn until_deserted(&self, limit: Duration) -> Result<Duration> {
        let begun = Instant::now();
        loop {
            let mut there = Vec::new();
            for room in self.api.rooms().await? {
                let name = text(&room, "name")?;
                // A room that has gone meanwhile has nobody.
                let who = self.api.participants(&name).await.unwrap_or_default();
                there.extend(who.iter().map(|it| it["state"].clone()));
            }
            let took = begun.elapsed();
            if there.is_empty() {
                return Ok(took);
            }
            ensure!(took < limit, "{there:?} are there after {took:?}");
            sleep(LOOK).await;
        }
    }

    /// Who is there now.
    ///
    /// # Errors
    /// When there is not one room, or the server does not answer.
    pub async fn present(&self) -> Result<Present> {
        let rooms = self.api.rooms().await?;
        let [room] = &rooms[..] else {
            anyhow::bail!("{} rooms", rooms.len());
        };
        let name = text(room, "name")?;
        let mut participants = BTreeMap::new();
        for who in self.api.participants(&name).await? {
            let tracks = who["tracks"].as_array().into_iter().flatten();
            let tracks = tracks.map(|it| {
                let track = Track {
                    source: text(it, "source")?,
                    muted: it["muted"].as_bool().unwrap_or_default(),
                };
                Ok((text(it, "sid")?, track))
            });
            participants.insert(text(&who, "sid")?, tracks.collect::<Result<_>>()?);
        }
        Ok(Present {
            room: text(room, "sid")?,
            participants,
        })
    }
}

impl Drop for Census {
    fn drop(&mut self) {
        self.looking.abort();
    }
}

impl Seen {
    fn note(&mut self, rooms: &[Value]) {
        for room in rooms {
            self.rooms.extend(room["sid"].as_str().map(str::to_owned));
            let inside = room["numParticipants"].as_u64().unwrap_or_default();
            self.most = self.most.max(usize::try_from(inside).unwrap_or(usize::MAX));
        }
    }
}

fn text(of: &Value, name: &str) -> Result<String> {
    let text = of[name].as_str();
    Ok(text.with_context(|| format!("no {name}"))?.to_owned())
}

/// Shorter than anything that a room is there for.
const LOOK: Duration = Duration::from_millis(100);
