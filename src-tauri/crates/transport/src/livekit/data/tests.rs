//! What is written is read; what others write is read within bounds.

use proptest::prelude::*;
use prost::Message as _;

use super::{ChatText, DataError, MAX_TEXT, Reader, Received, TooLarge, Writer};
use crate::livekit::e2ee::{Key, KeyRing, Opener, Sealer};
use crate::livekit::proto::data::{ChatMessage, Chunk, DataPacket, Header, TextHeader, Value};
use crate::livekit::signal::Sid;

fn chat(text: &str) -> ChatText {
    ChatText {
        id: "6b1f".to_owned(),
        at_ms: 1_700_000_000_000,
        text: text.into(),
    }
}

fn as_from_server(packet: &[u8]) -> Vec<u8> {
    let mut packet = DataPacket::decode(packet).unwrap();
    packet.participant_sid = "PA_b".to_owned();
    packet.participant_identity = "b".to_owned();
    packet.encode_to_vec()
}

fn packet(value: Value) -> Vec<u8> {
    let value = Some(value);
    DataPacket {
        value,
        ..DataPacket::default()
    }
    .encode_to_vec()
}

fn pair(passphrase: Option<&str>) -> (Writer, Reader) {
    let keys = passphrase.map(|it| Key::of_passphrase(it).unwrap());
    let sealer = keys.clone().map(|key| Sealer::new(key, 0).unwrap());
    let opener = keys.map(|key| Opener::new(KeyRing::with(key), Vec::new()));
    (Writer::new(sealer), Reader::new(opener))
}

fn control(payload: &[u8]) -> Received {
    Received::Control {
        from: Sid::parse("PA_b"),
        payload: payload.to_vec(),
    }
}

fn read_all(reader: &mut Reader, packets: &[Vec<u8>]) -> Vec<Received> {
    let each = packets
        .iter()
        .map(|it| reader.read(&as_from_server(it)).unwrap());
    each.flatten().collect()
}

#[test]
fn control_messages_and_texts_arrive_in_clear_and_encrypted() {
    for passphrase in [None, Some("shared")] {
        let (mut writer, mut reader) = pair(passphrase);
        let long = "ä€🦀".repeat(6_000);
        let mut packets = vec![writer.control(b"still there").unwrap()];
        packets.extend(writer.chat(&chat(&long)).unwrap());
        assert_eq!(packets.len(), 1 + 1 + 4 + 1, "54,000 bytes are four pieces");
        let received = [control(b"still there"), Received::Chat(chat(&long))];
        assert_eq!(read_all(&mut reader, &packets), received);
    }
}

#[test]
fn a_packet_that_a_resume_sends_again_is_taken_once() {
    let (mut writer, mut reader) = pair(None);
    for number in 0..3 {
        writer.control(&[number]).unwrap();
    }
    let all: Vec<_> = writer.after(0).map(<[u8]>::to_vec).collect();
    assert_eq!(read_all(&mut reader, &all[..2]).len(), 2);
    let again: Vec<_> = writer.after(1).map(<[u8]>::to_vec).collect();
    assert_eq!(read_all(&mut reader, &again), [control(&[2])]);
    let heard = reader.received();
    assert!(matches!(&heard[..], [(sid, 3)] if sid.as_str() == "PA_b"));
}

#[test]
fn an_encrypted_session_takes_nothing_in_clear_and_nothing_of_another_key() {
    let (mut plain, _) = pair(None);
    let (mut other, _) = pair(Some("another"));
    let (_, mut reader) = pair(Some("shared"));
    let clear = plain.control(b"x").unwrap();
    assert_eq!(reader.read(&clear), Err(DataError::NotEncrypted));
    let foreign = other.control(b"x").unwrap();
    assert_eq!(reader.read(&foreign), Err(DataError::NotAuthentic));
}

#[test]
fn a_text_that_comes_in_the_old_way_as_well_is_told_once() {
    let (mut writer, mut reader) = pair(None);
    let packets = writer.chat(&chat("hello")).unwrap();
    assert_eq!(read_all(&mut reader, &packets).len(), 1);
    let legacy = |id: &str| {
        packet(Value::Chat(ChatMessage {
            id: id.to_owned(),
            message: "hello".to_owned(),
            ..ChatMessage::default()
        }))
    };
    assert_eq!(reader.read(&legacy("6b1f")), Ok(None));
    assert!(matches!(
        reader.read(&legacy("other")),
        Ok(Some(Received::Chat(_)))
    ));
}

#[test]
fn a_text_within_its_header_is_whole() {
    let (_, mut reader) = pair(None);
    let header = packet(Value::Header(Header {
        stream_id: "s".to_owned(),
        topic: "lk.chat".to_owned(),
        text_header: Some(TextHeader::default()),
        inline_content: Some(b"hi".to_vec()),
        ..Header::default()
    }));
    let Ok(Some(Received::Chat(chat))) = reader.read(&header) else {
        panic!("not told");
    };
    assert_eq!(chat.text.0, "hi");
}

#[test]
fn what_is_too_long_is_neither_sent_nor_gathered() {
    let (mut writer, mut reader) = pair(None);
    let long = "x".repeat(MAX_TEXT + 1);
    assert_eq!(writer.chat(&chat(&long)), Err(TooLarge));
    assert_eq!(writer.control(&[0; 64_000]), Err(TooLarge));
    assert_eq!(reader.read(&[0; 64_001]), Err(DataError::TooLarge));
    let header = Header {
        stream_id: "s".to_owned(),
        topic: "lk.chat".to_owned(),
        text_header: Some(TextHeader::default()),
        ..Header::default()
    };
    assert_eq!(reader.read(&packet(Value::Header(header))), Ok(None));
    for chunk_index in 0..10 {
        let chunk = Chunk {
            stream_id: "s".to_owned(),
            chunk_index,
            content: vec![b'x'; 60_000],
        };
        assert_eq!(reader.read(&packet(Value::Chunk(chunk))), Ok(None));
    }
    let shown = format!("{reader:?}");
    assert!(shown.contains("streams: Streams([])"), "{shown}");
}

proptest! {
    #[test]
    fn any_text_arrives(text in "\\PC{0,400}") {
        let (mut writer, mut reader) = pair(None);
        let packets = writer.chat(&chat(&text)).unwrap();
        prop_assert_eq!(read_all(&mut reader, &packets), [Received::Chat(chat(&text))]);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(
        packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..20),
    ) {
        let mut reader = Reader::new(None);
        for packet in packets {
            let _: Result<_, _> = reader.read(&packet);
        }
    }
}
