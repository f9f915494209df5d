import { Alert, App, Button, Drawer, Skeleton } from 'antd';
import { useEffect, useRef } from 'react';

import type { Passage, Source } from '../api/types';
import { useText } from '../i18n/language';
import { describe, failureOf } from '../shell/failures';
import { useServer } from '../shell/ServerContext';
import { DownloadOutlined, ExportOutlined } from '../shell/icons';
import { canShow, openOriginal } from './original';
import { findCited, markQuotes } from './quotes';
import { placeOf } from './SourceList';
import { type OpenDocument, useDocument } from './useDocument';

interface Props {
  source: Source;
  onClose: () => void;
}

// A document at the passage that an answer cites, the quoted sentences marked.
export default function SourceDrawer({ source, onClose }: Props) {
  const text = useText();
  const opened = useDocument(source);
  return (
    <Drawer
      open
      size={640}
      onClose={onClose}
      title={source.title || source.document}
      extra={<OriginalButton source={source} opened={opened} />}
      className="source-drawer"
    >
      <p className="drawer-place">
        {[source.document, placeOf(source, text)].filter((part) => part !== '').join(' · ')}
      </p>
      <Content source={source} opened={opened} />
    </Drawer>
  );
}

function OriginalButton({ source, opened }: { source: Source; opened: OpenDocument }) {
  const text = useText();
  const { client, handled } = useServer();
  const { message } = App.useApp();
  const mediaType = opened.record?.media_type;
  if (mediaType === undefined) return null;

  const open = async () => {
    try {
      const content = await client.content(source.kb, source.document_id);
      openOriginal(content, mediaType, source.document, source.page);
    } catch (error) {
      if (!handled(error)) void message.error(describe(failureOf(error), text).message);
    }
  };
  const inPlace = canShow(mediaType);
  return (
    <Button
      icon={inPlace ? <ExportOutlined /> : <DownloadOutlined />}
      onClick={() => void open()}
    >
      {inPlace ? text.sources.original : text.sources.download}
    </Button>
  );
}

function Content({ source, opened }: { source: Source; opened: OpenDocument }) {
  const text = useText();
  if (opened.failure) {
    const { message, remedy } = describe(opened.failure, text);
    return (
      <>
        <Alert type="warning" showIcon title={message} description={remedy} className="gap" />
        <CitedText source={source} />
      </>
    );
  }
  if (!opened.passages) return <Skeleton active title={false} paragraph={{ rows: 10 }} />;
  const cited = findCited(opened.passages, source);
  if (cited < 0) {
    return (
      <>
        <Alert type="info" showIcon title={text.sources.moved} className="gap" />
        <CitedText source={source} />
      </>
    );
  }
  return <Passages passages={opened.passages} cited={cited} source={source} />;
}

function CitedText({ source }: { source: Source }) {
  return (
    <div className="passage passage-cited">
      <Marked text={source.text} quotes={source.quotes} />
    </div>
  );
}

interface PassagesProps {
  passages: readonly Passage[];
  cited: number;
  source: Source;
}

function Passages({ passages, cited, source }: PassagesProps) {
  const text = useText();
  const target = useRef<HTMLElement>(null);
  useEffect(() => {
    target.current?.scrollIntoView({ block: 'center' });
  }, [cited, source]);

  return passages.map((passage, i) => {
    const before = passages[i - 1];
    const isCited = i === cited;
    const newPage = passage.first_page > 0 && passage.first_page !== before?.first_page;
    const heading = passage.headings.join(' › ');
    return (
      <section
        key={`${passage.first_block}-${i}`}
        ref={isCited ? target : null}
        className={isCited ? 'passage passage-cited' : 'passage'}
        aria-label={isCited ? text.sources.cited : undefined}
      >
        {newPage && <div className="page-line">{text.sources.page(passage.first_page)}</div>}
        {heading !== '' && heading !== before?.headings.join(' › ') && <h3>{heading}</h3>}
        <Marked text={passage.text} quotes={isCited ? source.quotes : []} />
      </section>
    );
  });
}

function Marked({ text, quotes }: { text: string; quotes: readonly string[] }) {
  return (
    <p className="passage-text">
      {markQuotes(text, quotes).map((piece, i) =>
        piece.marked ? <mark key={i}>{piece.text}</mark> : <span key={i}>{piece.text}</span>,
      )}
    </p>
  );
}
