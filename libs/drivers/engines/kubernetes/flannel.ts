/**
 * Flannel as a DaemonSet: each node's pods reach those of the others. Its own documentation says what it takes: the
 * network in net-conf.json, nodes that it may read and annotate, and its two binaries. The MTU is that of the node's link
 * less what the backend adds; flannel works it out on each node.
 */
import { stringify } from 'yaml';
import { bayNetworkOf, type NetworkWish } from './bay-network.js';
import { imageOf, type Release } from './releases.js';

const NAMESPACE = 'kube-flannel';
const NAME = { name: 'flannel', labels: { app: 'flannel' } };
/** Where Debian and the runtime's configuration have their CNI plugins. */
const PLUGIN_DIRECTORY = '/usr/lib/cni';

/** The manifest, or an empty text where the release has no flannel. */
export function flannelManifest(release: Release, wish: NetworkWish): string {
  const flannel = imageOf(release, 'flannel');
  const plugin = imageOf(release, 'flannel-cni-plugin');
  if (flannel === null || plugin === null) return '';
  const parts = [
    {
      ...{ apiVersion: 'v1', kind: 'Namespace' },
      metadata: { name: NAMESPACE, labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } },
    },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { ...NAME, namespace: NAMESPACE } },
    ...permissions(),
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...NAME, namespace: NAMESPACE }, data: configuration(wish) },
    daemonSet(flannel, plugin),
  ];
  return parts.map((part) => stringify(part, { lineWidth: 0 })).join('---\n');
}

function permissions(): readonly object[] {
  const api = 'rbac.authorization.k8s.io';
  return [
    {
      ...{ apiVersion: `${api}/v1`, kind: 'ClusterRole', metadata: NAME },
      rules: [
        { apiGroups: [''], resources: ['pods'], verbs: ['get'] },
        { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list', 'watch'] },
        { apiGroups: [''], resources: ['nodes/status'], verbs: ['patch'] },
      ],
    },
    {
      ...{ apiVersion: `${api}/v1`, kind: 'ClusterRoleBinding', metadata: NAME },
      roleRef: { apiGroup: api, kind: 'ClusterRole', name: 'flannel' },
      subjects: [{ kind: 'ServiceAccount', name: 'flannel', namespace: NAMESPACE }],
    },
  ];
}

function configuration(wish: NetworkWish): Readonly<Record<string, string>> {
  const { podSubnet, backend } = bayNetworkOf(wish);
  const chain = {
    name: 'cbr0',
    cniVersion: '0.3.1',
    plugins: [
      { type: 'flannel', delegate: { hairpinMode: true, isDefaultGateway: true } },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
  const network = { Network: podSubnet, EnableNFTables: false, Backend: { Type: backend } };
  return { 'cni-conf.json': `${JSON.stringify(chain, null, 2)}\n`, 'net-conf.json': `${JSON.stringify(network)}\n` };
}

function daemonSet(flannel: string, plugin: string): object {
  const field = (name: string, fieldPath: string): object => ({ name, valueFrom: { fieldRef: { fieldPath } } });
  const mounts = {
    run: { name: 'run', mountPath: '/run/flannel' },
    configuration: { name: 'configuration', mountPath: '/etc/kube-flannel' },
    lock: { name: 'xtables-lock', mountPath: '/run/xtables.lock' },
    cni: { name: 'cni', mountPath: '/etc/cni/net.d' },
    plugins: { name: 'cni-plugins', mountPath: '/opt/cni/bin' },
  };
  const copy = (name: string, image: string, from: string, to: string, volumeMounts: readonly object[]): object => ({
    ...{ name, image, command: ['cp'], args: ['-f', from, to], volumeMounts },
  });
  return {
    ...{ apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { ...NAME, namespace: NAMESPACE } },
    spec: {
      selector: { matchLabels: NAME.labels },
      template: {
        metadata: { labels: NAME.labels },
        spec: {
          ...{ hostNetwork: true, priorityClassName: 'system-node-critical', serviceAccountName: 'flannel' },
          // Nodes are not ready before it runs: it must not wait for that.
          tolerations: [
            { operator: 'Exists', effect: 'NoSchedule' },
            { operator: 'Exists', effect: 'NoExecute' },
          ],
          initContainers: [
            copy('install-cni-plugin', plugin, '/flannel', '/opt/cni/bin/flannel', [mounts.plugins]),
            copy('install-cni', flannel, '/etc/kube-flannel/cni-conf.json', '/etc/cni/net.d/10-flannel.conflist', [
              mounts.cni,
              mounts.configuration,
            ]),
          ],
          containers: [
            {
              ...{ name: 'flannel', image: flannel, command: ['/opt/bin/flanneld'] },
              args: ['--ip-masq', '--kube-subnet-mgr'],
              resources: { requests: { cpu: '50m', memory: '50Mi' } },
              securityContext: { privileged: false, capabilities: { add: ['NET_ADMIN', 'NET_RAW'] } },
              env: [
                field('POD_NAME', 'metadata.name'),
                field('POD_NAMESPACE', 'metadata.namespace'),
                { name: 'EVENT_QUEUE_DEPTH', value: '5000' },
              ],
              volumeMounts: [mounts.run, mounts.configuration, mounts.lock],
            },
          ],
          volumes: [
            { name: 'run', hostPath: { path: '/run/flannel' } },
            { name: 'cni-plugins', hostPath: { path: PLUGIN_DIRECTORY } },
            { name: 'cni', hostPath: { path: '/etc/cni/net.d' } },
            { name: 'configuration', configMap: { name: 'flannel' } },
            { name: 'xtables-lock', hostPath: { path: '/run/xtables.lock', type: 'FileOrCreate' } },
          ],
        },
      },
    },
  };
}
