/** The words for what the doctor found. */
import type { Check } from '../backend/bindings/Check';
import type { CheckKind } from '../backend/bindings/CheckKind';
import type { DeviceKind } from '../backend/bindings/DeviceKind';
import type { Finding } from '../backend/bindings/Finding';
import type { InterfaceInfo } from '../backend/bindings/InterfaceInfo';
import { m } from '../paraglide/messages';

export type Group = 'bad' | 'pass' | 'unknown';

const GROUPS: Record<Check['verdict'], Group> = {
  fail: 'bad',
  warn: 'bad',
  pass: 'pass',
  unknown: 'unknown',
};

/** What is in the way first, what could be better next, then what is well, then what is not known. */
export function grouped(checks: readonly Check[]): { group: Group; checks: Check[] }[] {
  const all = (['bad', 'pass', 'unknown'] as const).map((group) => ({
    group,
    checks: checks
      .filter(({ verdict }) => GROUPS[verdict] === group)
      .sort((a, b) => Number(b.verdict === 'fail') - Number(a.verdict === 'fail')),
  }));
  return all.filter((one) => one.checks.length > 0);
}

/** How many of them are not well. */
export function troubles(checks: readonly Check[]): number {
  return checks.filter(({ verdict }) => GROUPS[verdict] === 'bad').length;
}

/** What is the case: one sentence. */
export function found({ kind, finding }: Check): string {
  switch (finding.code) {
    case 'networkUp':
    case 'onlySelfAssigned':
    case 'onlyVirtual':
      return m[`doctor_is_${finding.code}`]({ interfaces: names(finding.interfaces) });
    case 'vpnCarriesInternet':
    case 'vpnCarriesLan':
      return m[`doctor_is_${finding.code}`]({ interface: finding.interface });
    case 'ownPortOpen':
    case 'wayInBlocked':
      return m[`doctor_is_${finding.code}`]({ port: finding.port });
    case 'ownPortBlocked':
      return m.doctor_is_ownPortBlocked(finding);
    case 'temporaryPort':
      return finding.blocked === 0
        ? m.doctor_is_temporaryPort({ port: finding.port })
        : m.doctor_is_temporaryPortBlocked(finding);
    case 'announcementsPass':
    case 'announcementsNotSent':
      return m[`doctor_is_${finding.code}`]({ others: finding.others });
    case 'neighboursReached':
    case 'neighboursIsolated':
      return m[`doctor_is_${finding.code}`]({ heard: finding.heard });
    case 'neighboursPartly':
      return m.doctor_is_neighboursPartly(finding);
    case 'peerAnswers':
    case 'relayOnline':
      return m[`doctor_is_${finding.code}`]({ ms: finding.ms });
    case 'firewallBlocks':
      return finding.program === null
        ? m.doctor_is_firewallBlocks()
        : m.doctor_is_firewallBlocksNamed({ program: finding.program });
    case 'firewallActive':
      return m.doctor_is_firewallActive({ program: finding.program });
    case 'clockWrong':
      return clock(finding.seconds);
    case 'relayOffline':
      return m[`settings_relayOffline_${finding.problem}`]();
    case 'serversPartly':
      return m.doctor_is_serversPartly(finding);
    case 'serversAnswer':
    case 'serversSilent':
    case 'credentialsRefused':
    case 'relayingRefused':
    case 'serversNotChecked':
      return m[`doctor_is_${finding.code}`]({ servers: finding.servers });
    case 'cameraWorks':
      return notReal(finding, 'camera') ?? m.doctor_is_cameraWorks(finding);
    case 'microphoneHears':
      return notReal(finding, 'microphone') ?? m.doctor_is_microphoneHears(finding);
    case 'cameraCovered':
    case 'microphoneHearsNothing':
    case 'speakerPlays':
    case 'deviceSilent':
      return m[`doctor_is_${finding.code}`]({ name: finding.name });
    case 'deviceFails':
      return m[`devices_failed_${role(kind)}_${finding.problem}`]();
    default:
      return m[`doctor_is_${finding.code}`]();
  }
}

/** What to do about it: one sentence; null when all is well, or the other one says it already. */
export function remedy({ verdict, finding }: Check): string | null {
  if (verdict === 'pass' || verdict === 'unknown') return null;
  switch (finding.code) {
    case 'ownPortBlocked':
    case 'wayInBlocked':
    case 'firewallBlocks':
    case 'firewallActive':
      return m[`doctor_do_${finding.code}`]({ port: finding.port });
  }
  return REMEDIES[finding.code]?.() ?? null;
}

const REMEDIES: Partial<Record<Finding['code'], () => string>> = {
  onlySelfAssigned: m.doctor_do_onlySelfAssigned,
  onlyVirtual: m.doctor_do_onlyVirtual,
  noNetwork: m.doctor_do_noNetwork,
  vpnCarriesInternet: m.doctor_do_vpnCarriesInternet,
  vpnCarriesLan: m.doctor_do_vpnCarriesLan,
  noPort: m.doctor_do_noPort,
  announcementsNotSent: m.doctor_do_announcementsNotSent,
  announcementsSilent: m.doctor_do_announcementsSilent,
  neighboursPartly: m.doctor_do_neighboursPartly,
  neighboursIsolated: m.doctor_do_neighboursIsolated,
  peerNotFound: m.doctor_do_peerNotFound,
  peerRefuses: m.doctor_do_peerRefuses,
  peerIsNotTincan: m.doctor_do_peerIsNotTincan,
  peerSaysNothing: m.doctor_do_peerSaysNothing,
  peerIsAnother: m.doctor_do_peerIsAnother,
  peerNoRoute: m.doctor_do_peerNoRoute,
  peerAbsent: m.doctor_do_peerAbsent,
  peerSilent: m.doctor_do_peerSilent,
  peerIsolated: m.doctor_do_peerIsolated,
  wayInLeadsElsewhere: m.doctor_do_wayInLeadsElsewhere,
  clockWrong: m.doctor_do_clockWrong,
  serversPartly: m.doctor_do_serversPartly,
  serversSilent: m.doctor_do_serversSilent,
  credentialsRefused: m.doctor_do_credentialsRefused,
  relayingRefused: m.doctor_do_relayingRefused,
  natSymmetric: m.doctor_do_natSymmetric,
  udpBlocked: m.doctor_do_udpBlocked,
  cameraCovered: m.doctor_do_cameraCovered,
  microphoneHearsNothing: m.doctor_do_microphoneHearsNothing,
  deviceSilent: m.doctor_do_deviceSilent,
};

/** Network cards first; `wlan0, wg0 (VPN)`. */
function names(interfaces: readonly InterfaceInfo[]): string {
  const texts = interfaces.map(({ name, kind }) => m[`doctor_interface_${kind}`]({ name }));
  return new Intl.ListFormat(m.locale(), { type: 'unit' }).format(texts);
}

/** The greatest unit of which there are two or more, so that a rounded figure stays near. */
function clock(seconds: number): string {
  const much = Math.abs(seconds);
  const [unit, size] = UNITS.find(([, of]) => much >= 2 * of) ?? (['second', 1] as const);
  const amount = new Intl.NumberFormat(m.locale(), {
    style: 'unit',
    unit,
    unitDisplay: 'long',
    maximumFractionDigits: 0,
  }).format(much / size);
  return seconds > 0 ? m.doctor_is_clockFast({ amount }) : m.doctor_is_clockSlow({ amount });
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const;

/** A test source is told as one. */
function notReal(
  { name, kind }: { name: string; kind: DeviceKind },
  role: 'camera' | 'microphone',
): string | null {
  switch (kind) {
    case 'real':
      return null;
    case 'synthetic':
      return role === 'camera' ? m.devices_testPicture() : m.devices_testVoice();
    case 'file':
      return role === 'camera' ? m.devices_filePicture({ name }) : m.devices_fileVoice({ name });
  }
}

function role(kind: CheckKind): 'camera' | 'microphone' | 'speaker' {
  return kind === 'camera' || kind === 'microphone' ? kind : 'speaker';
}
