/** The worker process: makes bays what their tenants want. Any number of them may run, on any number of machines. */
import 'reflect-metadata';
import type { NestApplicationContextOptions } from '@nestjs/common/interfaces/nest-application-context-options.interface.js';
import { NestFactory } from '@nestjs/core';
import {
  createLogger,
  exitWithReason,
  exitWithSupervisor,
  readProcessConfiguration,
  reportReady,
} from '@baykeeper/platform';
import { openInstallation } from '@baykeeper/services';
import { WorkerModule } from './worker.module.js';

async function main(): Promise<void> {
  const configuration = readProcessConfiguration();
  const log = createLogger({ name: 'worker', level: configuration.logLevel });
  const installation = await openInstallation(configuration, { process: 'worker', log });
  const options: Pick<NestApplicationContextOptions, 'logger' | 'abortOnError'> = {
    logger: false,
    abortOnError: false,
  };
  const module = WorkerModule.of(installation, configuration, log);
  const application = await NestFactory.createApplicationContext(module, options);
  exitWithSupervisor(() => application.close(), log);
  reportReady();
  log.info(
    { compute: installation.drivers.compute.name, loadBalancer: installation.drivers.loadBalancer.name },
    'the worker runs',
  );
}

main().catch(exitWithReason);
