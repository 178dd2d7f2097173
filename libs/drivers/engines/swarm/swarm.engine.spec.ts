import { describe, expect, it } from '@jest/globals';
import { makeBay, makeNode } from '@baykeeper/domain/testing/builders.js';
import type { Bay, BaymodelFields } from '@baykeeper/domain';
import { findTemplatesDirectory } from '../../bootstrap/templates.js';
import { createSwarmEngine } from './swarm.engine.js';

const engine = createSwarmEngine({ templatesDirectory: findTemplatesDirectory() });

const baymodel: BaymodelFields = {
  ...{ name: 'swarm', coe: 'swarm', imageId: 'debian-12-docker', flavorId: null, masterFlavorId: null },
  ...{ keypairId: null, dnsNameserver: null, externalNetworkId: null, fixedNetwork: null, fixedSubnet: null },
  ...{ networkDriver: null, volumeDriver: null, apiserverPort: null, dockerVolumeSize: null },
  ...{ dockerStorageDriver: null, clusterDistro: null, httpProxy: null, httpsProxy: null, noProxy: null },
  ...{ insecureRegistry: null, registryEnabled: false, tlsDisabled: false, public: false, hidden: false },
  ...{ masterLbEnabled: true, floatingIpEnabled: true, serverType: 'vm', labels: {}, tags: null, driver: null },
};
const bay = { masterCount: 1, nodeCount: 2, masterLbEnabled: true, labels: {} };

describe('checkBaymodel', () => {
  it('has nothing against a plain one, and the drivers that swarm has', () => {
    expect(engine.checkBaymodel(baymodel)).toEqual([]);
    expect(engine.checkBaymodel({ ...baymodel, networkDriver: 'docker', volumeDriver: 'rexray' })).toEqual([]);
  });

  it('says which drivers there are', () => {
    expect(engine.checkBaymodel({ ...baymodel, networkDriver: 'flannel', volumeDriver: 'cinder' })).toEqual([
      'Network driver flannel is not supported for swarm: give docker or leave it out.',
      'Volume driver cinder is not supported for swarm: give rexray or leave it out.',
    ]);
  });

  it.each(['http://proxy:3128" X="', 'http://proxy\nExecStart=/bin/sh', "http://'", 'a b', 'a\\b'])(
    'refuses the proxy %j, which would end its place in a file',
    (httpProxy) => {
      expect(engine.checkBaymodel({ ...baymodel, httpProxy })).toEqual([
        'http_proxy is not a URL such as http://proxy.example:3128: correct it.',
      ]);
    },
  );
});

describe('checkBay', () => {
  it.each([1, 3, 5])('allows %i managers', (masterCount) => {
    expect(engine.checkBay({ ...bay, masterCount })).toEqual([]);
  });

  it.each([0, 2, 4])('refuses %i managers with the reason', (masterCount) => {
    expect(engine.checkBay({ ...bay, masterCount })).toEqual([
      `A swarm can't have ${String(masterCount)} managers: with an even number a split leaves no majority. Give 1, 3 or 5.`,
    ]);
  });

  it('refuses more than 5 managers', () => {
    expect(engine.checkBay({ ...bay, masterCount: 7 })).toEqual(["A swarm can't have 7 managers: give 1, 3 or 5."]);
  });

  it('wants a load balancer before more than one manager', () => {
    expect(engine.checkBay({ ...bay, masterCount: 3, masterLbEnabled: false })).toEqual([
      'More than one manager needs a load balancer: choose a baymodel with master_lb_enabled, or 1 manager.',
    ]);
    expect(engine.checkBay({ ...bay, masterLbEnabled: false })).toEqual([]);
  });

  it('allows a bay without workers, and no fewer', () => {
    expect(engine.checkBay({ ...bay, nodeCount: 0 })).toEqual([]);
    expect(engine.checkBay({ ...bay, nodeCount: -1 })).toHaveLength(1);
  });
});

it('knows the strategies that clients of standalone Swarm name, and no other', () => {
  const labels = { swarm_strategy: 'foo' };
  const problem = 'Label swarm_strategy must be one of spread, binpack, random: correct it, or leave it out.';
  expect(engine.checkBaymodel({ ...baymodel, labels })).toEqual([problem]);
  expect(engine.checkBay({ ...bay, labels })).toEqual([problem]);
  expect(engine.checkBay({ ...bay, labels: { swarm_strategy: 'binpack' } })).toEqual([]);
});

describe('the label lb_ports', () => {
  const shape = 'Label lb_ports must hold port numbers from 1 to 65535 with commas between them, such as 80,443.';
  it.each([
    ['80,,443', shape],
    ['0', shape],
    ['65536', shape],
    ['8e1', shape],
    ['-1', shape],
    ['0x50', shape],
    ['http', shape],
    ['80,443,80', 'Label lb_ports names 80 twice: name each port once.'],
    ['2375', 'Label lb_ports must not name 2375: Docker itself uses it.'],
    ['2376', 'Label lb_ports must not name 2376: Docker itself uses it.'],
    ['2377', 'Label lb_ports must not name 2377: Docker itself uses it.'],
    ['7946', 'Label lb_ports must not name 7946: Docker itself uses it.'],
    ['4789', 'Label lb_ports must not name 4789: Docker itself uses it.'],
    ['1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17', 'Label lb_ports may name at most 16 ports: name fewer.'],
  ])('refuses %j, of a baymodel and of a bay', (ports, problem) => {
    const labels = { lb_ports: ports };
    expect(engine.checkBaymodel({ ...baymodel, labels })).toEqual([problem]);
    expect(engine.checkBay({ ...bay, labels })).toEqual([problem]);
  });

  it('asks for listeners over the workers, beside the one over the masters', () => {
    const wanted = { tlsDisabled: false, masterLbEnabled: true, labels: { lb_ports: ' 80, 443 ' } };
    expect(engine.listeners(wanted)).toEqual([
      { name: 'docker-api', port: 2376, memberPort: 2376, memberRole: 'master' },
      { name: 'port-80', port: 80, memberPort: 80, memberRole: 'worker' },
      { name: 'port-443', port: 443, memberPort: 443, memberRole: 'worker' },
    ]);
    expect(engine.listeners({ ...wanted, masterLbEnabled: false, labels: {} })).toEqual([]);
    expect(engine.listeners({ ...wanted, tlsDisabled: true, labels: { lb_ports: '' } })).toEqual([
      { name: 'docker-api', port: 2375, memberPort: 2375, memberRole: 'master' },
    ]);
  });
});

describe('addresses and certificates', () => {
  it('are on the port that says whether there is TLS', () => {
    expect(engine.apiAddress({ tlsDisabled: false }, '192.0.2.7')).toBe('tcp://192.0.2.7:2376');
    expect(engine.apiAddress({ tlsDisabled: true }, '192.0.2.7')).toBe('tcp://192.0.2.7:2375');
  });

  it('name a node as itself, as the load balancer, and as itself from within', () => {
    const node = makeNode({ role: 'master', address: '192.0.2.10' });
    expect(engine.nodeCertificate({ node, clientAddress: '192.0.2.7' })).toEqual({
      commonName: 'web-master-0',
      organization: null,
      dnsNames: ['web-master-0', 'localhost'],
      ipAddresses: ['192.0.2.10', '192.0.2.7', '127.0.0.1'],
      usages: ['server'],
      days: 365,
    });
    expect(engine.nodeCertificate({ node: { ...node, role: 'worker' }, clientAddress: '192.0.2.7' })).toMatchObject({
      dnsNames: ['web-master-0'],
      ipAddresses: ['192.0.2.10'],
      usages: ['server'],
    });
    expect(engine.nodeCertificate({ node, clientAddress: '192.0.2.10' }).ipAddresses).toEqual([
      '192.0.2.10',
      '127.0.0.1',
    ]);
  });

  it('let a tenant be a client only', () => {
    expect(engine.clientCertificate('alice', 'admin')).toMatchObject({
      commonName: 'alice',
      usages: ['client'],
      ipAddresses: [],
    });
  });
});

describe('toleratedMasterLosses', () => {
  it('is what leaves a majority', () => {
    expect([1, 2, 3, 4, 5].map((masters) => engine.toleratedMasterLosses(masters))).toEqual([0, 0, 1, 1, 2]);
  });
});

describe('nodeFiles', () => {
  const contents = (role: 'master' | 'worker', changes: Partial<Bay> = {}): Record<string, string> => {
    const input = { bay: makeBay(changes), node: makeNode({ role }), nodeGroupName: `default-${role}` };
    return Object.fromEntries(engine.nodeFiles(input).files.map((file) => [file.path, file.content]));
  };
  const daemon = (files: Record<string, string>): unknown => JSON.parse(files['/etc/docker/daemon.json'] ?? '');
  const logs = { 'log-driver': 'json-file', 'log-opts': { 'max-size': '10m', 'max-file': '3' } };

  it('open a manager to clients of the bay’s authority alone', () => {
    expect(daemon(contents('master'))).toEqual({
      hosts: ['unix:///run/docker.sock', 'tcp://0.0.0.0:2376'],
      tlsverify: true,
      tlscacert: '/etc/docker/baykeeper/ca.pem',
      tlscert: '/etc/docker/baykeeper/cert.pem',
      tlskey: '/etc/docker/baykeeper/key.pem',
      labels: ['bay=web', 'nodegroup=default-master'],
      ...logs,
    });
  });

  it('open a manager in the clear only where the template says so', () => {
    expect(daemon(contents('master', { tlsDisabled: true }))).toEqual({
      hosts: ['unix:///run/docker.sock', 'tcp://0.0.0.0:2375'],
      tls: false,
      labels: ['bay=web', 'nodegroup=default-master'],
      ...logs,
    });
  });

  it.each([true, false])('open no worker to the network (TLS disabled: %s)', (tlsDisabled) => {
    expect(daemon(contents('worker', { tlsDisabled, insecureRegistry: 'registry:5000, 192.0.2.9:5000' }))).toEqual({
      hosts: ['unix:///run/docker.sock'],
      labels: ['bay=web', 'nodegroup=default-worker'],
      'insecure-registries': ['registry:5000', '192.0.2.9:5000'],
      ...logs,
    });
  });

  it('start dockerd by its own configuration, without the packages’ socket, through the bay’s proxies', () => {
    const files = contents('worker', {
      httpProxy: 'http://proxy:3128/a%20b',
      httpsProxy: 'http://proxy:3129',
      noProxy: 'localhost,.example.org',
    });
    expect(files['/etc/systemd/system/docker.service.d/baykeeper.conf']).toBe(
      [
        '[Service]',
        'ExecStart=',
        'ExecStart=/usr/bin/env dockerd --containerd=/run/containerd/containerd.sock',
        'Environment="HTTP_PROXY=http://proxy:3128/a%%20b"',
        'Environment="HTTPS_PROXY=http://proxy:3129"',
        'Environment="NO_PROXY=localhost,.example.org"',
        '',
      ].join('\n'),
    );
    expect(files['/etc/systemd/system/docker.socket.d/baykeeper.conf']).toBe(
      '[Socket]\nListenStream=\nListenStream=/run/docker-activation.sock\n',
    );
  });

  it('tell the scripts who waits for a certificate', () => {
    const environment = (role: 'master' | 'worker', tlsDisabled: boolean): unknown =>
      engine.nodeFiles({ bay: makeBay({ tlsDisabled }), node: makeNode({ role }), nodeGroupName: 'x' }).environment;
    expect(environment('master', false)).toEqual({ SWARM_NEEDS_CERTIFICATE: '1' });
    expect(environment('master', true)).toEqual({ SWARM_NEEDS_CERTIFICATE: '0' });
    expect(environment('worker', false)).toEqual({ SWARM_NEEDS_CERTIFICATE: '0' });
  });
});
