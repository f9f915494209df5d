import { useCallback, useEffect, useReducer, useRef } from 'react';

import type { ChatEvent, Conversation } from '../api/types';
import { failureOf } from '../shell/failures';
import { useServer } from '../shell/ServerContext';
import { chatReducer, type ChatState, emptyChat } from './chatState';

export interface Chat {
  state: ChatState;
  ask: (question: string) => Promise<void>;
  stop: () => void;
  clear: () => void;
  open: (id: string) => Promise<Conversation | null>; // null: it could not be read
}

// One conversation with the server. `onDone` is called when an answer is complete, and the history
// has changed.
export function useChat(kb: string | null, onDone: () => Promise<void>): Chat {
  const { client, handled } = useServer();
  const [state, dispatch] = useReducer(chatReducer, emptyChat);
  const running = useRef<AbortController | null>(null);

  const stop = useCallback(() => {
    if (!running.current) return;
    running.current.abort();
    running.current = null;
    dispatch({ type: 'stopped' });
  }, []);

  useEffect(() => stop, [stop]);

  const ask = async (question: string) => {
    stop();
    const mine = new AbortController();
    running.current = mine;
    dispatch({ type: 'asked', question });
    // Nothing of a question that was stopped may reach the one asked after it.
    const onEvent = (event: ChatEvent) => {
      if (running.current === mine) dispatch({ type: 'event', event });
    };
    const request = {
      question,
      ...(kb ? { kb } : {}),
      ...(state.conversationId ? { conversation_id: state.conversationId } : {}),
    };
    try {
      await client.ask(request, onEvent, mine.signal);
      await onDone();
    } catch (error) {
      if (mine.signal.aborted) return;
      handled(error);
      dispatch({ type: 'failed', failure: failureOf(error) });
    } finally {
      if (running.current === mine) running.current = null;
    }
  };

  const clear = useCallback(() => {
    stop();
    dispatch({ type: 'cleared' });
  }, [stop]);

  const open = async (id: string) => {
    stop();
    try {
      const conversation = await client.conversation(id);
      dispatch({ type: 'opened', conversation });
      return conversation;
    } catch (error) {
      if (!handled(error)) {
        dispatch({ type: 'cleared' });
        await onDone(); // it is gone: so should be its line in the list
      }
      return null;
    }
  };

  return { state, ask, stop, clear, open };
}
