/** Run in a network namespace of its own, with a /run of its own: other installations on this host are not disturbed. */
import { beforeAll, expect, it } from '@jest/globals';
import { BUILT, buildDrivers } from './testing/build-drivers.js';
import { describeWithContainers, run } from './testing/test-host.js';

const describeHere = await describeWithContainers();

const PROGRAM = `
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
const { ensureForwarding, removeForwarding } = await import('${BUILT}/ip-forwarding.js');
const before = process.argv[1];
writeFileSync('/proc/sys/net/ipv4/ip_forward', before);
const seen = [];
const see = () => seen.push(readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8').trim());
await Promise.all([ensureForwarding('bk-a'), ensureForwarding('bk-b')]);
see();
await removeForwarding('bk-a');
see();
await removeForwarding('bk-a');
see();
await removeForwarding('bk-b');
see();
console.log(seen.join(' '), existsSync('/run/baykeeper-local'));
`;

describeHere('IPv4 forwarding', () => {
  beforeAll(buildDrivers, 120_000);

  const observe = (before: '0' | '1'): string =>
    run(
      ...(['unshare', '--net', '--mount', 'sh', '-c', 'mount -t tmpfs tmpfs /run && exec "$@"', 'sh'] as const),
      ...[process.execPath, '--input-type=module', '--eval', PROGRAM, before],
    ).trim();

  it('is on while any installation needs it, and then as it was', () => {
    expect(observe('0')).toBe('1 1 1 0 false');
  }, 20_000);

  it('stays on where it was on', () => {
    expect(observe('1')).toBe('1 1 1 1 false');
  }, 20_000);
});
