/**
 * From `bay create` to `CREATE_COMPLETE` for one manager and two workers on real nodes of this machine, beside a plain shell
 * script that makes the same swarm by hand from the same root filesystem.
 */
import { readdir } from 'node:fs/promises';
import { buildImage, IMAGES, openBay, takeTurns } from './beside-by-hand.js';
import type { BenchmarkResult } from './result.js';
import { startService } from './service.js';

export async function benchSwarmCreate(): Promise<readonly BenchmarkResult[]> {
  await buildImage();
  const image = await findRootFilesystem();
  const service = await startService({ BAYKEEPER_IMAGES: IMAGES, BAYKEEPER_COMPUTE: 'local' });
  try {
    const bay = await openBay(service);
    return await takeTurns({
      name: 'swarm',
      what: '1 manager + 2 workers',
      rounds: 5,
      ours: async (round) => {
        const name = `bench${String(round)}`;
        const started = performance.now();
        await bay(['create', name, '--template', 'swarm', '--nodes', '2', '--wait']);
        const took = (performance.now() - started) / 1000;
        await bay(['rm', name, '--yes', '--wait']);
        return took;
      },
      byHand: ['swarm-by-hand.sh', image],
    });
  } finally {
    await service.close();
  }
}

async function findRootFilesystem(): Promise<string> {
  const entries = await readdir(IMAGES, { withFileTypes: true, recursive: true });
  const dockerd = entries.find((entry) => entry.name === 'dockerd' && entry.parentPath.endsWith('/usr/sbin'));
  if (!dockerd) throw new Error(`no root filesystem with dockerd was found below ${IMAGES}`);
  return dockerd.parentPath.slice(0, -'/usr/sbin'.length);
}
