//! The first line of a YUV4MPEG2 file (yuv4mpeg(5) of mjpegtools): fields of one letter and a value
//! each, in any order.

use super::Error;
use crate::picture::Picture;
use crate::units::Size;

/// What the first line says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Header {
    /// The size of the pictures as they are stored; sides may be odd.
    pub(super) stored: Size,
    pub(super) chroma: Chroma,
    /// Pictures per second.
    pub(super) fps: f32,
}

/// Which planes of colour follow the luma plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chroma {
    /// Two of half the width and height, rounded up: 4:2:0.
    Quarter,
    /// None: grey pictures.
    None,
}

impl Header {
    /// Understands the first line, which is given without its end.
    pub(super) fn parse(line: &[u8]) -> Result<Self, Error> {
        // Comments may be in any encoding; all other fields are ASCII.
        let line = String::from_utf8_lossy(line);
        let mut fields = line.split(' ').filter(|it| !it.is_empty());
        if fields.next() != Some("YUV4MPEG2") {
            return Err(Error::NotY4m);
        }
        let (mut width, mut height, mut fps) = (None, None, DEFAULT_FPS);
        let (mut format, mut old_format) = (None, None);
        for field in fields {
            let bad = || Error::BadField(field.into());
            let mut letters = field.chars();
            let tag = letters.next().ok_or_else(bad)?;
            let value = letters.as_str();
            match tag {
                'W' => width = Some(value.parse::<u32>().map_err(|_| bad())?),
                'H' => height = Some(value.parse::<u32>().map_err(|_| bad())?),
                'F' => fps = rate(value).ok_or_else(bad)?,
                'C' => format = Some(value.to_owned()),
                // Writers from before the field C said it in an extension.
                'X' => {
                    old_format = value
                        .strip_prefix("YSCSS=")
                        .map(str::to_lowercase)
                        .or(old_format)
                }
                // Interlacing, pixel aspect and what is yet to come change nothing here.
                _ => {}
            }
        }
        let (Some(width), Some(height)) = (width, height) else {
            return Err(Error::NotY4m);
        };
        let header = Self {
            stored: Size::new(width, height),
            chroma: chroma(format.or(old_format))?,
            fps,
        };
        if width == 0 || height == 0 || !header.size().is_valid() {
            return Err(Error::BadSize(header.stored));
        }
        Ok(header)
    }

    /// The size of the pictures as they are handed out: both sides even.
    pub(super) const fn size(&self) -> Size {
        let Size { width, height } = self.stored;
        Size::new(
            width.saturating_add(width % 2),
            height.saturating_add(height % 2),
        )
    }

    /// Bytes of one picture in the file, without the line before it.
    pub(super) const fn frame_len(&self) -> usize {
        let luma = self.stored.width as usize * self.stored.height as usize;
        let even = self.size();
        match self.chroma {
            Chroma::Quarter => {
                luma + Picture::len_of(even) - even.width as usize * even.height as usize
            }
            Chroma::None => luma,
        }
    }
}

/// The planes of a format; without one it is 4:2:0.
fn chroma(format: Option<String>) -> Result<Chroma, Error> {
    match format {
        None => Ok(Chroma::Quarter),
        Some(name) if QUARTER.contains(&name.as_str()) => Ok(Chroma::Quarter),
        Some(name) if name == "mono" => Ok(Chroma::None),
        Some(name) => Err(Error::Unsupported(name)),
    }
}

/// A rate such as `30000:1001` or `25`; one with a zero is unknown.
fn rate(text: &str) -> Option<f32> {
    let (above, below) = text.split_once(':').unwrap_or((text, "1"));
    let (above, below) = (above.parse::<u64>().ok()?, below.parse::<u64>().ok()?);
    if above == 0 || below == 0 {
        return Some(DEFAULT_FPS);
    }
    Some((above as f64 / below as f64).min(MOST_FPS) as f32)
}

/// Names of 8-bit 4:2:0; they differ in where chroma samples lie, by less than a pixel.
const QUARTER: [&str; 4] = ["420", "420jpeg", "420mpeg2", "420paldv"];

const DEFAULT_FPS: f32 = 30.0;

/// High-speed cameras write their true rate; a player of the file passes over what nobody can see.
const MOST_FPS: f64 = 1000.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(fields: &str) -> Result<Header, Error> {
        Header::parse(format!("YUV4MPEG2 {fields}").as_bytes())
    }

    fn fps(field: &str) -> f32 {
        parse(&format!("W2 H2 {field}")).unwrap().fps
    }

    #[test]
    fn headers_of_other_writers_are_understood() {
        let header =
            parse("W640 H272 F30000:1001 Ip A0:0 C420jpeg XYSCSS=420JPEG XCOLORRANGE=LIMITED")
                .unwrap();
        assert_eq!(header.size(), Size::new(640, 272));
        assert!((header.fps - 29.97).abs() < 0.01);
    }

    #[test]
    fn fields_come_in_any_order_and_may_be_missing() {
        let sorted = parse("W64 H48 F25:1 Ip A1:1 C420mpeg2").unwrap();
        assert_eq!(parse("C420mpeg2 F25:1 H48 A1:1 Ip W64").unwrap(), sorted);
        assert_eq!(parse("H48  F25:1 W64 ").unwrap(), sorted);
        for odd in [
            "I?",
            "It",
            "Im",
            "A0:0",
            "A64:45",
            "A",
            "X",
            "XA=B XC=D",
            "Q1",
        ] {
            assert_eq!(
                parse(&format!("W64 H48 F25:1 {odd}")).unwrap(),
                sorted,
                "{odd}"
            );
        }
        let comment = Header::parse(b"YUV4MPEG2 W64 H48 X\xff\xfe F25:1");
        assert_eq!(comment.unwrap(), sorted);
    }

    #[test]
    fn every_rate_that_a_clip_can_have_is_played() {
        for (field, wanted) in [
            ("", 30.0),
            ("F25:1", 25.0),
            ("F25", 25.0),
            ("F24000:1001", 23.976),
            ("F30000000:1001000", 29.97),
            ("F0:0", 30.0),
            ("F0:1", 30.0),
            ("F30:0", 30.0),
            ("F1:10", 0.1),
            ("F1:2", 0.5),
            ("F300:1", 300.0),
            ("F1000:1", 1000.0),
            ("F1000000:1", 1000.0),
            ("F18446744073709551615:1", 1000.0),
        ] {
            assert!(
                (fps(field) - wanted).abs() < 0.01,
                "{field}: {}",
                fps(field)
            );
        }
        for field in [
            "F", "F:", "F25:", "F:1", "F-25:1", "F25:1:1", "Ffast", "F2.5:1",
        ] {
            let parsed = parse(&format!("W2 H2 {field}"));
            assert!(
                matches!(parsed, Err(Error::BadField(it)) if it == field),
                "{field}"
            );
        }
    }

    #[test]
    fn all_ways_to_write_8_bit_4_2_0_and_grey_are_known() {
        for name in [
            "",
            "C420",
            "C420jpeg",
            "C420mpeg2",
            "C420paldv",
            "XYSCSS=420MPEG2",
        ] {
            let header = parse(&format!("W5 H3 {name}")).unwrap();
            assert_eq!(
                (header.chroma, header.frame_len()),
                (Chroma::Quarter, 15 + 6 + 6)
            );
        }
        let grey = parse("W5 H3 Cmono XYSCSS=444").unwrap();
        assert_eq!((grey.chroma, grey.frame_len()), (Chroma::None, 15));
        for (field, name) in [
            ("C444", "444"),
            ("C420p10", "420p10"),
            ("XYSCSS=411", "411"),
            ("C", ""),
        ] {
            let parsed = parse(&format!("W4 H4 {field}"));
            assert!(
                matches!(parsed, Err(Error::Unsupported(it)) if it == name),
                "{field}"
            );
        }
    }

    #[test]
    fn sizes_may_be_odd_but_neither_empty_nor_vast() {
        for (width, height, even) in [(641, 480, (642, 480)), (1, 1, (2, 2)), (3839, 3, (3840, 4))]
        {
            let header = parse(&format!("W{width} H{height}")).unwrap();
            assert_eq!(header.size(), Size::new(even.0, even.1));
        }
        for size in [
            "W0 H4",
            "W4 H0",
            "W99998 H99998",
            "W3841 H2",
            "W4294967295 H4294967295",
        ] {
            assert!(matches!(parse(size), Err(Error::BadSize(_))), "{size}");
        }
        assert!(matches!(parse("W640"), Err(Error::NotY4m)));
        assert!(matches!(parse("W640 Hx"), Err(Error::BadField(it)) if it == "Hx"));
    }
}
