/** A call in which one of the two does not hear or see the other, and who is to blame. */
import type { Culprit } from '../bindings/Culprit';
import type { EngineView } from '../bindings/EngineView';
import type { Received } from '../bindings/Received';
import type { ActiveCall } from '../call';
import { active, LONG, type Story, story } from './base';

export const BLAMES = {
  'call-voice': story(
    active('connected', { local: { microphone: true, camera: false } }, { localPicture: false }),
  ),
  'call-receipts-unknown': story(active('connected', { received: says(null, null) })),
  'call-my-microphone': blamed('myMicrophone'),
  'call-my-camera': blamed('myCamera', says(true, false), { localPicture: false }),
  'call-my-speaker': blamed('mySpeaker'),
  'call-my-screen': blamed('myScreen', says(true, true), { remotePicture: false }),
  'call-their-microphone': blamed('theirMicrophone'),
  'call-their-camera': blamed('theirCamera', says(true, true), { remotePicture: false }),
  'call-their-speaker': blamed('theirSpeaker', says(false, true)),
  'call-their-screen': blamed('theirScreen', says(true, false)),
  'call-network-ours': blamed('network', says(false, false)),
  'call-network-theirs': blamed('network'),
  'call-network-no-camera': story(
    active(
      'connected',
      {
        local: { microphone: true, camera: false },
        culprit: 'network',
        received: says(false, null),
      },
      { localPicture: false },
    ),
  ),
  'call-their-speaker-long-name': blamed('theirSpeaker', says(false, true), {}, { peer: LONG }),
  'call-unheard': unexplained(says(false, true)),
  'call-unseen': unexplained(says(true, false)),
  'call-unreceived': unexplained(says(false, false)),
} satisfies Record<string, Story>;

/** What the other side says that it hears and sees. */
function says(heard: boolean | null, seen: boolean | null): Received {
  return { heard, seen };
}

function blamed(
  culprit: Culprit,
  received = says(true, true),
  engine: Partial<EngineView> = {},
  call: Partial<ActiveCall> = {},
): Story {
  return story(active('connected', { culprit, received, ...call }, engine));
}

function unexplained(received: Received): Story {
  return story(active('connected', { received }));
}
