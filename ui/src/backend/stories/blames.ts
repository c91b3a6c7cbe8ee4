/** A call in which one of the two does not hear or see the other, and who is to blame. */
import type { Culprit } from '../bindings/Culprit';
import type { EngineView } from '../bindings/EngineView';
import type { Received } from '../bindings/Received';
import type { ActiveCall } from '../call';
import { active, LONG, type Story, story } from './base';

export const BLAMES = {
  'trouble-my-microphone': blamed('myMicrophone', says(true, true), { microphoneSilent: true }),
  'trouble-my-camera': blamed('myCamera', says(true, false), { localPicture: false }),
  'trouble-my-speaker': blamed('mySpeaker'),
  'trouble-my-screen': blamed('myScreen', says(true, true), { remotePicture: false }),
  'trouble-their-microphone': blamed('theirMicrophone'),
  'trouble-their-camera': blamed('theirCamera', says(true, true), { remotePicture: false }),
  'trouble-their-speaker': blamed('theirSpeaker', says(false, true)),
  'trouble-their-screen': blamed('theirScreen', says(true, false)),
  'trouble-network-ours': blamed('network', says(false, false)),
  'trouble-network-theirs': blamed('network'),
  'trouble-network-no-camera': story(
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
  'trouble-their-speaker-long-name': blamed('theirSpeaker', says(false, true), {}, { peer: LONG }),
  'trouble-unheard': unexplained(says(false, true)),
  'trouble-unseen': unexplained(says(true, false)),
  'trouble-unreceived': unexplained(says(false, false)),
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
