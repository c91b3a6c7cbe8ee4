/** The shell as the page sees it. The only file that imports from `@tauri-apps`. */
import { Channel, invoke } from '@tauri-apps/api/core';

import type { Backend } from './backend';
import type { UiPush } from './bindings/UiPush';
import type { UiView } from './bindings/UiView';

export const tauri: Backend = {
  subscribe(main, small) {
    const channel = new Channel<UiPush>();
    let view: UiView | null = null;
    channel.onmessage = (message) => {
      if (message.push === 'small') return small(message.view);
      view = message.push === 'whole' ? message.view : view && moved(view, message);
      if (view) main(view);
    };
    void invoke('subscribe', { channel });
  },
  perform: (command) => invoke('perform', { command }),
  answer: (answer) => invoke('answer', { answer }),
  steer: (steer) => invoke('steer', { steer }),
  showSmall: () => invoke('show_small'),
  showMain: () => invoke('show_main'),
  closeSmall: () => invoke('close_small'),
  moveWindow: () => invoke('move_window'),
  testCall: () => invoke('test_call'),
  configure: (change) => invoke('configure', { change }),
  understand: (text) => invoke('understand', { text }),
  copyLink: () => invoke('copy_link'),
  linkShown: () => invoke('link_shown'),
  setFullScreen: (on) => invoke('set_full_screen', { on }),
  setStage: (stage) => invoke('set_stage', { stage }),
  clearHistory: () => invoke('clear_history'),
  keptTexts: (address) => invoke('kept_texts', { address }),
  forgetTexts: (address) => invoke('forget_texts', { address }),
  forgetText: (address, call, number) => invoke('forget_text', { address, call, number }),
  openLink: (link) => invoke('open_link', { link }),
  saveContact: (address, name) => invoke('save_contact', { address, name }),
  deleteContact: (address) => invoke('delete_contact', { address }),
  setBlocked: (address, blocked) => invoke('set_blocked', { address, blocked }),
  pinWords: (call) => invoke('pin_words', { call }),
  exportIdentity: (passphrase) => invoke('export_identity', { passphrase }),
  importIdentity: (file, passphrase) => invoke('import_identity', { file, passphrase }),
  examine: (peer) => invoke('examine', { peer }),
  screens: () => invoke('screens'),
  copyText: (text) => invoke('copy_text', { text }),
  showRecording: () => invoke('show_recording'),
  saveStatistics: (csv) => invoke('save_statistics', { csv }),
  notifyCall: (title, body) => invoke('notify_call', { title, body }),
};

/** The same view a moment later. */
function moved(view: UiView, moment: Extract<UiPush, { push: 'moment' }>): UiView {
  const { revision, microphoneLevel, remoteLevel, stats, connectedForMs, testCall } = moment;
  const before = view.engine.call;
  const call = before.state === 'active' ? { ...before, connectedForMs } : before;
  const engine = { ...view.engine, microphoneLevel, remoteLevel, stats, call };
  return { ...view, revision, engine, testCall };
}
