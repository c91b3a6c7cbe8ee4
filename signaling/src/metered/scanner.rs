//! Finds the frames in what a client sends: its one HTTP request, then WebSocket frames (RFC 6455,
//! section 5.2). Looks at headers only, keeps none of the content, and believes whatever it sees.

/// Where in the stream it is.
///
/// `Request → FrameHeader → Payload → FrameHeader → …`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scanner {
    /// In the request.
    Request(Request),
    /// In a frame's header.
    Header(Header),
    /// In a frame's content, of which so many bytes are to come.
    Payload { left: u64 },
}

/// How far the request is. The end is found where hyper finds it: empty lines before the request are
/// passed over, and a line may end without a carriage return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// Nothing has come but empty lines.
    Before,
    /// In a line that has something in it.
    Line,
    /// Behind the end of a line.
    LineEnd,
    /// Behind a carriage return after that.
    Return,
}

/// What is known of a frame's header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Header {
    /// Bytes seen.
    seen: usize,
    /// Bytes that it has, as far as is known.
    length: usize,
    /// Bytes of the extended length.
    extended: usize,
    payload: u64,
}

impl Default for Scanner {
    fn default() -> Self {
        Self::Request(Request::Before)
    }
}

impl Scanner {
    /// Goes on through these bytes, and says how many frames end their header in them.
    pub(super) fn frames_in(&mut self, mut bytes: &[u8]) -> usize {
        let mut frames = 0;
        while let Some((&byte, rest)) = bytes.split_first() {
            bytes = rest;
            match self {
                Self::Request(request) => *self = request.after(byte),
                Self::Header(header) => {
                    if header.add(byte) {
                        frames += 1;
                        *self = Self::content(header.payload);
                    }
                }
                Self::Payload { left } => {
                    let more = usize::try_from(*left - 1).unwrap_or(usize::MAX);
                    let skipped = more.min(bytes.len());
                    bytes = &bytes[skipped..];
                    *self = Self::content(*left - 1 - skipped as u64);
                }
            }
        }
        frames
    }

    fn content(left: u64) -> Self {
        if left == 0 {
            Self::Header(Header::default())
        } else {
            Self::Payload { left }
        }
    }
}

impl Request {
    fn after(self, byte: u8) -> Scanner {
        let next = match (self, byte) {
            (Self::Before, b'\r' | b'\n') => Self::Before,
            (Self::Line, b'\n') => Self::LineEnd,
            (Self::LineEnd, b'\r') => Self::Return,
            (Self::LineEnd | Self::Return, b'\n') => return Scanner::Header(Header::default()),
            (Self::Before | Self::Line | Self::LineEnd | Self::Return, _) => Self::Line,
        };
        Scanner::Request(next)
    }
}

impl Header {
    /// Takes the next byte, and says whether the header is complete.
    fn add(&mut self, byte: u8) -> bool {
        match self.seen {
            0 => self.length = 2,
            1 => {
                let short = byte & 0x7f;
                self.extended = match short {
                    126 => 2,
                    127 => 8,
                    _ => 0,
                };
                if self.extended == 0 {
                    self.payload = u64::from(short);
                }
                let mask = if byte & 0x80 == 0 { 0 } else { 4 };
                self.length = 2 + self.extended + mask;
            }
            n if n < 2 + self.extended => self.payload = self.payload << 8 | u64::from(byte),
            _ => {}
        }
        self.seen += 1;
        self.seen == self.length
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &[u8] = b"GET /v2 HTTP/1.1\r\nHost: a\r\n\r\n";

    /// A masked frame with so much content, whose length is written in this many bytes.
    fn frame(payload: usize, extended: usize) -> Vec<u8> {
        let length = u64::try_from(payload).unwrap().to_be_bytes();
        let short = match extended {
            0 => length[7],
            2 => 126,
            _ => 127,
        };
        let mut frame = vec![0x81, 0x80 | short];
        frame.extend_from_slice(&length[8 - extended..]);
        frame.extend_from_slice(&[1, 2, 3, 4]);
        frame.resize(frame.len() + payload, 0xff);
        frame
    }

    #[test]
    fn requests_hold_no_frames_and_end_where_hyper_ends_them() {
        for request in [
            REQUEST,
            b"\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"\n\n\r\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET / HTTP/1.1\nHost: a\n\n",
            b"GET / HTTP/1.1\r\nHost: a\r\n\n",
            b"GET / HTTP/1.1\nHost: a\n\r\n",
        ] {
            let mut scanner = Scanner::default();
            let (last, before) = request.split_last().unwrap();
            assert_eq!(scanner.frames_in(before), 0);
            assert!(matches!(scanner, Scanner::Request(_)), "{request:?}");
            assert_eq!(scanner.frames_in(&[*last]), 0);
            assert_eq!(scanner, Scanner::Header(Header::default()));
            let unmasked = [0x89, 0x00, 0x8a, 0x01, 0];
            assert_eq!(scanner.frames_in(&unmasked), 2);
        }
    }

    #[test]
    fn a_length_that_nobody_can_send_is_believed() {
        let mut scanner = Scanner::default();
        scanner.frames_in(REQUEST);
        let endless = [&[0x82, 0xff][..], &[0xff; 8], &[0; 4]].concat();
        assert_eq!(scanner.frames_in(&endless), 1);
        assert_eq!(scanner.frames_in(&[0; 10_000]), 0);
    }

    #[test]
    fn frames_are_counted_however_they_are_cut() {
        let sizes = [
            (0, 0),
            (1, 0),
            (125, 0),
            (5, 2),
            (126, 2),
            (300, 2),
            (0, 8),
            (70_000, 8),
        ];
        let frames: Vec<_> = sizes
            .iter()
            .map(|(size, extended)| frame(*size, *extended))
            .collect();
        let sent = [REQUEST.to_vec(), frames.concat()].concat();
        for cut in [1, 2, 3, 5, 7, 64, 1000, sent.len()] {
            let mut scanner = Scanner::default();
            let found: usize = sent.chunks(cut).map(|part| scanner.frames_in(part)).sum();
            assert_eq!(found, frames.len(), "in parts of {cut} bytes");
            assert_eq!(scanner, Scanner::Header(Header::default()));
        }
    }
}
