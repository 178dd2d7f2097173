/** An API process. Any number of them may run, on any number of machines; those of one machine share its ports. */
import 'reflect-metadata';
import {
  PRODUCT_VERSION,
  createLogger,
  exitWithReason,
  exitWithSupervisor,
  processSlot,
  readProcessConfiguration,
  reportReady,
} from '@baykeeper/platform';
import { openInstallation, startHeartbeat } from '@baykeeper/services';
import { openService } from './open-service.js';

async function main(): Promise<void> {
  const configuration = readProcessConfiguration();
  const log = createLogger({ name: 'api', level: configuration.logLevel });
  const installation = await openInstallation(configuration, { process: 'api', log });
  const service = await openService(installation, configuration, log);
  const heartbeat = await startHeartbeat(
    { database: installation.database, log },
    { kind: 'api', slot: processSlot(), version: PRODUCT_VERSION },
  );
  exitWithSupervisor(
    async (ending) => {
      await heartbeat.stop();
      await service.close(ending);
      await installation.close();
    },
    log,
    configuration.shutdownDelaySeconds * 1_000,
  );
  reportReady();
  log.info({ port: configuration.port, nodePort: configuration.nodePort }, 'the API listens');
}

main().catch(exitWithReason);
