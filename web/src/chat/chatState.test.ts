import { describe, expect, it } from 'vitest';

import type { ChatEvent, Conversation, Done, Source } from '../api/types';
import { type AnswerTurn, chatReducer, citedSources, type ChatState, emptyChat } from './chatState';

const source = (index: number) => ({ index, document: `d${index}` }) as Source;

const done = {
  answer: 'Twenty [2].',
  sources: [source(1), source(2)],
  citations: [2],
  mode: 'generated',
  model: 'm',
  total_ms: 5,
  conversation_id: 'c1',
} as unknown as Done;

function after(...events: ChatEvent[]): ChatState {
  const asked = chatReducer(emptyChat, { type: 'asked', question: 'How many days?' });
  return events.reduce((state, event) => chatReducer(state, { type: 'event', event }), asked);
}

function answerOf(state: ChatState): AnswerTurn {
  const last = state.turns.at(-1);
  if (last?.role !== 'assistant') throw new Error('the last turn is no answer');
  return last;
}

describe('chatReducer', () => {
  it('grows an answer by its tokens', () => {
    const state = after(
      { type: 'thinking', status: 'retrieving', text: '' },
      { type: 'sources', sources: [source(1)] },
      { type: 'token', token: 'Twen' },
      { type: 'token', token: 'ty' },
    );
    expect(answerOf(state)).toMatchObject({ text: 'Twenty', status: 'generating' });
    expect(state.asking).toBe(true);
  });

  it('lets the final text replace what was streamed', () => {
    const state = after({ type: 'token', token: 'Twenty [2]. [9]' }, { type: 'done', done });
    expect(answerOf(state)).toMatchObject({ text: 'Twenty [2].', status: 'complete' });
    expect(state).toMatchObject({ asking: false, conversationId: 'c1' });
  });

  it('keeps the part of an answer that came before a failure', () => {
    const failure = { kind: 'refused' as const, message: 'model crashed', code: 'internal' };
    const state = chatReducer(after({ type: 'token', token: 'Twen' }), { type: 'failed', failure });
    expect(answerOf(state)).toMatchObject({ text: 'Twen', status: 'failed', failure });
    expect(state.asking).toBe(false);
  });

  it('ignores what arrives after the end', () => {
    const stopped = chatReducer(after({ type: 'token', token: 'Twen' }), { type: 'stopped' });
    const late = chatReducer(stopped, { type: 'event', event: { type: 'token', token: 'ty' } });
    expect(answerOf(late)).toMatchObject({ text: 'Twen', status: 'stopped' });
  });

  it('opens a conversation from the history with its citations in order of use', () => {
    const conversation = {
      id: 'c7',
      turns: [
        { role: 'user', text: 'q', sources: [] },
        { role: 'assistant', text: 'B [2] then A [1].', sources: [source(1), source(2), source(3)] },
      ],
    } as unknown as Conversation;
    const state = chatReducer(emptyChat, { type: 'opened', conversation });
    expect(state.conversationId).toBe('c7');
    expect(citedSources(answerOf(state)).map((s) => s.index)).toEqual([2, 1]);
  });
});

describe('citedSources', () => {
  it('falls back to all sources when nothing is cited', () => {
    const state = after({ type: 'sources', sources: [source(1), source(2)] });
    expect(citedSources(answerOf(state))).toHaveLength(2);
  });
});
