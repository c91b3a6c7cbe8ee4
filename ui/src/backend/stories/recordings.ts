/** Calls that are recorded, or are to be. */
import type { RecordError } from '../bindings/RecordError';
import type { RecordingFile } from '../bindings/RecordingFile';
import type { RecordingView } from '../bindings/RecordingView';
import type { EngineView } from '../bindings/EngineView';
import type { RecordWish } from '../bindings/RecordWish';
import { active, LONG, NOT_RECORDED, type Story, story } from './base';

const FOLDER = '/media/ada/Videos/Tincan/Bea Lindqvist 2026-11-21 14.27.53 UTC';
const FILE: RecordingFile = {
  folder: FOLDER,
  bytes: 48_200_000,
  isSpaceLow: false,
  state: { is: 'running' },
};
const SINCE = { state: 'running' as const, sinceMs: 62_000 };

const recorded = (
  recording: Partial<RecordingView>,
  file: RecordingFile | null = null,
  change = {},
): Story =>
  story(
    active(
      'connected',
      { recording: { ...NOT_RECORDED, ...recording }, ...change },
      { recording: file },
    ),
  );

const failed = (why: RecordError): Story =>
  recorded({ ours: { state: 'over', why: 'failed' } }, { ...FILE, state: { is: 'failed', why } });

const over = (why: 'refused' | 'noAnswer' | 'notSupported'): Story =>
  recorded({ ours: { state: 'over', why } });

export const RECORDINGS = {
  'record-menu': story(
    active('connected', { recording: { ...NOT_RECORDED, ours: SINCE } }, { recording: FILE }),
    {},
    { menu: 'more' },
  ),
  'record-asking': recorded({ ours: { state: 'asking' } }),
  'record-asked': recorded({ theirs: { state: 'asked', id: '00000000000000aa' } }),
  'record-asked-long': recorded({ theirs: { state: 'asked', id: '00000000000000aa' } }, null, {
    peer: LONG,
  }),
  'record-asked-chat': story(
    active('connected', {
      recording: { ...NOT_RECORDED, theirs: { state: 'asked', id: '00000000000000aa' } },
    }),
    {},
    { panel: 'chat' },
  ),
  'record-us': recorded({ ours: SINCE }, FILE),
  'record-us-low': recorded({ ours: SINCE }, { ...FILE, isSpaceLow: true, bytes: 2_310_000_000 }),
  'record-them': recorded({ theirs: SINCE }),
  'record-them-long': recorded({ theirs: SINCE }, null, { peer: LONG }),
  'record-them-chat': story(
    active('connected', { recording: { ...NOT_RECORDED, theirs: SINCE } }),
    {},
    { panel: 'chat' },
  ),
  'record-sharing': story(
    active(
      'connected',
      {
        recording: { ...NOT_RECORDED, theirs: SINCE },
        sharing: { ours: true, theirs: false },
      },
      { share: { state: 'on', name: 'Quarter report', kind: 'window', hidden: false } },
    ),
  ),
  'record-both': recorded({ ours: SINCE, theirs: SINCE }, FILE),
  'record-saved': recorded(
    { ours: { state: 'over', why: 'stoppedByThem' } },
    { ...FILE, state: { is: 'finished' } },
  ),
  'record-refused': over('refused'),
  'record-no-answer': over('noAnswer'),
  'record-not-supported': over('notSupported'),
  'record-disk-full': failed('diskFull'),
  'record-folder-gone': failed('folderGone'),
} satisfies Record<string, Story>;

/** What becomes of a call when its user wants something of recordings. */
export function wished(engine: EngineView, wish: RecordWish): EngineView {
  const { call } = engine;
  if (call.state !== 'active') return engine;
  const change = (recording: Partial<RecordingView>): EngineView => ({
    ...engine,
    call: { ...call, recording: { ...call.recording, ...recording } },
  });
  const stopped = { state: 'over', why: 'stoppedByUs' } as const;
  switch (wish.is) {
    case 'start':
      return change({ ours: { state: 'asking' } });
    case 'agree':
      return change({ theirs: { state: 'running', sinceMs: call.connectedForMs ?? 0 } });
    case 'refuse':
      return change({ theirs: { state: 'over', why: 'refused' } });
    case 'stop':
      return change({ ours: stopped, theirs: stopped });
  }
}
