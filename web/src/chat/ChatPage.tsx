import { useEffect, useRef } from 'react';

import type { Source } from '../api/types';
import { useText } from '../i18n/language';
import { Answer } from './Answer';
import { Composer } from './Composer';
import { EmptyChat } from './EmptyChat';
import { useStickToEnd } from './useStickToEnd';
import type { Chat } from './useChat';

interface Props {
  chat: Chat;
  kb: string | null;
  onSource: (source: Source) => void;
  onDocuments: () => void;
}

export function ChatPage({ chat, kb, onSource, onDocuments }: Props) {
  const text = useText();
  const { turns, asking, conversationId } = chat.state;
  const scroller = useRef<HTMLDivElement>(null);
  const toEnd = useStickToEnd(scroller, turns);

  useEffect(toEnd, [conversationId, toEnd]);

  const ask = (question: string) => {
    toEnd();
    void chat.ask(question);
  };
  const lastQuestion = () => turns.filter((turn) => turn.role === 'user').at(-1)?.text;
  const askAgain = () => {
    const question = lastQuestion();
    if (question) ask(question);
  };

  return (
    <main className="chat">
      <div className="turns" ref={scroller}>
        <div className="column">
          {turns.length === 0 && <EmptyChat kb={kb} onDocuments={onDocuments} />}
          {turns.map((turn, i) =>
            turn.role === 'user' ? (
              <section key={turn.key} className="question" aria-label={text.answer.you}>
                {turn.text}
              </section>
            ) : (
              <Answer
                key={turn.key}
                turn={turn}
                onSource={onSource}
                onRetry={i === turns.length - 1 && !asking ? askAgain : null}
              />
            ),
          )}
        </div>
      </div>
      <div className="column">
        <Composer kb={kb} asking={asking} onAsk={ask} onStop={chat.stop} />
      </div>
    </main>
  );
}
