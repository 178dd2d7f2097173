/** The server dies (kill -9) at any moment while it makes or removes a machine: nothing is lost, doubled or left over. */
import { spawn } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { MachineSpec } from '../../contracts/compute.js';
import { BUILT, buildDrivers } from './testing/build-drivers.js';
import { localPaths } from './local.config.js';
import { createLocalCompute } from './local.driver.js';
import { purgeLocalCompute } from './local.purge.js';
import {
  configIn,
  describeWithContainers,
  eventually,
  nameDataDirectory,
  observeHost,
  run,
  specOf,
} from './testing/test-host.js';

const describeHere = await describeWithContainers();

/** A process of its own, as a server is: makes the machine, then removes it, and says when each begins and ends. */
const PROGRAM = `
const [module, config, spec] = process.argv.slice(1);
const { createLocalCompute } = await import(module);
const driver = createLocalCompute(JSON.parse(config));
console.log('making');
await driver.ensureMachine(JSON.parse(spec));
console.log('removing');
await driver.removeMachine(JSON.parse(spec).id);
console.log('done');
`;

describeHere('a server that is killed', () => {
  const dataDirectory = nameDataDirectory();
  const config = configIn(dataDirectory);
  const driver = createLocalCompute(config);
  const built = join(BUILT, 'local.driver.js');

  beforeAll(async () => {
    buildDrivers();
    await driver.prepare(() => undefined);
  }, 400_000);
  afterAll(async () => {
    await purgeLocalCompute(config);
    rmSync(dataDirectory, { recursive: true, force: true });
  }, 60_000);

  /** Kills the process some milliseconds after it has said `word`; false when it was done before. */
  function killAfter(spec: MachineSpec, word: string, milliseconds: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const child = spawn(
        process.execPath,
        ['--input-type=module', '--eval', PROGRAM, '--', built, JSON.stringify(config), JSON.stringify(spec)],
        { stdio: ['ignore', 'pipe', 'inherit'], env: { PATH: process.env['PATH'] } },
      );
      let last = '';
      createInterface({ input: child.stdout }).on('line', (line) => {
        last = line;
        if (line === word) setTimeout(() => child.kill('SIGKILL'), milliseconds);
      });
      child.once('error', reject);
      child.once('close', (code, signal) => {
        if (signal === 'SIGKILL' || last === 'done') resolve(signal === 'SIGKILL');
        else reject(new Error(`the process ended with ${String(code)} after "${last}"`));
      });
    });
  }
  const monitors = (): readonly string[] =>
    observeHost(dataDirectory).processes.filter((line) => line.startsWith('[lxc monitor]'));
  const links = (): readonly string[] =>
    run('ip', '-o', 'link', 'show', 'master', localPaths(config).bridge)
      .split('\n')
      .filter((line) => line !== '');
  const leftovers = (): readonly string[] =>
    ['machines', 'addresses'].flatMap((name) => readdirSync(join(dataDirectory, name)));

  const moments = [0, 10, 20, 30, 40, 50, 60, 70, 80, 95, 110, 130, 160, 200];

  it('while making a machine: asking again completes it, once', async () => {
    let killed = 0;
    for (const moment of moments) {
      const spec = specOf('exit 0');
      if (await killAfter(spec, 'making', moment)) killed += 1;
      const machine = await driver.ensureMachine(spec);
      expect(machine.state).toBe('running');
      expect(monitors()).toHaveLength(1);
      expect(readdirSync(join(dataDirectory, 'addresses'))).toEqual([machine.address]);
      await driver.removeMachine(spec.id);
      expect(leftovers()).toEqual([]);
    }
    expect(killed).toBeGreaterThan(moments.length / 2);
    await eventually('the links are gone', () => links().length === 0);
  }, 120_000);

  it('while making a machine: removing it leaves nothing, also when LXC was just starting it', async () => {
    for (const moment of moments) {
      const spec = specOf('exit 0');
      await killAfter(spec, 'making', moment);
      await driver.removeMachine(spec.id);
      expect(leftovers()).toEqual([]);
      expect(monitors()).toEqual([]);
    }
    await eventually('the links are gone', () => links().length === 0);
  }, 120_000);

  it('while removing a machine: removing it again, or the next start of the server, leaves nothing', async () => {
    let killed = 0;
    for (const moment of [0, 20, 40, 60, 80, 100, 130, 160, 190, 220]) {
      const spec = specOf('exit 0');
      if (await killAfter(spec, 'removing', moment)) killed += 1;
      await driver.removeMachine(spec.id);
      expect(leftovers()).toEqual([]);
      expect(monitors()).toEqual([]);
    }
    expect(killed).toBeGreaterThan(3);
    await driver.prepare(() => undefined);
    expect(readdirSync(join(dataDirectory, 'removed'))).toEqual([]);
  }, 120_000);
});
