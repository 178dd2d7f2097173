#!/usr/bin/env node
import { runProgram } from './program.js';

// `bay ls | head -1` closes our output early; that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

const exitCode = await runProgram(
  { environment: process.env, stdin: process.stdin, stdout: process.stdout, stderr: process.stderr },
  process.argv.slice(2),
);
// Kept-alive connections would hold the process for seconds; what was written is waited for.
process.stdout.write('', () => process.stderr.write('', () => process.exit(exitCode)));
