/** What there is to say of recordings: pure functions of the view. */
import type { RecordingFile } from '../backend/bindings/RecordingFile';
import type { RecordingView } from '../backend/bindings/RecordingView';
import { m } from '../paraglide/messages';
import { figure } from '../state/statistics/format';

/** Who records the call now. */
export type Recording = 'us' | 'them' | 'both';

/** Who records the call now; null for nobody. */
export function recorded({ ours, theirs }: RecordingView): Recording | null {
  const weDo = ours.state === 'running';
  const theyDo = theirs.state === 'running';
  if (weDo && theyDo) return 'both';
  return weDo ? 'us' : theyDo ? 'them' : null;
}

/** For how long it has been recorded by now, in milliseconds of the call. */
export function recordedSince({ ours, theirs }: RecordingView): number {
  const starts = [ours, theirs].flatMap((it) => (it.state === 'running' ? [it.sinceMs] : []));
  return Math.min(...starts);
}

/** The recording that waits for the user's answer; null for none. */
export function question({ theirs }: RecordingView): string | null {
  return theirs.state === 'asked' ? theirs.id : null;
}

/** What a screen reader hears of a change; null for nothing new. */
export function recordingNews(
  before: RecordingView,
  now: RecordingView,
  name: string,
): string | null {
  const [was, is] = [recorded(before), recorded(now)];
  if (was !== is && is) return m[`recording_now_${is}`]({ name });
  const { ours, theirs } = now;
  if (theirs.state === 'asked' && before.theirs.state !== 'asked') {
    return m.recording_asks({ name });
  }
  if (ours.state === 'asking' && before.ours.state !== 'asking') return m.recording_asked({ name });
  if (ours.state === 'over' && before.ours.state !== 'over') {
    return m[`recording_over_${ours.why}`]({ name });
  }
  return was && !is ? m.recording_nobody() : null;
}

/** A size as people read it. */
export function sizeText(bytes: number): string {
  const megabytes = bytes / 1_000_000;
  return megabytes < 1000
    ? m.recording_megabytes({ count: figure(megabytes, megabytes < 10 ? 1 : 0) })
    : m.recording_gigabytes({ count: figure(megabytes / 1000, 1) });
}

/** The last parts of a path, for a line. */
export function shortPath(path: string): string {
  return path.split(/[/\\]/).slice(-2).join(' › ');
}

/** What happened to what was wanted last, where that needs a sentence; null where it does not. */
export function spoken({ ours, theirs }: RecordingView, name: string): string | null {
  if (ours.state === 'asking') return m.recording_asked({ name });
  if (ours.state === 'over' && ours.why !== 'stoppedByUs' && ours.why !== 'failed') {
    return m[`recording_over_${ours.why}`]({ name });
  }
  return theirs.state === 'over' && theirs.why === 'stoppedByThem' ? m.recording_nobody() : null;
}

/** What became of a recording that this computer wrote; null while it runs. */
export function outcome(file: RecordingFile | null): string | null {
  if (!file || file.state.is === 'running') return null;
  const place = file.folder ? shortPath(file.folder) : '';
  const size = sizeText(file.bytes);
  if (file.state.is === 'finished') return m.recording_saved({ place, size });
  return file.folder
    ? `${m[`recording_failed_${file.state.why}`]()} ${m.recording_kept({ place })}`
    : m[`recording_failed_${file.state.why}`]();
}
