import { useCallback, useEffect, useState } from 'react';

import type { DocumentRecord } from '../api/types';
import type { Failure } from '../chat/chatState';
import { failureOf } from '../shell/failures';
import { useServer } from '../shell/ServerContext';

const pollMs = 1000;

export function isWorking(document: DocumentRecord): boolean {
  return document.stage !== 'ready' && document.stage !== 'failed';
}

export interface Documents {
  items: DocumentRecord[];
  loading: boolean;
  failure: Failure | null;
  reload: () => void;
}

// The documents of a knowledge base, read again every second while one of them is being worked on.
// `onSettled` is called when the last one is done.
export function useDocuments(kb: string | null, onSettled: () => void): Documents {
  const { client, handled } = useServer();
  const [items, setItems] = useState<DocumentRecord[]>([]);
  const [loading, setLoading] = useState(true);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [wish, setWish] = useState(0); // grows to read again at once

  useEffect(() => {
    if (!kb) return;
    const gone = new AbortController();
    let timer = 0;
    let wasWorking = false;
    const read = async () => {
      try {
        const next = await client.documents(kb, gone.signal);
        setItems(next);
        setFailure(null);
        const working = next.some(isWorking);
        if (wasWorking && !working) onSettled();
        wasWorking = working;
        if (working) timer = window.setTimeout(() => void read(), pollMs);
      } catch (error) {
        if (!gone.signal.aborted && !handled(error)) setFailure(failureOf(error));
      }
      if (!gone.signal.aborted) setLoading(false);
    };
    void read();
    return () => {
      gone.abort();
      window.clearTimeout(timer);
    };
  }, [client, handled, kb, onSettled, wish]);

  useEffect(() => {
    setItems([]);
    setLoading(true);
  }, [kb]);

  const reload = useCallback(() => setWish((n) => n + 1), []);
  return { items, loading, failure, reload };
}
