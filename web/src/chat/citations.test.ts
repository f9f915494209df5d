import { describe, expect, it } from 'vitest';

import { splitCitations, withoutUnfinishedCitation } from './citations';

const known = new Set([1, 2, 3]);

function shown(text: string): string {
  return splitCitations(text, known)
    .map((segment) => (segment.kind === 'text' ? segment.text : `<${segment.index}>`))
    .join('');
}

describe('splitCitations', () => {
  it.each([
    ['Twenty days [1].', 'Twenty days <1>.'],
    ['Both apply [1][2].', 'Both apply <1><2>.'],
    ['Both apply [1, 3].', 'Both apply <1><3>.'],
    ['年假为二十天［2］。', '年假为二十天<2>。'],
    ['两者都适用【1、3】。', '两者都适用<1><3>。'],
    ['[1]', '<1>'],
    ['', ''],
  ])('splits %j', (text, expected) => {
    expect(shown(text)).toBe(expected);
  });

  it.each(['see [4]', 'a[i] = b[10]', '[1, 9]', '[]', '[note]', '1]'])('leaves %j alone', (text) => {
    expect(shown(text)).toBe(text);
  });
});

describe('withoutUnfinishedCitation', () => {
  it.each([
    ['Twenty days [', 'Twenty days '],
    ['Twenty days [1', 'Twenty days '],
    ['二十天【1、', '二十天'],
    ['Twenty days [1]', 'Twenty days [1]'],
    ['see [note', 'see [note'],
  ])('cuts %j to %j', (text, expected) => {
    expect(withoutUnfinishedCitation(text)).toBe(expected);
  });
});
