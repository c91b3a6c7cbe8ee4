/** Local networks for stories: who is there, and who answers at which place. */
import type { LanState } from '../bindings/LanState';
import type { LanView } from '../bindings/LanView';
import type { NearbyPerson } from '../bindings/NearbyPerson';
import type { Peer } from '../bindings/Peer';
import type { Understood } from '../bindings/Understood';

export function lan(nearby: readonly Peer[] = [], state: LanState = 'on'): { lan: LanView } {
  const shown = nearby.map(({ address, name }) => ({ address, name }));
  return { lan: { state, nearby: shown, places: [] } };
}

/** Where somebody is, for stories that type it. Nobody is anywhere else. */
export const PLACES = { found: '192.168.1.20', hidden: '192.168.1.22', asking: 'studio.local' };

/** What the program would say of a place; null when the text is none. */
export function placed(text: string, there: NearbyPerson): Understood | null {
  const place = text.trim();
  if (!/^([\w-]+\.)+[\w-]+(:\d+)?$|^\[?[\da-f]*:[\da-f:]*:[\da-f%.\w]*(\]:\d+)?$/iu.test(place))
    return null;
  const host = place.replace(/:\d+$/u, '');
  if (host === PLACES.found) return { kind: 'place', place, state: 'found', person: there };
  const state = host === PLACES.hidden ? 'hidden' : host === PLACES.asking ? 'asking' : 'nobody';
  return { kind: 'place', place, state, person: null };
}

/** Who is there at the step of a story in which people come and go. */
export function lively(step: number, people: readonly Peer[]): NearbyPerson[] {
  return people.filter((_, i) => ((step >> i) & 1) === 1);
}
