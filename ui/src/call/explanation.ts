/** What lies behind an end that is a failure, and what can be done about it. */
import type { EndReason } from '../backend/bindings/EndReason';
import { m } from '../paraglide/messages';

const EXPLANATIONS: Partial<Record<EndReason, (words: { name: string }) => string>> = {
  unreachable: m.ended_explained_unreachable,
  noRelay: m.ended_explained_noRelay,
  noPath: m.ended_explained_noPath,
  connectionLost: m.ended_explained_connectionLost,
  peerGone: m.ended_explained_peerGone,
  incompatible: m.ended_explained_incompatible,
  internalError: m.ended_explained_internalError,
};

/** Null where the sentence alone says all: somebody hung up, declined, was busy. */
export function explanation(reason: EndReason, name: string): string | null {
  return EXPLANATIONS[reason]?.({ name }) ?? null;
}
