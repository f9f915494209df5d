import { memo, useMemo } from 'react';
import Markdown, { type Components } from 'react-markdown';
import remarkGfm from 'remark-gfm';

import type { Source } from '../api/types';
import { useText } from '../i18n/language';
import { withoutUnfinishedCitation } from './citations';
import { remarkCitations } from './remarkCitations';

interface Props {
  text: string;
  sources: readonly Source[];
  streaming: boolean;
  onCitation: (index: number) => void;
}

// An answer as Markdown with its citations as chips. The words come from a model that read
// documents of others, so: no HTML, and no images, which would send what they name in their
// address to whoever they name.
function AnswerText({ text, sources, streaming, onCitation }: Props) {
  const messages = useText();
  const plugins = useMemo(
    () => [remarkGfm, remarkCitations(new Set(sources.map((source) => source.index)))],
    [sources],
  );
  const components = useMemo<Components>(
    () => ({
      cite: ({ node }) => {
        const index = Number(node?.properties['dataIndex']);
        const source = sources.find((candidate) => candidate.index === index);
        return (
          <button
            type="button"
            className="chip"
            title={source?.title || source?.document}
            aria-label={messages.sources.cite(index)}
            onClick={() => onCitation(index)}
          >
            {index}
          </button>
        );
      },
      a: ({ href, children }) => (
        <a href={href} target="_blank" rel="noopener noreferrer">
          {children}
        </a>
      ),
      img: ({ alt }) => <span>{alt}</span>,
    }),
    [sources, messages, onCitation],
  );
  return (
    <div className="prose">
      <Markdown remarkPlugins={plugins} components={components}>
        {streaming ? withoutUnfinishedCitation(text) : text}
      </Markdown>
    </div>
  );
}

export default memo(AnswerText);
