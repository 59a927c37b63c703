import { useState } from 'preact/hooks';
import { Header } from './parts/header.tsx';
import { HelpDialog } from './parts/help-dialog.tsx';
import { Insight } from './parts/insight.tsx';
import { KeyDialog } from './parts/key-dialog.tsx';
import { Notice } from './parts/notice.tsx';
import { Pickers } from './parts/pickers.tsx';
import { ResultsPanel } from './parts/results-panel.tsx';
import { SidePanel } from './parts/side-panel.tsx';
import { type View, ViewSwitch } from './parts/view-switch.tsx';
import { usePage } from './state/use-page.ts';
import { useShortcuts } from './state/use-shortcuts.ts';

/** The page: three panels under the search box. */
export function App() {
  const { ask, change, key, takeKey, needsKey, known, state, deeds, again, dialog, setDialog } = usePage();
  const [view, setView] = useState<View>('results');
  const close = () => setDialog(null);
  useShortcuts({
    isDialogOpen: dialog !== null,
    showHelp: () => setDialog('help'),
    showResults: () => setView('results'),
  });
  return (
    <div class="page" data-view={view}>
      <button
        type="button"
        class="button skip-link"
        onClick={() => document.getElementById('results')?.focus()}
      >
        Skip to results
      </button>
      <Header
        ask={ask}
        change={change}
        known={known}
        isLoading={state.isLoading}
        hasKey={key !== ''}
        onKey={() => setDialog('key')}
        onHelp={() => setDialog('help')}
      />
      <Pickers ask={ask} change={change} known={known} />
      <ViewSwitch view={view} onChange={setView} ask={ask} />
      <main class="panels">
        <SidePanel ask={ask} change={change} known={known} answer={state.shown?.answer ?? null} />
        <ResultsPanel
          ask={ask}
          change={change}
          known={known}
          state={state}
          deeds={deeds}
          keyText={key}
          onRetry={again}
        />
        <Insight ask={ask} state={state} keyText={key} />
      </main>
      <Notice text={deeds.notice} onGone={() => deeds.say('')} />
      {dialog === 'help' && <HelpDialog onClose={close} />}
      {dialog === 'key' && <KeyDialog present={key} isAsked={needsKey} onTake={takeKey} onClose={close} />}
    </div>
  );
}
