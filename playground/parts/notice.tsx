import { useEffect } from 'preact/hooks';

const shownMs = 4_000;

/** Says for a moment what was done. */
export function Notice({ text, onGone }: { readonly text: string; readonly onGone: () => void }) {
  // The time begins with each text.
  useEffect(() => {
    if (text === '') return;
    const timer = setTimeout(onGone, shownMs);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <output class={text === '' ? 'notice' : 'notice notice-on'} aria-live="polite">
      {text}
    </output>
  );
}
