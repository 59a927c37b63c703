/** What the HTTP edge measures, and how all measurements of the process are read out. */
export interface HttpMeter {
  /** One request: route template (`/v1/documents/{id}`, `unmatched`), method, status sent (499: client gone). */
  request(route: string, method: string, status: number, ms: number): void;
  /** Lines of bulk writes. */
  bulkLines(outcome: 'written' | 'refused', by: number): void;
  gauge(name: 'searches_in_flight' | 'requests_waiting', value: number): void;
  /** Everything measured, as a scraper reads it. */
  exposition(): Promise<{ readonly contentType: string; readonly text: string }>;
}
