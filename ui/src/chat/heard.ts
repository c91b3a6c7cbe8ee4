/** What is said to a screen reader of texts that come. */
import type { ChatView } from '../backend/bindings/ChatView';
import { m } from '../paraglide/messages';

/** Longer texts are read in the conversation, at the listener's pace. */
const LONGEST = 200;

export class Heard {
  private call: string | null = null;
  /** The number of their text that comes next. */
  private next = 0;

  /** What to say of the texts that came since; null for nothing. */
  update(chat: ChatView | null, name: string): string | null {
    if (!chat) return null;
    if (chat.call !== this.call) {
      this.call = chat.call;
      this.next = 0;
    }
    const fresh = chat.texts.filter((one) => one.state === 'received' && one.number >= this.next);
    const last = fresh.at(-1);
    if (!last) return null;
    this.next = last.number + 1;
    if (fresh.length > 1 || last.text.length > LONGEST) {
      return m.announce_texts({ name, count: fresh.length });
    }
    return m.announce_text({ name, text: last.text });
  }
}
