/**
 * Many load balancers, many members, and several processes at once. Prints the figures that README.md records.
 */
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Member } from '@baykeeper/domain';
import type { LoadBalancerSpec } from '../../contracts/load-balancer.js';
import { eventually, openHaproxySetting, specOf, type HaproxySetting } from './testing/haproxy-setting.js';
import { describeWithHaproxy } from './testing/needs-haproxy.js';

const DRIVERS = join(dirname(fileURLToPath(import.meta.url)), '../..');
const BUILT = join(DRIVERS, 'dist/load-balancers/haproxy/haproxy.driver.js');

/** Makes each balancer, gives it its member, and prints how long that took in all. */
const PROGRAM = `
const [built, config, specs, member] = process.argv.slice(1);
const { createHaproxyLoadBalancer } = await import(built);
const driver = createHaproxyLoadBalancer(JSON.parse(config));
await Promise.all(JSON.parse(specs).map(async (spec) => {
  await driver.ensureLoadBalancer(spec);
  await driver.ensureMembers(spec.id, { [spec.listeners[0].name]: [JSON.parse(member)] });
}));
await driver.close();
`;

describeWithHaproxy('haproxy, at scale', () => {
  let setting: HaproxySetting;
  beforeEach(async () => {
    setting = await openHaproxySetting('127.77.3.0/24');
  });
  afterEach(() => setting.cleanUp());

  const report = (line: string): void => {
    process.stdout.write(`haproxy: ${line}\n`);
  };
  async function measure(work: () => Promise<unknown>): Promise<number> {
    const begin = performance.now();
    await work();
    return performance.now() - begin;
  }
  const medianOf = (values: readonly number[]): number =>
    values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
  const fleet = (count: number, address: string, port: number): Member[] =>
    Array.from({ length: count }, (_, index) => ({
      nodeId: randomUUID() as Member['nodeId'],
      name: `node-${String(index)}`,
      address,
      port,
    }));

  it.each([10, 1_000])(
    'adds and removes one member of %i without a reload, at a cost that hardly grows',
    async (count) => {
      const driver = setting.openDriver();
      const spec = specOf(8080);
      await driver.ensureLoadBalancer(spec);
      const { port } = await setting.startMember('here');
      const members = fleet(count, '127.0.0.1', port);
      const first = await measure(() => driver.ensureMembers(spec.id, { 'port-8080': members }));
      const before = await setting.processes();
      const [adding, removing]: number[][] = [[], []];
      for (let round = 0; round < 11; round += 1) {
        const more = [...members, ...fleet(1, '127.0.0.1', port)];
        adding?.push(await measure(() => driver.ensureMembers(spec.id, { 'port-8080': more })));
        removing?.push(await measure(() => driver.ensureMembers(spec.id, { 'port-8080': members })));
      }
      const unchanged = await measure(() => driver.ensureMembers(spec.id, { 'port-8080': members }));
      expect(await setting.processes()).toEqual(before);
      report(
        `${String(count)} members: all at once ${first.toFixed(0)} ms, +1 ${medianOf(adding ?? []).toFixed(1)} ms, -1 ${medianOf(removing ?? []).toFixed(1)} ms, none ${unchanged.toFixed(1)} ms`,
      );
      expect(medianOf(adding ?? [])).toBeLessThan(500);
    },
    120_000,
  );

  it('makes a hundred load balancers with a handful of reloads', async () => {
    const driver = setting.openDriver();
    // So that HAProxy runs.
    const first = specOf(8080);
    await driver.ensureLoadBalancer(first);
    const specs = Array.from({ length: 100 }, () => specOf(8080));
    const took = await measure(() => Promise.all(specs.map((spec) => driver.ensureLoadBalancer(spec))));
    const { reloads } = await setting.processes();
    report(`100 load balancers at once: ${took.toFixed(0)} ms, ${String(reloads)} reloads`);
    const views = await driver.list('test');
    expect(new Set(views.map((view) => view.address)).size).toBe(101);
    expect(reloads).toBeLessThan(10);
    const removed = await measure(() => Promise.all(specs.map(({ id }) => driver.removeLoadBalancer(id))));
    report(`100 load balancers removed: ${removed.toFixed(0)} ms`);
    expect((await driver.list('test')).map((view) => view.id)).toEqual([first.id]);
  }, 120_000);

  it('is changed by two processes at once, and loses nothing', async () => {
    // The processes run what is built. Type errors are another check's to report: the build writes its files regardless.
    const compiler = join(DRIVERS, '../../node_modules/typescript/bin/tsc');
    spawnSync(process.execPath, [compiler, '--build', DRIVERS], { stdio: 'ignore' });
    expect(existsSync(BUILT)).toBe(true);
    const member = await setting.startMember('here');
    const [mine, theirs] = [0, 1].map(() => Array.from({ length: 50 }, () => specOf(8080)));
    const both = [mine ?? [], theirs ?? []];
    const run = (specs: readonly LoadBalancerSpec[]): Promise<number | null> =>
      new Promise((resolve, reject) => {
        const texts = [setting.config, specs, member].map((value) => JSON.stringify(value));
        const child = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM, '--', BUILT, ...texts], {
          stdio: ['ignore', 'ignore', 'inherit'],
          env: {},
        });
        child.once('error', reject);
        child.once('close', resolve);
      });
    let codes: readonly (number | null)[] = [];
    const took = await measure(async () => {
      codes = await Promise.all(both.map(run));
    });
    expect(codes).toEqual([0, 0]);
    report(`2 processes, 50 load balancers with a member each: ${took.toFixed(0)} ms`);
    const views = await setting.openDriver().list('test');
    expect(views.map((view) => view.id).sort()).toEqual(
      both
        .flat()
        .map((spec) => spec.id)
        .sort(),
    );
    expect(new Set(views.map((view) => view.address)).size).toBe(100);
    for (const { address } of views) await eventually(() => setting.ask(address, 8080), 'here');
  }, 120_000);
});
