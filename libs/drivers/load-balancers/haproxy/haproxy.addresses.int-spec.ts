/** Addresses on this machine's loopback interface: what the driver puts there, and what it leaves alone. Needs the right to. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { stopHaproxy } from './haproxy.driver.js';
import { ensureAddress, maySetAddresses, observeAddresses, removeAddress } from './host-addresses.js';
import { hasHaproxy } from './run-program.js';
import { eventually, openHaproxySetting, specOf, type HaproxySetting } from './testing/haproxy-setting.js';

const may = (await maySetAddresses()) && (await hasHaproxy());
if (!may)
  process.stdout.write(
    'SKIPPED load-balancers/haproxy addresses: needs haproxy and the right to set addresses (root)\n',
  );

(may ? describe : describe.skip)('the addresses of load balancers', () => {
  let setting: HaproxySetting;
  afterEach(() => setting.cleanUp());

  it('are put on the interface from a network that was free, and taken off again', async () => {
    setting = await openHaproxySetting(null);
    const before = await observeAddresses();
    const driver = setting.openDriver();
    const member = await setting.startMember('here');
    const spec = specOf(80);
    const { address } = await driver.ensureLoadBalancer(spec);
    expect(address).toMatch(/^10\.(19[2-9]|20[0-7])\.\d+\.1$/);
    expect(before).not.toContain(address);
    expect(await observeAddresses()).toContain(address);
    await driver.ensureMembers(spec.id, { 'port-80': [member] });
    await eventually(() => setting.ask(address, 80), 'here');
    await driver.removeLoadBalancer(spec.id);
    expect(await observeAddresses()).not.toContain(address);
  }, 60_000);

  it('come back after they are gone with a reboot, with the listeners on them', async () => {
    setting = await openHaproxySetting(null);
    const driver = setting.openDriver();
    const member = await setting.startMember('here');
    const spec = specOf(80);
    const { address } = await driver.ensureLoadBalancer(spec);
    await driver.ensureMembers(spec.id, { 'port-80': [member] });
    await driver.close();
    await stopHaproxy(setting.config);
    await removeAddress(address);
    setting.openDriver();
    await eventually(() => setting.ask(address, 80), 'here');
  }, 60_000);

  it('stay the same pool when routes of the machine change, and two installations have two', async () => {
    setting = await openHaproxySetting(null);
    const other = await openHaproxySetting(null);
    try {
      const [mine, theirs] = [setting.openDriver(), other.openDriver()];
      const first = await mine.ensureLoadBalancer(specOf(80));
      const foreign = await theirs.ensureLoadBalancer(specOf(80));
      const networkOf = (address: string): string => address.slice(0, address.lastIndexOf('.'));
      expect(networkOf(foreign.address)).not.toBe(networkOf(first.address));
      expect(networkOf((await setting.openDriver().ensureLoadBalancer(specOf(80))).address)).toBe(
        networkOf(first.address),
      );
      expect(JSON.parse(await readFile(setting.paths.pool, 'utf8'))).toEqual({
        cidr: `${networkOf(first.address)}.0/24`,
      });
    } finally {
      await other.cleanUp();
    }
  }, 60_000);

  it('stay where an operator had put them', async () => {
    // TEST-NET-1 (RFC 5737): nobody's.
    setting = await openHaproxySetting('192.0.2.8/30');
    await ensureAddress('192.0.2.9');
    try {
      const driver = setting.openDriver();
      const [operators, ours] = [specOf(80), specOf(80)];
      expect((await driver.ensureLoadBalancer(operators)).address).toBe('192.0.2.9');
      expect((await driver.ensureLoadBalancer(ours)).address).toBe('192.0.2.10');
      await expect(driver.ensureLoadBalancer(specOf(80))).rejects.toMatchObject({
        code: 'provider-refused',
        publicMessage: 'No address is left for a load balancer. Widen BAYKEEPER_LB_ADDRESSES or delete a bay.',
      });
      await driver.removeLoadBalancer(operators.id);
      await driver.removeLoadBalancer(ours.id);
      const left = await observeAddresses();
      expect([left.has('192.0.2.9'), left.has('192.0.2.10')]).toEqual([true, false]);
    } finally {
      await removeAddress('192.0.2.9');
    }
  }, 60_000);

  it('are given again when a process was killed between taking one and writing down for what', async () => {
    setting = await openHaproxySetting('192.0.2.24/30');
    const driver = setting.openDriver();
    const lost = specOf(80);
    await driver.ensureLoadBalancer(lost);
    await rm(`${setting.paths.balancers}/${lost.id}.json`);
    // Its address is still listened on; another's was made by somebody who was killed before it was put to use.
    await writeFile(`${setting.paths.addresses}/192.0.2.26`, '');
    expect((await driver.ensureLoadBalancer(specOf(80))).address).toBe('192.0.2.26');
    // With that reload the lost one is gone, and what it held is free.
    expect((await driver.ensureLoadBalancer(specOf(80))).address).toBe('192.0.2.25');
  }, 60_000);

  it('are all taken off by a purge, also of a process that was killed right after setting one', async () => {
    setting = await openHaproxySetting('192.0.2.16/29');
    const driver = setting.openDriver();
    const spec = specOf(80);
    expect((await driver.ensureLoadBalancer(spec)).address).toBe('192.0.2.17');
    expect(await observeAddresses()).toContain('192.0.2.17');
    await rm(`${setting.paths.balancers}/${spec.id}.json`);
    await setting.cleanUp();
    expect(await observeAddresses()).not.toContain('192.0.2.17');
  }, 60_000);
});
