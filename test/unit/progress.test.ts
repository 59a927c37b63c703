import { describe, expect, it } from 'vitest';
import { nearest } from '../../src/std/nearest.ts';
import { Progress } from '../../src/std/progress.ts';

function collect(isTTY: boolean, total: number | null, colour = false) {
  const texts: string[] = [];
  let nowMs = 0;
  const output = { write: (text: string) => texts.push(text), isTTY, columns: 60 };
  const progress = new Progress(output, { label: 'ingest', total, colour, nowMs: () => nowMs });
  return { texts, progress, wait: (ms: number) => (nowMs += ms) };
}

describe('Progress', () => {
  it('redraws a bar on a terminal, at most ten times a second, and takes it away', () => {
    const { texts, progress, wait } = collect(true, 200);
    for (let done = 0; done < 100; done += 1) {
      wait(10);
      progress.update(done, `${done} documents`);
    }
    progress.finish();
    expect(texts).toHaveLength(11);
    expect(texts[9]).toMatch(/^\ringest █{12}░{12} {2}49 % 99 documents/);
    expect(texts[10]).toBe('\r\x1b[K');
    for (const text of texts.slice(0, 10)) expect([...text].length).toBeLessThan(60 + 5);
  });

  it('writes plain lines elsewhere, one in five seconds', () => {
    const { texts, progress, wait } = collect(false, 200);
    for (let done = 0; done <= 200; done += 1) {
      wait(100);
      progress.update(done, `${done} documents`);
    }
    progress.finish();
    expect(texts).toEqual([
      'ingest:  24 % 49 documents\n',
      'ingest:  49 % 99 documents\n',
      'ingest:  74 % 149 documents\n',
      'ingest:  99 % 199 documents\n',
    ]);
  });

  it('shows no share where the total is unknown, and colour only where wanted', () => {
    const unknown = collect(true, null);
    unknown.wait(1_000);
    unknown.progress.update(5, '5 documents');
    expect(unknown.texts).toEqual(['\ringest 5 documents\x1b[K']);
    const coloured = collect(true, 10, true);
    coloured.wait(1_000);
    coloured.progress.update(5, '');
    expect(coloured.texts[0]).toContain('\x1b[36m');
  });
});

describe('nearest', () => {
  it('finds the word that was meant, or none', () => {
    expect(nearest('prot', ['host', 'port', 'demo'])).toBe('port');
    expect(nearest('data_dri', ['data_dir', 'demo'])).toBe('data_dir');
    expect(nearest('quite_other', ['port', 'demo'])).toBeNull();
  });
});
