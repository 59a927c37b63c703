import type { Ask } from '../ask/ask.ts';

export type View = 'side' | 'results' | 'insight';

const views: readonly (readonly [View, string])[] = [
  ['side', 'Filters'],
  ['results', 'Results'],
  ['insight', 'Insight'],
];

interface ViewSwitchProps {
  readonly view: View;
  readonly onChange: (view: View) => void;
  readonly ask: Ask;
}

/** On a narrow screen one panel is seen at a time; on wide ones this is not shown. */
export function ViewSwitch({ view, onChange, ask }: ViewSwitchProps) {
  const chosen = ask.filters.length + ask.rules.length;
  return (
    <nav class="view-switch" aria-label="Panels">
      {views.map(([name, title]) => (
        <button key={name} type="button" aria-pressed={view === name} onClick={() => onChange(name)}>
          {title}
          {name === 'side' && chosen > 0 && <span class="count">{chosen}</span>}
        </button>
      ))}
    </nav>
  );
}
