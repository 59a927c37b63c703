// Reads vitest's JSON report: "passed failed skipped" on standard output, every skip with its reason on standard error.
import { readFileSync } from 'node:fs';

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const skipped = report.testResults.flatMap(({ assertionResults }) =>
  assertionResults.filter(({ status }) => ['skipped', 'pending', 'todo', 'disabled'].includes(status)),
);
for (const { fullName, meta } of skipped)
  process.stderr.write(`skipped: ${fullName}${meta?.reason ? ` (${meta.reason})` : ''}\n`);
process.stdout.write(`${report.numPassedTests} ${report.numFailedTests} ${skipped.length}\n`);
