/** People whom the user saved or blocked, for stories. */
import type { Peer } from '../bindings/Peer';
import type { Person } from '../bindings/Person';

/** Somebody about whom nothing is noted yet. */
const noted = (address: string): Person => ({
  address,
  name: '',
  theirName: '',
  contact: false,
  blocked: false,
  pinnedAt: null,
  pinnedHow: null,
});

/** What is noted about somebody of the stories. */
export function saved({ address, name }: Peer, change: Partial<Person> = {}): Person {
  const pinnedHow = change.pinnedAt ? 'words' : null;
  return { ...noted(address), theirName: name, contact: true, pinnedHow, ...change };
}

/** People with this change to one of them, as the program would make it. */
export function changed(
  people: readonly Person[],
  address: string,
  change: Partial<Person>,
): Person[] {
  const before = people.find((one) => one.address === address) ?? noted(address);
  const after = { ...before, ...change };
  const others = people.filter((one) => one.address !== address);
  return after.contact || after.blocked ? [...others, after] : others;
}
