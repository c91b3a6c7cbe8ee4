/** A call that is over, by each of its reasons. */
import type { Opening } from '../backend';
import type { CallSummary } from '../bindings/CallSummary';
import type { EndReason } from '../bindings/EndReason';
import type { Peer } from '../bindings/Peer';
import type { Resume } from '../bindings/Resume';
import { BEA, DINA, LONG, odd, RTL, type Story, story, STRANGER, SUMMARY } from './base';

const CALL = '00f3a9c2d4e5b617';

export const ENDS = {
  ended: ended('remoteHangup', 187_000),
  'ended-local': ended('localHangup', 187_000),
  'ended-poor': ended('remoteHangup', 187_000, {}, BEA, { path: 'relayed', good: false }),
  'ended-voice': ended('remoteHangup', 187_000, {}, BEA, { video: false }),
  'ended-declined': ended('remoteDeclined'),
  'ended-busy': ended('busy'),
  'ended-no-answer': ended('noAnswer', null, {}, DINA),
  'ended-unreachable': ended('unreachable'),
  'ended-no-relay': ended('noRelay'),
  'ended-no-relay-of-link': ended('noRelay', null, { explain: true }, BEA, {
    guestRelay: 'unencrypted',
  }),
  'ended-no-path': ended('noPath', null, { explain: true }),
  'ended-lost': lost('offered'),
  'ended-lost-wanted': lost('wanted'),
  'ended-lost-waiting': lost('waiting'),
  'ended-lost-explained': lost('offered', BEA, { explain: true }),
  'ended-lost-stranger': lost('offered', STRANGER),
  'ended-lost-long-name': lost('waiting', LONG),
  'ended-lost-rtl': lost('wanted', RTL),
  'ended-gone': ended('peerGone', 187_000, {}, BEA, {}, 'offered'),
  'ended-gone-late': ended('peerGone', 187_000),
  'ended-incompatible': ended('incompatible'),
  'ended-not-secure': ended('notSecure', null, { explain: true }),
  'ended-no-access': ended('noAccess', null, { explain: true }),
  'ended-server-unreachable': ended('serverUnreachable', 187_000),
  'ended-server-refused': ended('serverRefused'),
  'ended-server-ended': ended('serverEnded', 187_000),
  'ended-stranger': ended('remoteHangup', 187_000, {}, STRANGER),
  'ended-odd': ended('remoteHangup', 187_000, {}, odd(0)),
  'ended-internal': ended('internalError', 12_000),
} satisfies Record<string, Story>;

function ended(
  reason: EndReason,
  lastedMs: number | null = null,
  opening: Opening = {},
  peer = BEA,
  summary: Partial<CallSummary> = {},
  resume: Resume = 'no',
): Story {
  return story(
    {
      call: { state: 'ended', call: CALL, peer, reason, lastedMs, outgoing: true, resume },
      summary: { ...SUMMARY, path: lastedMs === null ? null : 'local', ...summary },
    },
    {},
    opening,
  );
}

/** The path is gone, and the call may go on. */
function lost(resume: Resume, peer: Peer = BEA, opening: Opening = {}): Story {
  return ended('connectionLost', 187_000, opening, peer, {}, resume);
}
