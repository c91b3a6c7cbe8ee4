//! By how much sound comes out later.

use std::time::Duration;

use media::backend::voice::VoiceSettings;

use super::{all_settings, processor, somebody_talks};

/// At which lag, in samples, what was sent is most like what was heard.
fn lag(heard: &[f32], sent: &[f32]) -> usize {
    let heard = &heard[24_000..72_000];
    (0..1_400)
        .max_by(|one, other| {
            let fit = |lag: usize| -> f32 {
                let sent = &sent[24_000 + lag..72_000 + lag];
                heard.iter().zip(sent).map(|(one, other)| one * other).sum()
            };
            fit(*one).total_cmp(&fit(*other))
        })
        .unwrap()
}

#[test]
fn a_processor_knows_its_delay() {
    let scene = somebody_talks(1.7);
    let heard = scene.heard();
    for settings in all_settings() {
        let mut processor = processor(settings);
        let sent = scene.run(&heard, &mut *processor);
        let told = processor.delay().as_secs_f64() * 48_000.0;
        let measured = lag(&heard.microphone, &sent) as f64;
        println!("{settings:?}: told {told}, measured {measured}");
        assert!(
            (told - measured).abs() <= 12.0,
            "{settings:?}: {told}, measured {measured}"
        );
    }
}

#[test]
fn no_delay_is_added_beyond_what_the_product_allows() {
    let mut everything = processor(VoiceSettings::SPEECH);
    for _ in 0..10 {
        everything.process(&mut [0.0; 480], Duration::ZERO);
    }
    assert!(
        everything.delay() <= Duration::from_millis(22),
        "{:?}",
        everything.delay()
    );
    let before = everything.delay();
    everything.set(VoiceSettings::UNPROCESSED);
    assert_eq!(everything.delay(), before, "what fades out is as late");
    everything.process(&mut [0.0; 480], Duration::ZERO);
    assert_eq!(everything.delay(), Duration::ZERO);
}

#[test]
fn with_everything_off_sound_is_what_it_was() {
    let scene = somebody_talks(0.5);
    let heard = scene.heard();
    let sent = scene.run(&heard, &mut *processor(VoiceSettings::UNPROCESSED));
    assert_eq!(sent, heard.microphone);
}
