// npm run eval: judges the ranking on the films and ratings beside the checkout, with the arguments given after `--`
// (`--record`, `--seed N`, `--json`, `--small`). Skips, visibly, where they are not there.
process.argv.push('--only', 'eval');
await import('./bench.mjs');
