import { describe, expect, it } from '@jest/globals';
import { makeBay, makeNode } from '@baykeeper/domain/testing/builders.js';
import type { BaymodelFields } from '@baykeeper/domain';
import fc from 'fast-check';
import { findTemplatesDirectory } from '../../bootstrap/templates.js';
import type { TenantAccess } from '../../contracts/engine.js';
import { addressIn, bayNetworkOf, isInside, networkProblems } from './bay-network.js';
import { createKubernetesEngine } from './kubernetes.engine.js';
import { matchesLabels } from './match-labels.js';
import { releaseOf } from './releases.js';
import { makeRelease, makeReleases } from './testing/releases-double.js';

const templatesDirectory = findTemplatesDirectory();
const releases = makeReleases(makeRelease('v1.33.1', { isComplete: false }), makeRelease('v1.32.13'));
const engine = createKubernetesEngine({ templatesDirectory, releases });

const baymodel: BaymodelFields = {
  ...{ name: 'kubernetes', coe: 'kubernetes', imageId: 'debian-12-kubernetes', flavorId: null, masterFlavorId: null },
  ...{ keypairId: null, dnsNameserver: null, externalNetworkId: null, fixedNetwork: null, fixedSubnet: null },
  ...{ networkDriver: 'flannel', volumeDriver: null, apiserverPort: null, dockerVolumeSize: null },
  ...{ dockerStorageDriver: null, clusterDistro: null, httpProxy: null, httpsProxy: null, noProxy: null },
  ...{ insecureRegistry: null, registryEnabled: false, tlsDisabled: false, public: false, hidden: false },
  ...{ masterLbEnabled: true, floatingIpEnabled: true, serverType: 'vm', labels: {}, tags: null, driver: null },
};
const bay = { masterCount: 3, nodeCount: 2, masterLbEnabled: true, labels: {} };

describe('checkBaymodel', () => {
  it('has nothing against a plain one', () => {
    expect(engine.checkBaymodel(baymodel)).toEqual([]);
    expect(engine.checkBaymodel({ ...baymodel, networkDriver: null })).toEqual([]);
  });

  it.each<[Partial<BaymodelFields>, string]>([
    [{ tlsDisabled: true }, 'A Kubernetes cluster has no form without TLS: leave tls_disabled out.'],
    [
      { networkDriver: 'docker' },
      'Network driver docker is not offered for kubernetes: give flannel or calico, or leave it out.',
    ],
    [{ volumeDriver: 'cinder' }, 'Volume driver cinder is not offered for kubernetes: leave volume_driver out.'],
    [
      { labels: { registry_mirrors: 'docker.io' } },
      'Label registry_mirrors must be registries and their mirrors, such as docker.io=https://mirror.example, with spaces between.',
    ],
    [{ httpProxy: 'http://x" y' }, 'http_proxy is not a URL such as http://proxy.example:3128: correct it.'],
    [
      { insecureRegistry: '../../etc' },
      'insecure_registry is not a list of hosts, with or without a port, with commas between: correct it.',
    ],
    [
      { labels: { kube_tag: 'v1.2.3' } },
      'Label kube_tag names a version that is not offered: give one of v1.33.1, v1.32.13.',
    ],
  ])('refuses %j', (changes, problem) => {
    expect(engine.checkBaymodel({ ...baymodel, ...changes })).toEqual([problem]);
  });

  it('refuses everything while the mirror is empty, and flannel where the mirror has none', () => {
    const none = createKubernetesEngine({ templatesDirectory, releases: makeReleases() });
    expect(none.checkBaymodel(baymodel)).toEqual([
      'No Kubernetes is in the artifact mirror: ask the operator to import one (bay artifacts import).',
    ]);
    const partly = makeRelease('v1.32.13');
    const withoutCni = {
      ...partly,
      artifacts: partly.artifacts.filter(({ name }) => name !== 'cni' && name !== 'calico'),
    };
    const some = createKubernetesEngine({ templatesDirectory, releases: makeReleases(withoutCni) });
    expect(some.checkBaymodel(baymodel)).toEqual([]);
    expect(some.checkBaymodel({ ...baymodel, networkDriver: 'calico' })).toEqual([
      'Kubernetes v1.32.13 was imported without all of calico, so its nodes would not reach each other: ask the operator to import it with manifests/calico.yaml and an image calico/cni.',
    ]);
    const bare = { ...makeRelease('v1.32.13'), artifacts: [] };
    const without = createKubernetesEngine({ templatesDirectory, releases: makeReleases(bare) });
    expect(without.checkBaymodel(baymodel)).toEqual([
      'Kubernetes v1.32.13 was imported without all of flannel, so its nodes would not reach each other: ask the operator to import it with an image flannel and an image flannel-cni-plugin.',
    ]);
  });
});

describe('checkBay', () => {
  it.each([1, 3, 5])('allows %i masters', (masterCount) => {
    expect(engine.checkBay({ ...bay, masterCount })).toEqual([]);
  });

  it.each([
    [
      0,
      "A Kubernetes cluster can't have 0 masters: with an even number a split leaves no majority of etcd. Give 1, 3 or 5.",
    ],
    [
      2,
      "A Kubernetes cluster can't have 2 masters: with an even number a split leaves no majority of etcd. Give 1, 3 or 5.",
    ],
    [7, "A Kubernetes cluster can't have 7 masters: give 1, 3 or 5."],
  ])('refuses %i masters with the reason', (masterCount, problem) => {
    expect(engine.checkBay({ ...bay, masterCount })).toEqual([problem]);
  });

  it('wants a load balancer before more than one master', () => {
    expect(engine.checkBay({ ...bay, masterLbEnabled: false })).toEqual([
      'More than one master needs a load balancer: choose a baymodel with master_lb_enabled, or 1 master.',
    ]);
    expect(engine.checkBay({ ...bay, masterCount: 1, masterLbEnabled: false })).toEqual([]);
  });
});

describe('the labels of networks', () => {
  it.each<[Readonly<Record<string, string>>, RegExp]>([
    [{ flannel_network_cidr: '10.100.0.1/16' }, /^Label flannel_network_cidr must be an IPv4 network/],
    [{ flannel_network_cidr: '10.300.0.0/16' }, /^Label flannel_network_cidr must be an IPv4 network/],
    [{ flannel_network_cidr: 'fd00::/48' }, /^Label flannel_network_cidr must be an IPv4 network/],
    [{ service_cluster_ip_range: '10.254.0.0/8' }, /^Label service_cluster_ip_range must be an IPv4 network/],
    [{ service_cluster_ip_range: '10.0.0.0/11', flannel_network_cidr: '192.168.0.0/16' }, /prefix of 12 to 24 bits/],
    [{ service_cluster_ip_range: '10.100.64.0/20' }, /overlap/],
    [{ flannel_network_subnetlen: '16' }, /^Label flannel_network_subnetlen must be a number from 17 to 28/],
    [{ flannel_network_subnetlen: 'x' }, /^Label flannel_network_subnetlen/],
    [{ flannel_backend: 'udp' }, /^Label flannel_backend must be vxlan or host-gw/],
  ])('%j is refused', (labels, problem) => {
    expect(networkProblems({ labels })).toEqual([expect.stringMatching(problem)]);
  });

  it.each<[Readonly<Record<string, string>>, RegExp]>([
    [{ calico_ipv4pool: '10.100.0.0/25' }, /^Label calico_ipv4pool must have a prefix of 8 to 24 bits/],
    [{ calico_ipv4pool: '10.254.0.0/20' }, /^Labels calico_ipv4pool and service_cluster_ip_range overlap/],
    [{ calico_ipv4pool: 'x' }, /^Label calico_ipv4pool must be an IPv4 network/],
  ])('%j is refused with calico, and means nothing to flannel', (labels, problem) => {
    expect(networkProblems({ labels, networkDriver: 'calico' })).toEqual([expect.stringMatching(problem)]);
    expect(networkProblems({ labels, networkDriver: 'flannel' })).toEqual([]);
  });

  it('stay off the machines’ own network', () => {
    const machines = ['203.0.113.0/24', '10.211.0.0/22'];
    expect(networkProblems({ labels: {} }, machines)).toEqual([]);
    expect(networkProblems({ labels: { flannel_network_cidr: '10.208.0.0/12' } }, machines)).toEqual([
      "Label flannel_network_cidr overlaps the machines' own network 10.211.0.0/22: give one apart from it.",
    ]);
    const services = { masterCount: 3, nodeCount: 2, masterLbEnabled: true, machineSubnets: machines };
    expect(engine.checkBay({ ...services, labels: { service_cluster_ip_range: '10.211.2.0/24' } })).toEqual([
      "Label service_cluster_ip_range overlaps the machines' own network 10.211.0.0/22: give one apart from it.",
    ]);
    expect(engine.checkBaymodel(baymodel, ['10.100.3.0/24'])).toHaveLength(1);
  });

  it('have Magnum’s defaults', () => {
    expect(networkProblems({ labels: {} })).toEqual([]);
    expect(bayNetworkOf({ labels: { flannel_backend: ' ' } })).toEqual({
      ...{
        driver: 'flannel',
        podLabel: 'flannel_network_cidr',
        podSubnet: '10.100.0.0/16',
        nodeMask: 24,
        serviceSubnet: '10.254.0.0/16',
        backend: 'vxlan',
      },
    });
  });

  it('addresses of a network lie in it and in no other', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.nat(255), fc.integer({ min: 1, max: 200 }), (a, b, n) => {
        const subnet = `10.${String(a)}.${String(b)}.0/24`;
        const other = `11.${String(a)}.${String(b)}.0/24`;
        const address = addressIn(subnet, n);
        expect(address).toBe(`10.${String(a)}.${String(b)}.${String(n)}`);
        expect([isInside(address, subnet), isInside(address, other)]).toEqual([true, false]);
      }),
    );
  });
});

describe('the version', () => {
  const pinned = (coeVersion: string | null, labels = {}): string =>
    releaseOf(releases, makeBay({ coeVersion, labels })).version;

  it('is what the cluster runs, then what was asked for, then the newest that the mirror has whole', () => {
    expect(pinned(null)).toBe('v1.32.13');
    expect(pinned(null, { kube_tag: '1.33.1' })).toBe('v1.33.1');
    expect(pinned('v1.32.13', { kube_tag: 'v1.33.1' })).toBe('v1.32.13');
    expect(pinned('simulated')).toBe('v1.32.13');
  });

  it('is missed by its name when the mirror lost it', () => {
    expect(() => pinned('v1.30.0')).toThrow('Kubernetes v1.30.0 is not in the artifact mirror any more');
  });
});

describe('listeners and addresses', () => {
  it('puts the API behind a balancer that asks it whether it is ready', () => {
    expect(engine.listeners({ tlsDisabled: false, masterLbEnabled: true, labels: {} })).toEqual([
      { name: 'kubernetes-api', port: 6443, memberPort: 6443, memberRole: 'master', healthPath: '/readyz' },
    ]);
    expect(engine.listeners({ tlsDisabled: false, masterLbEnabled: false, labels: {} })).toEqual([]);
    expect(engine.apiAddress({ tlsDisabled: false }, '203.0.113.7')).toBe('https://203.0.113.7:6443');
  });
});

describe('the label lb_ports', () => {
  const listenersOf = (lb_ports: string) =>
    engine.listeners({ tlsDisabled: false, masterLbEnabled: false, labels: { lb_ports } });

  it('puts node ports of Services behind the balancer, over the workers', () => {
    expect(engine.checkBay({ ...bay, labels: { lb_ports: '80:30080, 30443' } })).toEqual([]);
    expect(listenersOf('80:30080, 30443')).toEqual([
      { name: 'port-80', port: 80, memberPort: 30080, memberRole: 'worker' },
      { name: 'port-30443', port: 30443, memberPort: 30443, memberRole: 'worker' },
    ]);
    expect(listenersOf(' ')).toEqual([]);
  });

  it.each([
    ['80', /must hold node ports of Services from 30000 to 32767/],
    ['80:8080', /must hold node ports of Services/],
    ['0:30080', /must hold node ports of Services/],
    ['http:30080', /must hold node ports of Services/],
    ['6443:30080', /must not name 6443/],
    ['80:30080,80:30081', /names 80 twice/],
    [Array.from({ length: 17 }, (_, index) => String(30_000 + index)).join(','), /at most 16 ports/],
  ])('is refused as %s', (lb_ports, problem) => {
    expect(engine.checkBay({ ...bay, labels: { lb_ports } })).toEqual([expect.stringMatching(problem)]);
    expect(listenersOf(lb_ports)).toEqual([]);
  });
});

describe('certificates', () => {
  const organizations = (asked: readonly string[], access: TenantAccess): readonly string[] =>
    engine.clientOrganizations?.(asked, access) ?? [];

  it('a kubelet is its node and nobody else', () => {
    const node = makeNode({ name: 'web-worker-0' });
    expect(engine.nodeCertificate({ node, clientAddress: '203.0.113.7' })).toMatchObject({
      commonName: 'system:node:web-worker-0',
      organization: 'system:nodes',
      usages: ['client'],
      dnsNames: [],
      ipAddresses: [],
    });
  });

  it('a worker gets those of its kubelet as a server, with addresses of its own only, and of its kube-proxy', () => {
    const node = makeNode({ name: 'web-worker-0', address: '192.0.2.100' });
    const further = engine.furtherCertificates?.({ bay: makeBay(), node, clientAddress: '203.0.113.7' });
    expect(further?.authorities).toEqual([]);
    expect(further?.certificates).toMatchObject([
      { name: 'kubelet', profile: { usages: ['server'], dnsNames: ['web-worker-0'], ipAddresses: ['192.0.2.100'] } },
      { name: 'kube-proxy', profile: { commonName: 'system:kube-proxy', organization: null, usages: ['client'] } },
    ]);
  });

  it('tenants get a group of ours by what they may do, and never that of the superusers', () => {
    expect(organizations(['system:masters'], 'admin')).toEqual(['baykeeper:admins']);
    expect(organizations(['system:masters', 'system:nodes'], 'view')).toEqual(['baykeeper:viewers']);
    expect(engine.clientCertificate('ada', 'admin')).toMatchObject({ organization: 'baykeeper:admins', days: 7 });
  });

  it('a tenant may ask for less, and for no more', () => {
    expect(organizations(['baykeeper:viewers'], 'admin')).toEqual(['baykeeper:viewers']);
    expect(organizations(['baykeeper:editors'], 'admin')).toEqual(['baykeeper:editors']);
    expect(organizations(['baykeeper:admins'], 'view')).toEqual(['baykeeper:viewers']);
  });
});

describe('matchesLabels', () => {
  const labels = { app: 'web', tier: 'front' };
  it.each([
    [{ matchLabels: { app: 'web' } }, true],
    [{ matchLabels: { app: 'db' } }, false],
    [{}, true],
    [undefined, false],
    [{ matchExpressions: [{ key: 'tier', operator: 'In', values: ['front', 'back'] }] }, true],
    [{ matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['front'] }] }, false],
    [{ matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['a'] }] }, true],
    [{ matchExpressions: [{ key: 'tier', operator: 'Exists' }] }, true],
    [{ matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] }, false],
    [{ matchExpressions: [{ key: 'tier', operator: 'Gt', values: ['1'] }] }, false],
  ])('%j: %s', (selector, expected) => {
    expect(matchesLabels(selector, labels)).toBe(expected);
  });
});
