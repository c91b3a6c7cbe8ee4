//! Which of its formats a device is asked for.

use cpal::traits::DeviceTrait;
use cpal::{
    BufferSize, Device, SampleFormat, StreamConfig, SupportedBufferSize, SupportedStreamConfigRange,
};
use media::backend::audio::SAMPLE_RATE_HZ;
use media::backend::device::DeviceError;

#[cfg(target_os = "linux")]
use super::positions;
use super::{Direction, failure};

/// What a stream is built with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Format {
    pub(super) stream: StreamConfig,
    pub(super) sample: SampleFormat,
}

/// The format of `device` that costs us least: 48 kHz, then `f32`.
///
/// A microphone is asked for all the channels that it has: what a sound system mixes down for us
/// is a mean, in which channels of opposite phase cancel. A speaker is asked for as few as it can.
pub(super) fn choose(device: &Device, direction: Direction) -> Result<Format, DeviceError> {
    let ranges: Result<Vec<_>, _> = match direction {
        Direction::Input => device.supported_input_configs().map(Iterator::collect),
        Direction::Output => device.supported_output_configs().map(Iterator::collect),
    };
    let ranges = ranges.map_err(|error| failure("ask for formats", &error))?;
    let channels = match direction {
        Direction::Input => {
            let channels = device.default_input_config().map_or(1, |it| it.channels());
            #[cfg(target_os = "linux")]
            let channels = positions::to_ask_for(device, channels);
            channels
        }
        Direction::Output => 1,
    };
    best(&ranges, channels).ok_or_else(|| DeviceError::Format("no format in common".into()))
}

/// The cheapest of `ranges`, with `channels` or as near to it as there is.
fn best(ranges: &[SupportedStreamConfigRange], channels: u16) -> Option<Format> {
    let usable = ranges.iter().filter(|it| it.channels() > 0);
    let costs = usable.filter_map(|it| {
        let format = rank(it.sample_format())?;
        let rate_error_hz = rate(it).abs_diff(SAMPLE_RATE_HZ);
        let channel_error = it.channels().abs_diff(channels);
        // The channels of a microphone weigh more than the sample format, those of a speaker less:
        // all channels of a speaker get the same samples.
        let cost = if channels > 1 {
            (rate_error_hz, u32::from(channel_error), u32::from(format))
        } else {
            (rate_error_hz, u32::from(format), u32::from(channel_error))
        };
        Some((cost, it))
    });
    let (_, range) = costs.min_by_key(|(cost, _)| *cost)?;
    let sample_rate = rate(range);
    let stream = StreamConfig {
        channels: range.channels(),
        sample_rate,
        buffer_size: buffer(sample_rate, *range.buffer_size()),
    };
    Some(Format {
        stream,
        sample: range.sample_format(),
    })
}

/// The rate within `range` that is nearest to ours.
fn rate(range: &SupportedStreamConfigRange) -> u32 {
    SAMPLE_RATE_HZ.clamp(range.min_sample_rate(), range.max_sample_rate())
}

/// 10 ms, or as near as the device comes to it: with a size of its own choice PulseAudio on
/// PipeWire buffers two seconds.
fn buffer(sample_rate: u32, range: SupportedBufferSize) -> BufferSize {
    let frames = sample_rate.div_ceil(100);
    BufferSize::Fixed(match range {
        SupportedBufferSize::Range { min, max } if min <= max => frames.clamp(min, max),
        SupportedBufferSize::Range { .. } | SupportedBufferSize::Unknown => frames,
    })
}

/// How much a sample format costs in quality and work, less is better; `None` for streams of
/// single bits, which nobody speaks into.
const fn rank(format: SampleFormat) -> Option<u8> {
    match format {
        SampleFormat::F32 => Some(0),
        SampleFormat::I32 => Some(1),
        SampleFormat::I24 => Some(2),
        SampleFormat::I16 => Some(3),
        SampleFormat::F64 => Some(4),
        SampleFormat::U32 | SampleFormat::U24 => Some(5),
        SampleFormat::U16 => Some(6),
        SampleFormat::I64 | SampleFormat::U64 => Some(7),
        SampleFormat::I8 | SampleFormat::U8 => Some(8),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(channels: u16, rates: (u32, u32), format: SampleFormat) -> SupportedStreamConfigRange {
        let buffer = SupportedBufferSize::Range { min: 64, max: 8192 };
        SupportedStreamConfigRange::new(channels, rates.0, rates.1, buffer, format)
    }

    #[test]
    fn the_rate_weighs_more_than_the_format_and_that_more_than_channels() {
        let chosen = best(
            &[
                range(1, (44_100, 44_100), SampleFormat::F32),
                range(1, (8_000, 96_000), SampleFormat::I16),
                range(6, (48_000, 48_000), SampleFormat::F32),
                range(2, (48_000, 48_000), SampleFormat::F32),
            ],
            1,
        );
        let Format { stream, sample } = chosen.unwrap();
        assert_eq!(
            (stream.sample_rate, stream.channels, sample),
            (48_000, 2, SampleFormat::F32)
        );
        assert_eq!(stream.buffer_size, BufferSize::Fixed(480));
    }

    #[test]
    fn another_rate_asks_for_ten_milliseconds_of_its_own() {
        let chosen = best(&[range(2, (44_100, 44_100), SampleFormat::I16)], 1).unwrap();
        assert_eq!(chosen.stream.buffer_size, BufferSize::Fixed(441));
        let coarse = SupportedBufferSize::Range {
            min: 1024,
            max: 4096,
        };
        assert_eq!(buffer(48_000, coarse), BufferSize::Fixed(1024));
    }

    #[test]
    fn a_device_without_a_usable_format_has_none() {
        assert_eq!(
            best(&[range(2, (48_000, 48_000), SampleFormat::DsdU8)], 1),
            None
        );
        assert_eq!(
            best(&[range(0, (48_000, 48_000), SampleFormat::F32)], 1),
            None
        );
    }

    #[test]
    fn a_microphone_gives_all_of_its_channels() {
        let offered: Vec<_> = [SampleFormat::I16, SampleFormat::F32]
            .into_iter()
            .flat_map(|format| (1..32).map(move |it| range(it, (1, 192_000), format)))
            .collect();
        let chosen = best(&offered, 8).unwrap();
        assert_eq!(
            (chosen.stream.channels, chosen.sample),
            (8, SampleFormat::F32)
        );
    }
}
