import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readArtifactFolder } from './artifact-folder.js';
import { readImageReference } from './image-archive.js';

let folder: string;
const sum = (content: string): string => createHash('sha256').update(content).digest('hex');

/** As `docker save` writes it: its own word comes last, after layers of any size. */
function archive(name: string, members: Readonly<Record<string, string>>): string {
  const file = join(folder, 'images', `${name}.tar`);
  const work = mkdtempSync(join(folder, 'work-'));
  for (const [member, content] of Object.entries(members)) writeFileSync(join(work, member), content);
  execFileSync('tar', ['--format=ustar', '-C', work, '-cf', file, ...Object.keys(members)]);
  rmSync(work, { recursive: true });
  return file;
}
const saved = (reference: string): Record<string, string> => ({
  layer: 'l'.repeat(100_000),
  'manifest.json': JSON.stringify([{ RepoTags: [reference] }]),
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bay-artifacts-'));
  mkdirSync(join(folder, 'bin'));
  mkdirSync(join(folder, 'images'));
  for (const name of ['kubeadm', 'kubelet', 'kubectl', 'kube-proxy', 'kube-apiserver'])
    writeFileSync(join(folder, 'bin', name), name);
  for (const name of ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy']) {
    archive(name, saved(`registry.example:5000/k/${name}:v1.30.2`));
  }
  archive('e', saved('registry.example/etcd:3.5'));
  archive('p', saved('registry.example/pause:3'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test('a folder says its version, its files with their checksums, and what no node needs of it', async () => {
  const { version, artifacts, leftOut } = await readArtifactFolder(folder);
  expect(version).toBe('v1.30.2');
  expect(leftOut).toEqual(['kube-apiserver']);
  expect(artifacts.map(({ kind, name, reference }) => [kind, name, reference])).toEqual([
    ['binary', 'kube-proxy', null],
    ['binary', 'kubeadm', null],
    ['binary', 'kubectl', null],
    ['binary', 'kubelet', null],
    ['image', 'etcd', 'registry.example/etcd:3.5'],
    ['image', 'kube-apiserver', 'registry.example:5000/k/kube-apiserver:v1.30.2'],
    ['image', 'kube-controller-manager', 'registry.example:5000/k/kube-controller-manager:v1.30.2'],
    ['image', 'kube-proxy', 'registry.example:5000/k/kube-proxy:v1.30.2'],
    ['image', 'kube-scheduler', 'registry.example:5000/k/kube-scheduler:v1.30.2'],
    ['image', 'pause', 'registry.example/pause:3'],
  ]);
  expect(artifacts[1]).toMatchObject({ sha256: sum('kubeadm'), size: 7 });
});

test('what is missing is named', async () => {
  rmSync(join(folder, 'bin/kubectl'));
  rmSync(join(folder, 'images/e.tar'));
  await expect(readArtifactFolder(folder)).rejects.toThrow(`${folder} lacks bin/kubectl, an image etcd.`);
  await expect(readArtifactFolder(join(folder, 'bin'))).rejects.toThrow(/bin\/bin cannot be read/);
});

test('a manifest comes with the images that it names, or not at all', async () => {
  mkdirSync(join(folder, 'manifests'));
  const calico = 'spec:\n  image: quay.io/calico/node:v3\n  - image: "quay.io/calico/cni:v3"\n  # image: none\n';
  writeFileSync(join(folder, 'manifests/calico.yaml'), calico);
  writeFileSync(join(folder, 'manifests/another.yaml'), 'image: x/y:z\n');
  archive('node', saved('quay.io/calico/node:v3'));
  await expect(readArtifactFolder(folder)).rejects.toThrow(
    `${folder} lacks the image quay.io/calico/cni:v3, which manifests/calico.yaml names.`,
  );
  archive('cni', saved('quay.io/calico/cni:v3'));
  const { artifacts } = await readArtifactFolder(folder);
  expect(artifacts.at(-1)).toMatchObject({ kind: 'manifest', name: 'calico', reference: null, sha256: sum(calico) });
});

test('an archive in the form of an OCI image layout is read too', async () => {
  const name = 'registry.example/pause:4';
  const file = archive('oci', {
    'oci-layout': '{}',
    'index.json': JSON.stringify({ manifests: [{ annotations: { 'io.containerd.image.name': name } }] }),
  });
  expect(await readImageReference(file)).toBe(name);
});

test.each([
  ['no archive', null],
  ['an archive without a name', { 'manifest.json': '[{"RepoTags":null}]' }],
  ['an archive of two images', { 'manifest.json': '[{"RepoTags":["a/b:1"]},{"RepoTags":["a/c:1"]}]' }],
  ['an archive with broken words', { 'manifest.json': '[{', 'index.json': '7' }],
] as const)('%s is refused', async (_what, members) => {
  const file = join(folder, 'images/bad.tar');
  if (members === null) writeFileSync(file, 'x'.repeat(2_000));
  else archive('bad', members);
  await expect(readImageReference(file)).rejects.toThrow(/is no archive of one image with its name/);
});
