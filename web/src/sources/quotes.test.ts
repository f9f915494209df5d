import { describe, expect, it } from 'vitest';

import type { Passage, Source } from '../api/types';
import { findCited, markQuotes } from './quotes';

function shown(text: string, quotes: string[]): string {
  return markQuotes(text, quotes)
    .map((piece) => (piece.marked ? `<${piece.text}>` : piece.text))
    .join('');
}

describe('markQuotes', () => {
  it('finds a quote that the passage wraps', () => {
    expect(shown('Staff get\n  20 days. Ask HR.', ['Staff get 20 days.'])).toBe(
      '<Staff get\n  20 days.> Ask HR.',
    );
  });

  it('joins quotes that overlap and keeps others apart', () => {
    expect(shown('abcdef gh', ['abc', 'bcd', 'gh'])).toBe('<abcd>ef <gh>');
  });

  it('marks Chinese sentences', () => {
    expect(shown('每年十五天。须提前申请。', ['须提前申请。'])).toBe('每年十五天。<须提前申请。>');
  });

  it('leaves text alone that holds no quote', () => {
    expect(shown('abc', ['x', '', ' '])).toBe('abc');
    expect(shown('', ['x'])).toBe('');
  });
});

describe('findCited', () => {
  const passage = (text: string, block: number) =>
    ({ text, first_block: block, last_block: block }) as Passage;
  const source = (text: string, block: number) =>
    ({ text, first_block: block, last_block: block }) as Source;

  it('tells equal words in different places apart', () => {
    const passages = [passage('same', 1), passage('same', 5)];
    expect(findCited(passages, source('same', 5))).toBe(1);
  });

  it('finds the words again when the document moved them', () => {
    expect(findCited([passage('new', 1), passage('old words', 2)], source('old\nwords', 1))).toBe(1);
  });

  it('says when the words are gone', () => {
    expect(findCited([passage('new', 1)], source('old', 1))).toBe(-1);
  });
});
