/**
 * The certificates of a node, all for the one key that it made. Names and usages are those that kubeadm gives (its list of
 * certificates, cmd/kubeadm/app/phases/certs); it finds them in place and, without any authority's key, makes none itself.
 */
import type { Bay, Node } from '@baykeeper/domain';
import type { CertificateProfile, FurtherCertificate } from '../../contracts/engine.js';
import { addressIn, bayNetworkOf } from './bay-network.js';
import {
  ADMIN_CERTIFICATE_DAYS,
  CLUSTER_DOMAIN,
  KUBELET_CLIENT_GROUP,
  NODE_CERTIFICATE_DAYS,
  SUPERUSERS,
} from './kubernetes.config.js';

type Names = Pick<CertificateProfile, 'dnsNames' | 'ipAddresses'>;

const NO_NAMES: Names = { dnsNames: [], ipAddresses: [] };
const LOOPBACK = ['127.0.0.1', '::1'] as const;

/** What the node's kubelet is known to the API server by: its node name, and nothing that it could choose. */
export function kubeletClientProfile(node: Pick<Node, 'name'>): CertificateProfile {
  return client(`system:node:${node.name}`, 'system:nodes');
}

/** All others, by the names under which the node's script stores them. */
export function furtherCertificates(input: {
  readonly bay: Pick<Bay, 'labels' | 'networkDriver'>;
  readonly node: Node;
  readonly clientAddress: string | null;
}): readonly FurtherCertificate[] {
  const { node } = input;
  const own: Names = { dnsNames: [node.name], ipAddresses: given([node.address]) };
  const kubelet: FurtherCertificate = {
    ...{ name: 'kubelet', authority: 'cluster' },
    profile: { ...client(`system:node:${node.name}`, 'system:nodes'), ...own, usages: ['server'] },
  };
  // Kubernetes binds this name to what a kube-proxy must read (its built-in system:node-proxier).
  const proxy: FurtherCertificate = {
    ...{ name: 'kube-proxy', authority: 'cluster' },
    profile: client('system:kube-proxy', null),
  };
  return [kubelet, proxy, ...(node.role === 'master' ? masterCertificates(input) : [])];
}

function masterCertificates({
  bay,
  node,
  clientAddress,
}: {
  readonly bay: Pick<Bay, 'labels' | 'networkDriver'>;
  readonly node: Node;
  readonly clientAddress: string | null;
}): readonly FurtherCertificate[] {
  const apiServer: Names = {
    dnsNames: [
      node.name,
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      `kubernetes.default.svc.${CLUSTER_DOMAIN}`,
      'localhost',
    ],
    ipAddresses: given([addressIn(bayNetworkOf(bay).serviceSubnet, 1), node.address, clientAddress, '127.0.0.1']),
  };
  const etcd: Names = { dnsNames: [node.name, 'localhost'], ipAddresses: given([node.address, ...LOOPBACK]) };
  const admin = { ...client('kubernetes-admin', SUPERUSERS), days: ADMIN_CERTIFICATE_DAYS };
  return [
    { name: 'apiserver', authority: 'cluster', profile: server('kube-apiserver', apiServer) },
    {
      ...{ name: 'apiserver-kubelet-client', authority: 'cluster' },
      profile: client('kube-apiserver-kubelet-client', KUBELET_CLIENT_GROUP),
    },
    {
      ...{ name: 'controller-manager', authority: 'cluster' },
      profile: client('system:kube-controller-manager', null),
    },
    { name: 'scheduler', authority: 'cluster', profile: client('system:kube-scheduler', null) },
    { name: 'admin', authority: 'cluster', profile: admin },
    { name: 'front-proxy-client', authority: 'front-proxy', profile: client('front-proxy-client', null) },
    { name: 'etcd-server', authority: 'etcd', profile: { ...server(node.name, etcd), usages: ['server', 'client'] } },
    { name: 'etcd-peer', authority: 'etcd', profile: { ...server(node.name, etcd), usages: ['server', 'client'] } },
    {
      ...{ name: 'etcd-healthcheck-client', authority: 'etcd' },
      profile: client('kube-etcd-healthcheck-client', null),
    },
    {
      ...{ name: 'apiserver-etcd-client', authority: 'etcd' },
      profile: client('kube-apiserver-etcd-client', null),
    },
  ];
}

function client(commonName: string, organization: string | null): CertificateProfile {
  return { commonName, organization, ...NO_NAMES, usages: ['client'], days: NODE_CERTIFICATE_DAYS };
}

function server(commonName: string, names: Names): CertificateProfile {
  return { commonName, organization: null, ...names, usages: ['server'], days: NODE_CERTIFICATE_DAYS };
}

function given(addresses: readonly (string | null)[]): readonly string[] {
  return [...new Set(addresses.filter((address): address is string => address !== null))];
}
