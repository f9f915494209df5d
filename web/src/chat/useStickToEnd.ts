import { type RefObject, useCallback, useEffect, useRef } from 'react';

const nearEndPx = 80;

// Keeps the end of `scroller` in view while its content grows, until the reader scrolls up; the
// function it returns goes back to the end.
export function useStickToEnd(scroller: RefObject<HTMLElement | null>, content: unknown) {
  const sticking = useRef(true);

  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const scrolled = () => {
      const left = element.scrollHeight - element.scrollTop - element.clientHeight;
      sticking.current = left < nearEndPx;
    };
    element.addEventListener('scroll', scrolled, { passive: true });
    return () => element.removeEventListener('scroll', scrolled);
  }, [scroller]);

  useEffect(() => {
    const element = scroller.current;
    if (element && sticking.current) element.scrollTop = element.scrollHeight;
  }, [scroller, content]);

  return useCallback(() => {
    sticking.current = true;
    const element = scroller.current;
    if (element) element.scrollTop = element.scrollHeight;
  }, [scroller]);
}
