/** `script/restart`: has the running server replace its processes one at a time, and waits until it did. */
import { BaykeeperError, detailOf } from '@baykeeper/domain';
import { readProcessConfiguration } from '@baykeeper/platform';
import { findServer, readRolls } from './data-directory-lock.js';

async function restart(): Promise<void> {
  const { dataDirectory } = readProcessConfiguration();
  const pid = await findServer(dataDirectory);
  if (pid === null) {
    throw new BaykeeperError({
      code: 'not-found',
      publicMessage: `No server runs with the data directory ${dataDirectory}. Start one with script/server.`,
    });
  }
  const before = await readRolls(dataDirectory);
  console.log(`Replacing the processes of the server (process ${pid}), one at a time …`);
  process.kill(pid, 'SIGUSR2');
  if (before === null) return;
  for (;;) {
    const now = await readRolls(dataDirectory);
    if (now === null) throw new Error('the server ended meanwhile');
    if (now.failed > before.failed) {
      throw new BaykeeperError({
        code: 'internal',
        publicMessage: 'Not all processes could be replaced, and the old ones go on. The log of the server says why.',
      });
    }
    if (now.done > before.done) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  console.log('All processes were replaced.');
}

try {
  await restart();
} catch (error) {
  console.error(error instanceof BaykeeperError ? error.publicMessage : detailOf(error));
  process.exitCode = 1;
}
