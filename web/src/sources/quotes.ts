// Finds the quoted sentences and the cited passage in the text of a document.

import type { Passage, Source } from '../api/types';

export interface Piece {
  text: string;
  marked: boolean;
}

// `text` in pieces, those that a quote covers marked. White space does not count in comparing,
// since a quote is one line and the passage may wrap it.
export function markQuotes(text: string, quotes: readonly string[]): Piece[] {
  const { letters, offsets } = lettersOf(text);
  const covered = new Array<boolean>(text.length).fill(false);
  for (const quote of quotes) {
    const wanted = lettersOf(quote).letters;
    const start = wanted === '' ? -1 : letters.indexOf(wanted);
    if (start < 0) continue;
    const from = offsets[start] ?? 0;
    const to = (offsets[start + wanted.length - 1] ?? 0) + 1;
    covered.fill(true, from, to);
  }
  return pieces(text, covered);
}

function lettersOf(text: string): { letters: string; offsets: number[] } {
  let letters = '';
  const offsets: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charAt(i);
    if (/\s/.test(unit)) continue;
    letters += unit;
    offsets.push(i);
  }
  return { letters, offsets };
}

function pieces(text: string, covered: readonly boolean[]): Piece[] {
  const result: Piece[] = [];
  let start = 0;
  for (let i = 1; i <= text.length; i++) {
    if (i < text.length && covered[i] === covered[start]) continue;
    result.push({ text: text.slice(start, i), marked: covered[start] === true });
    start = i;
  }
  return result;
}

// The passage a source points at: the same blocks and words. A document that was replaced since
// may have it elsewhere or nowhere (-1).
export function findCited(passages: readonly Passage[], source: Source): number {
  const sameBlocks = (passage: Passage) =>
    passage.first_block === source.first_block && passage.last_block === source.last_block;
  const words = lettersOf(source.text).letters;
  const sameWords = (passage: Passage) => lettersOf(passage.text).letters === words;
  const exact = passages.findIndex((passage) => sameBlocks(passage) && sameWords(passage));
  return exact >= 0 ? exact : passages.findIndex(sameWords);
}
