import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openKeyVault } from '@baykeeper/pki';
import { controlPlaneForNodes, createListenerIdentity, type ControlPlaneDependencies } from '@baykeeper/services';
import { openNodeListener, type NodeListener } from './node-listener.js';

let listener: NodeListener;
let caPem: string;
const ignore = (): void => undefined;

beforeEach(async () => {
  const kept = new Map<string, string>();
  const dependencies: ControlPlaneDependencies = {
    settings: {
      ensure: async (key, make) => {
        const value = kept.get(key) ?? (await make());
        kept.set(key, value);
        return value;
      },
    },
    vault: openKeyVault(randomBytes(32)),
    compute: { hostAddress: () => Promise.resolve('127.0.0.1') },
    ...{ nodeUrl: null, nodePort: 0 },
  };
  ({ caPem } = await controlPlaneForNodes(dependencies));
  listener = await openNodeListener({
    ...{ port: 0, host: '127.0.0.1' },
    serve: (incoming, response) => response.end(`served ${incoming.url ?? ''}`),
    identity: () => createListenerIdentity(dependencies),
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
  });
});

afterEach(async () => {
  await listener.close({ lingerMs: 0, longestMs: 1_000 });
});

async function get(path: string, options: RequestOptions = {}): Promise<{ status: number; text: string }> {
  const sent = request({ host: '127.0.0.1', port: listener.port, path, ca: caPem, agent: false, ...options }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, text };
}

test('serves the routes of nodes, under a certificate that the installation’s authority signed', async () => {
  expect(await get('/v1/nodes/x/join?wait=1')).toEqual({ status: 200, text: 'served /v1/nodes/x/join?wait=1' });
});

test.each(['/', '/v1/bays', '/v1/nodes', '/identity/v3', '/metrics', '/v1/nodesx/'])('serves no %s', async (path) => {
  expect(await get(path)).toMatchObject({ status: 404 });
});

test('is not trusted by whoever does not have the authority', async () => {
  await expect(get('/v1/nodes/x/join', { ca: undefined })).rejects.toThrow(/self-signed|unable to/);
});
