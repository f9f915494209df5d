import { useCallback, useEffect, useState } from 'react';

import type { ConversationSummary } from '../api/types';
import { useServer } from '../shell/ServerContext';

export interface History {
  items: ConversationSummary[];
  reload: () => Promise<void>;
  remove: (id: string) => Promise<void>;
}

// The user's conversations, newest first. Errors: remove() rejects; a list that cannot be read
// stays as it was, since the page already says that the server cannot be reached.
export function useConversations(): History {
  const { client, handled } = useServer();
  const [items, setItems] = useState<ConversationSummary[]>([]);

  const reload = useCallback(async () => {
    try {
      const next = await client.conversations();
      setItems([...next].sort((a, b) => Date.parse(b.updated_at) - Date.parse(a.updated_at)));
    } catch (error) {
      handled(error);
    }
  }, [client, handled]);

  const remove = useCallback(
    async (id: string) => {
      await client.removeConversation(id);
      setItems((before) => before.filter((item) => item.id !== id));
    },
    [client],
  );

  useEffect(() => void reload(), [reload]);
  return { items, reload, remove };
}
