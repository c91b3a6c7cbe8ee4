//! Which of its formats a device is asked for.

use cpal::traits::DeviceTrait;
use cpal::{BufferSize, Device, SampleFormat, StreamConfig, SupportedStreamConfigRange};
use media::backend::audio::SAMPLE_RATE_HZ;
use media::backend::device::DeviceError;

use super::{Direction, failure};

/// What a stream is built with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Format {
    pub(super) stream: StreamConfig,
    pub(super) sample: SampleFormat,
}

/// The format of `device` that costs us least: 48 kHz, `f32`, mono, in this order.
pub(super) fn choose(device: &Device, direction: Direction) -> Result<Format, DeviceError> {
    let ranges: Result<Vec<_>, _> = match direction {
        Direction::Input => device.supported_input_configs().map(Iterator::collect),
        Direction::Output => device.supported_output_configs().map(Iterator::collect),
    };
    let ranges = ranges.map_err(|error| failure("ask for formats", &error))?;
    best(&ranges).ok_or_else(|| DeviceError::Format("no format in common".into()))
}

fn best(ranges: &[SupportedStreamConfigRange]) -> Option<Format> {
    let range = ranges.iter().filter(|it| it.channels() > 0).min_by_key(|it| {
        (rate(it).abs_diff(SAMPLE_RATE_HZ), rank(it.sample_format())?, it.channels()).into()
    })?;
    rank(range.sample_format())?;
    let sample_rate = rate(range);
    // 10 ms. With a size of its own choice PulseAudio on PipeWire buffers two seconds.
    let frames = sample_rate.div_ceil(100);
    let stream = StreamConfig {
        channels: range.channels(),
        sample_rate,
        buffer_size: BufferSize::Fixed(frames),
    };
    Some(Format { stream, sample: range.sample_format() })
}

/// The rate within `range` that is nearest to ours.
fn rate(range: &SupportedStreamConfigRange) -> u32 {
    SAMPLE_RATE_HZ.clamp(range.min_sample_rate(), range.max_sample_rate())
}
