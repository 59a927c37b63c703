#!/usr/bin/env node
import { createTriptych, dataDirHolder, inspect } from '../compose.ts';
import { movieDemo } from '../demo/movie-demo.ts';
import { runProgram } from './program.ts';

// A reader that went away (`| head`) is no reason to fail.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

process.exitCode = await runProgram(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
  env: process.env,
  cwd: process.cwd(),
  open: createTriptych,
  demo: movieDemo,
  lockHolder: dataDirHolder,
  inspect,
  exit: (code) => process.exit(code),
});
