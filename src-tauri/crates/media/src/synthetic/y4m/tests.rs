use std::io::Cursor;

use proptest::prelude::*;

use super::*;

fn clip(pictures: u8) -> Vec<u8> {
    let size = Size::new(16, 8);
    let mut writer = Writer::new(Vec::new(), size, 25).unwrap();
    for number in 0..pictures {
        let mut picture = Picture::black(size);
        picture.data_mut().fill(number);
        writer.write(&picture).unwrap();
    }
    writer.sink
}

fn open(bytes: &[u8]) -> Result<Reader<Cursor<Vec<u8>>>, Error> {
    Reader::new(Cursor::new(bytes.to_vec()))
}

#[test]
fn what_is_written_is_read_again_and_again() {
    let mut reader = open(&clip(3)).unwrap();
    assert_eq!((reader.size(), reader.fps()), (Size::new(16, 8), 25.0));
    let mut picture = Picture::black(reader.size());
    for number in 0..10 {
        reader.read_looped(&mut picture).unwrap();
        assert!(picture.data().iter().all(|it| *it == number % 3));
    }
}

#[test]
fn each_fault_has_its_name() {
    assert!(matches!(open(b""), Err(Error::NotY4m)));
    assert!(matches!(open(b"RIFF....WAVE\n"), Err(Error::NotY4m)));
    assert!(matches!(open(&[b'x'; 9000]), Err(Error::NotY4m)));
    let mut picture = Picture::black(Size::new(16, 8));
    let mut empty = open(&clip(0)).unwrap();
    assert!(matches!(empty.read_looped(&mut picture), Err(Error::Empty)));
    let mut damaged = clip(2);
    let second = damaged.len() - 6 - Picture::len_of(Size::new(16, 8));
    damaged[second] = b'X';
    let mut damaged = open(&damaged).unwrap();
    assert!(damaged.read(&mut picture).unwrap());
    assert!(matches!(damaged.read(&mut picture), Err(Error::BadFrame)));
}

#[test]
fn a_cut_off_end_is_an_end() {
    let whole = clip(2);
    let mut reader = open(&whole[..whole.len() - 10]).unwrap();
    let mut picture = Picture::black(reader.size());
    assert!(reader.read(&mut picture).unwrap());
    assert!(!reader.read(&mut picture).unwrap());
    reader.read_looped(&mut picture).unwrap();
    assert!(picture.data().iter().all(|it| *it == 0));
}

/// A file whose luma counts up from left to right and from picture to picture.
fn counting(header: &str, [width, height]: [u8; 2], pictures: u8, chroma: usize) -> Vec<u8> {
    let mut file = format!("YUV4MPEG2 W{width} H{height} {header}\n").into_bytes();
    for number in 0..pictures {
        file.extend(b"FRAME\n");
        file.extend((0..height).flat_map(|row| (0..width).map(move |it| number + row + it)));
        file.extend(vec![60; chroma]);
    }
    file
}

#[test]
fn odd_sides_get_their_last_column_and_row_twice() {
    for [width, height] in [[5_u8, 3], [4, 3], [5, 4], [1, 1], [1, 6]] {
        let chroma = 2 * usize::from(width.div_ceil(2)) * usize::from(height.div_ceil(2));
        let file = counting("F25:1", [width, height], 2, chroma);
        let mut reader = open(&file).unwrap();
        let [wide, high] = [width, height].map(|it| u32::from(it.next_multiple_of(2)));
        assert_eq!(reader.size(), Size::new(wide, high));
        let mut picture = Picture::black(reader.size());
        for number in [0, 1, 0] {
            reader.read_looped(&mut picture).unwrap();
            let [luma, u, v] = picture.planes();
            for (at, level) in luma.iter().enumerate() {
                let column = (at as u32 % wide).min(u32::from(width) - 1) as u8;
                let row = (at as u32 / wide).min(u32::from(height) - 1) as u8;
                assert_eq!(*level, number + row + column, "{width}x{height} at {at}");
            }
            assert!(u.iter().chain(v).all(|it| *it == 60));
        }
    }
}

#[test]
fn a_grey_clip_has_no_colour() {
    let mut reader = open(&counting("Cmono", [4, 4], 2, 0)).unwrap();
    let mut picture = Picture::black(reader.size());
    for number in [0, 1, 0] {
        reader.read_looped(&mut picture).unwrap();
        let [luma, u, v] = picture.planes();
        assert_eq!((luma[0], luma[15]), (number, number + 6));
        assert!(u.iter().chain(v).all(|it| *it == 128));
    }
}

#[test]
fn skipped_pictures_are_passed_over_and_the_end_is_no_end() {
    let mut reader = open(&counting("F1000:1", [4, 2], 5, 4)).unwrap();
    let mut picture = Picture::black(reader.size());
    for (skipped, shown) in [(2, 2), (0, 3), (3, 2), (11, 4)] {
        (0..skipped).for_each(|_| reader.skip_looped().unwrap());
        reader.read_looped(&mut picture).unwrap();
        assert_eq!(picture.data()[0], shown);
    }
    assert!(matches!(
        open(&clip(0)).unwrap().skip_looped(),
        Err(Error::Empty)
    ));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(
        head in "(YUV4MPEG2 )?([WHFC][0-9:]{0,6} ){0,5}(Cmono )?\n?", rest: Vec<u8>
    ) {
        let bytes = [head.as_bytes(), &rest].concat();
        if let Ok(mut reader) = open(&bytes) {
            let mut picture = Picture::black(reader.size());
            while let Ok(true) = reader.read(&mut picture) {}
            let _ = reader.skip_looped();
            let _ = reader.read_looped(&mut picture);
        }
    }
}
