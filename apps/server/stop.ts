/**
 * `script/stop`: ends the server of a data directory gracefully, or what a killed one left running; with `--purge` it also
 * removes everything that the server made. Prints what it did. Ends with 0 when nothing runs any more.
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { BaykeeperError, detailOf } from '@baykeeper/domain';
import { readProcessConfiguration, stopEmbeddedServices } from '@baykeeper/platform';
import { findServer } from './data-directory-lock.js';
import { purgeData } from './purge.js';

/** Children get 25 s, the embedded services up to a minute and a half. */
const STOP_MILLISECONDS = 150_000;

async function stop(): Promise<void> {
  const { values } = parseArgs({
    options: {
      purge: { type: 'boolean', default: false },
      // For tests of the purge itself.
      'drivers-purge': {
        type: 'string',
        default: path.resolve(import.meta.dirname, '../../../libs/drivers/dist/purge.js'),
      },
    },
  });
  const { dataDirectory } = readProcessConfiguration();
  const pid = await findServer(dataDirectory);
  if (pid !== null) {
    console.log(`Stopping the server (process ${pid}) …`);
    process.kill(pid, 'SIGTERM');
    const end = performance.now() + STOP_MILLISECONDS;
    while ((await findServer(dataDirectory)) === pid) {
      if (performance.now() > end) {
        throw new BaykeeperError({
          code: 'timeout',
          publicMessage: `The server (process ${pid}) does not stop. See its log, or end it with: kill -9 ${pid}`,
        });
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    console.log('The server has stopped.');
  } else {
    console.log(`No server runs with the data directory ${dataDirectory}.`);
  }
  await stopEmbeddedServices(dataDirectory);
  if (values.purge) await purgeData(dataDirectory, values['drivers-purge']);
  else if ((await countMachines(dataDirectory)) > 0) {
    console.log(
      'Its bays run on and stay reachable; the next start takes them up. Remove them too: script/stop --purge',
    );
  }
}

/** Local machines of the data directory; none where the local driver was never used. */
async function countMachines(dataDirectory: string): Promise<number> {
  const names = await readdir(path.join(dataDirectory, 'machines')).catch(() => []);
  return names.length;
}

try {
  await stop();
} catch (error) {
  console.error(error instanceof BaykeeperError ? error.publicMessage : detailOf(error));
  process.exitCode = 1;
}
