//! Writes down the calls of an engine.

use std::sync::{Arc, Mutex};

use engine::{DirectionRecord, Ended};
use identity::Address;
use media::transport::{ConnectionQuality, Path};
use store::{
    CallRecord, HistoryEntry, HistoryPeer, RecordedDirection, RecordedPath, RecordedQuality, Store,
    StoreError,
};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::sleep;

use crate::disk::with_store;
use crate::wall_clock;

/// Keeps every call that ends from now on in `store`, apart from those with `never`, until the engine
/// is gone and all is written. `changed` sees the store after each change; it must not wait, for the store is locked.
pub async fn keep(
    mut ended: broadcast::Receiver<Ended>,
    store: Arc<Mutex<Store>>,
    never: Option<Address>,
    changed: impl Fn(&Store) + Clone + Send + 'static,
) {
    let never = never.map(|it| it.to_string());
    // What went wrong at the last change. A full disk is tried again and again, and told once.
    let mut trouble = None;
    loop {
        let unwritten = change(&store, &mut trouble, |_| Ok(())).await;
        let next = tokio::select! {
            next = ended.recv() => Some(next),
            () = sleep(Store::PAUSE), if unwritten => None,
        };
        match next {
            Some(Ok(ended)) if never.as_ref() == Some(&ended.peer.address) => {}
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
            tracing::warn!(error, "a call is not in the history yet");
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use call::id::Peer;
    use call::reason::EndReason;
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

    #[tokio::test]
    async fn a_call_with_the_peer_of_test_calls_is_not_remembered() {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(Mutex::new(Store::open(dir.path()).unwrap()));
        let (calls, receiver) = broadcast::channel(16);
        let test_peer = Identity::generate().unwrap().address();
        let mut test = missed(1);
        test.peer.address = test_peer.to_string();
        calls.send(test).unwrap();
        calls.send(missed(2)).unwrap();
        drop(calls);
        keep(receiver, Arc::clone(&store), Some(test_peer), |_| {}).await;
        let store = store.lock().unwrap();
        let people: Vec<_> = store.history().iter().map(|it| &it.peer.address).collect();
        assert_eq!(people, ["tincan:2"]);
    }

    #[tokio::test]
    async fn every_call_is_on_the_disk_when_the_engine_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(Mutex::new(Store::open(dir.path()).unwrap()));
        let (calls, receiver) = broadcast::channel(16);
        let test_peer = Identity::generate().unwrap().address();
        let keeping = tokio::spawn(keep(receiver, store, Some(test_peer), |_| {}));
        for number in 0..3 {
            calls.send(missed(number)).unwrap();
        }
        drop(calls);
        tokio::time::timeout(Duration::from_secs(60), keeping)
            .await
            .unwrap()
            .unwrap();
        let store = Store::open(dir.path()).unwrap();
        let reasons: Vec<_> = store.history().iter().map(|it| &it.reason).collect();
        assert_eq!(reasons, ["missed"; 3]);
    }
}
