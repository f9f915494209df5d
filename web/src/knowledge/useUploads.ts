import { useCallback, useRef, useState } from 'react';

import type { Failure } from '../chat/chatState';
import { failureOf } from '../shell/failures';
import { useServer } from '../shell/ServerContext';

const atOnce = 3; // a folder of a thousand files must not open a thousand connections

export interface Upload {
  key: number;
  name: string;
  failure: Failure | null; // null: under way or waiting
}

export interface Uploads {
  items: Upload[]; // those under way and those that failed
  add: (kb: string, files: readonly File[]) => void;
  dismiss: (key: number) => void;
}

// Files on their way to the server. `onStored` is called after each that arrived.
export function useUploads(onStored: () => void): Uploads {
  const { client, handled } = useServer();
  const [items, setItems] = useState<Upload[]>([]);
  const waiting = useRef<(() => Promise<void>)[]>([]);
  const running = useRef(0);
  const lastKey = useRef(0);

  const dismiss = useCallback(
    (key: number) => setItems((before) => before.filter((item) => item.key !== key)),
    [],
  );

  const pump = useCallback(() => {
    while (running.current < atOnce) {
      const next = waiting.current.shift();
      if (!next) return;
      running.current++;
      void next().finally(() => {
        running.current--;
        pump();
      });
    }
  }, []);

  const add = (kb: string, files: readonly File[]) => {
    for (const file of files) {
      const key = ++lastKey.current;
      const name = file.webkitRelativePath || file.name;
      setItems((before) => [...before, { key, name, failure: null }]);
      waiting.current.push(async () => {
        try {
          await client.upload(kb, name, file);
          dismiss(key);
          onStored();
        } catch (error) {
          handled(error);
          const failure = failureOf(error);
          setItems((before) => before.map((item) => (item.key === key ? { ...item, failure } : item)));
        }
      });
    }
    pump();
  };

  return { items, add, dismiss };
}
