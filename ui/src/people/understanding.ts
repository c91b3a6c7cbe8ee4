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
      /** Where on the network they answered; null for those whose address was typed. */
      readonly place: string | null;
    }
  /** Whoever is at a place on the network is being asked. */
  | { readonly kind: 'asking'; readonly text: string }
  /** `certain`: surely wrong; else it may be the beginning of something right. */
  | { readonly kind: 'problem'; readonly text: string; readonly certain: boolean };

export function shownFor(understood: Understood, text: string, found: readonly Listed[]): Shown {
  switch (understood.kind) {
    case 'nothing':
      return { kind: 'nothing' };
    case 'person':
      return { ...understood, place: null };
    case 'place':
      return placed(understood, found);
    case 'own':
      return { kind: 'problem', text: m.field_own(), certain: true };
    case 'incomplete':
      return { kind: 'problem', text: m.field_incomplete(), certain: true };
    case 'badRelay':
      return { kind: 'problem', text: m.field_badRelay(), certain: true };
    case 'unknown':
      return text.trim() === '' || found.length > 0 ? { kind: 'nothing' } : unknown();
  }
}

type Place = Extract<Understood, { kind: 'place' }>;

function placed({ place, person, state }: Place, found: readonly Listed[]): Shown {
  if (person) return { kind: 'person', ...person, relay: null, link: person.address, place };
  // A single word is looked for among the people first, and nobody is told of networks by it.
  const word = !/[.:]/u.test(place);
  if (found.length > 0) return { kind: 'nothing' };
  switch (state) {
    case 'asking':
      return word ? unknown() : { kind: 'asking', text: m.field_placeAsking({ place }) };
    case 'notLooking':
      return word
        ? unknown()
        : { kind: 'problem', text: m.field_placeNotLooking({ place }), certain: false };
    case 'hidden':
      return { kind: 'problem', text: m.field_placeHidden({ place }), certain: false };
    case 'nobody':
    case 'found':
      return word
        ? unknown()
        : { kind: 'problem', text: m.field_placeNobody({ place }), certain: false };
  }
}

function unknown(): Shown {
  return { kind: 'problem', text: m.field_unknown(), certain: false };
}

/** How often it is looked whether somebody has come to a place where nobody was. */
const LOOK_AGAIN_MS = 5000;

/** How often it is looked whether somebody at a place has answered. */
const ASK_AGAIN_MS = 300;

/**
 * Asks what a text means, and again while somebody at a place on the network is asked. An answer that comes after the result was called is dropped: the text has
 * changed by then.
 */
export function understand(
  backend: Backend,
  text: string,
  answered: (understood: Understood) => void,
): () => void {
  let current = true;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const ask = () => {
    void backend.understand(text).then((answer) => {
      if (!current) return;
      answered(answer);
      if (answer.kind === 'place' && answer.state !== 'found')
        timer = setTimeout(ask, answer.state === 'asking' ? ASK_AGAIN_MS : LOOK_AGAIN_MS);
    });
  };
  ask();
  return () => {
    current = false;
    clearTimeout(timer);
  };
}

/** The part of a relay's URL that a person recognises. */
export function relayHost(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}
