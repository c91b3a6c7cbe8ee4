//! Tables of scores and levels, and whole calls as they were recorded.

mod traces;

use super::*;

use ConnectionQuality::{Excellent, Good, Lost, Poor};

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// The level that facts come to that stay as they are, and its cause.
fn settled(facts: &Facts) -> (ConnectionQuality, Option<Cause>) {
    let mut judge = Judge::new();
    for _ in 0..60 {
        judge.second(facts);
    }
    let Verdict { level, cause } = judge.verdict();
    (level, cause)
}

/// The levels that are told of these seconds, each one once.
fn told(seconds: impl IntoIterator<Item = Facts>) -> Vec<ConnectionQuality> {
    let mut judge = Judge::new();
    let mut told = vec![judge.verdict().level];
    for facts in seconds {
        let level = judge.second(&facts).level;
        if told.last() != Some(&level) {
            told.push(level);
        }
    }
    told
}

fn losing(share: f64) -> Facts {
    Facts {
        audio_loss: share,
        video_loss: share,
        ..Facts::PERFECT
    }
}

#[test]
fn each_cause_has_the_limits_that_its_medium_stands() {
    let perfect = Facts::PERFECT;
    let sound = |share| Facts {
        audio_loss: share,
        ..perfect
    };
    let pictures = |share| Facts {
        video_loss: share,
        ..perfect
    };
    let far = |millis| Facts {
        round_trip: ms(millis),
        ..perfect
    };
    let waits = |millis| Facts {
        buffer: ms(millis),
        ..perfect
    };
    let made_up = |share| Facts {
        concealed: share,
        ..perfect
    };
    let still = |share| Facts {
        frozen: share,
        ..perfect
    };
    let carries = |share| Facts {
        rate: share,
        ..perfect
    };
    let said = |server| Facts {
        server: Some(server),
        ..perfect
    };
    let comes = |arrival| Facts { arrival, ..perfect };
    for (facts, expected, cause) in [
        (perfect, Excellent, None),
        (sound(0.02), Excellent, None),
        (sound(0.03), Good, Some(Cause::Loss)),
        (sound(0.07), Good, Some(Cause::Loss)),
        (sound(0.08), Poor, Some(Cause::Loss)),
        (pictures(0.019), Excellent, None),
        (pictures(0.03), Good, Some(Cause::Loss)),
        (pictures(0.07), Poor, Some(Cause::Loss)),
        (pictures(1.0), Poor, Some(Cause::Loss)),
        (far(300), Excellent, None),
        (far(700), Good, Some(Cause::Delay)),
        (far(1500), Poor, Some(Cause::Delay)),
        (waits(120), Excellent, None),
        (waits(400), Good, Some(Cause::Jitter)),
        (waits(800), Poor, Some(Cause::Jitter)),
        (made_up(0.05), Good, Some(Cause::Concealment)),
        (made_up(0.2), Poor, Some(Cause::Concealment)),
        (still(0.2), Excellent, None),
        (still(0.5), Good, Some(Cause::Freezes)),
        (still(1.0), Poor, Some(Cause::Freezes)),
        (carries(1.5), Excellent, None),
        (carries(0.5), Good, Some(Cause::Rate)),
        (carries(0.15), Poor, Some(Cause::Rate)),
        (carries(0.0), Poor, Some(Cause::Rate)),
        (said(Excellent), Excellent, None),
        (said(Good), Good, Some(Cause::Server)),
        (said(Poor), Poor, Some(Cause::Server)),
        (said(Lost), Poor, Some(Cause::Server)),
        (comes(Arrival::Part), Poor, Some(Cause::Silence)),
        (comes(Arrival::Nothing), Lost, Some(Cause::Silence)),
    ] {
        assert_eq!(settled(&facts), (expected, cause), "{facts:?}");
    }
}

#[test]
fn the_worst_cause_wins() {
    let facts = Facts {
        audio_loss: 0.05,
        round_trip: ms(1600),
        ..Facts::PERFECT
    };
    assert_eq!(settled(&facts), (Poor, Some(Cause::Delay)));
}

#[test]
fn it_falls_in_four_seconds_and_climbs_in_six() {
    let mut judge = Judge::new();
    let bad = (1..).find(|_| judge.second(&losing(0.3)).level == Poor);
    assert_eq!(bad, Some(4));
    let good = (1..).find(|_| judge.second(&Facts::PERFECT).level == Good);
    assert_eq!(good, Some(6));
    let excellent = (7..).find(|_| judge.second(&Facts::PERFECT).level == Excellent);
    assert_eq!(excellent, Some(18));
}

#[test]
fn what_is_concealed_is_not_told_as_poor() {
    for bad in [1, 2] {
        let call = [
            vec![losing(0.0); 10],
            vec![losing(1.0); bad],
            vec![losing(0.0); 30],
        ];
        assert_eq!(told(call.concat()), [Excellent, Good, Excellent], "{bad} s");
    }
}

#[test]
fn a_link_that_is_bad_every_few_seconds_is_told_once() {
    for (bad, good) in [(4, 4), (6, 4), (5, 5), (10, 3), (4, 2)] {
        let cycle = [vec![losing(0.2); bad], vec![losing(0.0); good]].concat();
        let call = cycle.into_iter().cycle().take(300);
        assert_eq!(
            told(call),
            [Excellent, Good, Poor],
            "{bad} s of {}",
            bad + good
        );
    }
}

#[test]
fn values_around_a_limit_do_not_flicker() {
    for limit in [0.02, 0.06, 0.075] {
        let around = (0..600).map(|it| losing(limit + 0.004 * f64::from(it % 3 - 1)));
        assert!(told(around).len() <= 3, "around {limit}");
    }
}

#[test]
fn a_cause_stays_while_another_one_is_about_as_bad() {
    let mut judge = Judge::new();
    let mut causes = Vec::new();
    for second in 0..60 {
        let (more, less) = if second % 2 == 0 {
            (0.10, 0.09)
        } else {
            (0.09, 0.10)
        };
        let facts = Facts {
            audio_loss: more,
            concealed: less,
            ..Facts::PERFECT
        };
        causes.extend(judge.second(&facts).cause);
    }
    assert!(causes.iter().all(|it| *it == causes[0]), "{causes:?}");
}

#[test]
fn a_lost_path_is_told_at_once_and_leaves_nothing_behind() {
    let mut judge = Judge::new();
    for _ in 0..10 {
        judge.second(&losing(0.2));
    }
    judge.path_lost();
    let lost = Verdict {
        level: Lost,
        cause: Some(Cause::Silence),
    };
    assert_eq!(judge.verdict(), lost);
    judge.path_found();
    assert_eq!(judge, Judge::new());
}

#[test]
fn nothing_that_is_not_a_number_or_beyond_all_measure_breaks_the_scale() {
    for wild in [f64::NAN, f64::INFINITY, -1.0, 1e300] {
        let mut judge = Judge::new();
        let facts = Facts {
            audio_loss: wild,
            video_loss: wild,
            round_trip: Duration::MAX,
            buffer: Duration::ZERO,
            concealed: wild,
            frozen: wild,
            rate: wild,
            ..Facts::PERFECT
        };
        for _ in 0..20 {
            judge.second(&facts);
        }
        for _ in 0..60 {
            judge.second(&Facts::PERFECT);
        }
        assert_eq!(judge.verdict().level, Excellent, "{wild}");
    }
}
