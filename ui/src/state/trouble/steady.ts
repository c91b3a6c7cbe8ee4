/** Values that change only when their cause has held for a while, so that nothing flickers. */

/** A yes or no that changes only when its cause has held for a while. */
export class Steady {
  private on = false;
  private since: number | null = null;

  constructor(
    private readonly sayAfterMs: number,
    private readonly keepMs: number,
  ) {}

  update(cause: boolean, now: number): boolean {
    if (cause === this.on) {
      this.since = null;
      return this.on;
    }
    this.since ??= now;
    if (now - this.since >= (cause ? this.sayAfterMs : this.keepMs)) {
      this.on = cause;
      this.since = null;
    }
    return this.on;
  }

  get value(): boolean {
    return this.on;
  }
}

/** The first value at once; another one, or none, only when the one shown has been gone for a while. */
export class Lasting<T> {
  private shown: T | null = null;
  private goneSince: number | null = null;

  constructor(private readonly keepMs: number) {}

  update(value: T | null, now: number): T | null {
    if (value === this.shown) {
      this.goneSince = null;
      return this.shown;
    }
    this.goneSince ??= now;
    if (this.shown === null || now - this.goneSince >= this.keepMs) {
      this.shown = value;
      this.goneSince = null;
    }
    return this.shown;
  }

  /** What was shown is no longer the question: nothing, at once. */
  clear() {
    this.shown = null;
    this.goneSince = null;
  }

  get value(): T | null {
    return this.shown;
  }
}
