/** Every kind of node's first boot and kubeadm's configuration, as whole texts. */
import { describe, expect, it } from '@jest/globals';
import type { Bay, Node } from '@baykeeper/domain';
import { makeBay, makeNode, makeReadyNode, T0 } from '@baykeeper/domain/testing/builders.js';
import { parse, parseAllDocuments } from 'yaml';
import { bootFiles } from '../../bootstrap/boot-files.js';
import { findTemplatesDirectory } from '../../bootstrap/templates.js';
import { renderUserData } from '../../bootstrap/user-data.js';
import { initConfiguration, joinConfiguration } from './kubeadm-config.js';
import { createKubernetesEngine } from './kubernetes.engine.js';
import { expectGolden } from './testing/golden.js';
import { makeRelease, makeReleases } from './testing/releases-double.js';

const templatesDirectory = findTemplatesDirectory();
const release = makeRelease('v1.32.13');
const engine = createKubernetesEngine({ templatesDirectory, releases: makeReleases(release) });
const bay: Bay = makeBay({ engine: 'kubernetes', imageId: 'debian-12-kubernetes', name: 'web' });
const founder = makeNode({ role: 'master', address: '192.0.2.10' });
const worker = makeNode({ role: 'worker', address: '192.0.2.100' });

interface UserData {
  readonly write_files: readonly { readonly path: string; readonly permissions: string; readonly content: string }[];
  readonly runcmd: readonly (readonly string[])[];
}

/** The user-data with what it holds in the open; scripts are shown by their names: they are files of the repository. */
function shownUserData(of: Bay, node: Node): string {
  const { files, bootCommand } = bootFiles({
    ...{ bay: of, node, nodeGroupName: `default-${node.role}`, templatesDirectory, sshPublicKey: null },
    controlPlane: { url: 'https://192.0.2.1:9512', caPem: 'the certificate of the control plane\n' },
    enrolmentToken: 'the-token-of-this-node',
    engine: engine.nodeFiles({ bay: of, node, nodeGroupName: `default-${node.role}` }),
  });
  const { write_files, runcmd } = parse(renderUserData(files, bootCommand)) as UserData;
  const shown = write_files.map(({ path, permissions, content }) => {
    const text = Buffer.from(content, 'base64').toString();
    return `### ${path} ${permissions}\n${path.endsWith('.sh') ? '(templates)\n' : text}`;
  });
  return `${shown.join('\n')}\n### runs ${JSON.stringify(runcmd)}\n`;
}

describe('the first boot', () => {
  it.each([
    ['master', founder],
    ['worker', worker],
  ])('of a %s', (role, node) => {
    expectGolden(`user-data-${role}.txt`, shownUserData(bay, node));
  });

  it('of a node with proxies, insecure registries and other networks', () => {
    const special = makeBay({
      ...{ engine: 'kubernetes', httpProxy: 'http://proxy.example:3128', noProxy: '192.0.2.0/24' },
      insecureRegistry: 'registry.example:5000, other.example',
      labels: {
        registry_mirrors:
          'docker.io=https://mirror.example/hub docker.io=http://192.0.2.8:5000 other.example=https://mirror.example',
        flannel_network_cidr: '172.20.0.0/14',
        flannel_backend: 'host-gw',
        service_cluster_ip_range: '172.30.0.0/16',
      },
    });
    expectGolden('user-data-master-special.txt', shownUserData(special, founder));
  });
});

describe('the first boot with calico', () => {
  const filesOf = (networkDriver: string | null): ReadonlyMap<string, string> =>
    new Map(
      engine
        .nodeFiles({ bay: { ...bay, networkDriver }, node: founder, nodeGroupName: 'default-master' })
        .files.map(({ path, content }) => [path, content]),
    );

  it('has no manifest of ours: the mirror has one', () => {
    const [flannel, calico] = [filesOf(null), filesOf('calico')];
    const own = '/etc/baykeeper/kubernetes/manifests/flannel.yaml';
    expect([flannel.has(own), calico.has(own)]).toEqual([true, false]);
    expect(flannel.get('/etc/baykeeper/artifacts')).toMatch(/ on flannel\n$/);
    expect(calico.get('/etc/baykeeper/artifacts')).toMatch(/ on calico\n$/);
  });

  it('tells kubeadm and kube-proxy its network, from which calico takes it', () => {
    const calico = { ...bay, networkDriver: 'calico', labels: { calico_ipv4pool: '172.20.0.0/18' } };
    const release = makeRelease('v1.32.13');
    const input = { node: founder, address: '192.0.2.10', clientAddress: '203.0.113.7', release };
    const config = initConfiguration({ ...input, bay: calico });
    expect(config).toContain('podSubnet: 172.20.0.0/18\n');
    expect(config).toMatch(/node-cidr-mask-size"?[:\s]+(value: )?"26"/);
  });
});

describe("kubeadm's configuration", () => {
  const input = { bay, node: founder, address: '192.0.2.10', clientAddress: '203.0.113.7' };
  const kubeConfigPath = '/etc/kubernetes/admin.conf';

  it.each(['v1.32.13', 'v1.30.2', 'v1.20.2'])('of the founder, for %s', (version) => {
    expectGolden(`kubeadm-init-${version}.yaml`, initConfiguration({ ...input, release: makeRelease(version) }));
  });

  it.each(['v1.32.13', 'v1.30.2', 'v1.20.2'])('of a further master, for %s', (version) => {
    const config = joinConfiguration({ ...input, release: makeRelease(version), kubeConfigPath });
    expectGolden(`kubeadm-join-${version}.yaml`, config);
  });

  it.each([
    ['v1.31.0', 'v1beta4'],
    ['v1.30.9', 'v1beta3'],
    ['v1.22.0', 'v1beta3'],
    ['v1.21.14', 'v1beta2'],
  ])('of %s has the form %s', (version, form) => {
    const documents = parseAllDocuments(initConfiguration({ ...input, release: makeRelease(version) }));
    const versions = documents.map((document) => (document.toJS() as { apiVersion: string }).apiVersion);
    expect(versions).toEqual([`kubeadm.k8s.io/${form}`, `kubeadm.k8s.io/${form}`, 'kubelet.config.k8s.io/v1beta1']);
  });
});

describe('what a node is told when it may join', () => {
  const keys = { serviceAccountKey: () => Promise.resolve('THE KEY\n') };
  const context = (changes: Partial<Bay>, nodes: readonly Node[]) => ({
    ...{ bay: { ...bay, ...changes }, nodes, clientAddress: '203.0.113.7', identity: null },
  });

  it('the founder: to make the cluster, with its own address everywhere', async () => {
    const data = await engine.joinData(context({ foundingNodeId: founder.id }, [founder]), founder, keys);
    expect(data).toMatchObject({
      K8S_ACTION: 'init',
      K8S_SERVER: 'https://192.0.2.10:6443',
      K8S_OWN_SERVER: 'https://192.0.2.10:6443',
      K8S_SERVICE_ACCOUNT_KEY: 'THE KEY\n',
      K8S_SKIP_PHASES: 'bootstrap-token,addon/kube-proxy,show-join-command',
    });
  });

  it('the founder without CoreDNS in the mirror: to leave names out', async () => {
    const without = createKubernetesEngine({
      ...{ templatesDirectory, releases: makeReleases(makeRelease('v1.32.13', { coreDns: false })) },
    });
    const data = await without.joinData(context({ foundingNodeId: founder.id }, [founder]), founder, keys);
    expect(data?.K8S_SKIP_PHASES).toBe('bootstrap-token,addon/kube-proxy,show-join-command,addon/coredns');
  });

  it.each([
    ['10.100.3.4', 'flannel_network_cidr'],
    ['10.254.0.9', 'service_cluster_ip_range'],
  ])('a machine at %s, within a network of the cluster: that it can’t', async (address, label) => {
    const node = { ...founder, address };
    await expect(engine.joinData(context({ foundingNodeId: node.id }, [node]), node, keys)).rejects.toMatchObject({
      ...{
        code: 'conflict',
        publicMessage: expect.stringContaining(`make the bay anew with another ${label}`) as unknown,
      },
    });
  });

  it('everybody else: to wait for the founder', async () => {
    const before = context({ foundingNodeId: founder.id }, [founder]);
    expect(await engine.joinData(before, worker, keys)).toBeNull();
    const second = makeNode({ role: 'master', ordinal: 1, address: '192.0.2.11' });
    expect(await engine.joinData(before, second, keys)).toBeNull();
  });

  it('a further master: to wait until one that is to go has left etcd, which would be asked whether it is well', async () => {
    const leaving = { ...makeReadyNode({ role: 'master' }), removalRequestedAt: T0 };
    const second = makeNode({ role: 'master', ordinal: 1, address: '192.0.2.11' });
    const founded = { foundingNodeId: founder.id, foundedAt: T0 };
    expect(await engine.joinData(context(founded, [leaving]), second, keys)).toBeNull();
    // Nobody is held up by one that left: it is asked who is there, and here nobody is.
    const left = { ...leaving, leftAt: T0 };
    await expect(engine.joinData(context(founded, [left]), second, keys)).rejects.toThrow();
  });

  it('a worker: where clients go, and no key of the cluster', async () => {
    const founded = context({ foundingNodeId: founder.id, foundedAt: T0 }, [makeReadyNode({ role: 'master' })]);
    expect(await engine.joinData(founded, worker, keys)).toEqual({
      K8S_ACTION: 'start',
      K8S_SERVER: 'https://203.0.113.7:6443',
      K8S_KUBELET_ARGUMENTS:
        '--node-ip=192.0.2.100 --hostname-override=web-worker-0 --pod-infra-container-image=registry.k8s.io/pause:3.10',
    });
  });
});
