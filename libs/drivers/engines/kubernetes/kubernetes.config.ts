/** The API server's registered port, on the masters and on the load balancer. */
export const API_PORT = 6443;
/** etcd for its clients; 2380 is for its members among themselves. */
export const ETCD_PORT = 2379;

/** More masters only make etcd slower (its own advice stops at seven). */
export const MASTER_COUNTS: readonly number[] = [1, 3, 5];

/** Where kubeadm expects certificates, on masters. */
export const PKI_DIRECTORY = '/etc/kubernetes/pki';
/** The kubelet's own certificate as a server, the same place on every node. */
export const KUBELET_CERTIFICATE = '/var/lib/kubelet/pki/kubelet.crt';
export const KUBELET_KEY = '/var/lib/kubelet/pki/kubelet.key';
export const CONTAINERD_SOCKET = 'unix:///run/containerd/containerd.sock';
/** What the control plane wrote for the node's scripts. */
export const NODE_DIRECTORY = '/etc/baykeeper/kubernetes';

export const CLUSTER_DOMAIN = 'cluster.local';

/** Nodes' certificates have no renewal within the cluster; they end well before the bay's authorities do. */
export const NODE_CERTIFICATE_DAYS = 5 * 365;
/** kubeadm's own, on a master: needed while it joins. */
export const ADMIN_CERTIFICATE_DAYS = 1;
/** Nobody can take a certificate back from Kubernetes, which knows no revocation lists: so it ends soon. */
export const CLIENT_CERTIFICATE_DAYS = 7;

/** Groups of tenants' certificates; the bay binds each to a role (templates/kubernetes/access.yaml). */
export const TENANT_GROUPS = {
  admin: 'baykeeper:admins',
  edit: 'baykeeper:editors',
  view: 'baykeeper:viewers',
} as const;
/** How API servers call kubelets: bound to what that takes and no more. */
export const KUBELET_CLIENT_GROUP = 'baykeeper:kubelet-clients';
/** Kubernetes' own group that no binding limits: kubeadm's while it joins, and the control plane's, for an hour each time. */
export const SUPERUSERS = 'system:masters';
