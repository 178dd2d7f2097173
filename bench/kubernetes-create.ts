/**
 * From `bay create` until kubectl, with the credentials that were downloaded, shows three masters and two workers Ready
 * through the load balancer, on real nodes of this machine; beside a plain shell script that makes the same cluster by hand
 * with kubeadm from the same root filesystem, programs and images.
 *
 * Kubernetes itself is not in Debian: BAYKEEPER_TEST_KUBERNETES_ARTIFACTS names a folder that has it (docs/kubernetes.md).
 */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { flannelManifest } from '@baykeeper/drivers/engines/kubernetes/flannel.js';
import { IMAGES, openBay, takeTurns } from './beside-by-hand.js';
import type { BenchmarkResult } from './result.js';
import { run, startService } from './service.js';

const ARTIFACTS = process.env['BAYKEEPER_TEST_KUBERNETES_ARTIFACTS'] ?? '';
const NODES = 5;

export async function benchKubernetesCreate(): Promise<readonly BenchmarkResult[]> {
  if (ARTIFACTS === '') {
    console.log('  SKIPPED: BAYKEEPER_TEST_KUBERNETES_ARTIFACTS names no folder with Kubernetes');
    return [];
  }
  const service = await startService({
    BAYKEEPER_IMAGES: IMAGES,
    BAYKEEPER_COMPUTE: 'local',
    BAYKEEPER_NODE_BOOT_TIMEOUT_SECONDS: '1200',
  });
  try {
    const bay = await openBay(service);
    const imported = await bay(['artifacts', 'import', ARTIFACTS]);
    const [version = ''] = /v1\.\d+\.\d+/.exec(imported) ?? [];
    const create = async (name: string): Promise<number> => {
      const started = performance.now();
      await bay(['create', name, '--template', 'kubernetes', '--masters', '3', '--nodes', '2', '--wait']);
      const credentials = join(service.data, `${name}-credentials`);
      await bay(['credentials', name, '--dir', credentials]);
      while ((await countReady(join(credentials, 'kubectl.config'))) < NODES) await sleep(200);
      const took = (performance.now() - started) / 1000;
      await bay(['rm', name, '--yes', '--wait']);
      return took;
    };
    console.log('  a bay beforehand, which builds the nodes’ root filesystem when there is none');
    await create('beforehand');
    const manifest = join(service.data, 'flannel.yaml');
    await writeFile(manifest, await flannelOf(version));
    return await takeTurns({
      name: 'kubernetes',
      what: '3 masters + 2 workers',
      rounds: 3,
      ours: (round) => create(`bench${String(round)}`),
      byHand: ['kubernetes-by-hand.sh', await findRootFilesystem(), ARTIFACTS, manifest, version],
    });
  } finally {
    await service.close();
  }
}

async function countReady(kubeconfig: string): Promise<number> {
  const args = ['--kubeconfig', kubeconfig, '--request-timeout=5s', 'get', 'nodes', '--no-headers'];
  const shown = await run(join(ARTIFACTS, 'bin/kubectl'), args).catch(() => ({ stdout: '' }));
  return shown.stdout.split('\n').filter((line) => / Ready /.test(line)).length;
}

/** The manifest that the bay's masters apply. */
async function flannelOf(version: string): Promise<string> {
  const artifacts = await Promise.all(
    ['flannel', 'flannel-cni-plugin'].map(async (name) => {
      const { stdout } = await run('tar', ['-xOf', join(ARTIFACTS, 'images', `${name}.tar`), 'manifest.json']);
      const [listed] = JSON.parse(stdout) as { RepoTags: string[] }[];
      return { kind: 'image', name, reference: listed?.RepoTags[0] ?? '' } as const;
    }),
  );
  return flannelManifest({ version, isComplete: true, artifacts }, { labels: {} });
}

async function findRootFilesystem(): Promise<string> {
  const directory = join(IMAGES, 'debian-12-kubernetes');
  const [newest] = await readdir(directory);
  if (newest === undefined) throw new Error(`no root filesystem was found in ${directory}`);
  return join(directory, newest);
}
