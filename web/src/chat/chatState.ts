// What the chat page shows, as a pure function of what happened.

import type { ApiError } from '../api/client';
import type { AnswerMode, ChatEvent, Conversation, Source } from '../api/types';

export type Failure = Pick<ApiError, 'kind' | 'message' | 'code'>;

export interface UserTurn {
  role: 'user';
  key: string;
  text: string;
}

export interface AnswerTurn {
  role: 'assistant';
  key: string;
  text: string;
  thinking: string; // of a thinking model
  status: 'waiting' | 'rewriting' | 'retrieving' | 'generating' | 'complete' | 'stopped' | 'failed';
  sources: Source[];
  citations: number[];
  mode: AnswerMode | null; // known when complete; null for one from the history
  model: string; // empty when no model wrote it, and for one from the history
  totalMs: number | null;
  failure: Failure | null;
}

export type ChatTurn = UserTurn | AnswerTurn;

export interface ChatState {
  conversationId: string | null;
  turns: ChatTurn[];
  asking: boolean;
}

export type ChatAction =
  | { type: 'asked'; question: string }
  | { type: 'event'; event: ChatEvent }
  | { type: 'stopped' }
  | { type: 'failed'; failure: Failure }
  | { type: 'opened'; conversation: Conversation }
  | { type: 'cleared' };

export const emptyChat: ChatState = { conversationId: null, turns: [], asking: false };

export function chatReducer(state: ChatState, action: ChatAction): ChatState {
  switch (action.type) {
    case 'asked':
      return { ...state, asking: true, turns: withQuestion(state.turns, action.question) };
    case 'event':
      return afterEvent(state, action.event);
    case 'stopped':
      return ended(state, (answer) => ({ ...answer, status: 'stopped' }));
    case 'failed':
      return ended(state, (answer) => ({ ...answer, status: 'failed', failure: action.failure }));
    case 'opened':
      return { conversationId: action.conversation.id, asking: false, turns: fromHistory(action.conversation) };
    case 'cleared':
      return emptyChat;
  }
}

// The sources an answer uses, in the order it first cites them; all that were found when it
// cites none (it was stopped, say).
export function citedSources(answer: AnswerTurn): Source[] {
  const cited = answer.citations
    .map((index) => answer.sources.find((source) => source.index === index))
    .filter((source) => source !== undefined);
  return cited.length > 0 ? cited : answer.sources;
}

function withQuestion(turns: ChatTurn[], question: string): ChatTurn[] {
  const key = String(turns.length);
  return [
    ...turns,
    { role: 'user', key: `q${key}`, text: question },
    blankAnswer(`a${key}`),
  ];
}

function blankAnswer(key: string): AnswerTurn {
  return {
    role: 'assistant',
    key,
    text: '',
    thinking: '',
    status: 'waiting',
    sources: [],
    citations: [],
    mode: null,
    model: '',
    totalMs: null,
    failure: null,
  };
}

function afterEvent(state: ChatState, event: ChatEvent): ChatState {
  switch (event.type) {
    case 'thinking':
      return changed(state, (answer) => ({
        ...answer,
        status: statusOf(event.status) ?? answer.status,
        thinking: answer.thinking + event.text,
      }));
    case 'sources':
      return changed(state, (answer) => ({ ...answer, sources: event.sources }));
    case 'token':
      return changed(state, (answer) => ({
        ...answer,
        status: 'generating',
        text: answer.text + event.token,
      }));
    case 'done': {
      const { done } = event;
      const next = ended(state, (answer) => ({
        ...answer,
        status: 'complete',
        text: done.answer,
        sources: done.sources,
        citations: done.citations,
        mode: done.mode,
        model: done.model,
        totalMs: done.total_ms,
      }));
      return { ...next, conversationId: done.conversation_id };
    }
  }
}

function statusOf(status: string): AnswerTurn['status'] | null {
  switch (status) {
    case 'rewriting':
    case 'retrieving':
    case 'generating':
      return status;
    default:
      return null;
  }
}

function ended(state: ChatState, change: (answer: AnswerTurn) => AnswerTurn): ChatState {
  return { ...changed(state, change), asking: false };
}

// Changes the answer being written, which is always the last turn while asking.
function changed(state: ChatState, change: (answer: AnswerTurn) => AnswerTurn): ChatState {
  const last = state.turns.at(-1);
  if (!state.asking || last?.role !== 'assistant') return state;
  return { ...state, turns: [...state.turns.slice(0, -1), change(last)] };
}

function fromHistory(conversation: Conversation): ChatTurn[] {
  return conversation.turns.map((turn, i): ChatTurn => {
    if (turn.role === 'user') return { role: 'user', key: `q${i}`, text: turn.text };
    return {
      ...blankAnswer(`a${i}`),
      text: turn.text,
      status: 'complete',
      sources: turn.sources,
      citations: citationsIn(turn.text, turn.sources),
    };
  });
}

function citationsIn(text: string, sources: readonly Source[]): number[] {
  const indexes = new Map(sources.map((source) => [source.index, text.indexOf(`[${source.index}]`)]));
  return [...indexes]
    .filter(([, at]) => at >= 0)
    .sort(([, a], [, b]) => a - b)
    .map(([index]) => index);
}
