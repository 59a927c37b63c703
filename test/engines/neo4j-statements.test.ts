import neo4j, { type Plan } from 'neo4j-driver';
import { afterAll, beforeAll, expect, it } from 'vitest';
import * as edgeStatements from '../../src/adapters/neo4j/edge-statements.ts';
import * as readStatements from '../../src/adapters/neo4j/read-statements.ts';
import * as writeStatements from '../../src/adapters/neo4j/write-statements.ts';
import { testSchema } from '../support/arbitraries.ts';
import { describeWithEngines } from '../support/engines.ts';
import { freshKey, neo4jDriver, neo4jOptions, openTestNeo4j } from '../support/neo4j-subject.ts';

const statements = Object.entries({ ...edgeStatements, ...readStatements, ...writeStatements })
  .flatMap(([name, text]): (readonly [string, string])[] =>
    typeof text === 'string' ? [[name, text]] : text.map((one, i) => [`${name} ${i}`, one] as const),
  )
  .filter(([, text]) => !/^(CREATE|CALL) /.test(text));

const parameters = {
  ...{ tenant: 't', generation: neo4j.int(1), ids: ['a'], rows: [], values: [], after: '', relations: '[]' },
  ...{ degreeMax: neo4j.int(100), limit: neo4j.int(5), before: neo4j.int(1), now: neo4j.int(1) },
};

/** Ways of finding nodes that go through all of a kind. */
const scans = /AllNodesScan|LabelScan|RelationshipTypeScan|IndexScan/;

function operators(plan: Plan): string[] {
  return [plan.operatorType, ...plan.children.flatMap(operators)];
}

for (const name of ['neo4j', 'neo4j-2026'] as const)
  describeWithEngines([name], `statements on ${name}`, ({ [name]: engine }) => {
    const opened = openTestNeo4j(neo4jOptions(engine));
    const driver = neo4jDriver(engine);
    const key = freshKey();
    beforeAll(() => opened.shared.prepare(key.tenant, { schema: testSchema, generation: 1 }));
    afterAll(async () => {
      await opened.shared.drop(key);
      await opened.close();
      await driver.close();
    });

    // The newer server speaks both dialects.
    const dialects = name === 'neo4j' ? [''] : ['CYPHER 5 ', 'CYPHER 25 '];
    it.each(dialects)('are understood and find nodes by an index alone: %s', async (dialect) => {
      expect(statements.length).toBeGreaterThan(25);
      const session = driver.session();
      try {
        for (const [title, text] of statements) {
          const { summary } = await session.run(`${dialect}EXPLAIN ${text}`, parameters);
          expect(summary.plan, title).not.toBe(false);
          const used = operators(summary.plan as Plan);
          expect(
            used.filter((operator) => scans.test(operator)),
            title,
          ).toEqual([]);
          const deprecations = summary.notifications.filter(({ category }) => category === 'DEPRECATION');
          expect(deprecations, title).toEqual([]);
        }
      } finally {
        await session.close();
      }
    });
  });
