//! Which of its formats a camera is asked for.

use media::backend::camera::VideoMode;
use media::units::Size;
use nokhwa::utils::{CameraFormat, FrameFormat};

use super::convert::even;

/// The format among `offered` that is nearest to `wanted`: fast enough first, then large enough
/// without waste, then nearest in rate, then the cheapest to convert. Many cameras give HD in raw
/// form at ten pictures a second only, and fluently as JPEG.
pub(super) fn choose(offered: &[CameraFormat], wanted: VideoMode) -> Option<CameraFormat> {
    let usable = offered
        .iter()
        .filter(|it| even(size(it)).is_valid() && it.frame_rate() > 0);
    usable.min_by_key(|it| cost(it, wanted)).copied()
}

/// The picture size of a format.
pub(super) fn size(format: &CameraFormat) -> Size {
    Size::new(format.width(), format.height())
}

fn cost(format: &CameraFormat, wanted: VideoMode) -> (u32, u64, u32, u8) {
    let fps = format.frame_rate();
    let wanted_fps = wanted.fps.round().max(1.0) as u32;
    // Rates of 24 and more look alike to a person who wants 30.
    let too_slow = (wanted_fps * 4 / 5).saturating_sub(fps);
    let area = |it: Size| u64::from(it.width) * u64::from(it.height);
    let (has, wants) = (size(format), wanted.size);
    let covers = has.width >= wants.width && has.height >= wants.height;
    let misfit = if covers {
        area(has) - area(wants)
    } else {
        FAR + area(wants).abs_diff(area(has))
    };
    (
        too_slow,
        misfit,
        fps.abs_diff(wanted_fps),
        rank(format.format()),
    )
}

const fn rank(format: FrameFormat) -> u8 {
    match format {
        FrameFormat::YUYV => 0,
        // On macOS nokhwa confuses NV12 with a format of ten bits.
        FrameFormat::NV12 => {
            if cfg!(target_os = "macos") {
                6
            } else {
                1
            }
        }
        FrameFormat::MJPEG => 2,
        FrameFormat::RAWRGB => 3,
        FrameFormat::RAWBGR => 4,
        FrameFormat::GRAY => 5,
    }
}

/// More than any area: too small always costs more than too large.
const FAR: u64 = 1 << 40;

#[cfg(test)]
mod tests {
    use nokhwa::utils::Resolution;

    use super::*;

    const HD30: VideoMode = VideoMode {
        size: Size::HD,
        fps: 30.0,
    };

    fn format(width: u32, height: u32, fps: u32, format: FrameFormat) -> CameraFormat {
        CameraFormat::new(Resolution::new(width, height), format, fps)
    }

    #[test]
    fn a_fluent_jpeg_is_taken_before_a_slow_raw_picture() {
        let jpeg = format(1280, 720, 30, FrameFormat::MJPEG);
        let offered = [format(1280, 720, 10, FrameFormat::YUYV), jpeg];
        assert_eq!(choose(&offered, HD30), Some(jpeg));
    }

    #[test]
    fn a_smaller_fluent_picture_is_taken_before_a_slow_large_one() {
        let small = format(640, 480, 30, FrameFormat::YUYV);
        let offered = [format(1280, 720, 10, FrameFormat::YUYV), small];
        assert_eq!(choose(&offered, HD30), Some(small));
    }

    #[test]
    fn the_smallest_that_covers_is_taken_in_the_cheapest_form() {
        let right = format(1280, 720, 30, FrameFormat::YUYV);
        let offered = [
            format(1920, 1080, 30, FrameFormat::YUYV),
            format(1280, 720, 60, FrameFormat::YUYV),
            format(1280, 720, 30, FrameFormat::MJPEG),
            right,
            format(960, 540, 30, FrameFormat::YUYV),
        ];
        assert_eq!(choose(&offered, HD30), Some(right));
    }

    #[test]
    fn a_format_of_odd_sides_is_taken() {
        let odd = format(641, 481, 30, FrameFormat::GRAY);
        let offered = [odd, format(160, 120, 30, FrameFormat::GRAY)];
        assert_eq!(choose(&offered, HD30), Some(odd));
    }

    #[test]
    fn empty_formats_are_not_taken() {
        let offered = [
            format(0, 0, 30, FrameFormat::YUYV),
            format(1, 480, 30, FrameFormat::YUYV),
            format(640, 480, 0, FrameFormat::YUYV),
        ];
        assert_eq!(choose(&offered, HD30), None);
    }
}
