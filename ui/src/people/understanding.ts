/** What the call field says beneath itself. */
import type { Understood } from '../backend/bindings/Understood';
import { m } from '../paraglide/messages';
import type { Person } from '../state/people';

export type Shown =
  | { readonly kind: 'nothing' }
  | {
      readonly kind: 'person';
      readonly address: string;
      readonly name: string;
      readonly relay: string | null;
    }
  /** `certain`: surely wrong; else it may be the beginning of something right. */
  | { readonly kind: 'problem'; readonly text: string; readonly certain: boolean };

export function shownFor(understood: Understood, text: string, found: readonly Person[]): Shown {
  switch (understood.kind) {
    case 'nothing':
      return { kind: 'nothing' };
    case 'person':
      return understood;
    case 'own':
      return { kind: 'problem', text: m.field_own(), certain: true };
    case 'incomplete':
      return { kind: 'problem', text: m.field_incomplete(), certain: true };
    case 'unknown':
      return text.trim() === '' || found.length > 0
        ? { kind: 'nothing' }
        : { kind: 'problem', text: m.field_unknown(), certain: false };
  }
}

/** The part of a relay's URL that a person recognises. */
export function relayHost(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}
