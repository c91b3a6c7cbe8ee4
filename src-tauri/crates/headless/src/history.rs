//! Writes down the calls of an engine, and what is said in them in text.

use std::sync::{Arc, Mutex};

use engine::view::TextState;
use engine::{DirectionRecord, Ended, Engine, Said};
use identity::Address;
use media::transport::{ConnectionQuality, Path};
use store::{
    CallRecord, HistoryEntry, HistoryPeer, KeptText, KeptTextState, RecordedDirection,
    RecordedPath, RecordedQuality, Store, StoreError,
};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::sleep;

use crate::disk::with_store;
use crate::wall_clock;

/// What an engine tells for its history.
#[derive(Debug)]
pub struct Records {
    /// The calls that end.
    pub ended: broadcast::Receiver<Ended>,
    /// What is said in text.
    pub said: broadcast::Receiver<Said>,
}

impl Records {
    /// What this engine tells from now on.
    #[must_use]
    pub fn of(engine: &Engine) -> Self {
        Self {
            ended: engine.ended(),
            said: engine.said(),
        }
    }
}

/// Keeps every call that ends from now on in `store`, and what is said in text where the user wants it
/// kept, apart from what is with `never`, until the engine is gone and all is written. `changed` sees
/// the store after each change of the calls; it must not wait, for the store is locked.
pub async fn keep(
    records: Records,
    store: Arc<Mutex<Store>>,
    never: Option<Address>,
    changed: impl Fn(&Store) + Clone + Send + 'static,
) {
    let Records {
        mut ended,
        mut said,
    } = records;
    let never = never.map(|it| it.to_string());
    let is_never = |address: &str| never.as_deref() == Some(address);
    // What went wrong at the last change. A full disk is tried again and again, and told once.
    let mut trouble = None;
    loop {
        let unwritten = change(&store, &mut trouble, |_| Ok(())).await;
        let next = tokio::select! {
            // The texts of a call are there before it is over.
            biased;
            Ok(said) = said.recv() => {
                if !is_never(&said.peer.address) {
                    keep_text(&store, &mut trouble, said).await;
                }
                continue;
            }
            next = ended.recv() => Some(next),
            () = sleep(Store::PAUSE), if unwritten => None,
        };
        match next {
            Some(Ok(ended)) if is_never(&ended.peer.address) => {}
            Some(Ok(ended)) => {
                let (entry, changed) = (entry(ended), changed.clone());
                change(&store, &mut trouble, move |store| {
                    let added = store.add(entry);
                    changed(store);
                    added
                })
                .await;
            }
            Some(Err(RecvError::Lagged(calls))) => {
                tracing::warn!(calls, "calls came faster than they can be written down");
            }
            None => {
                change(&store, &mut trouble, Store::flush).await;
            }
            Some(Err(RecvError::Closed)) => {
                change(&store, &mut trouble, Store::flush).await;
                return;
            }
        }
    }
}

/// Keeps a text, or what became of one, unless the user wants what is said forgotten.
async fn keep_text(store: &Arc<Mutex<Store>>, trouble: &mut Option<String>, said: Said) {
    let text = kept_text(said);
    change(store, trouble, |store| {
        if store.settings().keep_texts {
            store.keep_text(text)
        } else {
            Ok(())
        }
    })
    .await;
}

/// Changes the store on a thread that may wait for the disk; whether something is left to write.
/// What goes wrong is told when it is not the same `trouble` as before.
async fn change(
    store: &Arc<Mutex<Store>>,
    trouble: &mut Option<String>,
    change: impl FnOnce(&mut Store) -> Result<(), StoreError> + Send + 'static,
) -> bool {
    let changed = with_store(store, |store| {
        let error = change(store).err();
        (error, store.is_unwritten())
    });
    let Ok((error, unwritten)) = changed.await else {
        return false;
    };
    match error.map(|it| it.to_string()) {
        Some(error) if trouble.as_ref() != Some(&error) => {
            tracing::warn!(error, "the history is not written yet");
            *trouble = Some(error);
        }
        Some(_) => {}
        None if !unwritten => *trouble = None,
        None => {}
    }
    unwritten
}

/// What is remembered of a call that ended now.
fn entry(ended: Ended) -> HistoryEntry {
    let reason = serde_json::to_value(ended.reason).ok();
    HistoryEntry {
        peer: HistoryPeer {
            address: ended.peer.address,
            name: ended.peer.name,
        },
        relay: ended.relay,
        at: wall_clock::now(),
        outgoing: ended.outgoing,
        reason: reason
            .and_then(|it| it.as_str().map(str::to_owned))
            .unwrap_or_default(),
        accepted: ended.accepted,
        lasted_ms: ended.lasted_ms,
        record: ended.path.zip(ended.quality).map(record),
    }
}

fn record((path, quality): (Path, engine::CallRecord)) -> CallRecord {
    CallRecord {
        path: match path {
            Path::Local => RecordedPath::Local,
            Path::Direct => RecordedPath::Direct,
            Path::Relayed => RecordedPath::Relayed,
            Path::Server => RecordedPath::Server,
        },
        send: direction(quality.send),
        receive: direction(quality.receive),
        frame_width: quality.largest.width,
        frame_height: quality.largest.height,
    }
}

fn direction(record: DirectionRecord) -> RecordedDirection {
    RecordedDirection {
        mean: level(record.mean),
        worst: level(record.worst),
        lost_per_mille: record.lost_per_mille,
    }
}

fn level(level: ConnectionQuality) -> RecordedQuality {
    match level {
        ConnectionQuality::Lost => RecordedQuality::Lost,
        ConnectionQuality::Poor => RecordedQuality::Poor,
        ConnectionQuality::Good => RecordedQuality::Good,
        ConnectionQuality::Excellent => RecordedQuality::Excellent,
    }
}

fn kept_text(said: Said) -> KeptText {
    KeptText {
        address: said.peer.address,
        call: said.call,
        number: said.text.number,
        at: said.text.at,
        text: said.text.text.as_str().to_owned(),
        state: match said.text.state {
            TextState::Received => KeptTextState::Received,
            TextState::Sent => KeptTextState::Sent,
            TextState::Delivered => KeptTextState::Delivered,
            TextState::Failed => KeptTextState::Failed,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use call::chat::Text;
    use call::id::Peer;
    use call::reason::EndReason;
    use engine::view::ChatText;
    use identity::Identity;

    use super::*;

    fn missed(number: usize) -> Ended {
        Ended {
            peer: Peer {
                address: format!("tincan:{number}"),
                name: "Ada".to_owned(),
            },
            relay: None,
            outgoing: false,
            accepted: false,
            reason: EndReason::Missed,
            lasted_ms: None,
            path: None,
            quality: None,
        }
    }

    fn text(with: &str, number: u32, state: TextState) -> Said {
        Said {
            peer: Peer {
                address: with.to_owned(),
                name: String::new(),
            },
            call: "00000000000000aa".to_owned(),
            text: ChatText {
                number,
                at: 5,
                text: Text::new("hello").unwrap(),
                state,
            },
        }
    }

    /// The calls and the texts of an engine that is told by what is returned.
    fn records() -> (broadcast::Sender<Ended>, broadcast::Sender<Said>, Records) {
        let ((calls, ended), (texts, said)) = (broadcast::channel(16), broadcast::channel(16));
        (calls, texts, Records { ended, said })
    }

    #[tokio::test]
    async fn texts_are_kept_or_forgotten_as_the_user_wants() {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(Mutex::new(Store::open(dir.path()).unwrap()));
        let test_peer = Identity::generate().unwrap().address();
        for keep_texts in [true, false] {
            let settings = store::Settings {
                keep_texts,
                ..store::Settings::default()
            };
            store.lock().unwrap().set_settings(settings).unwrap();
            let (calls, texts, records) = records();
            let with = if keep_texts { "tincan:1" } else { "tincan:2" };
            texts.send(text(with, 0, TextState::Sent)).unwrap();
            texts.send(text(with, 0, TextState::Delivered)).unwrap();
            let test = text(&test_peer.to_string(), 0, TextState::Received);
            texts.send(test).unwrap();
            drop((calls, texts));
            keep(records, Arc::clone(&store), Some(test_peer), |_| {}).await;
        }
        let store = store.lock().unwrap();
        let states: Vec<_> = store.texts("tincan:1").iter().map(|it| it.state).collect();
        assert_eq!(states, [KeptTextState::Delivered]);
        assert_eq!(store.texts("tincan:2"), []);
        assert_eq!(store.texts(&test_peer.to_string()), []);
    }

    #[tokio::test]
    async fn a_call_with_the_peer_of_test_calls_is_not_remembered() {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(Mutex::new(Store::open(dir.path()).unwrap()));
        let (calls, texts, records) = records();
        let test_peer = Identity::generate().unwrap().address();
        let mut test = missed(1);
        test.peer.address = test_peer.to_string();
        calls.send(test).unwrap();
        calls.send(missed(2)).unwrap();
        drop((calls, texts));
        keep(records, Arc::clone(&store), Some(test_peer), |_| {}).await;
        let store = store.lock().unwrap();
        let people: Vec<_> = store.history().iter().map(|it| &it.peer.address).collect();
        assert_eq!(people, ["tincan:2"]);
    }

    #[tokio::test]
    async fn every_call_is_on_the_disk_when_the_engine_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(Mutex::new(Store::open(dir.path()).unwrap()));
        let (calls, texts, records) = records();
        let test_peer = Identity::generate().unwrap().address();
        let keeping = tokio::spawn(keep(records, store, Some(test_peer), |_| {}));
        for number in 0..3 {
            calls.send(missed(number)).unwrap();
        }
        drop((calls, texts));
        tokio::time::timeout(Duration::from_secs(60), keeping)
            .await
            .unwrap()
            .unwrap();
        let store = Store::open(dir.path()).unwrap();
        let reasons: Vec<_> = store.history().iter().map(|it| &it.reason).collect();
        assert_eq!(reasons, ["missed"; 3]);
    }
}
