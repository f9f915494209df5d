// What the whole page shares: the client, what the server says of itself, the knowledge bases.

import { createContext, useCallback, useContext, useEffect, useRef, useState } from 'react';

import { ApiError, type Client } from '../api/client';
import type { KnowledgeBase, Status } from '../api/types';
import { failureOf } from './failures';
import type { Failure } from '../chat/chatState';

export interface Server {
  client: Client;
  status: Status | null;
  bases: KnowledgeBase[];
  failure: Failure | null; // why status and bases could not be read
  needsKey: boolean;
  loading: boolean;
  reload: () => Promise<void>;
  // Call with any error of the client: true when it is handled by asking for a key.
  handled: (error: unknown) => boolean;
}

export const ServerContext = createContext<Server | null>(null);

export function useServer(): Server {
  const server = useContext(ServerContext);
  if (!server) throw new Error('useServer() outside of its provider');
  return server;
}

export function useServerState(client: Client): Server {
  const [status, setStatus] = useState<Status | null>(null);
  const [bases, setBases] = useState<KnowledgeBase[]>([]);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [needsKey, setNeedsKey] = useState(false);
  const [loading, setLoading] = useState(true);
  const latest = useRef(0);

  const handled = useCallback((error: unknown) => {
    if (!(error instanceof ApiError) || error.kind !== 'unauthorised') return false;
    setNeedsKey(true);
    return true;
  }, []);

  const reload = useCallback(async () => {
    const mine = ++latest.current; // of two reloads at once, the later one counts
    try {
      const [nextStatus, nextBases] = await Promise.all([client.status(), client.knowledgeBases()]);
      if (mine !== latest.current) return;
      setStatus(nextStatus);
      setBases(nextBases);
      setFailure(null);
      setNeedsKey(false);
    } catch (error) {
      if (mine === latest.current && !handled(error)) setFailure(failureOf(error));
    } finally {
      if (mine === latest.current) setLoading(false);
    }
  }, [client, handled]);

  useEffect(() => void reload(), [reload]);

  return { client, status, bases, failure, needsKey, loading, reload, handled };
}
