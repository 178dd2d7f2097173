/**
 * Processes are replaced while tenants work: no request fails, no event is missed, and no bay waits for anything to run
 * out. Everything is real but the machines.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bayClient, logIn, type BayClient } from '../support/login.js';
import { keepAsking, send } from '../support/open-requests.js';
import { until } from '../support/run.js';
import { ROOT, startServer, type RunningServer } from '../support/running-server.js';

const execute = promisify(execFile);

describe('a server whose processes are replaced', () => {
  let server: RunningServer;
  let token: string;
  let bays: BayClient;

  beforeAll(async () => {
    server = await startServer({
      ...{ BAYKEEPER_COMPUTE: 'simulated', BAYKEEPER_SIMULATED_LATENCY_MS: '400' },
      ...{ BAYKEEPER_LOG_LEVEL: 'info', BAYKEEPER_SWEEP_SECONDS: '600' },
    });
    token = await logIn(server.url, await server.openrc());
    bays = bayClient(() => server.url, token);
  }, 180_000);
  afterAll(() => server.purge(), 60_000);

  /** Ids of events in the order in which they came, over as many connections as it takes. */
  function followEvents(bay: string) {
    const ids: number[] = [];
    let connections = 0;
    let isStopped = false;
    const run = async (): Promise<void> => {
      while (!isStopped) {
        connections += 1;
        const headers = {
          'X-Auth-Token': token,
          Accept: 'text/event-stream',
          ...(ids.length > 0 && { 'Last-Event-ID': String(ids.at(-1)) }),
        };
        const aborted = new AbortController();
        abort = () => {
          aborted.abort();
        };
        try {
          const response = await fetch(`${server.url}/v1/bays/${bay}/events`, { headers, signal: aborted.signal });
          if (!response.ok || response.body === null) throw new Error(`refused: ${String(response.status)}`);
          let text = '';
          for await (const chunk of response.body) {
            text += Buffer.from(chunk as Uint8Array).toString();
            const frames = text.split('\n\n');
            text = frames.pop() ?? '';
            for (const frame of frames) {
              const id = /^id: (\d+)$/m.exec(frame)?.[1];
              if (id !== undefined) ids.push(Number(id));
            }
          }
        } catch (error) {
          if (!aborted.signal.aborted) throw error;
        }
      }
    };
    let abort = (): void => undefined;
    const running = run();
    return {
      async stop() {
        isStopped = true;
        abort();
        await running;
        return { ids, connections };
      },
    };
  }

  it('answers every request, ends streams in order, and finishes bays as if nothing were', async () => {
    const headers = { 'X-Auth-Token': token };
    const quiet = await bays.create('quiet', 3);
    const quietSince = Date.now();
    await until('the bay', 60_000, async () => (await bays.status(quiet)) === 'CREATE_COMPLETE');
    const usual = Date.now() - quietSince;

    const pids = [...(await server.children('API')), ...(await server.children('worker'))];
    const stream = followEvents(quiet);
    const asking = keepAsking(6, () =>
      Math.random() < 0.3 ? { url: `${server.url}/readyz` } : { url: `${server.url}/v1/bays/${quiet}`, headers },
    );
    const bay = await bays.create('rolled', 3);
    const since = Date.now();
    const rolled = execute(join(ROOT, 'script/restart'), [], {
      env: { PATH: process.env['PATH'] ?? '', BAYKEEPER_DATA: server.dataDirectory },
    });
    await until('the bay', 60_000, async () => (await bays.status(bay)) === 'CREATE_COMPLETE');
    const taken = Date.now() - since;
    expect((await rolled).stdout).toContain('All processes were replaced.');
    // Something to stream after the replacement, by the new ones.
    await send(`${server.url}/v1/bays/${quiet}/actions/resize`, {
      method: 'POST',
      headers: { ...headers, 'Content-Type': 'application/json', 'OpenStack-API-Version': 'container-infra latest' },
      body: JSON.stringify({ node_count: 4 }),
    });
    await until('the resize', 60_000, async () => (await bays.status(quiet)) === 'UPDATE_COMPLETE');

    const { answered, failures } = await asking.stop();
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(100);
    // Leases and locks run out after 15 s: nobody waited for that. The machine may be busy with the starts of processes.
    expect(taken).toBeLessThan(usual + 10_000);
    const now = [...(await server.children('API')), ...(await server.children('worker'))];
    expect(now).toHaveLength(pids.length);
    expect(now.filter((pid) => pids.includes(pid))).toEqual([]);

    const { ids, connections } = await stream.stop();
    const all = await send(`${server.url}/v1/bays/${quiet}/events?limit=1000`, { headers });
    const { events } = JSON.parse(all.text) as { events: { sequence: number }[] };
    expect(ids).toEqual(events.map(({ sequence }) => sequence));
    expect(connections).toBe(2);
    const log = await server.log();
    expect(log).not.toContain('killing a child');
    expect(log).not.toContain('stopping took too long');
  }, 240_000);
});
