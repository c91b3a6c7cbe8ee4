/** What lies behind an end that is a failure, and what can be done about it. */
import type { EndReason } from '../backend/bindings/EndReason';
import type { EngineView } from '../backend/bindings/EngineView';
import { m } from '../paraglide/messages';

const EXPLANATIONS: Partial<Record<EndReason, (words: { name: string }) => string>> = {
  unreachable: m.ended_explained_unreachable,
  noRelay: m.ended_explained_noRelay,
  noPath: m.ended_explained_noPath,
  connectionLost: m.ended_explained_connectionLost,
  peerGone: m.ended_explained_peerGone,
  incompatible: m.ended_explained_incompatible,
  notSecure: m.ended_explained_notSecure,
  noAccess: m.ended_explained_noAccess,
  serverUnreachable: m.ended_explained_serverUnreachable,
  serverRefused: m.ended_explained_serverRefused,
  serverEnded: m.ended_explained_serverEnded,
  internalError: m.ended_explained_internalError,
};

/** Null where the sentence alone says all: somebody hung up, declined, was busy. */
export function explanation(reason: EndReason, name: string, engine: EngineView): string | null {
  if (reason === 'noRelay') {
    const named = engine.summary?.guestRelay;
    if (named) return m[`ended_guestRelay_${named}`]({ name });
    const { relay } = engine;
    if (relay.state === 'offline' && relay.problem !== 'unreachable') {
      return m[`relay_offline_${relay.problem}`]();
    }
  }
  return EXPLANATIONS[reason]?.({ name }) ?? null;
}
