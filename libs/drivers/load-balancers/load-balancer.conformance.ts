/** What every load balancer driver must do. A driver's own spec calls this with a factory. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Member } from '@baykeeper/domain';
import type { LoadBalancerDriver, LoadBalancerSpec } from '../contracts/load-balancer.js';

export interface ConformanceSetting {
  readonly driver: LoadBalancerDriver;
  /** The same driver as another process would open it. */
  readonly second: LoadBalancerDriver;
  readonly installation: string;
  cleanUp(): Promise<void>;
}

function specOf(installation: string): LoadBalancerSpec {
  return {
    id: randomUUID(),
    installation,
    bayId: randomUUID(),
    listeners: [
      { name: 'docker-api', port: 2376, memberPort: 2376, memberRole: 'master' },
      { name: 'port-80', port: 8080, memberPort: 80, memberRole: 'worker' },
    ],
  };
}

function member(address: string, port: number): Member {
  const nodeId = randomUUID() as Member['nodeId'];
  return { nodeId, name: `node-${nodeId.slice(0, 4)}`, address, port };
}

export function describeLoadBalancerDriver(name: string, open: () => Promise<ConformanceSetting>): void {
  describe(`the load balancer driver ${name}`, () => {
    let setting: ConformanceSetting;
    beforeAll(async () => {
      setting = await open();
    });
    afterAll(() => setting.cleanUp());

    const addressesBehind = async (id: string, listener: string): Promise<readonly string[]> => {
      const view = (await setting.driver.list(setting.installation)).find((balancer) => balancer.id === id);
      const members = view?.listeners.find((known) => known.name === listener)?.members ?? [];
      return members.map((known) => known.address).sort();
    };

    it('makes the same balancer for the same id, in two processes at once', async () => {
      const spec = specOf(setting.installation);
      const [first, second] = await Promise.all([
        setting.driver.ensureLoadBalancer(spec),
        setting.second.ensureLoadBalancer(spec),
      ]);
      expect(second.address).toBe(first.address);
      expect((await setting.driver.list(setting.installation)).filter((known) => known.id === spec.id)).toHaveLength(1);
      await setting.driver.removeLoadBalancer(spec.id);
    });

    it('gives each balancer an address of its own', async () => {
      const specs = [specOf(setting.installation), specOf(setting.installation), specOf(setting.installation)];
      const views = await Promise.all(specs.map((spec) => setting.driver.ensureLoadBalancer(spec)));
      expect(new Set(views.map((view) => view.address)).size).toBe(3);
      await Promise.all(specs.map((spec) => setting.second.removeLoadBalancer(spec.id)));
    });

    it('makes the members exactly those that are wanted, however often it is told', async () => {
      const spec = specOf(setting.installation);
      await setting.driver.ensureLoadBalancer(spec);
      const [a, b, c] = [member('127.0.0.11', 80), member('127.0.0.12', 80), member('127.0.0.13', 80)];
      await setting.driver.ensureMembers(spec.id, { 'docker-api': [], 'port-80': [a, b] });
      await setting.second.ensureMembers(spec.id, { 'docker-api': [], 'port-80': [a, b] });
      expect(await addressesBehind(spec.id, 'port-80')).toEqual(['127.0.0.11', '127.0.0.12']);
      await setting.second.ensureMembers(spec.id, { 'docker-api': [], 'port-80': [b, c] });
      expect(await addressesBehind(spec.id, 'port-80')).toEqual(['127.0.0.12', '127.0.0.13']);
      await setting.driver.ensureMembers(spec.id, { 'docker-api': [], 'port-80': [] });
      expect(await addressesBehind(spec.id, 'port-80')).toEqual([]);
      await setting.driver.removeLoadBalancer(spec.id);
    });

    it('changes the members that are named and leaves the others', async () => {
      const spec = specOf(setting.installation);
      await setting.driver.ensureLoadBalancer(spec);
      const [a, b, c, d] = [11, 12, 13, 14].map((last) => member(`127.0.0.${String(last)}`, 80));
      if (!a || !b || !c || !d) throw new Error('four members');
      await setting.driver.ensureMembers(spec.id, { 'docker-api': [d], 'port-80': [a, b] });
      const changes = { 'port-80': { put: [c, { ...b, address: '127.0.0.22' }], remove: [a.nodeId] } };
      await setting.second.changeMembers(spec.id, changes);
      await setting.driver.changeMembers(spec.id, changes);
      expect(await addressesBehind(spec.id, 'port-80')).toEqual(['127.0.0.13', '127.0.0.22']);
      expect(await addressesBehind(spec.id, 'docker-api')).toEqual(['127.0.0.14']);
      const unknown = { 'port-81': { put: [a], remove: [] } };
      await expect(setting.driver.changeMembers(spec.id, unknown)).rejects.toMatchObject({ code: 'provider-refused' });
      await setting.driver.removeLoadBalancer(spec.id);
      await expect(setting.driver.changeMembers(spec.id, changes)).rejects.toMatchObject({ code: 'provider-refused' });
    });

    it('tells what one balancer really has', async () => {
      const spec = specOf(setting.installation);
      await setting.driver.ensureLoadBalancer(spec);
      const [a, b] = [member('127.0.0.11', 80), member('127.0.0.12', 80)];
      await setting.driver.ensureMembers(spec.id, { 'docker-api': [], 'port-80': [a, b] });
      const view = await setting.second.observe(spec.id);
      expect(view?.listeners.map(({ name, members }) => [name, members.map(({ nodeId }) => nodeId).sort()])).toEqual([
        ['docker-api', []],
        ['port-80', [a.nodeId, b.nodeId].sort()],
      ]);
      expect(view?.listeners[1]?.members.find(({ nodeId }) => nodeId === a.nodeId)).toMatchObject(a);
      await setting.driver.removeLoadBalancer(spec.id);
      expect([await setting.driver.observe(spec.id), await setting.driver.observe('../../outside')]).toEqual([
        null,
        null,
      ]);
    });

    it('changes listeners and leaves the members of those that stay', async () => {
      const spec = specOf(setting.installation);
      const before = await setting.driver.ensureLoadBalancer(spec);
      await setting.driver.ensureMembers(spec.id, { 'docker-api': [], 'port-80': [member('127.0.0.11', 80)] });
      const listeners = [
        ...spec.listeners.slice(1),
        { name: 'port-443', port: 8443, memberPort: 443, memberRole: 'worker' as const },
      ];
      const after = await setting.driver.ensureLoadBalancer({ ...spec, listeners });
      expect(after.address).toBe(before.address);
      expect(after.listeners.map((listener) => listener.name)).toEqual(['port-80', 'port-443']);
      expect(await addressesBehind(spec.id, 'port-80')).toEqual(['127.0.0.11']);
      await setting.driver.removeLoadBalancer(spec.id);
    });

    it('refuses members of a balancer that is gone, and counts removing it again as success', async () => {
      const spec = specOf(setting.installation);
      await setting.driver.ensureLoadBalancer(spec);
      await setting.driver.removeLoadBalancer(spec.id);
      await setting.driver.removeLoadBalancer(spec.id);
      await expect(setting.driver.ensureMembers(spec.id, {})).rejects.toMatchObject({ code: 'provider-refused' });
    });

    it('refuses members of a listener that it does not have, and leaves the others as they were', async () => {
      const spec = specOf(setting.installation);
      await setting.driver.ensureLoadBalancer(spec);
      await setting.driver.ensureMembers(spec.id, { 'port-80': [member('127.0.0.11', 80)] });
      const wanted = { 'port-80': [], 'port-81': [member('127.0.0.12', 80)] };
      await expect(setting.driver.ensureMembers(spec.id, wanted)).rejects.toMatchObject({ code: 'provider-refused' });
      expect(await addressesBehind(spec.id, 'port-80')).toEqual(['127.0.0.11']);
      await setting.driver.removeLoadBalancer(spec.id);
    });

    it('keeps all of what many bays ask for at once', async () => {
      const specs = Array.from({ length: 12 }, () => specOf(setting.installation));
      await Promise.all(
        specs.map(async (spec, index) => {
          const driver = index % 2 === 0 ? setting.driver : setting.second;
          await driver.ensureLoadBalancer(spec);
          await driver.ensureMembers(spec.id, { 'port-80': [member(`127.0.0.${String(100 + index)}`, 80)] });
        }),
      );
      for (const [index, spec] of specs.entries())
        expect(await addressesBehind(spec.id, 'port-80')).toEqual([`127.0.0.${String(100 + index)}`]);
      await Promise.all(specs.map((spec) => setting.second.removeLoadBalancer(spec.id)));
    });

    it('takes an id that is none for something that is not there', async () => {
      await setting.driver.removeLoadBalancer('../../outside');
      await expect(setting.driver.ensureMembers('../../outside', {})).rejects.toMatchObject({
        code: 'provider-refused',
      });
    });

    it("lists only this installation's", async () => {
      const spec = { ...specOf(setting.installation), installation: 'another' };
      await setting.driver.ensureLoadBalancer(spec);
      expect((await setting.driver.list(setting.installation)).map((known) => known.id)).not.toContain(spec.id);
      await setting.driver.removeLoadBalancer(spec.id);
    });
  });
}
