/** The worker process: makes bays what their tenants want. Any number of them may run, on any number of machines. */
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { BaykeeperError, detailOf } from '@baykeeper/domain';
import { createLogger, exitWithSupervisor, readProcessConfiguration, reportReady } from '@baykeeper/platform';
import { openInstallation } from '@baykeeper/services';
import { WorkerModule } from './worker.module.js';

async function main(): Promise<void> {
  const configuration = readProcessConfiguration();
  const log = createLogger({ name: 'worker', level: configuration.logLevel });
  const installation = await openInstallation(configuration, { process: 'worker', log });
  const application = await NestFactory.createApplicationContext(WorkerModule.of(installation, configuration, log), {
    logger: false,
    abortOnError: false,
  });
  exitWithSupervisor(() => application.close(), log);
  reportReady();
  log.info(
    { compute: installation.drivers.compute.name, loadBalancer: installation.drivers.loadBalancer.name },
    'the worker runs',
  );
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof BaykeeperError ? error.message : detailOf(error)}\n`);
  process.exit(1);
});
