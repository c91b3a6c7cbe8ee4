/** What was said in calls before, as far as it is kept. */
import type { KeptText } from '../backend/bindings/KeptText';
import type { App } from '../state/app.svelte';
import type { Message } from './message';

export class Kept {
  texts = $state.raw<readonly KeptText[]>([]);
  private asked = '';

  constructor(private readonly app: App) {}

  /** Shows what was said with the person of this address. */
  async look(address: string): Promise<void> {
    if (this.asked !== address) this.texts = [];
    this.asked = address;
    const texts = await this.app.backend.keptTexts(address).catch(() => []);
    if (this.asked === address) this.texts = texts;
  }

  /** A text that was not delivered is said again. */
  async forget(address: string, { call, number }: Message): Promise<void> {
    await this.app.backend.forgetText(address, call, number).catch(() => undefined);
    await this.look(address);
  }
}
