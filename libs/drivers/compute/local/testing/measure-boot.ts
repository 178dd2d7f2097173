/**
 * Measures, on this machine and as root: how long an image takes to build and how large it is, and how long it takes from
 * asking for machines until their boot commands run. `npx tsc -b libs/drivers`, then
 * `node libs/drivers/dist/compute/local/testing/measure-boot.js`. Leaves nothing behind.
 */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createLocalCompute } from '../local.driver.js';
import { purgeLocalCompute } from '../local.purge.js';

const dataDirectory = mkdtempSync('/var/tmp/bk-measure-');
const imagesDirectory = join(import.meta.dirname, '../../../../../../templates/images');
const driver = createLocalCompute({ dataDirectory, installation: 'measure', subnet: null, imagesDirectory });
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const BOOT_COMMAND = '/usr/lib/baykeeper/agent.sh';

/** Seconds from the call until each boot command says that it runs, by the same clock: containers share the host's. */
async function measureMachines(count: number): Promise<readonly number[]> {
  const started = Date.now();
  const ids = Array.from({ length: count }, () => randomUUID());
  await Promise.all(
    ids.map((id, index) =>
      driver.ensureMachine({
        id,
        name: `measured-${index}`,
        installation: 'measure',
        bayId: id,
        image: 'debian-12-docker',
        flavor: null,
        network: null,
        files: [{ path: BOOT_COMMAND, mode: 0o755, content: '#!/bin/sh\necho "running at $(date +%s%3N)"\n' }],
        bootCommand: BOOT_COMMAND,
      }),
    ),
  );
  const times = await Promise.all(ids.map((id) => bootTime(id)));
  await Promise.all(ids.map((id) => driver.removeMachine(id)));
  return times.map((time) => (time - started) / 1000);
}

async function bootTime(id: string): Promise<number> {
  for (;;) {
    const match = /running at (\d+)/.exec(await driver.console(id));
    if (match !== null) return Number(match[1]);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

try {
  const started = Date.now();
  await driver.prepare(say);
  const size = execFileSync('du', ['-sm', join(dataDirectory, 'images')], { encoding: 'utf8' }).split('\t')[0] ?? '';
  say(`prepare: ${((Date.now() - started) / 1000).toFixed(1)} s; images: ${size} MiB`);
  for (const count of [1, 1, 1, 3, 3, 3, 10]) {
    const seconds = await measureMachines(count);
    say(`${count} at once, boot command runs after: ${seconds.map((each) => each.toFixed(2)).join(' ')} s`);
  }
} finally {
  await purgeLocalCompute({ dataDirectory });
  rmSync(dataDirectory, { recursive: true, force: true });
}
