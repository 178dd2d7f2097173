import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeComputeDriver, type ComputeUnderTest } from '../compute.conformance.js';
import { observeContainers } from './containers.js';
import { localPaths } from './local.config.js';
import { createLocalCompute } from './local.driver.js';
import { purgeLocalCompute } from './local.purge.js';
import * as host from './testing/test-host.js';
import { eventually, IMAGE, nameDataDirectory, NOTHING, observeHost, run, specOf } from './testing/test-host.js';

const describeHere = await host.describeWithContainers();

describeHere('local compute', () => {
  describeComputeDriver(
    async () => {
      const dataDirectory = nameDataDirectory();
      const config = host.configIn(dataDirectory);
      const subject: ComputeUnderTest = {
        driver: createLocalCompute(config),
        other: createLocalCompute(config),
        image: IMAGE,
        async switchOff(id) {
          // A monitor that has just begun drops what it is told: so it is told until nobody is there any more.
          const machines = join(dataDirectory, 'machines');
          while ((await observeContainers({ machines })).has(id))
            host.tryToRun('lxc-stop', '--kill', '--name', id, '--lxcpath', machines);
        },
        async dispose() {
          await purgeLocalCompute(config);
          rmSync(dataDirectory, { recursive: true, force: true });
        },
      };
      return Promise.resolve(subject);
    },
    { prepare: 400_000, test: 60_000 },
  );

  describe('with real containers', () => {
    const dataDirectory = nameDataDirectory();
    const config = { ...host.configIn(dataDirectory), nodePort: 9512 };
    const machines = join(dataDirectory, 'machines');
    const driver = createLocalCompute(config);

    const inside = (id: string, ...command: string[]): string => host.inside(dataDirectory, id, ...command);
    const printed = (id: string, text: string): Promise<void> =>
      eventually(`"${text}" on the console`, async () => (await driver.console(id)).includes(text));

    beforeAll(() => driver.prepare(() => undefined), 400_000);
    afterAll(async () => {
      await purgeLocalCompute(config);
      rmSync(dataDirectory, { recursive: true, force: true });
    }, 60_000);

    it('the boot command finds its files, systemd up and the network on, and its output is on the console', async () => {
      const look = [
        'cat /etc/baykeeper/node.env',
        'stat -c "mode %a" /etc/baykeeper/node.env',
        'ip -4 -o address show eth0',
        'hostname',
        'systemctl is-system-running',
        'echo the end',
      ];
      const spec = specOf(look.join('\n'));
      const secret = { path: '/etc/baykeeper/node.env', mode: 0o600, content: "GREETING='hello from a file'\n" };
      const machine = await driver.ensureMachine({ ...spec, files: [...spec.files, secret] });
      await printed(spec.id, 'the end');
      const console = await driver.console(spec.id);
      expect(console).toContain("GREETING='hello from a file'");
      expect(console).toContain('mode 600');
      expect(console).toContain(`inet ${machine.address ?? '-'}/22`);
      expect(console).toContain('node-one');
      expect(console).toContain('starting');
      expect(inside(spec.id, 'stat', '-c', '%F', '/dev/ptmx').trim()).toBe('character special file');
      expect(run('lxc-ls', '-P', machines, '--running', '-1')).toContain(spec.id);
      expect(run('ip', '-o', 'link', 'show', 'master', localPaths(config).bridge)).toContain('bkv');
      await driver.removeMachine(spec.id);
      expect(run('lxc-ls', '-P', machines, '-1')).not.toContain(spec.id);
      expect(existsSync(join(machines, spec.id))).toBe(false);
    }, 60_000);

    it('the server’s environment reaches neither the node nor what keeps it running', async () => {
      process.env['BAYKEEPER_ADMIN_PASSWORD'] = 'environment-secret';
      const spec = specOf('cat /proc/1/environ; echo the end');
      await driver.ensureMachine(spec);
      delete process.env['BAYKEEPER_ADMIN_PASSWORD'];
      await printed(spec.id, 'the end');
      expect(await driver.console(spec.id)).not.toContain('environment-secret');
      const monitor = run('pgrep', '--full', `\\[lxc monitor\\] ${machines} ${spec.id}`).trim();
      expect(readFileSync(`/proc/${monitor}/environ`, 'utf8')).toMatch(/^PATH=/);
      expect(readFileSync(`/proc/${monitor}/environ`, 'utf8')).not.toContain('environment-secret');
      await driver.removeMachine(spec.id);
    }, 60_000);

    it('the boot command runs once: again after a power cut in the middle, not after it succeeded', async () => {
      const spec = specOf(
        'echo run >> /var/lib/runs; echo "runs: $(grep -c run /var/lib/runs)"; test -e /var/lib/released || sleep 1000',
      );
      await driver.ensureMachine(spec);
      await printed(spec.id, 'runs: 1');
      inside(spec.id, 'touch', '/var/lib/released');
      run('lxc-stop', '--kill', '-P', machines, '-n', spec.id);
      await driver.ensureMachine(spec);
      await printed(spec.id, 'runs: 2');
      await eventually(
        'the first boot is done',
        () => inside(spec.id, 'systemctl', 'is-active', 'baykeeper-boot.service').trim() === 'active',
      );
      run('lxc-stop', '--kill', '-P', machines, '-n', spec.id);
      await driver.ensureMachine(spec);
      await eventually(
        'systemd is up',
        () => inside(spec.id, 'systemctl', 'is-system-running', '--wait').trim() === 'running',
      );
      expect(inside(spec.id, 'cat', '/var/lib/runs')).toBe('run\nrun\n');
      await driver.removeMachine(spec.id);
    }, 60_000);

    it('a flavor limits memory and processors', async () => {
      const spec = specOf('exit 0', { flavor: { name: 'small', vcpus: 1, memoryMib: 512, diskGib: 1 } });
      await driver.ensureMachine(spec);
      // Below whatever group this process itself is in.
      const init = run('lxc-info', '-P', machines, '-n', spec.id, '-pH').trim();
      const groups = readFileSync(`/proc/${init}/cgroup`, 'utf8');
      const groupOf = (controller: string): string =>
        /^[^:]*:[^:]*:(\/.*\/lxc\.payload\.[^/\n]+|\/lxc\.payload\.[^/\n]+)/m.exec(
          groups.split('\n').find((line) => line.split(':')[1]?.split(',').includes(controller)) ?? '',
        )?.[1] ?? '';
      const files = existsSync('/sys/fs/cgroup/cgroup.controllers')
        ? [`/sys/fs/cgroup${groupOf('')}/memory.max`, `/sys/fs/cgroup${groupOf('')}/cpu.max`]
        : [
            `/sys/fs/cgroup/memory${groupOf('memory')}/memory.limit_in_bytes`,
            `/sys/fs/cgroup/cpu${groupOf('cpu')}/cpu.cfs_quota_us`,
          ];
      expect(files.map((file) => readFileSync(file, 'utf8').split(/\s/)[0])).toEqual(['536870912', '100000']);
      await driver.removeMachine(spec.id);
    }, 60_000);

    it('a node cannot use a disk of the host', async () => {
      const spec = specOf('exit 0');
      await driver.ensureMachine(spec);
      const [major = '', minor = ''] = run('stat', '-c', '%Hd %Ld', '/').trim().split(' ');
      inside(spec.id, 'mknod', '/root/disk', 'b', major, minor);
      expect(() => inside(spec.id, 'dd', 'if=/root/disk', 'of=/dev/null', 'count=1')).toThrow(/not permitted/);
      await driver.removeMachine(spec.id);
    }, 60_000);

    it('nodes reach each other under a firewall that drops, and rules that were flushed come back', async () => {
      const { bridge } = localPaths(config);
      const comment = `baykeeper_${bridge}`;
      const rules = (): string[] =>
        run('iptables-save')
          .split('\n')
          .filter((line) => line.includes(comment));
      expect(rules()).toHaveLength(4);
      for (const rule of run('iptables', '-S', 'FORWARD')
        .split('\n')
        .filter((line) => line.includes(comment))) {
        run(
          'iptables',
          ...rule
            .replaceAll('"', '')
            .split(' ')
            .map((word) => (word === '-A' ? '-D' : word)),
        );
      }
      expect(rules()).toHaveLength(2);
      // What a Docker engine on the host does to its FORWARD chain, here for this bridge alone.
      const drop = ['FORWARD', '-i', bridge, '-m', 'comment', '--comment', comment, '-j', 'DROP'];
      run('iptables', '-A', ...drop);
      const [one, two] = [specOf('exit 0'), specOf('exit 0', { name: 'node-two' })];
      const [, second] = await Promise.all([driver.ensureMachine(one), driver.ensureMachine(two)]);
      expect(rules()).toHaveLength(5);
      const connect = `exec 3<>/dev/tcp/${second.address ?? ''}/9`;
      // An answer, if only that nobody listens: a packet that is dropped gets none.
      expect(() => inside(one.id, 'timeout', '5', 'bash', '-c', connect)).toThrow(/Connection refused/);
      const gateway = `via ${(await driver.hostAddress()) ?? '-'}`;
      expect(inside(one.id, 'ip', 'route', 'get', '192.0.2.200')).toContain(gateway);
      run('iptables', '-D', ...drop);
      await Promise.all([driver.removeMachine(one.id), driver.removeMachine(two.id)]);
    }, 60_000);

    it('purging leaves no container, mount, bridge, rule, setting or file, even for machines whose files were deleted', async () => {
      const [kept, orphan] = [specOf('exit 0'), specOf('exit 0', { name: 'orphan' })];
      await driver.ensureMachine(kept);
      await driver.ensureMachine(orphan);
      // Moved rather than deleted: a running node goes on writing to its directory.
      renameSync(join(machines, orphan.id), `${dataDirectory}.lost`);
      await purgeLocalCompute(config);
      rmSync(`${dataDirectory}.lost`, { recursive: true });
      expect(observeHost(dataDirectory)).toEqual(NOTHING);
      expect(existsSync(join('/run/baykeeper-local/users', localPaths(config).bridge))).toBe(false);
      await purgeLocalCompute(config);
    }, 60_000);
  });
});
