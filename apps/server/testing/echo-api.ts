/** Stands in for the API in tests of the supervision: answers who it is, dies on request. */
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import {
  Counter,
  createLogger,
  createMetrics,
  exitWithSupervisor,
  processEnvironment,
  readProcessConfiguration,
  renderMetrics,
  reportReady,
} from '@baykeeper/platform';

const configuration = readProcessConfiguration();
// As a new version would that can't start.
if (existsSync(path.join(configuration.dataDirectory, 'refuse'))) process.exit(7);
const registry = createMetrics('api');
const requests = new Counter({ name: 'requests_total', help: 'Requests.', registers: [registry] });

const server = createServer((request, response) => {
  requests.inc();
  if (request.url === '/die') process.exit(3);
  if (request.url === '/metrics') {
    void renderMetrics(registry).then((text) => response.end(text));
    return;
  }
  const { DATABASE_URL, REDIS_URL, BAYKEEPER_COMPUTE, BAYKEEPER_ADMIN_PASSWORD } = processEnvironment();
  response.setHeader('connection', 'close');
  response.end(
    JSON.stringify({ pid: process.pid, DATABASE_URL, REDIS_URL, BAYKEEPER_COMPUTE, BAYKEEPER_ADMIN_PASSWORD }),
  );
});
server.listen(configuration.port, configuration.bind, reportReady);
exitWithSupervisor(
  () =>
    new Promise((resolve) => {
      server.close(() => {
        resolve();
      });
    }),
  createLogger({ name: 'api', level: configuration.logLevel }),
);
