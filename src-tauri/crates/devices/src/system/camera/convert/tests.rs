use turbojpeg::Compressor;

use super::*;

const SIZE: Size = Size::new(64, 48);

fn converted(format: FrameFormat, bytes: &[u8]) -> Picture {
    let mut converter = Converter::default();
    let size = converter.size_of(format, bytes, SIZE).unwrap();
    let mut picture = Picture::black(size);
    converter
        .convert(format, bytes, SIZE, &mut picture)
        .unwrap();
    picture
}

/// The values of the pixel in the middle of the left and of the right half.
fn halves(picture: &Picture) -> [[u8; 3]; 2] {
    let width = picture.size().width as usize;
    let row = picture.size().height as usize / 2;
    [width / 4, width * 3 / 4].map(|column| {
        let [y, u, v] = picture.planes();
        let chroma = row / 2 * (width / 2) + column / 2;
        [y[row * width + column], u[chroma], v[chroma]]
    })
}

fn near(got: [[u8; 3]; 2], wanted: [[u8; 3]; 2]) {
    for (got, wanted) in got.as_flattened().iter().zip(wanted.as_flattened()) {
        assert!(got.abs_diff(*wanted) <= 3, "{got:?}, not {wanted:?}");
    }
}

/// Grey on the left, skin on the right, in BT.709; what every form below must become.
const WANTED: [[u8; 3]; 2] = [[126, 128, 128], [159, 115, 145]];

/// The same in BT.601, limited and full range.
const LIMITED: [[u8; 3]; 2] = [[126, 128, 128], [161, 113, 146]];
const FULL: [[u8; 3]; 2] = [[128, 128, 128], [169, 111, 148]];

fn is_right(column: usize) -> usize {
    usize::from(column >= SIZE.width as usize / 2)
}

#[test]
fn yuyv_is_converted() {
    let row: Vec<u8> = (0..SIZE.width as usize)
        .flat_map(|it| [LIMITED[is_right(it)][0], LIMITED[is_right(it)][1 + it % 2]])
        .collect();
    near(
        halves(&converted(
            FrameFormat::YUYV,
            &row.repeat(SIZE.height as usize),
        )),
        WANTED,
    );
}

#[test]
fn nv12_is_converted_and_what_is_behind_it_is_ignored() {
    let luma: Vec<u8> = (0..SIZE.width as usize)
        .map(|it| LIMITED[is_right(it)][0])
        .collect();
    let chroma: Vec<u8> = (0..SIZE.width as usize)
        .map(|it| LIMITED[is_right(it)][1 + it % 2])
        .collect();
    let mut bytes = luma.repeat(SIZE.height as usize);
    bytes.extend(chroma.repeat(SIZE.height as usize / 2));
    bytes.extend([77; 100]);
    near(halves(&converted(FrameFormat::NV12, &bytes)), WANTED);
}

#[test]
fn grey_is_converted() {
    let picture = converted(FrameFormat::GRAY, &vec![128; 64 * 48]);
    near(halves(&picture), [WANTED[0], WANTED[0]]);
}

#[test]
fn rgb_in_both_orders_is_converted() {
    let colours = [[128_u8, 128, 128], [197, 160, 138]];
    let row: Vec<u8> = (0..SIZE.width as usize)
        .flat_map(|it| colours[is_right(it)])
        .collect();
    let rgb = row.repeat(SIZE.height as usize);
    let bgr: Vec<u8> = rgb.chunks(3).flat_map(|it| [it[2], it[1], it[0]]).collect();
    let (first, second) = (
        converted(FrameFormat::RAWRGB, &rgb),
        converted(FrameFormat::RAWBGR, &bgr),
    );
    near(halves(&first), halves(&second));
    near(halves(&first), WANTED);
}

fn jpeg(subsamp: Subsamp) -> Vec<u8> {
    let (width, height) = (SIZE.width as usize, SIZE.height as usize);
    let (columns, rows) = match subsamp {
        Subsamp::Sub2x2 => (2, 2),
        Subsamp::Sub2x1 => (2, 1),
        Subsamp::None => (1, 1),
        other => panic!("no test for {other:?}"),
    };
    let mut pixels = Vec::new();
    for _ in 0..height {
        pixels.extend((0..width).map(|it| FULL[is_right(it)][0]));
    }
    for plane in [1, 2] {
        for _ in 0..height / rows {
            pixels.extend((0..width / columns).map(|it| FULL[is_right(it * columns)][plane]));
        }
    }
    let mut compressor = Compressor::new().unwrap();
    compressor.set_quality(95).unwrap();
    let image = YuvImage {
        pixels: &pixels[..],
        width,
        align: 1,
        height,
        subsamp,
    };
    compressor.compress_yuv_to_vec(image).unwrap()
}

#[test]
fn jpeg_of_every_common_sampling_is_converted() {
    for subsamp in [Subsamp::Sub2x2, Subsamp::Sub2x1, Subsamp::None] {
        let mut bytes = jpeg(subsamp);
        bytes.extend([0; 500]);
        near(halves(&converted(FrameFormat::MJPEG, &bytes)), WANTED);
    }
}

#[test]
fn too_few_bytes_are_an_error() {
    let mut converter = Converter::default();
    let mut picture = Picture::black(SIZE);
    for format in [
        FrameFormat::YUYV,
        FrameFormat::NV12,
        FrameFormat::GRAY,
        FrameFormat::RAWRGB,
    ] {
        let few = converter.convert(format, &[0; 100], SIZE, &mut picture);
        assert!(few.is_err());
    }
    let whole = jpeg(Subsamp::Sub2x1);
    for len in [0, 1, 20, whole.len() / 2] {
        let cut = &whole[..len];
        assert!(
            converter
                .convert(FrameFormat::MJPEG, cut, SIZE, &mut picture)
                .is_err(),
            "{len} bytes"
        );
    }
}

#[test]
fn a_jpeg_tells_its_own_size() {
    let mut converter = Converter::default();
    let bytes = jpeg(Subsamp::Sub2x1);
    let size = converter
        .size_of(FrameFormat::MJPEG, &bytes, Size::HD)
        .unwrap();
    assert_eq!(size, SIZE);
    let mut other = Picture::black(Size::new(32, 32));
    assert!(
        converter
            .convert(FrameFormat::MJPEG, &bytes, SIZE, &mut other)
            .is_err()
    );
}

/// What a camera delivers in pictures of these sides: its left column is dark, and so is each left
/// end of a row that is read with a wrong stride.
fn delivered(format: FrameFormat, width: usize, height: usize) -> Vec<u8> {
    let luma = |column: usize| if column == 0 { 30 } else { 200 };
    let pairs = width.div_ceil(2);
    match format {
        FrameFormat::YUYV => (0..2 * pairs)
            .flat_map(|it| [luma(it), 128])
            .collect::<Vec<u8>>()
            .repeat(height),
        FrameFormat::NV12 => {
            let mut bytes = (0..width).map(luma).collect::<Vec<u8>>().repeat(height);
            bytes.extend(vec![128; 2 * pairs * height.div_ceil(2)]);
            bytes
        }
        FrameFormat::GRAY => (0..width).map(luma).collect::<Vec<u8>>().repeat(height),
        FrameFormat::RAWRGB | FrameFormat::RAWBGR => (0..width)
            .flat_map(|it| [luma(it); 3])
            .collect::<Vec<u8>>()
            .repeat(height),
        FrameFormat::MJPEG => {
            let pixels = delivered(FrameFormat::RAWRGB, width, height);
            let image = turbojpeg::Image {
                pixels: &pixels[..],
                width,
                pitch: 3 * width,
                height,
                format: turbojpeg::PixelFormat::RGB,
            };
            let compressed = turbojpeg::compress(image, 95, Subsamp::Sub2x2);
            compressed.unwrap().to_vec()
        }
    }
}

#[test]
fn of_an_odd_side_the_last_line_is_left_out() {
    for format in [
        FrameFormat::YUYV,
        FrameFormat::NV12,
        FrameFormat::GRAY,
        FrameFormat::RAWRGB,
        FrameFormat::RAWBGR,
        FrameFormat::MJPEG,
    ] {
        for (width, height) in [(33, 24), (32, 25), (33, 25)] {
            let agreed = Size::new(width, height);
            let bytes = delivered(format, width as usize, height as usize);
            let mut converter = Converter::default();
            let size = converter.size_of(format, &bytes, agreed).unwrap();
            assert_eq!(size, Size::new(32, 24), "{format:?}");
            let mut picture = Picture::black(size);
            converter
                .convert(format, &bytes, agreed, &mut picture)
                .unwrap();
            let [luma, ..] = picture.planes();
            for row in luma.chunks_exact(32) {
                let bright = row[8..].iter().all(|it| *it > 150);
                assert!(row[0] < 80 && bright, "{format:?} of {agreed}: {row:?}");
            }
        }
    }
}

#[test]
fn the_chroma_of_odd_sides_stays_with_its_pixels() {
    // Skin in the left half and grey in the right one, of 33 columns and 25 rows.
    let mut bytes = [FULL[0][0]; 33 * 25].to_vec();
    let row: Vec<u8> = (0..17)
        .flat_map(|it| if it < 8 { [90, 170] } else { [128, 128] })
        .collect();
    bytes.extend(row.repeat(13));
    let mut picture = Picture::black(Size::new(32, 24));
    Converter::default()
        .convert(FrameFormat::NV12, &bytes, Size::new(33, 25), &mut picture)
        .unwrap();
    let [_, u, _] = picture.planes();
    for row in u.chunks_exact(16) {
        assert!(row[..8].iter().all(|it| *it < 110) && row[8..].iter().all(|it| *it > 120));
    }
}
