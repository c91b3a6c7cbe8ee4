/** The shell as the page sees it. The only file that imports from `@tauri-apps`. */
import { Channel, invoke } from '@tauri-apps/api/core';

import type { Backend } from './backend';
import type { UiView } from './bindings/UiView';

export const tauri: Backend = {
  subscribe(push) {
    const channel = new Channel<UiView>();
    channel.onmessage = push;
    void invoke('subscribe', { channel });
  },
  perform: (command) => invoke('perform', { command }),
  configure: (settings) => invoke('configure', { settings }),
  understand: (text) => invoke('understand', { text }),
  copyLink: () => invoke('copy_link'),
  setFullScreen: (on) => invoke('set_full_screen', { on }),
  setStage: (stage) => invoke('set_stage', { stage }),
  clearHistory: () => invoke('clear_history'),
};
