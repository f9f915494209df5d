// Where the API key lives: this tab, or this computer when the user asks for that.

const storageKey = 'moat.key';

export class KeyStore {
  constructor(
    private readonly tab: Storage,
    private readonly computer: Storage,
  ) {}

  get(): string | null {
    return this.tab.getItem(storageKey) ?? this.computer.getItem(storageKey);
  }

  set(key: string, remember: boolean): void {
    this.forget();
    (remember ? this.computer : this.tab).setItem(storageKey, key);
  }

  forget(): void {
    this.tab.removeItem(storageKey);
    this.computer.removeItem(storageKey);
  }
}
