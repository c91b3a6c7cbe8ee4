/**
 * Who is on the local networks, as home lists them: above the other people, and nobody twice.
 *
 * People come and go by themselves, and no row may slip away from under the pointer. So while the
 * lists are held, everybody keeps their place: who goes is marked as gone, who comes is marked in
 * place, or takes a place that was empty.
 */
import type { NearbyPerson } from '../backend/bindings/NearbyPerson';
import type { Person } from '../backend/bindings/Person';
import { personOf } from './contacts';
import type { Listed } from './people';

export interface Row {
  readonly who: Listed;
  /** Whether they are on the local network now. */
  readonly here: boolean;
}

export interface Lists {
  readonly nearby: readonly Row[];
  readonly others: readonly Row[];
}

/** So many rows have their room in "Nearby" also while nobody is there. */
export const ROOM = 2;

/**
 * The people of the view with what is known of them otherwise. Blocked people stay where the user
 * put them, and nobody is near themselves.
 */
export function around(
  nearby: readonly NearbyPerson[],
  everybody: readonly Listed[],
  saved: readonly Person[],
  own: string,
): Listed[] {
  return nearby.flatMap((one) => {
    const person = personOf(saved, one.address);
    if (person?.blocked || one.address === own) return [];
    const known = everybody.find((it) => it.peer.address === one.address);
    if (!known) {
      const peer = { address: one.address, name: one.name };
      return { peer, person, theirName: one.name, known: false, calls: [] };
    }
    if (known.peer.name) return known;
    return { ...known, peer: { ...known.peer, name: one.name }, theirName: one.name };
  });
}

export class Arrangement {
  private nearby: readonly Listed[] = [];
  private others: ReadonlySet<string> = new Set();

  /** The lists as they are to be shown now; the same again for the same people. */
  update(here: readonly Listed[], everybody: readonly Listed[], held: boolean): Lists {
    const byAddress = new Map([...everybody, ...here].map((one) => [one.peer.address, one]));
    const present = new Set(here.map(({ peer }) => peer.address));
    const seated = new Set(this.nearby.map(({ peer }) => peer.address));
    const kept = this.nearby.filter(({ peer }) => held || present.has(peer.address));
    const come = here.filter(({ peer }) => {
      return !seated.has(peer.address) && !(held && this.others.has(peer.address));
    });
    const room = held ? Math.max(0, ROOM - kept.length) : come.length;
    const nearby = [...kept, ...come.slice(0, room)].map((one) => {
      return byAddress.get(one.peer.address) ?? one;
    });
    const above = new Set(nearby.map(({ peer }) => peer.address));
    const others = everybody.filter(({ peer }) => !above.has(peer.address));
    this.nearby = nearby;
    this.others = new Set(others.map(({ peer }) => peer.address));
    const row = (who: Listed): Row => ({ who, here: present.has(who.peer.address) });
    return { nearby: nearby.map(row), others: others.map(row) };
  }
}
