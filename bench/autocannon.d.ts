/** The part of autocannon 9 that the benches use; the package has no types. */
declare module 'autocannon' {
  namespace autocannon {
    interface Options {
      readonly url: string;
      readonly connections: number;
      readonly duration: number;
      readonly workers: number;
      readonly requests: readonly {
        readonly method: string;
        readonly headers: Readonly<Record<string, string>>;
        readonly body: string;
      }[];
    }
    interface Histogram {
      readonly average: number;
      readonly max: number;
      readonly total: number;
      readonly p50: number;
      readonly p97_5: number;
      readonly p99: number;
    }
    interface Result {
      readonly errors: number;
      readonly timeouts: number;
      readonly non2xx: number;
      readonly '2xx': number;
      readonly latency: Histogram;
      readonly requests: Histogram;
    }
  }
  function autocannon(options: autocannon.Options): Promise<autocannon.Result>;
  export default autocannon;
}
