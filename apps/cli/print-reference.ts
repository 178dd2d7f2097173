/** Prints `docs/generated/cli.md`. */
import { createProgram } from './program.js';
import { renderReference } from './reference.js';

process.stdout.write(
  renderReference(
    createProgram({ environment: {}, stdin: process.stdin, stdout: process.stdout, stderr: process.stderr }),
  ),
);
