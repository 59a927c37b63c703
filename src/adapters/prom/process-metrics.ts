import { Gauge, Histogram, type Registry } from 'prom-client';

const lagPeriodMs = 100;

/**
 * Memory, CPU, age and event-loop lag of the process; returns how to stop. The lag is measured with a timer of our own:
 * prom-client's default leaks a native histogram on some releases of Node 20.
 */
export function measureProcess(registry: Registry): () => void {
  const registers = [registry];
  gauge('process_resident_memory_bytes', 'Resident memory', () => process.memoryUsage.rss());
  gauge('process_heap_used_bytes', 'JavaScript heap in use', () => process.memoryUsage().heapUsed);
  gauge('process_external_memory_bytes', 'Memory outside the JavaScript heap, typed arrays included', () => {
    return process.memoryUsage().external;
  });
  gauge('process_cpu_seconds', 'CPU time since the start, user and system', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  gauge('process_uptime_seconds', 'Time since the start', () => process.uptime());
  const lag = new Histogram({
    name: 'triptych_event_loop_lag_seconds',
    help: `How much later than due a timer of ${lagPeriodMs} ms fires`,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5],
    registers,
  });
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    lag.observe(Math.max(0, now - last - lagPeriodMs) / 1_000);
    last = now;
  }, lagPeriodMs);
  timer.unref();
  return () => clearInterval(timer);

  function gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  }
}
