/** Kubernetes, its masters built by kubeadm: rules, topology, certificates and the conversation with a running cluster. */
import type { BaymodelFields, Listener } from '@baykeeper/domain';
import {
  TENANT_ACCESS,
  type CertificateProfile,
  type ClientAccess,
  type EngineDriver,
  type Problem,
  type TenantAccess,
} from '../../contracts/engine.js';
import { NETWORK_DRIVERS, networkProblems } from './bay-network.js';
import { kubernetesCredentialFiles } from './credential-files.js';
import { kubernetesJoinData } from './join-data.js';
import { configureNode, drainNode, removeNode } from './kubernetes-nodes.js';
import { lbPortListeners, lbPortProblems } from './lb-ports.js';
import { API_PORT, CLIENT_CERTIFICATE_DAYS, MASTER_COUNTS, SUPERUSERS, TENANT_GROUPS } from './kubernetes.config.js';
import { furtherCertificates, kubeletClientProfile } from './node-certificates.js';
import { kubernetesNodeFiles } from './node-files.js';
import { announceListeners, observeCluster } from './observe-cluster.js';
import { registryProblems } from './registries.js';
import { networkPartProblems, releaseOf, releaseProblems, type Releases } from './releases.js';

export interface KubernetesSurroundings {
  readonly templatesDirectory: string;
  readonly releases: Releases;
}

export function createKubernetesEngine({ templatesDirectory, releases }: KubernetesSurroundings): EngineDriver {
  return {
    name: 'kubernetes',
    checkBaymodel: (baymodel, machineSubnets) => checkBaymodel(releases, baymodel, machineSubnets),
    checkBay: (bay) => checkBay(releases, bay),
    listeners,
    apiAddress: (_bay, address) => `https://${address}:${String(API_PORT)}`,
    nodeCertificate: ({ node }) => kubeletClientProfile(node),
    furtherCertificates: (input) => ({
      authorities: input.node.role === 'master' ? ['etcd', 'front-proxy'] : [],
      certificates: furtherCertificates(input),
    }),
    clientCertificate,
    clientOrganizations,
    usesEtcd: true,
    prepareBay: (bay) => releases.ensure(releaseOf(releases, bay).version),
    nodeFiles: (input) => kubernetesNodeFiles(input, releases, templatesDirectory),
    joinData: (context, node, keys) => kubernetesJoinData(releases, context, node, keys),
    observe: (context) => observeCluster(context, listeners(context.bay)),
    announceListeners: (context, address, refusedPorts) =>
      announceListeners(context, address, listeners(context.bay), refusedPorts),
    configureNode,
    drainNode,
    removeNode,
    toleratedMasterLosses: (masters) => Math.floor((masters - 1) / 2),
    credentialFiles: kubernetesCredentialFiles,
  };
}

const PROXY = /^https?:\/\/[^\s"'\\`$;|&<>(){}]+$/;
const HOSTS = /^[A-Za-z0-9.:,*_/[\]-]+$/;
/** Host names with ports: each becomes a directory's name. */
const REGISTRIES = /^[A-Za-z0-9][A-Za-z0-9.:-]*(,\s*[A-Za-z0-9][A-Za-z0-9.:-]*)*$/;

function checkBaymodel(
  releases: Releases,
  baymodel: BaymodelFields,
  machineSubnets: readonly string[] = [],
): readonly Problem[] {
  const { networkDriver, volumeDriver, httpProxy, httpsProxy, noProxy, insecureRegistry, labels } = baymodel;
  const problems: Problem[] = [];
  if (baymodel.tlsDisabled) problems.push('A Kubernetes cluster has no form without TLS: leave tls_disabled out.');
  if (networkDriver !== null && !NETWORK_DRIVERS.some((known) => known === networkDriver))
    return [
      `Network driver ${networkDriver} is not offered for kubernetes: give ${NETWORK_DRIVERS.join(' or ')}, or leave it out.`,
    ];
  if (volumeDriver !== null)
    problems.push(`Volume driver ${volumeDriver} is not offered for kubernetes: leave volume_driver out.`);
  for (const [name, value, form, advice] of [
    ['http_proxy', httpProxy, PROXY, 'a URL such as http://proxy.example:3128'],
    ['https_proxy', httpsProxy, PROXY, 'a URL such as http://proxy.example:3128'],
    ['no_proxy', noProxy, HOSTS, 'a list of hosts, ports or networks with commas between them'],
    ['insecure_registry', insecureRegistry, REGISTRIES, 'a list of hosts, with or without a port, with commas between'],
  ] as const) {
    if (value !== null && !form.test(value)) problems.push(`${name} is not ${advice}: correct it.`);
  }
  return [
    ...problems,
    ...releaseProblems(releases, labels),
    ...networkPartProblems(releases, baymodel),
    ...networkProblems(baymodel, machineSubnets),
    ...registryProblems(labels),
    ...lbPortProblems(labels),
  ];
}

function checkBay(releases: Releases, bay: Parameters<EngineDriver['checkBay']>[0]): readonly Problem[] {
  const { masterCount, nodeCount, masterLbEnabled, labels, machineSubnets } = bay;
  const problems: Problem[] = [];
  if (!MASTER_COUNTS.includes(masterCount)) {
    const why = masterCount % 2 === 0 ? ': with an even number a split leaves no majority of etcd. Give' : ': give';
    problems.push(`A Kubernetes cluster can't have ${String(masterCount)} masters${why} 1, 3 or 5.`);
  } else if (masterCount > 1 && !masterLbEnabled) {
    problems.push('More than one master needs a load balancer: choose a baymodel with master_lb_enabled, or 1 master.');
  }
  if (nodeCount < 0) problems.push('A Kubernetes cluster has 0 or more workers: give node_count 0 or more.');
  return [
    ...problems,
    ...releaseProblems(releases, labels),
    ...networkProblems(bay, machineSubnets),
    ...registryProblems(labels),
    ...lbPortProblems(labels),
  ];
}

function listeners(bay: Parameters<EngineDriver['listeners']>[0]): readonly Listener[] {
  const api: Listener = {
    ...{ name: 'kubernetes-api', port: API_PORT, memberPort: API_PORT, memberRole: 'master' },
    // An API server that listens may still be on its way up, or cut off from etcd.
    healthPath: '/readyz',
  };
  return [...(bay.masterLbEnabled ? [api] : []), ...lbPortListeners(bay.labels)];
}

function clientCertificate(holder: string, access: ClientAccess): CertificateProfile {
  return {
    commonName: holder,
    organization: access === 'control-plane' ? SUPERUSERS : TENANT_GROUPS[access],
    ...{ dnsNames: [], ipAddresses: [], usages: ['client'] },
    days: CLIENT_CERTIFICATE_DAYS,
  };
}

/** A tenant may ask for less than it may have, and for nothing else: what it asks for otherwise is not looked at. */
function clientOrganizations(asked: readonly string[], access: TenantAccess): readonly string[] {
  const wanted = TENANT_ACCESS.find((known) => asked.includes(TENANT_GROUPS[known])) ?? access;
  return [TENANT_GROUPS[TENANT_ACCESS.indexOf(wanted) < TENANT_ACCESS.indexOf(access) ? wanted : access]];
}
