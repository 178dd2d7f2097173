import type { Command } from 'commander';
import { printData, printResult } from '../context.js';
import { createSendRequest } from '../api/http.js';
import { isJsonObject } from '../api/json-reader.js';
import { readOpenrc } from '../session/openrc.js';
import { loadLogin } from '../session/saved-login.js';
import { CLIENT_VERSION } from '../version.js';
import type { Beginning } from './begin.js';

/** Milliseconds: a version is not worth a long wait. */
const ASK_MS = 2000;

export function registerVersion(program: Command, beginning: Beginning): void {
  program
    .command('version')
    .summary("show this program's version, and the service's when it can be asked")
    .action(async (_options: object, command: Command) => {
      const context = beginning.context(command);
      const endpoint = readOpenrc(context.environment).endpoint ?? loadLogin(context.environment)?.endpoint ?? null;
      const server = endpoint === null ? null : await askVersion(endpoint, readOpenrc(context.environment).caFile);
      if (context.structured) printData(context, { client: CLIENT_VERSION, server });
      else printResult(context, `bay ${CLIENT_VERSION}${server === null ? '' : `, service ${server}`}`);
    });
}

/** Null when the service is away or does not say. `/readyz` answers 503, with the same body, while it is not ready. */
async function askVersion(endpoint: string, caFile: string | null): Promise<string | null> {
  try {
    const send = createSendRequest(caFile);
    const answer = await send(`${endpoint.replace(/\/v1$/, '')}/readyz`, {}, ASK_MS);
    const body: unknown = await answer.json();
    return isJsonObject(body) && typeof body['version'] === 'string' ? body['version'] : null;
  } catch {
    return null;
  }
}
