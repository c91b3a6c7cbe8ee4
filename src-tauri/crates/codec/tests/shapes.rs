//! Pictures of any shape arrive whole: nothing is cut off, nothing stretched.

use codec::Codecs;
use media::backend::codec::{
    CodecBackend, CodecError, Content, VideoDecoder, VideoEncoder, VideoTarget,
};
use media::picture::Picture;
use media::units::{Bitrate, Size};

const TARGET: VideoTarget = VideoTarget {
    size: Size::HD,
    fps: 30.0,
    bitrate: Bitrate::from_kbps(4000),
    content: Content::Camera,
};

/// Luma of the four corners: top left, top right, bottom left, bottom right.
const CORNERS: [u8; 4] = [40, 90, 150, 210];

/// A picture that blends from corner to corner, so that each part of it is told from the others.
fn blend(size: Size) -> Picture {
    let mut picture = Picture::black(size);
    let at = |index: usize, of: u32| index as f64 / f64::from(of - 1);
    let rows = picture.planes_mut()[0].chunks_exact_mut(size.width as usize);
    for (y, row) in rows.enumerate() {
        for (x, luma) in row.iter_mut().enumerate() {
            *luma = blended(at(x, size.width), at(y, size.height)).round() as u8;
        }
    }
    picture
}

/// The level at a place from 0 to 1 on both axes.
fn blended(x: f64, y: f64) -> f64 {
    let [top_left, top_right, bottom_left, bottom_right] = CORNERS.map(f64::from);
    let top = top_left + (top_right - top_left) * x;
    let bottom = bottom_left + (bottom_right - bottom_left) * x;
    top + (bottom - top) * y
}

/// Peak signal-to-noise ratio of the luma of `picture` against the whole blend at its size, in dB.
fn psnr(picture: &Picture) -> f64 {
    let reference = blend(picture.size());
    let [luma, wanted] = [picture.planes()[0], reference.planes()[0]];
    let squares = luma
        .iter()
        .zip(wanted)
        .map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2));
    10.0 * (255.0 * 255.0 / (squares.sum::<f64>() / luma.len() as f64).max(1e-3)).log10()
}

/// What arrives of `picture` when the encoder is aimed at it as a call does it.
fn sent(
    picture: &Picture,
    encoder: &mut dyn VideoEncoder,
    decoder: &mut dyn VideoDecoder,
) -> Result<(Picture, bool), CodecError> {
    let nothing = || CodecError::Failed("no picture came out".into());
    let size = picture.size().within_pixels_of(TARGET.size);
    encoder.set_target(VideoTarget { size, ..TARGET })?;
    let encoded = encoder.encode(picture, false)?.ok_or_else(nothing)?;
    let decoded = decoder.decode(&encoded.payload)?.ok_or_else(nothing)?;
    assert_eq!(decoded.size(), size);
    Ok(((*decoded).clone(), encoded.keyframe))
}

fn assert_whole(picture: &Picture, source: Size) {
    let quality = psnr(picture);
    // The corners of a picture that is enlarged from a few pixels are flat; the blend is not.
    let wanted = if source.width.min(source.height) < 16 {
        20.0
    } else {
        36.0
    };
    assert!(
        quality > wanted,
        "{source} came as {} with {quality:.1} dB",
        picture.size()
    );
}

const SHAPES: [(u32, u32); 16] = [
    (1280, 720),
    (640, 480),
    (1600, 1200),
    (480, 640),
    (1080, 1920),
    (2560, 1080),
    (720, 720),
    (642, 482),
    (722, 406),
    (3840, 2160),
    (3840, 240),
    (32, 18),
    (16, 16),
    (8, 6),
    (2, 16),
    (2, 2),
];

#[test]
fn pictures_of_every_shape_arrive_whole() -> Result<(), CodecError> {
    for (width, height) in SHAPES {
        let source = Size::new(width, height);
        let mut encoder = Codecs.video_encoder(TARGET)?;
        let mut decoder = Codecs.video_decoder()?;
        let (picture, _) = sent(&blend(source), &mut *encoder, &mut *decoder)?;
        assert_whole(&picture, source);
    }
    Ok(())
}

#[test]
fn a_stream_may_change_its_shape_at_any_picture() -> Result<(), CodecError> {
    let mut encoder = Codecs.video_encoder(TARGET)?;
    let mut decoder = Codecs.video_decoder()?;
    let mut sent_before = None;
    for (width, height) in SHAPES.into_iter().chain(SHAPES).step_by(3) {
        let source = Size::new(width, height);
        for number in 0..3 {
            let (picture, keyframe) = sent(&blend(source), &mut *encoder, &mut *decoder)?;
            let is_new = sent_before.replace(picture.size()) != Some(picture.size());
            assert_eq!(keyframe, is_new, "picture {number} of {source}");
            assert_whole(&picture, source);
        }
    }
    Ok(())
}
