/** A bay's networks inside the cluster, by Magnum's labels, and what follows from them. */
import type { Labels } from '@baykeeper/domain';
import type { Problem } from '../../contracts/engine.js';

/** What makes the pods of one node reach those of the others; the first where a template names none. */
export const NETWORK_DRIVERS = ['flannel', 'calico'] as const;
export type NetworkDriver = (typeof NETWORK_DRIVERS)[number];

export const FLANNEL_BACKENDS = ['vxlan', 'host-gw'] as const;
export type FlannelBackend = (typeof FLANNEL_BACKENDS)[number];

export interface BayNetwork {
  readonly driver: NetworkDriver;
  readonly podSubnet: string;
  /** The label that chooses it. */
  readonly podLabel: 'flannel_network_cidr' | 'calico_ipv4pool';
  /** Each node gets a network of this many bits out of it. */
  readonly nodeMask: number;
  readonly serviceSubnet: string;
  readonly backend: FlannelBackend;
}

/** Magnum's defaults. */
const DEFAULTS = {
  flannel_network_cidr: '10.100.0.0/16',
  flannel_network_subnetlen: '24',
  flannel_backend: 'vxlan',
  calico_ipv4pool: '10.100.0.0/16',
  service_cluster_ip_range: '10.254.0.0/16',
} as const;

type NetworkLabel = keyof typeof DEFAULTS;

interface Subnet {
  readonly first: number;
  readonly bits: number;
}

/** Of a bay, or of what is to become one; without a driver it gets the first. */
export interface NetworkWish {
  readonly labels: Labels;
  readonly networkDriver?: string | null;
}

export function networkDriverOf({ networkDriver }: Pick<NetworkWish, 'networkDriver'>): NetworkDriver {
  return NETWORK_DRIVERS.find((known) => known === networkDriver) ?? NETWORK_DRIVERS[0];
}

/** With the defaults in place of what is not given. Only for labels without {@link networkProblems}. */
export function bayNetworkOf(wish: NetworkWish): BayNetwork {
  const { labels } = wish;
  const driver = networkDriverOf(wish);
  const podLabel = driver === 'calico' ? 'calico_ipv4pool' : 'flannel_network_cidr';
  const podSubnet = textOf(labels, podLabel);
  return {
    ...{ driver, podLabel, podSubnet },
    // Calico has blocks of its own; the nodes' networks that the controller hands out all the same must only exist.
    nodeMask:
      driver === 'calico'
        ? Math.min(32, (subnetOf(podSubnet)?.bits ?? 16) + 8)
        : Number(textOf(labels, 'flannel_network_subnetlen')),
    serviceSubnet: textOf(labels, 'service_cluster_ip_range'),
    backend: FLANNEL_BACKENDS.find((known) => known === textOf(labels, 'flannel_backend')) ?? 'vxlan',
  };
}

/**
 * What is wrong with the labels of a bay's networks.
 * @param machineSubnets prefixes from which its machines get their addresses: none of a cluster's own may touch them
 */
export function networkProblems(wish: NetworkWish, machineSubnets: readonly string[] = []): readonly Problem[] {
  const { labels } = wish;
  const { driver, podLabel, podSubnet, serviceSubnet } = bayNetworkOf(wish);
  const problems: Problem[] = [];
  const pods = subnetOf(podSubnet);
  const services = subnetOf(serviceSubnet);
  if (!pods) problems.push(notASubnet(podLabel));
  if (!services) problems.push(notASubnet('service_cluster_ip_range'));
  // The API server takes no more (k8s.io/kubernetes, cmd/kube-apiserver: at most 20 bits for services).
  else if (services.bits < 12 || services.bits > 24)
    problems.push('Label service_cluster_ip_range must have a prefix of 12 to 24 bits, such as 10.254.0.0/16.');
  if (pods && services && overlap(pods, services))
    problems.push(`Labels ${podLabel} and service_cluster_ip_range overlap: give networks apart from each other.`);
  for (const [label, subnet] of [
    [podLabel, pods],
    ['service_cluster_ip_range', services],
  ] as const) {
    const touched = machineSubnets.find((text) => {
      const machines = subnetOf(text);
      return subnet !== null && machines !== null && overlap(subnet, machines);
    });
    if (touched !== undefined)
      problems.push(`Label ${label} overlaps the machines' own network ${touched}: give one apart from it.`);
  }
  return [...problems, ...(driver === 'calico' ? calicoProblems(pods) : flannelProblems(labels, pods))];
}

/** Each node gets at least one block of 64 addresses (Calico's documentation, "Calico IP pool": blockSize 26). */
function calicoProblems(pods: Subnet | null): readonly Problem[] {
  if (pods === null || (pods.bits >= 8 && pods.bits <= 24)) return [];
  return [
    'Label calico_ipv4pool must have a prefix of 8 to 24 bits, such as 10.100.0.0/16: each node takes 64 addresses or more.',
  ];
}

function flannelProblems(labels: Labels, pods: Subnet | null): readonly Problem[] {
  const problems: Problem[] = [];
  const mask = textOf(labels, 'flannel_network_subnetlen');
  const bits = /^\d{1,2}$/.test(mask) ? Number(mask) : 0;
  // The controller that hands them out keeps a map of at most 16 bits (its --node-cidr-mask-size).
  if (pods && (bits <= pods.bits || bits > 28 || bits - pods.bits > 16))
    problems.push(
      `Label flannel_network_subnetlen must be a number from ${String(pods.bits + 1)} to ${String(Math.min(28, pods.bits + 16))}: each node gets a network of that size.`,
    );
  const backend = textOf(labels, 'flannel_backend');
  if (!FLANNEL_BACKENDS.some((known) => known === backend))
    problems.push(`Label flannel_backend must be ${FLANNEL_BACKENDS.join(' or ')}.`);
  return problems;
}

/** The n-th address of a network: the first is the API's service, the tenth that of names. */
export function addressIn(subnet: string, n: number): string {
  return textOfAddress((subnetOf(subnet)?.first ?? 0) + n);
}

/** Whether a machine's address lies in one of the bay's own networks, where nothing would reach it. */
export function isInside(address: string, subnet: string): boolean {
  const network = subnetOf(subnet);
  const host = subnetOf(`${address}/32`);
  return network !== null && host !== null && overlap(network, host);
}

function textOf(labels: Labels, name: NetworkLabel): string {
  const given = labels[name]?.trim();
  return given === undefined || given === '' ? DEFAULTS[name] : given;
}

function notASubnet(label: NetworkLabel): Problem {
  return `Label ${label} must be an IPv4 network such as ${DEFAULTS[label]}, with no bit set behind its prefix.`;
}

function subnetOf(text: string): Subnet | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  if (!match) return null;
  const [a = 0, b = 0, c = 0, d = 0, bits = 0] = match.slice(1).map(Number);
  if ([a, b, c, d].some((octet) => octet > 255) || bits > 32 || bits < 1) return null;
  const first = ((a * 256 + b) * 256 + c) * 256 + d;
  return first % 2 ** (32 - bits) === 0 ? { first, bits } : null;
}

function overlap(a: Subnet, b: Subnet): boolean {
  const last = ({ first, bits }: Subnet): number => first + 2 ** (32 - bits) - 1;
  return a.first <= last(b) && b.first <= last(a);
}

function textOfAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => String(Math.floor(value / 2 ** shift) % 256)).join('.');
}
