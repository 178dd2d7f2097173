/**
 * `script/stop`: ends the server of a data directory gracefully, or what a killed one left running. Prints what it did.
 * Ends with 0 when nothing runs any more.
 */
import { BaykeeperError, detailOf } from '@baykeeper/domain';
import { readProcessConfiguration, stopEmbeddedServices } from '@baykeeper/platform';
import { findServer } from './data-directory-lock.js';

/** Children get 25 s, the embedded services up to a minute and a half. */
const STOP_MILLISECONDS = 150_000;

async function stop(): Promise<void> {
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
}

try {
  await stop();
} catch (error) {
  console.error(error instanceof BaykeeperError ? error.publicMessage : detailOf(error));
  process.exitCode = 1;
}
