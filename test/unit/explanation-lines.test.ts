import { describe, expect, it } from 'vitest';
import { whyLines } from '../../src/cli/search/why-lines.ts';
import type { ExplainAnswer } from '../../src/client/index.ts';
import { explainText } from '../../src/mcp/text/explain-text.ts';

/** Dropped twice: by the filter of the request, which has no one value, and by a rule about a field that is not there. */
const answer: ExplainAnswer = {
  ...{ id: 'd', title: 'Alien', outcome: 'dropped', in_window: true, sources: ['vector'] },
  ...{ score: 0.4, floor: null, pushed_by: [], adjusted_by: [], ranks: null, signals: {}, path: null },
  ...{ coverage: {}, degraded: false, warnings: [], took_ms: 1, request_id: 'r' },
  dropped_by: [
    { rule: null, value: null },
    {
      rule: { kind: 'range', field: 'year', gte: 1990, missing: 'drop', source: 'request', index: 0 },
      value: null,
    },
  ],
};

describe('what dropped a document, in lines', () => {
  it('of the command, gives no value for the filter', () => {
    const plain = (text: string) => text;
    const style = { dim: plain, bold: plain, colour: plain, columns: 80 };
    const lines = whyLines(answer, style).filter((line) => line.startsWith('dropped by'));
    expect(lines[0]).toBe('dropped by the filter');
    expect(lines[1]).toMatch(/its value: none$/);
  });

  it('of the tool, does not say that a value is lacking where the filter drops it', () => {
    const lines = explainText(answer)
      .split('\n')
      .filter((line) => line.startsWith('Dropped by'));
    expect(lines[0]).toBe("Dropped by the search's own filter.");
    expect(lines[1]).toContain('it has no such value');
  });
});
