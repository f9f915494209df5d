// Light or dark: what was chosen, or what the system prefers while nothing was.

import { useEffect, useState } from 'react';

export type Appearance = 'auto' | 'light' | 'dark';

const storageKey = 'moat.appearance';
const darkQuery = '(prefers-color-scheme: dark)';

export function useAppearance() {
  const [appearance, setAppearance] = useState<Appearance>(stored);
  const [systemDark, setSystemDark] = useState(() => matchMedia(darkQuery).matches);

  useEffect(() => {
    const query = matchMedia(darkQuery);
    const changed = () => setSystemDark(query.matches);
    query.addEventListener('change', changed);
    return () => query.removeEventListener('change', changed);
  }, []);

  const choose = (next: Appearance) => {
    localStorage.setItem(storageKey, next);
    setAppearance(next);
  };
  const dark = appearance === 'dark' || (appearance === 'auto' && systemDark);
  return { appearance, dark, choose };
}

function stored(): Appearance {
  const value = localStorage.getItem(storageKey);
  return value === 'light' || value === 'dark' ? value : 'auto';
}
