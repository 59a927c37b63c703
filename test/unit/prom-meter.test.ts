import { afterEach, beforeEach, expect, it } from 'vitest';
import { PromMeter } from '../../src/adapters/prom/prom-meter.ts';

let meter: PromMeter;

beforeEach(() => {
  meter = new PromMeter();
});

afterEach(() => meter.close());

it('measures legs, searches, requests and gauges in seconds', async () => {
  meter.stage('vector', 'late', 20);
  meter.search('HybridParallel', 'degraded', 30);
  meter.request('/v1/documents/{id}', 'GET', 404, 2);
  meter.gauge('projector_lag_ms', 1_500);
  meter.gauge('documents', 7);
  meter.count('reranked_rows', 300);
  meter.projected(5);
  meter.bulkLines('refused', 2);
  const { text, contentType } = await meter.exposition();
  expect(contentType).toContain('text/plain');
  for (const line of [
    'triptych_stage_seconds_sum{stage="vector",outcome="late"} 0.02',
    'triptych_search_seconds_count{strategy="HybridParallel",outcome="degraded"} 1',
    'triptych_http_request_seconds_sum{route="/v1/documents/{id}",method="GET",status="404"} 0.002',
    'triptych_projector_lag_seconds 1.5',
    'triptych_documents 7',
    'triptych_reranked_rows_total 300',
    'triptych_projected_documents_total 5',
    'triptych_bulk_lines_total{outcome="refused"} 2',
  ])
    expect(text).toContain(`${line}\n`);
  expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
});

it('does not let callers grow the registry', async () => {
  for (let i = 0; i < 1_000; i++) {
    meter.stage(`stage${i}`, 'ok', 1);
    meter.request('unmatched', `METHOD${i}`, 404, 1);
  }
  meter.stage('a"b\n', 'ok', 1);
  const { text } = await meter.exposition();
  expect(text.match(/triptych_stage_seconds_count/g)!.length).toBeLessThanOrEqual(49);
  expect(text).toContain('triptych_stage_seconds_count{stage="other",outcome="ok"}');
  expect(text.match(/triptych_http_request_seconds_count/g)).toHaveLength(1);
});

it('keeps two services in a process apart', async () => {
  const other = new PromMeter();
  other.gauge('documents', 3);
  meter.gauge('documents', 4);
  expect((await other.exposition()).text).toContain('triptych_documents 3\n');
  other.close();
});
