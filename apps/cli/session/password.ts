import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Process } from '../context.js';
import { CommandFailure } from '../failure.js';

/** All of standard input without its last line break: a password may hold spaces. */
export async function readPasswordLine(stdin: Process['stdin']): Promise<string> {
  const password = (await text(stdin)).replace(/\r?\n$/, '');
  if (password === '') throw new CommandFailure('usage', 'Standard input holds no password.');
  return password;
}

/** Asks on the terminal without showing what is typed. */
export async function askPassword(process: Pick<Process, 'stdin' | 'stderr'>, question: string): Promise<string> {
  process.stderr.write(question);
  const silent = new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  const password = await askLine(process.stdin, silent, true);
  process.stderr.write('\n');
  if (password === '') throw new CommandFailure('usage', 'No password was typed.');
  return password;
}

/** Asks a yes-or-no question; anything but yes is no. */
export async function askYes(process: Pick<Process, 'stdin' | 'stderr'>, question: string): Promise<boolean> {
  process.stderr.write(`${question} [y/N] `);
  const answer = await askLine(process.stdin, process.stderr, false);
  return /^y(es)?$/i.test(answer.trim());
}

async function askLine(stdin: Process['stdin'], output: Writable, terminal: boolean): Promise<string> {
  return await new Promise((resolve, reject) => {
    const reader = createInterface({ input: stdin, output, terminal });
    let answered = false;
    reader.once('line', (line) => {
      answered = true;
      reader.close();
      resolve(line);
    });
    reader.once('SIGINT', () => {
      reader.close();
    });
    reader.once('close', () => {
      if (!answered) reject(new CommandFailure('interrupted', 'Nothing was done.'));
    });
  });
}
