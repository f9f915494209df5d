// Finds the citations [1], [2, 3] and their full-width kin in the text of an answer.

export type Segment = { kind: 'text'; text: string } | { kind: 'citation'; index: number };

const group = /[[［【]\s*(\d{1,3}(?:\s*[,，、]\s*\d{1,3})*)\s*[\]］】]/g;
const unfinished = /[[［【][\d\s,，、]*$/;

// Only numbers of sources that exist are citations; anything else in brackets stays text.
export function splitCitations(text: string, known: ReadonlySet<number>): Segment[] {
  const segments: Segment[] = [];
  let end = 0;
  for (const match of text.matchAll(group)) {
    const indexes = (match[1] ?? '').split(/[,，、]/).map((part) => Number(part.trim()));
    if (!indexes.every((index) => known.has(index))) continue;
    if (match.index > end) segments.push({ kind: 'text', text: text.slice(end, match.index) });
    for (const index of indexes) segments.push({ kind: 'citation', index });
    end = match.index + match[0].length;
  }
  if (end < text.length) segments.push({ kind: 'text', text: text.slice(end) });
  return segments;
}

// While tokens arrive the text may end inside "[1": left out until the bracket closes, so that
// it does not flicker.
export function withoutUnfinishedCitation(text: string): string {
  return text.replace(unfinished, '');
}
