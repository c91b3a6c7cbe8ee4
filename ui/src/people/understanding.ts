/** What a text means to the call field, and what the field says of it. */
import type { Backend } from '../backend/backend';
import type { Understood } from '../backend/bindings/Understood';
import { m } from '../paraglide/messages';
import type { Listed } from '../state/people';

export type Shown =
  | { readonly kind: 'nothing' }
  | {
      readonly kind: 'person';
      readonly address: string;
      readonly name: string;
      readonly relay: string | null;
      /** What to dial: no more and no less than what is shown. */
      readonly link: string;
    }
  /** `certain`: surely wrong; else it may be the beginning of something right. */
  | { readonly kind: 'problem'; readonly text: string; readonly certain: boolean };

export function shownFor(understood: Understood, text: string, found: readonly Listed[]): Shown {
  switch (understood.kind) {
    case 'nothing':
      return { kind: 'nothing' };
    case 'person':
      return understood;
    case 'own':
      return { kind: 'problem', text: m.field_own(), certain: true };
    case 'incomplete':
      return { kind: 'problem', text: m.field_incomplete(), certain: true };
    case 'badRelay':
      return { kind: 'problem', text: m.field_badRelay(), certain: true };
    case 'unknown':
      return text.trim() === '' || found.length > 0
        ? { kind: 'nothing' }
        : { kind: 'problem', text: m.field_unknown(), certain: false };
  }
}

/**
 * Asks what a text means. An answer that comes after the result was called is dropped: the text has
 * changed by then.
 */
export function understand(
  backend: Backend,
  text: string,
  answered: (understood: Understood) => void,
): () => void {
  let current = true;
  void backend.understand(text).then((answer) => {
    if (current) answered(answer);
  });
  return () => {
    current = false;
  };
}

/** The part of a relay's URL that a person recognises. */
export function relayHost(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}
