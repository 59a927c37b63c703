import type { BenchCase } from '../case.ts';
import { searchOf } from '../catalogue.ts';
import { interleave, runClients, summary } from '../measure.ts';
import { fill, searchOnce, withService } from '../service.ts';

export const searchClients: BenchCase = {
  name: 'search-clients',
  description: 'all legs, in process, 1 and 8 clients, query embedding given',
  run: ({ size, catalogue }) =>
    withService(async (open) => {
      await fill(open, catalogue);
      const calls = size === 'full' ? 400 : 40;
      const { queries } = catalogue;
      const variants = [1, 8].map((clients) => ({
        name: `${clients} client${clients === 1 ? '' : 's'}`,
        round: () =>
          runClients(clients, calls, async (index) => {
            await searchOnce(open, searchOf(queries[index % queries.length]!));
          }),
      }));
      await interleave(variants, 1);
      const rounds = await interleave(variants, size === 'full' ? 5 : 1);
      return {
        measurements: [...rounds].map(([name, list]) => ({ name, values: summary(list) })),
        notes: [
          'clients share one process and one event loop with the service; latency includes waiting for it',
        ],
      };
    }),
};
