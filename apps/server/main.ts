/** `script/server`: the whole service in the foreground. Plain sentences on standard output, JSON logs on standard error. */
import { parseArgs } from 'node:util';
import path from 'node:path';
import { BaykeeperError, detailOf } from '@baykeeper/domain';
import { createLogger, processEnvironment, readProcessConfiguration } from '@baykeeper/platform';
import { pino } from 'pino';
import { Supervisor } from './supervisor.js';

async function main(): Promise<number> {
  const apps = path.resolve(import.meta.dirname, '../..');
  const { values } = parseArgs({
    options: {
      // For tests of the supervision itself.
      'api-entry': { type: 'string', default: path.join(apps, 'api/dist/main.js') },
      'worker-entry': { type: 'string', default: path.join(apps, 'worker/dist/main.js') },
    },
  });
  const configuration = readProcessConfiguration();
  const log = createLogger({
    name: 'server',
    level: configuration.logLevel,
    destination: pino.destination({ dest: 2, sync: true }),
  });
  const supervisor = new Supervisor({
    configuration,
    environment: processEnvironment(),
    entries: { api: values['api-entry'], worker: values['worker-entry'] },
    log,
    print: (line) => {
      console.log(line);
    },
  });

  const ended = new Promise<number>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        log.info({ signal }, 'stopping the server');
        void supervisor.stop().then(() => {
          resolve(0);
        });
      });
    }
    // `script/restart`. Not SIGHUP: a terminal that went away sends that, and then nobody is there to see it run on.
    process.on('SIGUSR2', () => {
      log.info({}, 'replacing all processes');
      void supervisor.roll();
    });
    const fail = (error: unknown) => {
      console.error(sentenceOf(error));
      // A refusal is fully said by its sentence.
      if (!isRefusal(error)) log.error({ err: error }, 'the server ends');
      void supervisor.stop().then(() => {
        resolve(1);
      });
    };
    process.on('uncaughtException', fail);
    process.on('unhandledRejection', fail);
    supervisor.start(fail).catch(fail);
  });
  return await ended;
}

function isRefusal(error: unknown): boolean {
  return error instanceof BaykeeperError && error.code !== 'internal';
}

function sentenceOf(error: unknown): string {
  return error instanceof BaykeeperError ? error.message : `The server ends: ${detailOf(error)}`;
}

// A terminal that went away must not keep the server from stopping in order.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
try {
  process.exitCode = await main();
} catch (error) {
  console.error(sentenceOf(error));
  process.exitCode = 1;
}
// Nothing that is left open may keep a stopped server alive.
process.exit();
