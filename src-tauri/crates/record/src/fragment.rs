//! Bytes of a fragmented MP4 file: a head, and fragments that are complete in themselves.
//!
//! The head names tracks and parameter sets, some of which come late: it has a fixed length, filled up
//! with a `free` box, and is written anew in its place before the first fragment that needs more of it.

use std::num::NonZeroU32;
use std::time::Duration;

use shiguredo_mp4::bitstream::opus::{ChannelCount, OpusSampleEntryConfig, build_opus_box};
use shiguredo_mp4::boxes::{FreeBox, FtypBox, MoovBox, SampleEntry};
use shiguredo_mp4::mux::{Fmp4SegmentMuxer, MuxError, Sample, SegmentMuxerOptions};
use shiguredo_mp4::{Decode, Encode, TrackKind};

use crate::parameters;
use crate::picture::PictureSample;
use crate::sound::SoundSample;

/// Makes the bytes of one file.
#[derive(Debug)]
pub(crate) struct Muxer {
    segments: Fmp4SegmentMuxer,
    /// What the head tells: how many tracks and parameter sets.
    told: usize,
    sound_is_known: bool,
    known_parameters: Vec<usize>,
}

/// What is to be written next.
#[derive(Debug, Default)]
pub(crate) struct Fragment {
    /// To be written over the first bytes of the file before; [`HEAD`] of them.
    pub(crate) head: Option<Vec<u8>>,
    /// To be appended.
    pub(crate) body: Vec<u8>,
}

impl Muxer {
    /// For a file that begins `since_1970`.
    pub(crate) fn new(since_1970: Duration) -> Result<Self, MuxError> {
        let options = SegmentMuxerOptions {
            creation_timestamp: since_1970,
            ..SegmentMuxerOptions::default()
        };
        Ok(Self {
            segments: Fmp4SegmentMuxer::with_options(options)?,
            told: 0,
            sound_is_known: false,
            known_parameters: Vec::new(),
        })
    }

    /// A fragment of these samples, all of whose pictures have the same parameters, `entry`.
    pub(crate) fn fragment(
        &mut self,
        sounds: &[SoundSample],
        pictures: &[PictureSample],
        entry: Option<&SampleEntry>,
    ) -> Result<Fragment, MuxError> {
        let (mut samples, mut payload) = (Vec::new(), Vec::new());
        let mut add = |sample: Sample, bytes: &[u8]| {
            samples.push(Sample {
                data_offset: payload.len() as u64,
                data_size: bytes.len(),
                ..sample
            });
            payload.extend_from_slice(bytes);
        };
        for sound in sounds {
            let sample = Sample {
                sample_entry: (!self.sound_is_known).then(opus),
                ..sample(TrackKind::Audio, SOUND_HZ, sound.duration, true)
            };
            self.sound_is_known = true;
            add(sample, &sound.payload);
        }
        for (number, picture) in pictures.iter().enumerate() {
            let (duration, keyframe) = (picture.duration, picture.keyframe);
            let sample = Sample {
                sample_entry: entry.filter(|_| number == 0).cloned(),
                ..sample(TrackKind::Video, PICTURE_HZ, duration, keyframe)
            };
            add(sample, &picture.payload);
            if !self.known_parameters.contains(&picture.parameters) {
                self.known_parameters.push(picture.parameters);
            }
        }
        if samples.is_empty() {
            return Ok(Fragment::default());
        }
        let mut body = self.segments.create_media_segment_metadata(&samples)?;
        body.extend_from_slice(&payload);
        let known = usize::from(self.sound_is_known) + self.known_parameters.len();
        let head = (known != self.told).then(|| self.head(None)).transpose()?;
        self.told = known;
        Ok(Fragment { head, body })
    }

    /// The head of a file that is complete and lasts so long.
    pub(crate) fn final_head(&self, lasts: Duration) -> Result<Vec<u8>, MuxError> {
        self.head(Some(lasts))
    }

    fn head(&self, lasts: Option<Duration>) -> Result<Vec<u8>, MuxError> {
        let mut head = self.segments.init_segment_bytes()?;
        if let Some(lasts) = lasts {
            let (kind, length) = FtypBox::decode(&head)?;
            let (mut movie, _) = MoovBox::decode(&head[length..])?;
            let millis = u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX);
            if let Some(fragments) = movie.mvex_box.as_mut().and_then(|it| it.mehd_box.as_mut()) {
                fragments.fragment_duration = millis;
            }
            head = kind.encode_to_vec()?;
            head.extend(movie.encode_to_vec()?);
        }
        let filled = HEAD.saturating_sub(head.len() + BOX_HEADER);
        let payload = vec![0; filled];
        head.extend(FreeBox { payload }.encode_to_vec()?);
        Ok(head)
    }
}

fn sample(track_kind: TrackKind, timescale: NonZeroU32, duration: u32, keyframe: bool) -> Sample {
    Sample {
        track_kind,
        timescale,
        sample_entry: None,
        duration,
        keyframe,
        composition_time_offset: None,
        data_offset: 0,
        data_size: 0,
    }
}

fn opus() -> SampleEntry {
    SampleEntry::Opus(build_opus_box(&OpusSampleEntryConfig {
        channel_count: ChannelCount::Mono,
        pre_skip: LOOKAHEAD,
        input_sample_rate: SOUND_HZ.get(),
        output_gain: 0,
    }))
}

/// The length of the head, bytes: more than all tracks and the most parameter sets take, and less than
/// a second of sound.
pub(crate) const HEAD: usize = 32 * 1024;

/// Length and name of a box.
const BOX_HEADER: usize = 8;

const SOUND_HZ: NonZeroU32 = NonZeroU32::new(48_000).expect("not zero");
const PICTURE_HZ: NonZeroU32 = NonZeroU32::new(90_000).expect("not zero");

/// By how many samples an Opus encoder for speech looks ahead (RFC 7845, 4.2: pre-skip).
const LOOKAHEAD: u16 = 312;

/// One parameter set takes about 150 bytes beside its own.
const _: () = assert!(HEAD > 2_048 + parameters::MOST * (150 + parameters::MOST_BYTES));
