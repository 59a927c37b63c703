import { Dialog } from './dialog.tsx';

const keys: readonly (readonly [readonly string[], string])[] = [
  [['/'], 'to the search box'],
  [['↓', '↑'], 'from result to result; j and k do the same'],
  [['Enter'], 'opens a result, and closes it'],
  [['Esc'], 'back to the search box; closes a dialog'],
  [['?'], 'this help'],
];

export function HelpDialog({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl class="key-list">
        {keys.map(([names, what]) => (
          <div key={what}>
            <dt>
              {names.map((name) => (
                <kbd key={name}>{name}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <p class="note">
        The address of this page holds the whole question: share it, and the other sees the same. It never
        holds the API key. The API describes itself at <a href="/openapi.json">/openapi.json</a>.
      </p>
    </Dialog>
  );
}
