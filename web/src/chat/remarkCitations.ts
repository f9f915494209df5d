// Turns citations in Markdown text into elements that the renderer shows as chips. Code and links
// keep their brackets.

import { splitCitations } from './citations';

// The part of an mdast node that matters here.
interface Node {
  type: string;
  value?: string;
  children?: Node[];
  data?: { hName: string; hProperties: Record<string, string> };
}

// The element name a citation gets: standard HTML for a reference to a work.
export const citationElement = 'cite';

export function remarkCitations(known: ReadonlySet<number>) {
  return () => (tree: unknown) => visit(tree as Node, known);
}

function visit(node: Node, known: ReadonlySet<number>): void {
  if (!node.children || node.type === 'link' || node.type === 'linkReference') return;
  node.children = node.children.flatMap((child) => {
    if (child.type === 'text') return splitText(child.value ?? '', known);
    visit(child, known);
    return [child];
  });
}

function splitText(text: string, known: ReadonlySet<number>): Node[] {
  return splitCitations(text, known).map((segment) =>
    segment.kind === 'text'
      ? { type: 'text', value: segment.text }
      : {
          type: 'citation',
          children: [{ type: 'text', value: String(segment.index) }],
          data: { hName: citationElement, hProperties: { dataIndex: String(segment.index) } },
        },
  );
}
