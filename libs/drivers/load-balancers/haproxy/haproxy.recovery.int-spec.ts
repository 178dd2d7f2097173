/** What comes back by itself, and what stays gone. */
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { createServer } from 'node:net';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findHaproxyProcesses } from './find-processes.js';
import { purgeHaproxy, stopHaproxy } from './haproxy.driver.js';
import { eventually, openHaproxySetting, say, specOf, type HaproxySetting } from './testing/haproxy-setting.js';
import { describeWithHaproxy } from './testing/needs-haproxy.js';

describeWithHaproxy('haproxy, when something goes wrong', () => {
  let setting: HaproxySetting;
  beforeEach(async () => {
    setting = await openHaproxySetting('127.77.2.0/24');
  });
  afterEach(() => setting.cleanUp());

  async function start(): Promise<{ id: string; ask: () => Promise<string> }> {
    const driver = setting.openDriver();
    const member = await setting.startMember('steady');
    const spec = specOf(8080);
    const { address } = await driver.ensureLoadBalancer(spec);
    await driver.ensureMembers(spec.id, { 'port-8080': [member] });
    const ask = (): Promise<string> => setting.ask(address, 8080);
    await eventually(ask, 'steady');
    return { id: spec.id, ask };
  }
  const running = (): Promise<readonly number[]> => findHaproxyProcesses(setting.paths.configuration);

  it.each(['master', 'worker', 'both'] as const)(
    'has its members back after kill -9 of the %s, without being asked',
    async (victim) => {
      const { ask } = await start();
      const { worker } = await setting.processes();
      const master = Number(await readFile(setting.paths.pidFile, 'utf8'));
      for (const pid of victim === 'master' ? [master] : victim === 'worker' ? [worker] : [master, worker])
        if (pid !== null) process.kill(pid, 'SIGKILL');
      await eventually(async () => (await setting.processes()).worker !== worker, true);
      await eventually(ask, 'steady');
      // Exactly one master and one worker: none is left of before.
      await eventually(async () => (await running()).length, 2);
    },
    60_000,
  );

  it('stays stopped while nobody starts a server, and comes back with its members when somebody does', async () => {
    const { ask } = await start();
    await stopHaproxy(setting.config);
    expect(await running()).toEqual([]);
    await expect(ask()).rejects.toThrow('ECONNREFUSED');
    await stopHaproxy(setting.config);
    setting.openDriver();
    await eventually(ask, 'steady');
  }, 60_000);

  it('is not disturbed by a server that comes and goes', async () => {
    const { ask } = await start();
    const before = await setting.processes();
    const driver = setting.openDriver();
    await driver.list('test');
    await driver.close();
    expect(await setting.processes()).toEqual(before);
    expect(await ask()).toBe('steady');
  }, 60_000);

  it('leaves out only the balancer whose port was taken while it was down', async () => {
    const { ask } = await start();
    const driver = setting.openDriver();
    const spec = specOf(7788);
    await driver.ensureLoadBalancer(spec);
    await stopHaproxy(setting.config);
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(7788, '0.0.0.0', resolve));
    try {
      // Any call starts it.
      await driver.list('test');
      await eventually(ask, 'steady');
      await expect(driver.ensureLoadBalancer(spec)).rejects.toMatchObject({ code: 'provider-refused' });
      await driver.ensureLoadBalancer(specOf(8181));
    } finally {
      await new Promise((resolve) => other.close(resolve));
    }
    const { address } = await driver.ensureLoadBalancer(spec);
    (await setting.open(address, 7788)).destroy();
  }, 60_000);

  it('does not pass on what HAProxy refuses, and keeps the old configuration in use', async () => {
    const { ask } = await start();
    const driver = setting.openDriver();
    const { worker } = await setting.processes();
    // A program in HAProxy's place that finds fault with every configuration.
    const program = join(setting.config.dataDirectory, 'fault-finder');
    await writeFile(program, '#!/bin/sh\nexit 1\n', { mode: 0o700 });
    const wrong = setting.openDriver(program);
    const spec = specOf(8182);
    await expect(wrong.ensureLoadBalancer(spec)).rejects.toMatchObject({ code: 'provider-refused' });
    expect((await driver.list('test')).map((view) => view.id)).not.toContain(spec.id);
    expect((await setting.processes()).worker).toBe(worker);
    expect(await ask()).toBe('steady');
  }, 60_000);

  it('leaves nothing behind when it is purged, twice', async () => {
    const { ask } = await start();
    const long = await ask().then(() => setting.open('127.77.2.1', 8080));
    expect(await say(long)).toBe('steady');
    await purgeHaproxy(setting.config);
    await purgeHaproxy(setting.config);
    expect(await running()).toEqual([]);
    expect(await readdir(setting.config.dataDirectory)).toEqual([]);
  }, 60_000);
});
