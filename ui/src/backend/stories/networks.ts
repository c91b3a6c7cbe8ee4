/** Stories of local networks: who is nearby, who is asked for, and what the doctor says. */
import type { Report } from '../bindings/Report';
import {
  active,
  BEA,
  CARL,
  DINA,
  HISTORY,
  LONG,
  NAMELESS,
  PEOPLE,
  RTL,
  type Story,
  story,
  STRANGER,
  SUMMARY,
  TEST,
} from './base';
import { NOTHING_AROUND, SEVERAL_FAIL } from './doctor';
import { lan, PLACES } from './lan';
import { saved } from './people';

const OFFLINE = { relay: { state: 'offline' as const, problem: 'unreachable' as const } };
/** More than there is room for at first. */
const OFFICE = [BEA, CARL, DINA, STRANGER, RTL, NAMELESS].map((one, i) => ({
  ...one,
  name: one.name || `Workshop ${String(i)}`,
}));

const CALL = '00f3a9c2d4e5b617';

export const NETWORKS = {
  'home-nearby': story(lan([BEA, CARL])),
  'home-nearby-several': story(lan(OFFICE), { lan: 'everyone' }),
  'home-nearby-one': story(lan([STRANGER]), { lan: 'everyone' }),
  'home-nearby-person': story(lan([BEA, STRANGER]), {}, { person: STRANGER.address }),
  'home-nearby-everyone': story({}, { lan: 'everyone' }),
  'home-nearby-joining': story(lan([], 'joining')),
  'home-nearby-failed': story(lan([], 'failed')),
  'home-nearby-off': story(lan([], 'off'), { lan: 'off' }),
  'home-nearby-offline': story({ ...OFFLINE, ...lan([BEA]) }),
  'home-nearby-relay-unset': story({ relay: { state: 'none' }, ...lan([BEA]) }, { relay: '' }),
  'home-nearby-relay-full': story({
    relay: { state: 'offline', problem: 'full' },
    ...lan([BEA]),
  }),
  'home-nearby-first': story(lan([STRANGER]), {}, {}, { history: [], people: [] }),
  'home-nearby-long-names': story(
    lan([LONG, RTL, { ...STRANGER, name: LONG.name }]),
    { name: LONG.name },
    {},
    {
      history: HISTORY.slice(0, 2).map((one) => ({ ...one, peer: LONG })),
      people: [saved(LONG, { pinnedAt: new Date(2025, 11, 24, 20, 0).getTime() }), ...PEOPLE],
    },
  ),
  'home-nearby-lively': { ...story(), lively: true },
  'field-place': story(lan([DINA]), {}, { field: PLACES.found }),
  'field-place-asking': story({}, {}, { field: PLACES.asking }),
  'field-place-nobody': story({}, {}, { field: '192.168.1.21:7777' }),
  'field-place-hidden': story({}, {}, { field: PLACES.hidden }),

  'call-test': story(active('connected', { peer: TEST }), {}, { testing: TEST.address }),
  'ended-test': story(
    {
      ...active(),
      call: {
        state: 'ended',
        call: CALL,
        peer: TEST,
        reason: 'localHangup',
        lastedMs: 21_000,
        outgoing: true,
        resume: 'no',
      },
      summary: SUMMARY,
    },
    {},
    { testing: TEST.address },
  ),

  'settings-network-lan-failed': story(lan([], 'failed'), {}, { settings: 'network' }),
  'settings-doctor': doctor(),
  'settings-doctor-fails': doctor(SEVERAL_FAIL),
  'settings-doctor-nothing': doctor(NOTHING_AROUND),
  'settings-doctor-running': doctor(null),
} satisfies Record<string, Story>;

function doctor(report?: Report | null): Story {
  const one = story({}, {}, { settings: 'network', doctor: true });
  return report === undefined ? one : { ...one, report };
}
