import { useEffect } from 'preact/hooks';

/** Marks what the arrows step through; on the button that opens a result. */
export const stepMark = 'data-step';

interface Shortcuts {
  readonly isDialogOpen: boolean;
  readonly showHelp: () => void;
  readonly showResults: () => void;
}

/**
 * `/` to the search box, arrows or j and k from result to result, `?` for help, Escape back to the search box. Enter on
 * a result is the button's own; dialogs close themselves on Escape.
 */
export function useShortcuts({ isDialogOpen, showHelp, showResults }: Shortcuts): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (isDialogOpen || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      const target = event.target as HTMLElement;
      const isTyping = target.matches('input, select, textarea');
      const isSearchBox = target.id === 'query';
      if (event.key === '/' && !isTyping) focusSearch(event);
      else if (event.key === '?' && !isTyping) {
        event.preventDefault();
        showHelp();
      } else if (event.key === 'Escape' && !isTyping) focusSearch(event);
      else if (isStepKey(event.key, isTyping, isSearchBox)) {
        showResults();
        step(event);
      }
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, [isDialogOpen, showHelp, showResults]);
}

function focusSearch(event: Event): void {
  event.preventDefault();
  const box = document.querySelector<HTMLInputElement>('#query');
  box?.focus();
  box?.select();
}

/** From the search box only the arrow down leads on; in other fields the keys are the field's own. */
function isStepKey(key: string, isTyping: boolean, isSearchBox: boolean): boolean {
  if (isSearchBox) return key === 'ArrowDown';
  return !isTyping && ['ArrowDown', 'ArrowUp', 'j', 'k'].includes(key);
}

function step(event: KeyboardEvent): void {
  const stops = [...document.querySelectorAll<HTMLElement>(`[${stepMark}]`)];
  if (stops.length === 0) return;
  event.preventDefault();
  const at = stops.indexOf(document.activeElement as HTMLElement);
  const isDown = event.key === 'ArrowDown' || event.key === 'j';
  const next = at < 0 ? (isDown ? 0 : -1) : at + (isDown ? 1 : -1);
  if (next < 0) {
    focusSearch(event);
    return;
  }
  const stop = stops[Math.min(next, stops.length - 1)];
  stop?.focus();
  stop?.scrollIntoView({ block: 'nearest' });
}
