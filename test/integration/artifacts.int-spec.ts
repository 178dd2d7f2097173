/** The artifact mirror as an operator fills it, and a Kubernetes bay of simulated machines, against the real service. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../support/run.js';
import { FOR_CLIENTS, startServer, type RunningServer } from '../support/running-server.js';

const VERSION = 'v1.40.7';
const sum = (content: string): string => createHash('sha256').update(content).digest('hex');

describe('the artifact mirror', () => {
  let server: RunningServer;
  let folder: string;

  beforeAll(async () => {
    server = await startServer(FOR_CLIENTS);
    folder = await makeFolder(server.dataDirectory);
  }, 180_000);
  afterAll(() => server.purge(), 60_000);

  const bay = async (...words: string[]): Promise<string> => (await server.bay(words)).stdout;

  it('is filled from a folder, and looked through', async () => {
    expect(await bay('artifacts')).toMatch(/^v1\.\d+\.\d+ +catalogue +no, /m);
    const imported = await server.bay(['artifacts', 'import', folder]);
    expect(imported.stdout).toBe(`Kubernetes ${VERSION} is ready: 16 files, 16 of them new.\n`);
    expect(imported.stderr).toContain('Not needed by nodes and left out: kube-scheduler.');
    expect(await bay('artifacts', 'import', folder)).toContain('16 files, 0 of them new.');
    expect(await bay('artifacts', 'ls')).toMatch(new RegExp(`^${VERSION} +imported +yes +16 `, 'm'));
    expect(await bay('artifacts', 'ls', '--files')).toMatch(
      new RegExp(`^${VERSION} +image +pause +registry\\.example/pause:1 +[0-9a-f]{64}$`, 'm'),
    );
    expect(await bay('artifacts', 'verify')).toBe(`All is well: ${VERSION}.\n`);
  }, 120_000);

  it('refuses a folder that lacks something, and stays as it was', async () => {
    await rm(join(folder, 'bin/kubectl'));
    const refused = await server.bay(['artifacts', 'import', folder], { mayFail: true });
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('lacks bin/kubectl')]);
    expect(await bay('artifacts', 'verify', VERSION)).toContain('All is well');
  }, 60_000);

  it('makes bays of the newest version that is kept, or of the one that is asked for', async () => {
    await bay('create', 'k', '--template', 'kubernetes', '--masters', '3', '--nodes', '1', '--wait');
    expect(await bay('show', 'k')).toMatch(/^Masters: +3 \(3 ready\)$/m);
    const other = ['create', 'l', '--template', 'kubernetes', '--label', 'kube_tag=v1.1.1'];
    const refused = await server.bay(other, { mayFail: true });
    expect([refused.code, refused.stderr]).toEqual([3, expect.stringMatching(/kube_tag .*v1\.40\.7/)]);
    await bay('rm', 'k', '--yes', '--wait');
  }, 120_000);

  it('makes bays with calico where the mirror has it', async () => {
    const template = [
      'templates',
      'create',
      'with-calico',
      '--engine',
      'kubernetes',
      '--image',
      'debian-12-kubernetes',
    ];
    await bay(...template, '--network-driver', 'calico', '--label', 'calico_ipv4pool=172.20.0.0/16');
    await bay('create', 'c', '--template', 'with-calico', '--nodes', '1', '--wait');
    await bay('rm', 'c', '--yes', '--wait');
  }, 120_000);

  it('tells of files that were changed', async () => {
    await writeFile(join(server.dataDirectory, 'artifacts/blobs', sum('kubelet')), 'a worm');
    const { code, stderr } = await server.bay(['artifacts', 'verify'], { mayFail: true });
    expect(code).toBe(3);
    expect(stderr).toContain(
      `The checksum of kubelet does not match: expected ${sum('kubelet')}, got ${sum('a worm')}.`,
    );
  }, 60_000);
});

/** Programs and images in name only: nobody runs them here. */
async function makeFolder(within: string): Promise<string> {
  const folder = await mkdtemp(join(within, 'folder-'));
  await mkdir(join(folder, 'bin'));
  await mkdir(join(folder, 'images'));
  await mkdir(join(folder, 'manifests'));
  await writeFile(join(folder, 'manifests/calico.yaml'), 'image: registry.example/calico/node:1\n');
  for (const name of ['kubeadm', 'kubelet', 'kubectl', 'kube-scheduler'])
    await writeFile(join(folder, 'bin', name), name);
  const kubernetes = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy'];
  const calico = ['calico/cni', 'calico/node', 'calico/kube-controllers'];
  const others = ['etcd', 'pause', 'coredns', 'flannel', 'flannel-cni-plugin', ...calico];
  for (const name of [...kubernetes, ...others]) {
    const reference = `registry.example/${name}:${kubernetes.includes(name) ? VERSION : '1'}`;
    const work = await mkdtemp(join(folder, 'work-'));
    await writeFile(join(work, 'manifest.json'), JSON.stringify([{ RepoTags: [reference] }]));
    await run('tar', [
      '--format=ustar',
      '-C',
      work,
      '-cf',
      join(folder, 'images', `${name.replace('/', '-')}.tar`),
      'manifest.json',
    ]);
    await rm(work, { recursive: true });
  }
  return folder;
}
