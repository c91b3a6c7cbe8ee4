/** What the user noted about people: their own names for them, and whether words were compared. */
import type { Peer } from '../backend/bindings/Peer';
import type { Person } from '../backend/bindings/Person';
import type { SmallView } from '../backend/bindings/SmallView';
import type { UiView } from '../backend/bindings/UiView';
import { m } from '../paraglide/messages';
import { dateText, nameOf } from './people';

/** What the user noted about the owner of an address; null for nothing. */
export function personOf(people: readonly Person[], address: string): Person | null {
  return people.find((one) => one.address === address) ?? null;
}

/** The same person by the name that the user gave them, where there is one. */
export function named(peer: Peer, person: Person | null): Peer {
  const name = (person?.contact && person.name) || peer.name || person?.theirName;
  return !name || name === peer.name ? peer : { ...peer, name };
}

/** The view in which the call is with somebody whom the user calls by their own name for them. */
export function withNames(view: UiView): UiView {
  const { call } = view.engine;
  if (call.state === 'idle') return view;
  const peer = named(call.peer, personOf(view.people, call.peer.address));
  return { ...view, engine: { ...view.engine, call: { ...call, peer } } };
}

/** The same for a small window. */
export function smallWithNames(small: SmallView): SmallView {
  const { call } = small;
  if (call.state === 'idle') return small;
  return { ...small, call: { ...call, peer: named(call.peer, small.person) } };
}

/** Everybody who must not ring here, by name. */
export function blockedPeople(people: readonly Person[]): Peer[] {
  const blocked = people.filter((one) => one.blocked);
  const byName = new Intl.Collator(m.locale());
  return blocked
    .map((one) => named({ address: one.address, name: one.theirName }, one))
    .sort((a, b) => byName.compare(nameOf(a), nameOf(b)));
}

/** Whether words were compared, and when; null when never, or when they are no contact any more. */
export function verified(person: Person | null): string | null {
  if (!person?.contact || person.pinnedAt === null) return null;
  return m.person_verified({ day: dateText(person.pinnedAt, Date.now()) });
}

/** What they call themselves, when the user calls them otherwise; null when there is no need. */
export function otherName(person: Person | null, theirs: string): string | null {
  if (!person?.contact || !person.name) return null;
  const name = theirs || person.theirName;
  return name && name !== person.name ? name : null;
}
