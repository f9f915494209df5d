import { describe, expect, it } from 'vitest';

import { initialLanguage } from './language';

function storageWith(value: string | null): Storage {
  return { getItem: () => value } as unknown as Storage;
}

describe('initialLanguage', () => {
  it.each([
    [null, ['zh-CN', 'en'], 'zh'],
    [null, ['zh-Hant-TW'], 'zh'],
    [null, ['en-GB', 'zh'], 'en'],
    [null, ['fr-FR', 'zh-CN'], 'zh'],
    [null, ['fr-FR'], 'en'],
    [null, [], 'en'],
    ['en', ['zh-CN'], 'en'],
    ['zh', ['en-US'], 'zh'],
    ['xx', ['zh-CN'], 'zh'],
  ] as const)('chose %s, browser prefers %j: %s', (chosen, preferred, expected) => {
    expect(initialLanguage(storageWith(chosen), preferred)).toBe(expected);
  });
});
