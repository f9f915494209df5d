// Which language the page speaks: what was chosen before, else what the browser prefers.

import { createContext, useContext } from 'react';

import { en, type Messages } from './en';
import { zh } from './zh';

export type Language = 'en' | 'zh';

export const messages: Record<Language, Messages> = { en, zh };

const storageKey = 'moat.language';

export function initialLanguage(storage: Storage, preferred: readonly string[]): Language {
  const chosen = storage.getItem(storageKey);
  if (chosen === 'en' || chosen === 'zh') return chosen;
  const first = preferred.find((tag) => /^(en|zh)\b/i.test(tag));
  return first?.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

export function rememberLanguage(storage: Storage, language: Language): void {
  storage.setItem(storageKey, language);
}

export const LanguageContext = createContext<{ language: Language; toggle: () => void }>({
  language: 'en',
  toggle: () => undefined,
});

export function useText(): Messages {
  return messages[useContext(LanguageContext).language];
}
