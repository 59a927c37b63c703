import { useRef, useState } from 'preact/hooks';
import type { SearchBody } from '../api/wire.ts';
import { curlOf } from '../words/curl.ts';
import { Icon } from './icon.tsx';

/** The request as a command; a click copies it. */
export function CurlSection({ body, hasKey }: { readonly body: SearchBody; readonly hasKey: boolean }) {
  const [copied, setCopied] = useState('');
  const shown = useRef<HTMLPreElement>(null);
  const command = curlOf(location.origin, '/v1/search', body, hasKey);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(command);
      setCopied(command);
    } catch {
      // Pages that came over plain HTTP may not write to the clipboard: what is marked can be copied by hand.
      if (shown.current !== null) getSelection()?.selectAllChildren(shown.current);
    }
  };
  return (
    <section class="insight-section" aria-label="Request">
      <header>
        <h2 class="panel-title">Request</h2>
        <button type="button" class="button small" onClick={() => void copy()}>
          <Icon name="copy" />
          {copied === command ? 'Copied' : 'Copy as curl'}
        </button>
      </header>
      <pre class="curl" ref={shown}>
        {command}
      </pre>
    </section>
  );
}
