import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { mkdtemp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findTemplatesDirectory } from '../bootstrap/templates.js';
import { openArtifactMirror, type ArtifactMirror } from './artifact-mirror.js';
import { catalogueSchema, compareVersions, type KeptVersion } from './artifact-version.js';
import { parse } from 'yaml';
import { stringify } from 'yaml';

const sum = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');
const KUBELET = 'a kubelet';
const PAUSE = 'an archive of pause';
const CALICO = 'kind: DaemonSet\n';
const kept: KeptVersion = {
  version: 'v1.30.1',
  source: 'imported',
  artifacts: [
    { kind: 'binary', name: 'kubelet', reference: null, sha256: sum(KUBELET), size: KUBELET.length },
    { kind: 'binary', name: 'kubeadm', reference: null, sha256: sum(KUBELET), size: KUBELET.length },
    { kind: 'image', name: 'pause', reference: 'registry.example/pause:1', sha256: sum(PAUSE), size: PAUSE.length },
    { kind: 'image', name: 'etcd', reference: 'registry.example/etcd:1', sha256: sum(PAUSE), size: PAUSE.length },
  ],
};

describe('the artifact mirror', () => {
  let directory: string;
  let templatesDirectory: string;
  let mirror: ArtifactMirror;
  const open = (mirrorUrl: string | null = null): ArtifactMirror =>
    openArtifactMirror({ directory: join(directory, 'artifacts'), templatesDirectory, mirrorUrl });
  const store = async (text: string): Promise<number> => mirror.write(sum(text), Readable.from([Buffer.from(text)]));

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bk-artifacts-'));
    templatesDirectory = join(directory, 'templates');
    await mkdir(join(templatesDirectory, 'kubernetes'), { recursive: true });
    await writeFile(join(templatesDirectory, 'kubernetes/artifacts.sh'), '# the script\n');
    mirror = open();
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('is empty before anything was imported', () => {
    expect(mirror.versions()).toEqual([]);
    expect(() => mirror.nodeFiles('v1.30.1', 'worker', 'flannel')).toThrow(/v1\.30\.1 is not in the artifact mirror/);
  });

  it('keeps a version once all of its files are there, for every process at once', async () => {
    expect(await mirror.keep(kept)).toEqual([sum(KUBELET), sum(PAUSE)]);
    expect(await store(KUBELET)).toBe(KUBELET.length);
    expect(await mirror.keep(kept)).toEqual([sum(PAUSE)]);
    expect(mirror.versions()).toEqual([]);
    await store(PAUSE);
    expect(await mirror.keep(kept)).toEqual([]);
    for (const each of [mirror, open()]) {
      expect(each.versions()).toMatchObject([{ version: 'v1.30.1', source: 'imported', isComplete: true }]);
    }
    expect(await mirror.verify('v1.30.1')).toEqual([]);
    expect(await mirror.verify('v1.30.2')).toBeNull();
  });

  it('sees at once what another process changed', async () => {
    const other = open();
    await store(KUBELET);
    await store(PAUSE);
    await mirror.keep(kept);
    expect(other.versions()).toHaveLength(1);
    await mirror.keep({ ...kept, artifacts: kept.artifacts.slice(0, 1) });
    expect(other.versions()[0]?.artifacts).toHaveLength(1);
  });

  it('refuses what has another checksum than its name, and keeps nothing of it', async () => {
    await expect(mirror.write(sum(KUBELET), Readable.from([Buffer.from('another')]))).rejects.toMatchObject({
      code: 'invalid-input',
      publicMessage: `The checksum of what came does not match: expected ${sum(KUBELET)}, got ${sum('another')}.`,
    });
    expect(await readdir(join(directory, 'artifacts/blobs'))).toEqual([]);
    expect(await mirror.sizeOf(sum(KUBELET))).toBeNull();
  });

  it('keeps nothing of what broke off', async () => {
    const broken = Readable.from(
      (function* () {
        yield Buffer.from('half');
        throw new Error('the line is dead');
      })(),
    );
    await expect(mirror.write(sum(KUBELET), broken)).rejects.toThrow('the line is dead');
    expect(await readdir(join(directory, 'artifacts/blobs'))).toEqual([]);
  });

  it('finds files that were changed or are gone', async () => {
    await store(KUBELET);
    await store(PAUSE);
    await mirror.keep(kept);
    await writeFile(join(directory, 'artifacts/blobs', sum(KUBELET)), 'a worm');
    await rm(join(directory, 'artifacts/blobs', sum(PAUSE)));
    expect((await mirror.verify('v1.30.1'))?.map(({ problem }) => problem)).toEqual([
      `The checksum of kubelet does not match: expected ${sum(KUBELET)}, got ${sum('a worm')}.`,
      `The checksum of kubeadm does not match: expected ${sum(KUBELET)}, got ${sum('a worm')}.`,
      'pause is missing from the mirror.',
      'etcd is missing from the mirror.',
    ]);
  });

  it('tells a node what its role installs, and where to ask first', async () => {
    await store(KUBELET);
    await store(PAUSE);
    await mirror.keep(kept);
    const [list, script] = mirror.nodeFiles('v1.30.1', 'master', 'flannel');
    expect(list).toEqual({
      ...{ path: '/etc/baykeeper/artifacts', mode: 0o644 },
      content:
        `binary kubelet ${sum(KUBELET)}\nbinary kubeadm ${sum(KUBELET)}\n` +
        `image pause ${sum(PAUSE)}\nimage etcd ${sum(PAUSE)}\n`,
    });
    expect(script).toMatchObject({ path: '/usr/lib/baykeeper/artifacts.sh', content: '# the script\n' });
    expect(open('https://mirror.example/k').nodeFiles('v1.30.1', 'worker', 'flannel')[0]?.content).toBe(
      `mirror https://mirror.example/k -\nbinary kubelet ${sum(KUBELET)}\nimage pause ${sum(PAUSE)}\n`,
    );
  });

  it('tells a node nothing of a network that its bay has not', async () => {
    const parts: KeptVersion['artifacts'] = [
      ...[
        'flannel-io/flannel',
        'flannel-io/flannel-cni-plugin',
        'calico/cni',
        'calico/node',
        'calico/kube-controllers',
      ].map((path) => ({
        ...{ kind: 'image' as const, name: path.slice(path.indexOf('/') + 1), reference: `registry.example/${path}:1` },
        ...{ sha256: sum(PAUSE), size: PAUSE.length },
      })),
      // What pods may run besides.
      { kind: 'image', name: 'node', reference: 'registry.example/node:20', sha256: sum(PAUSE), size: PAUSE.length },
      { kind: 'manifest', name: 'calico', reference: null, sha256: sum(KUBELET), size: KUBELET.length },
    ];
    await store(KUBELET);
    await store(PAUSE);
    await mirror.keep({ ...kept, artifacts: parts });
    const named = (role: 'master' | 'worker', network: 'flannel' | 'calico'): string =>
      (mirror.nodeFiles('v1.30.1', role, network)[0]?.content ?? '').replace(/ [0-9a-f]{64}\n/g, ', ');
    expect(named('master', 'flannel')).toBe('image flannel, image flannel-cni-plugin, image node, ');
    expect(named('worker', 'calico')).toBe('image cni, image node, image kube-controllers, image node, ');
    expect(named('master', 'calico')).toBe(`${named('worker', 'calico')}manifest calico, `);
  });

  it('orders versions by number, releases before their candidates', () => {
    const versions = ['v1.9.0', 'v1.32.0-rc.1', 'v1.32.0', 'v1.32.10', 'v1.32.0-rc.10', 'v2.0.0'];
    expect(versions.sort(compareVersions)).toEqual([
      ...['v2.0.0', 'v1.32.10', 'v1.32.0', 'v1.32.0-rc.10', 'v1.32.0-rc.1', 'v1.9.0'],
    ]);
  });

  it('the catalogue that is shipped is valid, and names no file twice', async () => {
    const text = await readFile(join(findTemplatesDirectory(), 'kubernetes/versions.yaml'), 'utf8');
    const { versions } = catalogueSchema.parse(parse(text));
    for (const { binaries, images } of versions) {
      const sums = [...binaries.map(({ sha256 }) => sha256), ...images.map(({ digest }) => digest)];
      expect(new Set(sums).size).toBe(sums.length);
      expect(binaries.map(({ name }) => name)).toEqual(['kubeadm', 'kubelet', 'kubectl']);
    }
  });

  describe('that fetches', () => {
    let server: Server;
    let base: string;
    let asked: string[];
    const answers = new Map<string, { body: string | Buffer; type?: string }>();
    const layer = Buffer.from('the only layer');
    const config = Buffer.from('{"architecture":"amd64","os":"linux"}');
    const digestOf = (content: Buffer | string): string => `sha256:${sum(content)}`;
    const descriptor = (content: Buffer) => ({ mediaType: 'x', digest: digestOf(content), size: content.length });
    const manifest = Buffer.from(JSON.stringify({ config: descriptor(config), layers: [descriptor(layer)] }));
    const index = Buffer.from(
      JSON.stringify({
        manifests: [
          { ...descriptor(Buffer.from('for another machine')), platform: { os: 'linux', architecture: 'arm64' } },
          { ...descriptor(manifest), platform: { os: 'linux', architecture: 'amd64' } },
        ],
      }),
    );

    beforeEach(async () => {
      asked = [];
      answers.clear();
      server = createServer((request, response) => {
        const path = request.url ?? '';
        asked.push(path);
        if (path.startsWith('/v2/') && request.headers.authorization !== 'Bearer anybody') {
          const challenge = `Bearer realm="${base}/token",service="test"`;
          response.writeHead(401, { 'WWW-Authenticate': challenge }).end();
          return;
        }
        const answer = answers.get(path);
        if (answer === undefined) response.writeHead(404).end();
        else response.writeHead(200, { 'Content-Type': answer.type ?? 'text/plain' }).end(answer.body);
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      base = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
      const host = base.replace('http://', '');
      answers.set('/kubelet', { body: KUBELET });
      answers.set('/calico.yaml', { body: CALICO });
      answers.set('/token?service=test&scope=repository%3Apath%2Fpause%3Apull', { body: '{"token":"anybody"}' });
      const list = 'application/vnd.oci.image.index.v1+json';
      answers.set(`/v2/path/pause/manifests/${digestOf(index)}`, { body: index, type: list });
      const single = 'application/vnd.oci.image.manifest.v1+json';
      answers.set(`/v2/path/pause/manifests/${digestOf(manifest)}`, { body: manifest, type: single });
      answers.set(`/v2/path/pause/blobs/${digestOf(config)}`, { body: config });
      answers.set(`/v2/path/pause/blobs/${digestOf(layer)}`, { body: layer });
      const catalogue = {
        versions: [
          {
            version: 'v1.31.0',
            binaries: [{ name: 'kubelet', url: 'https://programs.example/kubelet', sha256: sum(KUBELET) }],
            manifests: [{ name: 'calico', url: 'https://programs.example/calico.yaml', sha256: sum(CALICO) }],
            images: [{ name: 'pause', reference: `${host}/path/pause:1`, digest: digestOf(index) }],
          },
        ],
      };
      await writeFile(join(templatesDirectory, 'kubernetes/versions.yaml'), stringify(catalogue));
      const real = globalThis.fetch;
      // The catalogue knows https alone.
      globalThis.fetch = ((url: string, options: RequestInit) =>
        real(url.replace('https://programs.example', base), options)) as typeof fetch;
      restore = () => {
        globalThis.fetch = real;
      };
      mirror = open();
    });
    let restore: () => void;
    afterEach(async () => {
      restore();
      server.close();
      await once(server, 'close');
    });

    it('knows the version before, but gives nothing of it to nodes', () => {
      expect(mirror.versions()).toMatchObject([{ version: 'v1.31.0', isComplete: false, source: 'catalogue' }]);
      expect(() => mirror.nodeFiles('v1.31.0', 'worker', 'flannel')).toThrow(/is being fetched, or has to be imported/);
    });

    it('fetches once, and packs the image so that its parts are what they were', async () => {
      await Promise.all([mirror.ensure('v1.31.0'), open().ensure('v1.31.0')]);
      expect(asked.filter((path) => path === '/kubelet')).toHaveLength(1);
      const [version] = mirror.versions();
      expect(version).toMatchObject({ isComplete: true, source: 'fetched' });
      expect(version?.artifacts.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
        ...['binary kubelet', 'manifest calico', 'image pause'],
      ]);
      const image = version?.artifacts.find(({ kind }) => kind === 'image');
      const archive = await buffer(mirror.read(image?.sha256 ?? ''));
      const listed = spawnSync('tar', ['-tf', '-'], { input: archive, encoding: 'utf8' });
      expect(listed.stderr).toBe('');
      expect(listed.stdout.trim().split('\n')).toEqual([
        ...['oci-layout', 'index.json', `blobs/sha256/${sum(manifest)}`],
        ...[`blobs/sha256/${sum(config)}`, `blobs/sha256/${sum(layer)}`],
      ]);
      const read = (path: string): string =>
        spawnSync('tar', ['-xOf', '-', path], { input: archive, encoding: 'utf8' }).stdout;
      expect(read(`blobs/sha256/${sum(layer)}`)).toBe(layer.toString());
      expect(JSON.parse(read('index.json'))).toMatchObject({
        manifests: [{ digest: digestOf(manifest), annotations: { 'io.containerd.image.name': image?.reference } }],
      });
    });

    it.each([
      ['a program', '/kubelet', 'https://programs.example/kubelet'],
      ['what a network begins with', '/calico.yaml', 'https://programs.example/calico.yaml'],
      ['a manifest', `/v2/path/pause/manifests/${digestOf(index)}`, 'what the registry gave'],
      ['a layer', `/v2/path/pause/blobs/${digestOf(layer)}`, 'what the registry gave'],
    ])('refuses %s that is not what the catalogue says, and keeps no version', async (_what, path, named) => {
      const { type } = answers.get(path) ?? {};
      answers.set(path, { body: 'something else', ...(type !== undefined && { type }) });
      await expect(mirror.ensure('v1.31.0')).rejects.toMatchObject({
        code: 'provider-refused',
        publicMessage: expect.stringContaining(`The checksum of ${named} does not match: expected`) as unknown,
      });
      expect(mirror.versions()[0]?.isComplete).toBe(false);
    });

    it('goes through the proxy of the environment, and round it where that says so', async () => {
      const proxied: string[] = [];
      const proxy = createServer().on('connect', (request, client, head) => {
        proxied.push(request.url ?? '');
        const [host = '', port = ''] = (request.url ?? '').split(':');
        const target = connect(Number(port), host, () => {
          client.write('HTTP/1.1 200 OK\r\n\r\n');
          target.write(head);
          target.pipe(client).pipe(target);
        });
      });
      proxy.listen(0, '127.0.0.1');
      await once(proxy, 'listening');
      const known = { ...process.env };
      try {
        process.env['HTTP_PROXY'] = `http://127.0.0.1:${String((proxy.address() as AddressInfo).port)}`;
        process.env['NO_PROXY'] = '127.0.0.1';
        answers.delete('/calico.yaml');
        await expect(mirror.ensure('v1.31.0')).rejects.toMatchObject({ code: 'provider-refused' });
        expect(proxied).toEqual([]);
        answers.set('/calico.yaml', { body: CALICO });
        delete process.env['NO_PROXY'];
        await mirror.ensure('v1.31.0');
        expect(new Set(proxied)).toEqual(new Set([base.replace('http://', '')]));
      } finally {
        process.env = known;
        proxy.closeAllConnections();
        proxy.close();
      }
    });

    it('says who cannot be reached', async () => {
      restore();
      globalThis.fetch = () => Promise.reject(new TypeError('fetch failed'));
      await expect(mirror.ensure('v1.31.0')).rejects.toMatchObject({
        code: 'provider-unavailable',
        publicMessage:
          'https://programs.example cannot be reached: import the artifacts from a folder, or try again later.',
      });
    });
  });
});
