import { useState } from 'preact/hooks';
import { keyFault } from '../words/key-words.ts';
import { Dialog } from './dialog.tsx';

interface KeyDialogProps {
  readonly present: string;
  /** Whether the service has asked for one. */
  readonly isAsked: boolean;
  readonly onTake: (key: string) => void;
  readonly onClose: () => void;
}

export function KeyDialog({ present, isAsked, onTake, onClose }: KeyDialogProps) {
  const [text, setText] = useState(present);
  const [fault, setFault] = useState<string | null>(null);
  const question =
    present === '' ? 'This service answers only with an API key.' : 'The service does not take this API key.';
  return (
    <Dialog title="API key" onClose={onClose}>
      <form
        class="key-form"
        onSubmit={(event) => {
          event.preventDefault();
          const key = text.trim();
          const found = keyFault(key);
          setFault(found);
          if (found === null) onTake(key);
        }}
      >
        <p>{isAsked ? question : 'Needed where the service runs with keys.'}</p>
        <label>
          <span>Key</span>
          <input
            id="api-key"
            type="password"
            autocomplete="off"
            value={text}
            aria-invalid={fault !== null}
            onInput={(event) => {
              setText(event.currentTarget.value);
              setFault(null);
            }}
          />
        </label>
        {fault !== null && <p role="alert">{fault}</p>}
        <p class="note">
          It stays in this tab, is sent to this service alone, and is gone when the tab is closed.
        </p>
        <div class="form-buttons">
          {present !== '' && (
            <button type="button" class="button" onClick={() => onTake('')}>
              Forget
            </button>
          )}
          <button type="submit" class="button primary">
            Use this key
          </button>
        </div>
      </form>
    </Dialog>
  );
}
