//! Lines of JSON about a call: one per change of its state, one a second of its figures.

use std::io::Write;
use std::time::Instant;

use call::view::{ActivePhase, CallView, Culprit, Received};
use engine::view::{DeviceNow, EngineView, LanView, QualityView, RelayView, ShareView};
use engine::{PictureFeed, RecordingFile, Said};
use identity::Invite;
use media::backend::voice::VoiceHealth;
use serde_json::{Value, json};

use crate::picture_ages::PictureAges;

/// Writes the lines. The same form for `tincan --json` and `tincan-app --figures`.
pub struct Figures<W> {
    out: W,
    started: Instant,
    relay: Option<RelayView>,
    lan: LanView,
    devices: Option<[DeviceNow; 3]>,
    voice: VoiceHealth,
    call: Option<Value>,
    share: ShareView,
    /// The call whose words were told.
    worded: Option<String>,
    recording: Option<RecordingFile>,
    quality: Option<QualityView>,
    stats: Option<Value>,
    ages: Option<PictureAges>,
}

impl<W: Write> Figures<W> {
    /// Lines go to `out`.
    pub fn new(out: W) -> Self {
        Self {
            out,
            started: Instant::now(),
            relay: None,
            // Nothing is told while there is nothing to tell.
            lan: LanView::default(),
            devices: None,
            voice: VoiceHealth::default(),
            call: None,
            share: ShareView::default(),
            worded: None,
            recording: None,
            quality: None,
            stats: None,
            ages: None,
        }
    }

    /// Also tells how old the other side's pictures are when they are decoded, from the stamp
    /// that synthetic pictures carry. Costs a look at some hundred pixels per picture.
    #[must_use]
    pub fn with_ages(mut self, remote: &PictureFeed) -> Self {
        self.ages = Some(PictureAges::watch(remote));
        self
    }

    /// Tells what changed since the last view.
    ///
    /// # Errors
    /// When the line cannot be written.
    pub fn follow(&mut self, view: &EngineView) -> std::io::Result<()> {
        if self.relay.as_ref() != Some(&view.relay) {
            self.relay = Some(view.relay.clone());
            self.line(json!({ "relay": view.relay }))?;
        }
        if self.lan != view.lan {
            self.lan.clone_from(&view.lan);
            self.line(json!({ "lan": view.lan }))?;
        }
        let devices = [&view.camera, &view.microphone, &view.speaker].map(|it| it.now.clone());
        if self.devices.as_ref() != Some(&devices) {
            let [camera, microphone, speaker] = &devices;
            let now = json!({ "camera": camera, "microphone": microphone, "speaker": speaker });
            self.devices = Some(devices);
            self.line(json!({ "devices": now }))?;
        }
        if self.voice != view.voice_health {
            self.voice = view.voice_health;
            self.line(json!({ "voiceHealth": view.voice_health }))?;
        }
        let call = serde_json::to_value(&view.call)?;
        if self.call.as_ref().map(still) != Some(still(&call)) {
            self.call = Some(call.clone());
            self.line(call)?;
        }
        if self.share != view.share {
            self.share.clone_from(&view.share);
            self.line(json!({ "share": view.share }))?;
        }
        if let Some((call, words)) = words_to_compare(view)
            && self.worded.as_deref() != Some(call)
        {
            self.worded = Some(call.to_owned());
            self.line(json!({ "call": call, "words": words }))?;
        }
        if self.recording != view.recording {
            self.recording.clone_from(&view.recording);
            self.line(json!({ "recording": view.recording }))?;
        }
        if view.quality.is_some() && self.quality != view.quality {
            self.line(json!({ "quality": view.quality }))?;
        }
        self.quality = view.quality;
        let stats = serde_json::to_value(&view.stats)?;
        if view.stats.is_some() && self.stats.as_ref() != Some(&stats) {
            self.stats = Some(stats.clone());
            self.figures(stats, view)?;
        }
        Ok(())
    }

    /// Tells whom a call that begins now is meant for.
    ///
    /// # Errors
    /// When the line cannot be written.
    pub fn calling(&mut self, to: &Invite) -> std::io::Result<()> {
        let (address, name) = (to.address.to_string(), &to.name);
        let calling = json!({ "address": address, "name": name, "relay": to.relay });
        self.line(json!({ "calling": calling }))
    }

    /// Tells what was done about somebody: `pinned` or `blocked`.
    ///
    /// # Errors
    /// When the line cannot be written.
    pub fn changed(&mut self, what: &str, address: &str) -> std::io::Result<()> {
        self.line(json!({ what: { "address": address } }))
    }

    /// Tells what is said in text, and what becomes of it.
    ///
    /// # Errors
    /// When the line cannot be written.
    pub(crate) fn said(&mut self, said: &Said) -> std::io::Result<()> {
        let mut chat = serde_json::to_value(&said.text)?;
        if let Some(chat) = chat.as_object_mut() {
            chat.insert("call".to_owned(), json!(said.call));
            // It says when the line was written.
            chat.remove("at");
        }
        self.line(json!({ "chat": chat }))
    }

    /// Tells what a test call found.
    ///
    /// # Errors
    /// When the line cannot be written.
    pub(crate) fn tested(&mut self, found: &Value) -> std::io::Result<()> {
        self.line(json!({ "testCall": found }))
    }

    fn figures(&mut self, mut stats: Value, view: &EngineView) -> std::io::Result<()> {
        if let Some(stats) = stats.as_object_mut() {
            stats.insert("remoteLevel".to_owned(), json!(view.remote_level));
            let (received, culprit) = verdicts(&view.call);
            stats.insert("heard".to_owned(), json!(received.heard));
            stats.insert("seen".to_owned(), json!(received.seen));
            stats.insert("culprit".to_owned(), json!(culprit));
            stats.insert("quality".to_owned(), json!(view.quality));
            if let Some(ages) = &self.ages {
                stats.insert("pictureAgeMs".to_owned(), percentiles(&ages.take()));
            }
        }
        self.line(json!({ "figures": stats }))
    }

    fn line(&mut self, mut line: Value) -> std::io::Result<()> {
        if let Some(line) = line.as_object_mut() {
            let at = self.started.elapsed().as_secs_f64();
            line.insert("at".to_owned(), json!((at * 1000.0).round() / 1000.0));
        }
        writeln!(self.out, "{line}")?;
        self.out.flush()
    }
}

impl<W> std::fmt::Debug for Figures<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Figures").finish_non_exhaustive()
    }
}

/// The id of a connected call and its words, which both people read to each other.
pub(crate) fn words_to_compare(view: &EngineView) -> Option<(&str, &[String; 4])> {
    match (&view.call, &view.words) {
        (
            CallView::Active {
                call,
                phase: ActivePhase::Connected,
                ..
            },
            Some(words),
        ) => Some((call, words)),
        (
            CallView::Idle
            | CallView::Outgoing { .. }
            | CallView::Incoming { .. }
            | CallView::Active { .. }
            | CallView::Ended { .. },
            _,
        ) => None,
    }
}

/// Whether the other side receives what we send, and who is to blame when somebody does not.
fn verdicts(call: &CallView) -> (Received, Option<Culprit>) {
    match call {
        CallView::Active {
            received, culprit, ..
        } => (*received, *culprit),
        CallView::Idle
        | CallView::Outgoing { .. }
        | CallView::Incoming { .. }
        | CallView::Ended { .. } => (Received::default(), None),
    }
}

/// The call without the clock that runs in it.
fn still(call: &Value) -> Value {
    let mut call = call.clone();
    if let Some(call) = call.as_object_mut() {
        call.remove("connectedForMs");
    }
    call
}

/// Of ages in order.
fn percentiles(ages: &[f64]) -> Value {
    let at = |share: f64| {
        let index = ((ages.len() as f64 - 1.0) * share).round().max(0.0) as usize;
        ages.get(index).map(|it| (it * 10.0).round() / 10.0)
    };
    json!({ "count": ages.len(), "p50": at(0.5), "p95": at(0.95), "max": at(1.0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A view as a program in a call has it, by its JSON.
    fn view(phase: &str, call: &str, words: Option<[&str; 4]>) -> EngineView {
        let device = json!({ "available": [], "chosen": null, "now": { "state": "off" } });
        let controls = json!({ "microphone": true, "camera": true });
        let well = VoiceHealth::default();
        let view = json!({
            "lan": { "state": "off", "nearby": [], "places": [] },
            "relay": { "state": "online" },
            "call": {
                "state": "active", "call": call, "phase": phase, "local": controls,
                "peer": { "address": "tincan:x", "name": "Ada" }, "wish": controls,
                "remote": controls, "remoteLacking": { "microphone": false, "camera": false },
                "connectedForMs": 1, "received": { "heard": true, "seen": null },
                "culprit": "myCamera",
            },
            "camera": device, "microphone": device, "speaker": device,
            "microphoneLevel": 0.0, "microphoneSilent": false,
            "voiceHealth": well, "remoteLevel": 0.0, "localPicture": false,
            "remotePicture": false, "stats": null, "quality": null, "summary": null, "words": words,
        });
        serde_json::from_value(view).unwrap()
    }

    #[test]
    fn the_verdicts_of_both_sides_stand_beside_the_figures() {
        let mut figures = Figures::new(Vec::new());
        figures
            .figures(json!({}), &view("connected", "01", None))
            .unwrap();
        let line: Value = serde_json::from_slice(&figures.out).unwrap();
        let told = &line["figures"];
        assert_eq!(told["heard"], json!(true));
        assert_eq!(told["seen"], Value::Null);
        assert_eq!(told["culprit"], json!("myCamera"));
    }

    #[test]
    fn quality_has_a_line_for_each_change_and_stands_beside_the_figures() {
        let judged = |level: &str| {
            let mut view = view("connected", "01", None);
            let verdict = json!({ "level": level, "cause": null });
            let quality = json!({ "send": verdict, "receive": verdict });
            view.quality = serde_json::from_value(quality).unwrap();
            view
        };
        let mut figures = Figures::new(Vec::new());
        for level in ["good", "good", "poor", "good"] {
            figures.follow(&judged(level)).unwrap();
        }
        figures.figures(json!({}), &judged("lost")).unwrap();
        let text = String::from_utf8(figures.out).unwrap();
        let lines = text
            .lines()
            .map(|it| serde_json::from_str::<Value>(it).unwrap());
        let levels: Vec<_> = lines
            .map(|it| match it.get("figures") {
                Some(figures) => figures["quality"]["send"]["level"].clone(),
                None => it["quality"]["send"]["level"].clone(),
            })
            .filter(|it| !it.is_null())
            .collect();
        assert_eq!(levels, ["good", "poor", "good", "lost"]);
    }

    #[test]
    fn how_the_processing_of_the_voice_does_is_told_when_it_changes() {
        let mut figures = Figures::new(Vec::new());
        let mut view = view("connected", "01", None);
        figures.follow(&view).unwrap();
        view.voice_health.echo_removed = Some(false);
        figures.follow(&view).unwrap();
        figures.follow(&view).unwrap();
        let text = String::from_utf8(figures.out).unwrap();
        let lines = text.lines().filter(|it| it.contains("voiceHealth"));
        let told: Vec<Value> = lines.map(|it| serde_json::from_str(it).unwrap()).collect();
        let [line] = &told[..] else {
            panic!("{told:?}");
        };
        assert_eq!(line["voiceHealth"]["echoRemoved"], json!(false));
        assert_eq!(line["voiceHealth"]["noiseSuppression"], json!("well"));
    }

    #[test]
    fn the_words_of_each_call_are_told_once_on_a_line_of_their_own_when_it_is_connected() {
        let words = Some(["river", "cactus", "oven", "lamp"]);
        let mut figures = Figures::new(Vec::new());
        for (phase, call, words) in [
            ("connecting", "01", words),
            ("connected", "01", None),
            ("connected", "01", words),
            ("reconnecting", "01", words),
            ("connected", "01", words),
            ("connected", "02", words),
        ] {
            figures.follow(&view(phase, call, words)).unwrap();
        }
        let text = String::from_utf8(figures.out).unwrap();
        let lines = text
            .lines()
            .map(|it| serde_json::from_str::<Value>(it).unwrap());
        let told: Vec<Value> = lines.filter(|it| it.get("words").is_some()).collect();
        let calls: Vec<_> = told.iter().map(|it| &it["call"]).collect();
        assert_eq!(calls, ["01", "02"], "{told:?}");
        for line in &told {
            assert_eq!(line["words"], json!(words));
            assert_eq!(line.get("state"), None, "{line}");
        }
    }
}
