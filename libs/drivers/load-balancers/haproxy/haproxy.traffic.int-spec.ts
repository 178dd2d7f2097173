/** Real HAProxy, real connections: what clients of a bay notice of changes, and what they must not notice. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Member } from '@baykeeper/domain';
import { openTestAuthority } from '../../bootstrap/testing/test-authority.js';
import type { LoadBalancerDriver, LoadBalancerSpec } from '../../contracts/load-balancer.js';
import { eventually, openHaproxySetting, say, specOf, type HaproxySetting } from './testing/haproxy-setting.js';
import { askSocket } from './runtime-socket.js';
import { describeWithHaproxy } from './testing/needs-haproxy.js';

describeWithHaproxy('haproxy, with traffic', () => {
  let setting: HaproxySetting;
  let driver: LoadBalancerDriver;
  beforeAll(async () => {
    setting = await openHaproxySetting('127.77.1.0/24');
    driver = setting.openDriver();
  });
  afterAll(() => setting.cleanUp());

  /** A balancer with these members, once each of them answers through it. */
  async function start(
    port: number,
    ...members: readonly Member[]
  ): Promise<{ address: string; spec: LoadBalancerSpec }> {
    const spec = specOf(port);
    const { address } = await driver.ensureLoadBalancer(spec);
    await driver.ensureMembers(spec.id, { [`port-${String(port)}`]: members });
    for (const { name } of members) await eventually(() => setting.ask(address, port), name);
    return { address, spec };
  }
  const healthOf = async (id: string): Promise<readonly string[]> =>
    (await driver.list('test')).find((view) => view.id === id)?.listeners[0]?.members.map(({ health }) => health) ?? [];

  it('tells what somebody changed in the running process, and puts it right', async () => {
    const [one, two] = [await setting.startMember('one'), await setting.startMember('two')];
    const { spec } = await start(8090, one, two);
    const seen = async (): Promise<readonly string[]> =>
      ((await driver.observe(spec.id))?.listeners[0]?.members ?? [])
        .map(({ name, port }) => `${name} ${String(port)}`)
        .sort();
    const wanted = [`one ${String(one.port)}`, `two ${String(two.port)}`];
    expect(await seen()).toEqual(wanted);

    const backend = `bay-${spec.id}-port-8090`;
    for (const command of [
      `set server ${backend}/node-${one.nodeId} state maint`,
      `set server ${backend}/node-${two.nodeId} addr 127.0.0.1 port 9`,
      `add server ${backend}/stranger 127.0.0.1:10`,
      `enable server ${backend}/stranger`,
    ])
      await askSocket(setting.paths.masterSocket, `@1 ${command}`);
    expect(await seen()).toEqual(['stranger 10', 'two 9']);

    await driver.ensureMembers(spec.id, { 'port-8090': [one, two] });
    expect(await seen()).toEqual(wanted);
  });

  it('lets traffic follow its members without a reload', async () => {
    const [one, two] = [await setting.startMember('one'), await setting.startMember('two')];
    const { address, spec } = await start(8080, one);
    const before = await setting.processes();
    const long = await setting.open(address, 8080);
    expect(await say(long)).toBe('one');

    await driver.ensureMembers(spec.id, { 'port-8080': [one, two] });
    // The fewest connections are at the new one.
    expect(await setting.ask(address, 8080)).toBe('two');
    expect(await say(long)).toBe('one');
    await eventually(() => healthOf(spec.id), ['up', 'up']);

    long.destroy();
    await driver.ensureMembers(spec.id, { 'port-8080': [two] });
    expect(await setting.ask(address, 8080)).toBe('two');
    await driver.ensureMembers(spec.id, { 'port-8080': [] });
    await expect(setting.ask(address, 8080)).rejects.toThrow();

    const after = await setting.processes();
    expect([after.worker, after.reloads]).toEqual([before.worker, before.reloads]);
  }, 60_000);

  it('moves a member whose address or port changed', async () => {
    const [old, fresh] = [await setting.startMember('old'), await setting.startMember('fresh')];
    const { address, spec } = await start(8081, old);
    await driver.ensureMembers(spec.id, { 'port-8081': [{ ...old, port: fresh.port }] });
    expect(await setting.ask(address, 8081)).toBe('fresh');
  }, 60_000);

  it('keeps connections through reloads, and refuses none that comes meanwhile', async () => {
    const member = await setting.startMember('steady');
    const { address } = await start(8082, member);
    const kept = await setting.open(address, 8082);
    expect(await say(kept)).toBe('steady');
    const { reloads } = await setting.processes();

    const reloading = new AbortController();
    const clients = (async () => {
      let answers = 0;
      for (; !reloading.signal.aborted; answers += 1) expect(await setting.ask(address, 8082)).toBe('steady');
      return answers;
    })();
    for (let round = 0; round < 5; round += 1) await driver.ensureLoadBalancer(specOf(9000 + round));
    reloading.abort();
    expect(await clients).toBeGreaterThan(20);
    expect((await setting.processes()).reloads).toBe(reloads + 5);
    expect(await say(kept)).toBe('steady');
    kept.destroy();
  }, 60_000);

  it('gives a member that leaves time for its connections, then cuts them, also those from before a reload', async () => {
    const [going, staying] = [await setting.startMember('going'), await setting.startMember('staying')];
    const { address, spec } = await start(8083, going);
    const beforeReload = await setting.open(address, 8083);
    expect(await say(beforeReload)).toBe('going');
    await driver.ensureLoadBalancer(specOf(9010));
    const afterReload = await setting.open(address, 8083);
    expect(await say(afterReload)).toBe('going');

    const closed = Promise.all(
      [beforeReload, afterReload].map((socket) => new Promise((resolve) => socket.once('close', resolve))),
    );
    const begin = performance.now();
    const changed = driver.ensureMembers(spec.id, { 'port-8083': [staying] });
    // New connections go to the one that stays from the first moment on.
    await eventually(() => setting.ask(address, 8083), 'staying');
    expect(await say(beforeReload)).toBe('going');
    expect(await say(afterReload)).toBe('going');
    await changed;
    await closed;
    expect(performance.now() - begin).toBeGreaterThan(1_500);
    expect(performance.now() - begin).toBeLessThan(6_000);
  }, 60_000);

  it('lets a member go at once when its connections end by themselves', async () => {
    const [going, staying] = [await setting.startMember('going'), await setting.startMember('staying')];
    const { address, spec } = await start(8084, going);
    const socket = await setting.open(address, 8084);
    expect(await say(socket)).toBe('going');
    const begin = performance.now();
    const changed = driver.ensureMembers(spec.id, { 'port-8084': [staying] });
    await eventually(() => setting.ask(address, 8084), 'staying');
    socket.end();
    await changed;
    expect(performance.now() - begin).toBeLessThan(1_500);
  }, 60_000);

  it('brings back a member that is wanted again while it is on its way out', async () => {
    const member = await setting.startMember('wanted');
    const { address, spec } = await start(8085, member);
    const socket = await setting.open(address, 8085);
    expect(await say(socket)).toBe('wanted');
    const leaving = driver.ensureMembers(spec.id, { 'port-8085': [] });
    await eventually(() => setting.ask(address, 8085).catch(() => 'refused'), 'refused');
    await driver.ensureMembers(spec.id, { 'port-8085': [member] });
    await leaving;
    expect(await setting.ask(address, 8085)).toBe('wanted');
    expect(await say(socket)).toBe('wanted');
    socket.destroy();
  }, 60_000);

  it('notices a member that is down, routes around it, and remembers so through a reload', async () => {
    const [good, bad] = [await setting.startMember('good'), await setting.startMember('bad')];
    const { address, spec } = await start(8086, good);
    await driver.ensureMembers(spec.id, { 'port-8086': [good, bad] });
    await eventually(() => healthOf(spec.id), ['up', 'up']);
    await bad.stop();
    for (let connection = 0; connection < 20; connection += 1) expect(await setting.ask(address, 8086)).toBe('good');
    await eventually(() => healthOf(spec.id), ['up', 'down']);
    await driver.ensureLoadBalancer(specOf(9020));
    expect(await healthOf(spec.id)).toEqual(expect.arrayContaining(['down']));
  }, 60_000);

  it('cuts what is left when a balancer is removed, and leaves the others alone', async () => {
    const member = await setting.startMember('here');
    const gone = await start(8087, member);
    const kept = await start(8088, member);
    const [lost, held] = [await setting.open(gone.address, 8087), await setting.open(kept.address, 8088)];
    expect([await say(lost), await say(held)]).toEqual(['here', 'here']);
    const closed = new Promise((resolve) => lost.once('close', resolve));
    await driver.removeLoadBalancer(gone.spec.id);
    await closed;
    await expect(setting.ask(gone.address, 8087)).rejects.toThrow('ECONNREFUSED');
    expect(await say(held)).toBe('here');
    held.destroy();
  }, 60_000);

  it('sends nobody to a member that listens and says it is not ready, whether it was there before a reload or came later', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'bk-readyz-'));
    const { certificate, key } = openTestAuthority(directory, 'bay').issue({
      ...{
        commonName: 'api',
        organization: null,
        dnsNames: [],
        ipAddresses: ['127.0.0.1'],
        usages: ['server'],
        days: 1,
      },
    });
    const startApi = async (): Promise<{ member: Member; answer(status: number): void; stop(): void }> => {
      let status = 200;
      const server = createTlsServer({ cert: certificate, key }, (request, response) => {
        response.writeHead(request.url === '/readyz' ? status : 404).end();
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const nodeId = randomUUID() as Member['nodeId'];
      return {
        member: { nodeId, name: nodeId, address: '127.0.0.1', port },
        answer: (next) => void (status = next),
        stop() {
          server.closeAllConnections();
          server.close();
        },
      };
    };
    const apis = [await startApi(), await startApi()];
    try {
      const spec = specOf(8091);
      const listeners = spec.listeners.map((listener) => ({ ...listener, healthPath: '/readyz' }));
      await driver.ensureLoadBalancer({ ...spec, listeners });
      await driver.ensureMembers(spec.id, { 'port-8091': apis.map(({ member }) => member) });
      const healths = async (): Promise<string> => (await healthOf(spec.id)).join(' ');
      await eventually(healths, 'up up');
      apis[1]?.answer(500);
      await eventually(healths, 'up down');
      // A new listener takes a reload: members are then read from the configuration.
      await driver.ensureLoadBalancer(specOf(8092));
      await eventually(healths, 'up down');
      apis[1]?.answer(200);
      await eventually(healths, 'up up');
    } finally {
      for (const api of apis) api.stop();
      rmSync(directory, { recursive: true });
    }
  }, 60_000);

  it('says which port another program has, changes nothing, and goes on with other bays', async () => {
    const member = await setting.startMember('here');
    const { address, spec } = await start(8089, member);
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(7789, '0.0.0.0', resolve));
    try {
      const { reloads } = await setting.processes();
      await expect(driver.ensureLoadBalancer(specOf(7789))).rejects.toMatchObject({
        code: 'provider-refused',
        publicMessage:
          'Port 7789 is taken by another program on the machine that balances. Choose another port, or stop that program.',
      });
      const more = { ...spec, listeners: [...spec.listeners, ...specOf(7789).listeners] };
      await expect(driver.ensureLoadBalancer(more)).rejects.toMatchObject({ code: 'provider-refused' });
      expect((await setting.processes()).reloads).toBe(reloads);
      const results = await Promise.allSettled([
        driver.ensureLoadBalancer(specOf(9030)),
        driver.ensureLoadBalancer(specOf(7789)),
        driver.ensureLoadBalancer(specOf(9031)),
      ]);
      expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect((await driver.list('test')).find((view) => view.id === spec.id)?.listeners).toHaveLength(1);
      expect(await setting.ask(address, 8089)).toBe('here');
    } finally {
      other.close();
    }
  }, 60_000);

  it('refuses what would break out of a line of the configuration, and keeps running', async () => {
    const spec = specOf(8090);
    const listeners = spec.listeners.map((listener) => ({ ...listener, name: 'port-80\n  bind :1' }));
    await expect(driver.ensureLoadBalancer({ ...spec, listeners })).rejects.toMatchObject({ code: 'provider-refused' });
    expect((await setting.processes()).worker).not.toBeNull();
    expect((await driver.list('test')).map((view) => view.id)).not.toContain(spec.id);
  });
});
