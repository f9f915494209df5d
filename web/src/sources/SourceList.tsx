
import type { Source } from '../api/types';
import type { Messages } from '../i18n/en';
import { useText } from '../i18n/language';
import { FileTextOutlined } from '../shell/icons';

interface Props {
  sources: readonly Source[];
  onOpen: (source: Source) => void;
}

// The sources of an answer: number, document, where in it, and the sentences it rests on.
export function SourceList({ sources, onOpen }: Props) {
  const text = useText();
  return (
    <section className="sources" aria-label={text.sources.title(sources.length)}>
      <h2>{text.sources.title(sources.length)}</h2>
      <ol>
        {sources.map((source) => (
          <li key={source.index}>
            <button type="button" className="source" onClick={() => onOpen(source)}>
              <span className="source-number">{source.index}</span>
              <span className="source-body">
                <span className="source-name">
                  <FileTextOutlined /> {source.document}
                </span>
                <span className="source-place">{placeOf(source, text)}</span>
                {source.quotes.map((quote) => (
                  <q key={quote}>{quote}</q>
                ))}
              </span>
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}

// "Leave › Annual leave · page 3"; empty for a document without headings and pages.
export function placeOf(source: Source, text: Messages): string {
  const headings = source.headings.join(' › ');
  const page = source.page > 0 ? text.sources.page(source.page) : '';
  return [headings, page].filter((part) => part !== '').join(' · ');
}
