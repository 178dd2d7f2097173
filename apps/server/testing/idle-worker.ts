/** Stands in for a worker in tests of the supervision: writes down who it is and waits. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  createLogger,
  createMetrics,
  exitWithSupervisor,
  processEnvironment,
  readProcessConfiguration,
  reportReady,
} from '@baykeeper/platform';

const configuration = readProcessConfiguration();
createMetrics('worker');
const file = path.join(configuration.dataDirectory, `worker-${process.pid}`);
writeFileSync(file, processEnvironment()['BAYKEEPER_ADMIN_PASSWORD'] ?? 'no password');
exitWithSupervisor(
  () => {
    writeFileSync(`${file}-closed`, '');
    return Promise.resolve();
  },
  createLogger({ name: 'worker', level: configuration.logLevel }),
);
setInterval(() => undefined, 60_000);
reportReady();
