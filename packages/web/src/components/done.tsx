/**
 * What was done last, read out: its place is there before the text. Where the control that did it is gone with what it
 * did (a key's own button, after the key), the focus comes here and not to nowhere.
 */
import { useEffect, useRef } from 'react';

export function Done({ text }: { text: string | undefined }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (text === undefined) return;
    // behind a dialog that gives the focus back to what opened it
    const timer = setTimeout(() => {
      if (document.activeElement === document.body) place.current?.focus();
    }, 20);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <div ref={place} role="status" tabIndex={-1} className="done">
      {text}
    </div>
  );
}
