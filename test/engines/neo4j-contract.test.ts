import { graphStoreContract } from '../contract/graph-store.contract.ts';
import { sharedIndexContract } from '../contract/shared-index.contract.ts';
import { describeWithEngines } from '../support/engines.ts';
import { Neo4jSubject, neo4jDriver, neo4jOptions, openTestNeo4j } from '../support/neo4j-subject.ts';

// 5.26 speaks Cypher 5, 2026.x Cypher 25 where nothing else is said.
for (const name of ['neo4j', 'neo4j-2026'] as const)
  describeWithEngines([name], name, ({ [name]: engine }) => {
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
