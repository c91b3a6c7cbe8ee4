//! The official SDK as the other side: it takes what we send, and we take what it sends, encrypted
//! end to end under the passphrase that our session tells.

mod ours;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use media::transport::{Path, Stream, TransportState};
use scenarios::livekit::LiveKit;
use scenarios::sdk::{Sdk, interpreter};
use serde_json::{Value, json};

use self::ours::{News, Ours, TONE_HZ, Tone};

#[tokio::test(flavor = "multi_thread")]
async fn pictures_sound_and_words_pass_both_ways_until_it_leaves() -> Result<()> {
    let Some((server, mut ours, mut sdk)) = meet().await? else {
        return Ok(());
    };
    println!("we: {:?}", we_see_and_hear_it(&mut ours).await?);
    println!("it: {:?}", it_sees_and_hears_us(&mut sdk).await?);
    ours.control.send_data(Bytes::from_static(b"hello"))?;
    let heard = sdk.event("data").await?;
    ensure!(heard["text"] == "hello", "{heard}");
    sdk.order(&json!({ "do": "say", "text": "world" })).await?;
    let heard = ours.until("a message", |it| match it {
        News::Data(message) => Some(message.clone()),
        _ => None,
    });
    ensure!(heard.await? == "world");
    sdk.order(&json!({ "do": "leave" })).await?;
    println!("left: told after {:?}", told_as_closed(&mut ours).await?);
    ours.control.close().await;
    server.until_rooms(0, AFTER_A_CRASH).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_side_sees_that_the_other_pauses_and_goes_on() -> Result<()> {
    let Some((_server, mut ours, mut sdk)) = meet().await? else {
        return Ok(());
    };
    it_sees_and_hears_us(&mut sdk).await?;
    we_see_and_hear_it(&mut ours).await?;
    for (stream, source) in [
        (Stream::Voice, "SOURCE_MICROPHONE"),
        (Stream::Camera, "SOURCE_CAMERA"),
    ] {
        ours.mute(stream, true);
        let muted = sdk.event("muted").await?;
        ensure!(muted["source"] == source, "{muted}");
        sdk.until("that we pause", pause_of(stream)).await?;
        ours.mute(stream, false);
        let unmuted = sdk.event("unmuted").await?;
        ensure!(unmuted["source"] == source, "{unmuted}");
        it_sees_and_hears_us(&mut sdk).await.context(source)?;
    }
    for source in ["microphone", "camera"] {
        sdk.order_of("mute", source).await?;
        // What is on its way comes, and then nothing, for as long as the pause lasts.
        ours.news_for(A_WHILE).await;
        for news in ours.news_for(A_WHILE).await {
            let is_as_it_should_be = match news {
                News::Sound(tone) => source == "camera" || tone.level < SILENT,
                News::Picture(_) => source == "microphone",
                News::State(_) | News::Data(_) | News::Parcel(_) => false,
            };
            ensure!(is_as_it_should_be, "{news:?} while its {source} pauses");
        }
        sdk.order_of("unmute", source).await?;
        we_see_and_hear_it(&mut ours).await.context(source)?;
    }
    ours.control.close().await;
    let gone = sdk.event("gone").await?;
    ensure!(gone["who"] == "caller", "{gone}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn when_it_crashes_we_hear_nothing_and_it_may_come_back() -> Result<()> {
    let Some((server, mut ours, sdk)) = meet().await? else {
        return Ok(());
    };
    we_see_and_hear_it(&mut ours).await?;
    sdk.kill().await?;
    let begun = Instant::now();
    while ours.silence() < LOST {
        ensure!(begun.elapsed() < 2 * LOST, "{:?}", ours.silence());
        ours.news_for(Duration::from_millis(100)).await;
    }
    // The server loses it, and that is no goodbye.
    for news in ours.news_for(AFTER_A_CRASH - 2 * LOST).await {
        ensure!(!matches!(news, News::State(_)), "{news:?}");
    }
    ours.control.close().await;
    server.until_rooms(0, AFTER_A_CRASH).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_key_it_decodes_nothing_of_ours_and_we_nothing_of_its() -> Result<()> {
    for order in [
        json!({ "do": "key", "passphrase": "of somebody else" }),
        // It takes what comes as it is, as the server does, and sends in clear.
        json!({ "do": "encrypt", "on": false }),
    ] {
        let Some((_server, mut ours, mut sdk)) = meet().await? else {
            return Ok(());
        };
        we_see_and_hear_it(&mut ours).await?;
        let mut before = it_sees_and_hears_us(&mut sdk).await?;
        sdk.order(&order).await?;
        // What was decrypted before is still shown and heard, and lost sound fades.
        for event in sdk.hears_for(A_WHILE).await? {
            before.event(&event);
        }
        // A decoder hides what it cannot decode behind a picture that it has shown: an earlier one.
        let mut count = Count {
            last: before.last,
            ..Count::default()
        };
        for event in sdk.hears_for(A_WHILE).await? {
            count.event(&event);
        }
        println!("{order}: it: {count:?}");
        ensure!(count.is_nothing(), "{order}: {count:?}");
        ours.news_for(Duration::ZERO).await;
        let news = ours.news_for(A_WHILE).await;
        ensure!(news.is_empty(), "{order}: {news:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_passphrase_it_is_not_taken_for_the_other_side() -> Result<()> {
    let Some((server, python)) = rig().await? else {
        return Ok(());
    };
    let mut ours = Ours::enter(&server, "room").await?;
    let mut sdk = Sdk::join(&python, &server, "room", None).await?;
    for event in sdk.hears_for(A_WHILE).await? {
        let quiet = event["level"].as_f64().unwrap_or_default() < SILENT;
        ensure!(event["event"] != "picture" && quiet, "{event}");
    }
    for news in ours.news_for(Duration::ZERO).await {
        let connecting = TransportState::Connecting;
        let nothing = matches!(&news, News::State(state) if *state == connecting);
        ensure!(nothing, "{news:?}");
    }
    ours.control.close().await;
    Ok(())
}

/// Server and interpreter, where this is to be tried.
async fn rig() -> Result<Option<(LiveKit, std::path::PathBuf)>> {
    let Some(python) = interpreter()? else {
        return Ok(None);
    };
    Ok(LiveKit::start().await?.map(|server| (server, python)))
}

/// Both in a room.
async fn meet() -> Result<Option<(LiveKit, Ours, Sdk)>> {
    let Some((server, python)) = rig().await? else {
        return Ok(None);
    };
    let mut ours = Ours::enter(&server, "room").await?;
    let sdk = Sdk::join(&python, &server, "room", Some(&ours.passphrase)).await?;
    let connected = TransportState::Connected(Path::Server);
    ours.until("that we are connected", |it| {
        matches!(it, News::State(state) if *state == connected).then_some(())
    })
    .await?;
    Ok(Some((server, ours, sdk)))
}

/// Until so many pictures were decoded whose numbers are read and rise, and a second of its tone.
async fn we_see_and_hear_it(ours: &mut Ours) -> Result<Count> {
    let begun = Instant::now();
    let mut count = Count::default();
    ours.until("its picture and tone", |it| match it {
        News::Picture(number) => count.picture(*number),
        News::Sound(tone) => count.sound(*tone, ITS_TONE_HZ),
        _ => None,
    })
    .await
    .with_context(|| format!("we: {count:?}"))?;
    count.took = begun.elapsed();
    Ok(count)
}

async fn it_sees_and_hears_us(sdk: &mut Sdk) -> Result<Count> {
    let begun = Instant::now();
    let mut count = Count::default();
    sdk.until("our picture and tone", |it| count.event(it))
        .await
        .with_context(|| format!("it: {count:?}"))?;
    count.took = begun.elapsed();
    Ok(count)
}

/// Whether half a second of a stream is missing, event by event of the SDK.
fn pause_of(stream: Stream) -> impl FnMut(&Value) -> Option<()> {
    let mut quiet = 0;
    move |event| {
        let sound = tone_of(event);
        match stream {
            // Sound is told ten times a second, whatever comes.
            Stream::Voice => match sound {
                Some(tone) if tone.level < SILENT => quiet += 1,
                Some(_) => quiet = 0,
                None => {}
            },
            _ => match event["event"].as_str() {
                Some("picture") => quiet = 0,
                Some("sound") => quiet += 1,
                _ => {}
            },
        }
        (quiet >= 5).then_some(())
    }
}

fn tone_of(event: &Value) -> Option<Tone> {
    Some(Tone {
        hz: u32::try_from(event["hz"].as_u64()?).ok()?,
        pure: event["pure"].as_f64()?,
        level: event["level"].as_f64()?,
    })
}

/// How long it takes until we are told that the other side is gone.
async fn told_as_closed(ours: &mut Ours) -> Result<Duration> {
    let begun = Instant::now();
    let state = ours.until_within(AFTER_A_CRASH, "an end", |it| match it {
        News::State(TransportState::ClosedByPeer) => Some(()),
        _ => None,
    });
    state.await?;
    Ok(begun.elapsed())
}

/// What was seen and heard of the other side.
#[derive(Debug, Default)]
struct Count {
    pictures: u32,
    last: Option<u32>,
    /// Numbers that were left out.
    missing: u32,
    /// Decoded, but without a stamp that can be read, or with that of an earlier one.
    unread: u32,
    /// Tenths of a second.
    in_tune: u32,
    out_of_tune: u32,
    /// At most, of those in tune.
    impurity: f64,
    /// At most, of those out of tune.
    purity_of_others: f64,
    took: Duration,
}

impl Count {
    /// Of the SDK.
    fn event(&mut self, event: &Value) -> Option<()> {
        match event["event"].as_str() {
            Some("picture") => self.picture(event["number"].as_u64().map(|it| it as u32)),
            Some("sound") => self.sound(tone_of(event)?, TONE_HZ),
            _ => None,
        }
    }

    fn picture(&mut self, number: Option<u32>) -> Option<()> {
        let before = |number: &u32| self.last.is_none_or(|last| last < *number);
        match number.filter(before) {
            Some(number) => {
                self.pictures += 1;
                self.missing += self.last.map_or(0, |last| number - last - 1);
                self.last = Some(number);
            }
            None => self.unread += 1,
        }
        self.is_enough()
    }

    fn sound(&mut self, tone: Tone, hz: u32) -> Option<()> {
        let is_it = tone.hz.abs_diff(hz) <= 10 && tone.pure > PURE && tone.level > AUDIBLE;
        if is_it {
            self.in_tune += 1;
            self.impurity = self.impurity.max(1.0 - tone.pure);
        } else {
            self.out_of_tune += 1;
            self.purity_of_others = self.purity_of_others.max(tone.pure);
        }
        self.is_enough()
    }

    const fn is_nothing(&self) -> bool {
        self.pictures == 0 && self.in_tune == 0
    }

    fn is_enough(&self) -> Option<()> {
        (self.pictures >= 30 && self.in_tune >= 10).then_some(())
    }
}

const ITS_TONE_HZ: u32 = 1000;

/// Of a tone of both sides, 0.17, a coder leaves most.
const AUDIBLE: f64 = 0.1;
/// Half way: of a tone a coder leaves 0.92, and in noise the strongest has 0.40.
const PURE: f64 = 0.66;
const SILENT: f64 = 0.01;

/// In which a pause is seen to be one.
const A_WHILE: Duration = Duration::from_secs(2);

/// For so long nothing is heard before a call says that it is lost.
const LOST: Duration = Duration::from_secs(2);

/// The server misses somebody who says nothing after 20 s.
const AFTER_A_CRASH: Duration = Duration::from_secs(30);
