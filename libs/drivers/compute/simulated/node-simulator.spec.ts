import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { MachineSpec } from '../../contracts/compute.js';
import type { SimulatedFailure } from './node-simulator.js';
import { createSimulatedCompute, type SimulatedCompute } from './simulated.driver.js';

interface Call {
  readonly what: string;
  readonly token: string;
  readonly body: string;
}
type Reply = { readonly status: number; readonly session?: string } | 'hang up' | 'hold';

const ID = '00000000-0000-4000-8000-000000000001';

describe('a simulated node', () => {
  let directory: string;
  let server: Server;
  let ca: string;
  let url: string;
  let calls: Call[];
  /** How many held questions the node has let go of. */
  let hungUp = 0;
  /** Answers in order, by path; the last one stays. */
  let replies: Record<string, Reply[]>;
  const drivers: SimulatedCompute[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bk-node-'));
    const subject = ['-subj', '/CN=control plane', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
    const key = join(directory, 'key.pem');
    const certificate = join(directory, 'certificate.pem');
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    execFileSync('openssl', ['req', '-x509', ...curve, '-keyout', key, '-out', certificate, ...subject], {
      stdio: 'pipe',
    });
    ca = await readFile(certificate, 'utf8');
    server = createServer({ key: await readFile(key), cert: ca }, (request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const path = (request.url ?? '').replace(`/v1/nodes/${ID}/`, '');
        calls.push({ what: path, token: request.headers.authorization ?? '', body });
        const queue = replies[path.split('?')[0] ?? ''] ?? [];
        const reply = queue.length > 1 ? queue.shift() : queue[0];
        if (reply === 'hold') {
          request.socket.once('close', () => (hungUp += 1));
          return;
        }
        if (reply === undefined || reply === 'hang up') {
          request.socket.destroy();
          return;
        }
        response.writeHead(reply.status, reply.session === undefined ? {} : { 'X-Baykeeper-Session': reply.session });
        response.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(directory, { recursive: true });
  });

  let dataDirectory: string;
  beforeEach(async () => {
    dataDirectory = await mkdtemp(join(directory, 'data-'));
    calls = [];
    replies = {
      signals: [{ status: 204 }],
      certificate: [{ status: 200, session: 'session-token' }],
      join: [{ status: 200 }],
    };
  });
  afterEach(() => {
    for (const driver of drivers.splice(0)) driver.close();
  });

  const start = (failure?: SimulatedFailure): SimulatedCompute => {
    const driver = createSimulatedCompute({
      dataDirectory,
      latencyMs: 5,
      failureRate: 0,
      capacity: 10,
      ...(failure !== undefined && { nodeFailures: { 'web-worker-0': failure } }),
    });
    drivers.push(driver);
    return driver;
  };
  const spec = (): MachineSpec => ({
    id: ID,
    name: 'web-worker-0',
    installation: 'a',
    bayId: '00000000-0000-4000-9000-000000000000',
    image: 'any',
    flavor: null,
    network: null,
    files: [
      {
        path: '/etc/baykeeper/node.env',
        mode: 0o600,
        content: `BAYKEEPER_URL='${url}'\nBAYKEEPER_NODE_ID='${ID}'\nBAYKEEPER_NODE_NAME='web-worker-0'\nBAYKEEPER_NODE_TOKEN='enrolment-token'\n`,
      },
      { path: '/etc/baykeeper/control-plane-ca.pem', mode: 0o644, content: ca },
    ],
    bootCommand: '/usr/lib/baykeeper/agent.sh',
  });
  const called = (what: string): Promise<void> => eventually(() => calls.some((call) => call.what === what), what);
  const story = (): string[] => calls.map((call) => `${call.what} ${call.token}`);

  it('boots, gets a certificate for its own key, waits for its turn and joins', async () => {
    replies['join'] = [{ status: 204 }, { status: 200 }];
    const driver = start();
    await driver.prepare(() => undefined);
    await driver.ensureMachine(spec());
    await called('signals?phase=joined&outcome=ok');
    expect(story()).toEqual([
      'signals?phase=booted&outcome=ok Bearer enrolment-token',
      'certificate Bearer enrolment-token',
      'join?wait=25 Bearer session-token',
      'join?wait=25 Bearer session-token',
      'signals?phase=joined&outcome=ok Bearer session-token',
    ]);
    expect(calls[1]?.body).toMatch(/^-----BEGIN CERTIFICATE REQUEST-----/);
    expect(await driver.console(ID)).toBe('booted\ncertificate\nengine\njoin\njoined\n');
  });

  it('asks again with the same key when the answer was lost or has to wait', async () => {
    replies['certificate'] = ['hang up', { status: 503 }, { status: 200, session: 'session-token' }];
    await start().ensureMachine(spec());
    await called('signals?phase=joined&outcome=ok');
    const requests = calls.filter((call) => call.what === 'certificate').map((call) => publicKeyOf(call.body));
    expect(requests).toHaveLength(3);
    expect(new Set(requests).size).toBe(1);
  });

  it('goes on in another process with its key and session', async () => {
    replies['join'] = [{ status: 204 }];
    const first = start();
    await first.ensureMachine(spec());
    await called('join?wait=25');
    first.close();
    calls.length = 0;
    replies['join'] = [{ status: 200 }];
    await start().prepare(() => undefined);
    await called('signals?phase=joined&outcome=ok');
    expect(story()).not.toContainEqual(expect.stringContaining('certificate'));
  });

  it('is played by one of two processes', async () => {
    const [one, two] = [start(), start()];
    await one.ensureMachine(spec());
    await called('signals?phase=joined&outcome=ok');
    await two.ensureMachine(spec());
    await two.prepare(() => undefined);
    expect(calls.filter((call) => call.what === 'certificate')).toHaveLength(1);
  });

  it('reports a scripted failure with its message and log, once', async () => {
    const driver = start({ kind: 'fails', phase: 'engine', message: 'no space left', log: 'dockerd: ENOSPC' });
    await driver.ensureMachine(spec());
    await called('signals?phase=engine&outcome=failed&message=no+space+left');
    expect(calls.at(-1)?.body).toBe('dockerd: ENOSPC');
    await driver.ensureMachine(spec());
    expect(calls.filter((call) => call.what.includes('failed'))).toHaveLength(1);
    expect(await driver.console(ID)).toContain('dockerd: ENOSPC');
  });

  it('never says a word when it is scripted not to boot', async () => {
    const driver = start({ kind: 'never-boots' });
    const machine = await driver.ensureMachine(spec());
    expect(machine.state).toBe('running');
    await driver.removeMachine(ID);
    expect(calls).toEqual([]);
  });

  it('falls silent when its machine is removed', async () => {
    replies['join'] = ['hold'];
    const driver = start();
    await driver.ensureMachine(spec());
    await called('join?wait=25');
    hungUp = 0;
    await driver.removeMachine(ID);
    await eventually(() => hungUp === 1, 'the held question is let go of');
    expect(calls.filter((call) => call.what.startsWith('join'))).toHaveLength(1);
    expect(await driver.console(ID)).toBe('');
  });
});

async function eventually(check: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 4000;
  while (!check()) {
    if (performance.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function publicKeyOf(request: string): string {
  return execFileSync('openssl', ['req', '-noout', '-pubkey'], { input: request, encoding: 'utf8', stdio: 'pipe' });
}
