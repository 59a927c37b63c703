import { expect, it } from 'vitest';
import { graphStoreContract } from '../contract/graph-store.contract.ts';
import { sharedIndexContract } from '../contract/shared-index.contract.ts';
import { describeWithEngines } from '../support/engines.ts';
import { Neo4jSubject, neo4jDriver, neo4jOptions, openTestNeo4j } from '../support/neo4j-subject.ts';

for (const name of ['neo4j', 'neo4j-2026'] as const)
  describeWithEngines([name], name, ({ [name]: engine }) => {
    // So that the contract is run in both dialects.
    it('speaks Cypher 5, or 25 where the server is of 2026, where nothing is said', async () => {
      const driver = neo4jDriver(engine);
      try {
        const { records } = await driver.executeQuery('SHOW HOME DATABASE YIELD *');
        const home = records[0]!.toObject();
        // 5.26 has no choice yet.
        expect(home.defaultLanguage ?? 'CYPHER 5').toBe(name === 'neo4j' ? 'CYPHER 5' : 'CYPHER 25');
      } finally {
        await driver.close();
      }
    });

    graphStoreContract(name, () => new Neo4jSubject(engine));

    sharedIndexContract(name, async () => {
      const open = () => openTestNeo4j(neo4jOptions(engine)).shared;
      const index = open();
      const driver = neo4jDriver(engine);
      return {
        index,
        another: async () => open(),
        refusesOlder: true,
        keepsVectors: false,
        liveGeneration: async (tenant) => {
          const { records } = await driver.executeQuery(
            'MATCH (c:TriptychCatalogue {tenant: $tenant, live: true}) RETURN c.generation AS generation',
            { tenant },
          );
          return records.length === 0 ? null : (records[0]!.get('generation') as number);
        },
        close: async () => {
          await index.close();
          await driver.close();
        },
      };
    });
  });
