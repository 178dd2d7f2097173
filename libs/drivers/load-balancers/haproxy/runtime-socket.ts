/** Asks HAProxy over one of its Unix sockets. */
import { connect } from 'node:net';
import { unavailable } from './haproxy.errors.js';

const TIMEOUT_MS = 5_000;
/** HAProxy reads a line of commands into one buffer of 16 KiB. */
const LONGEST_LINE_BYTES = 8_000;

/** Sends one line, resolves with all that is answered. Lines hold only checked names and numbers. */
export async function askSocket(socketPath: string, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    const answer: Buffer[] = [];
    const fail = (error: unknown): void => {
      socket.destroy();
      reject(unavailable('The load balancer does not answer. It is tried again.', error));
    };
    socket.setTimeout(TIMEOUT_MS, () => {
      fail(new Error('no answer in time'));
    });
    socket.on('error', fail);
    socket.on('data', (chunk: Buffer) => answer.push(chunk));
    socket.on('end', () => {
      resolve(Buffer.concat(answer).toString().trim());
    });
    socket.end(`${line}\n`);
  });
}

/** Puts commands for one worker on as few lines as fit: a connection costs more than a command. */
export function joinCommands(worker: string, commands: readonly string[]): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const command of commands) {
    const addressed = `${worker} ${command}`;
    if (line !== '' && line.length + addressed.length + 2 > LONGEST_LINE_BYTES) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? addressed : `${line}; ${addressed}`;
  }
  return line === '' ? lines : [...lines, line];
}
