// The knowledge base that questions go to; null is none, a plain chat.

import { useCallback, useState } from 'react';

import type { KnowledgeBase } from '../api/types';

const storageKey = 'moat.kb';
const none = ''; // stored when the user chose to chat without documents

export function useKnowledgeBase(bases: readonly KnowledgeBase[], known: boolean) {
  const [chosen, setChosen] = useState(() => localStorage.getItem(storageKey));

  const choose = useCallback((kb: string | null) => {
    localStorage.setItem(storageKey, kb ?? none);
    setChosen(kb ?? none);
  }, []);

  // One that was removed meanwhile, or never chosen, falls back to the first there is.
  const exists = bases.some((base) => base.name === chosen);
  const fallback = bases[0]?.name ?? null;
  const kb = !known ? null : exists ? chosen : chosen === none ? null : fallback;
  return { kb, choose };
}
