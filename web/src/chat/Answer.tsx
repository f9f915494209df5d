import Think from '@ant-design/x/es/think';
import { Alert, Button, Typography } from 'antd';
import { lazy, Suspense, useCallback, useState } from 'react';

import type { Source } from '../api/types';
import type { Messages } from '../i18n/en';
import { useText } from '../i18n/language';
import { describe } from '../shell/failures';
import { CheckOutlined, CopyOutlined, LoadingOutlined, ReloadOutlined } from '../shell/icons';
import { SourceList } from '../sources/SourceList';
import { type AnswerTurn, citedSources } from './chatState';

const AnswerText = lazy(() => import('./AnswerText'));

interface Props {
  turn: AnswerTurn;
  onSource: (source: Source) => void;
  onRetry: (() => void) | null; // null: an older answer
}

export function Answer({ turn, onSource, onRetry }: Props) {
  const text = useText();
  const running = isRunning(turn);
  const openCitation = useCallback(
    (index: number) => {
      const source = turn.sources.find((candidate) => candidate.index === index);
      if (source) onSource(source);
    },
    [turn.sources, onSource],
  );
  // Only what is cited belongs below a finished answer; while it is written, nothing is known.
  const sources = running || turn.mode === 'nothing_found' ? [] : citedSources(turn);

  return (
    <article className="answer" aria-label={text.answer.assistant} aria-busy={running}>
      <Progress turn={turn} />
      {turn.text !== '' && (
        <Suspense fallback={<p>{turn.text}</p>}>
          <AnswerText
            text={turn.text}
            sources={turn.sources}
            streaming={running}
            onCitation={openCitation}
          />
        </Suspense>
      )}
      <Ending turn={turn} onRetry={onRetry} />
      {sources.length > 0 && <SourceList sources={sources} onOpen={onSource} />}
      {turn.status === 'complete' && <Facts turn={turn} />}
    </article>
  );
}

function isRunning(turn: AnswerTurn): boolean {
  return ['waiting', 'rewriting', 'retrieving', 'generating'].includes(turn.status);
}

// What the server is doing until the first words come, and what a thinking model thinks.
function Progress({ turn }: { turn: AnswerTurn }) {
  const text = useText();
  const running = isRunning(turn);
  const label = running ? text.answer[turn.status as 'waiting'] : '';
  return (
    <>
      {turn.thinking !== '' && (
        <Think title={text.answer.thinking} loading={running && turn.text === ''} defaultExpanded={false}>
          {turn.thinking}
        </Think>
      )}
      <div role="status" className="status">
        {running && turn.text === '' && (
          <>
            <LoadingOutlined /> {label}
          </>
        )}
      </div>
    </>
  );
}

function Ending({ turn, onRetry }: Pick<Props, 'turn' | 'onRetry'>) {
  const text = useText();
  if (turn.status === 'stopped') {
    return <Typography.Text type="secondary">{text.answer.stopped}</Typography.Text>;
  }
  if (turn.status !== 'failed' || !turn.failure) return null;
  const { message, remedy } = describe(turn.failure, text);
  const retry = onRetry && (
    <Button size="small" icon={<ReloadOutlined />} onClick={onRetry}>
      {text.errors.retry}
    </Button>
  );
  return <Alert type="error" showIcon title={message} description={remedy} action={retry} />;
}

// The small print: which model wrote it, how long it took, and a button to take the words along.
function Facts({ turn }: { turn: AnswerTurn }) {
  const text = useText();
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(turn.text);
    setCopied(true);
  };
  return (
    <div className="facts">
      {turn.model && <span>{turn.model}</span>}
      {turn.totalMs !== null && <span>{durationOf(turn.totalMs, text)}</span>}
      {window.isSecureContext && (
        <Button
          type="text"
          size="small"
          icon={copied ? <CheckOutlined /> : <CopyOutlined />}
          onClick={() => void copy()}
        >
          {copied ? text.answer.copied : text.answer.copy}
        </Button>
      )}
    </div>
  );
}

function durationOf(ms: number, text: Messages): string {
  return ms < 1000
    ? text.answer.milliseconds(ms.toFixed(0))
    : text.answer.seconds((ms / 1000).toFixed(1));
}
