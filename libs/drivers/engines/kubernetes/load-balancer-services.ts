/**
 * Services of type LoadBalancer: each gets listeners on the bay's balancer, over the workers' node ports, and is told the
 * balancer's address. All bays' Services share their bay's one address, so of those that ask for the same port the oldest has
 * it; what can't be served is said in the bay's health.
 */
import { ASKED_LISTENER_PREFIX, type Labels, type Listener } from '@baykeeper/domain';
import type { LoadBalancerService } from './kubernetes-cluster.js';

/** Each takes a place in the balancer's configuration. */
const MOST_PORTS = 32;

export interface ServedServices {
  readonly listeners: readonly Listener[];
  /** Why others are not served, by `service namespace/name`. */
  readonly notes: Labels;
  /** Names of those that are, as `namespace/name`. */
  readonly served: ReadonlySet<string>;
}

/** @param own the bay's own listeners, which nobody may take */
export function serveServices(
  services: readonly LoadBalancerService[],
  own: readonly Listener[],
  hasBalancer: boolean,
): ServedServices {
  const taken = new Map(own.map(({ port }) => [port, 'the bay itself']));
  const listeners: Listener[] = [];
  const notes: Record<string, string> = {};
  const served = new Set<string>();
  const refusal = ({ ports }: LoadBalancerService): string | null => {
    if (!hasBalancer) return 'this bay has no load balancer: make one from a template with master_lb_enabled';
    if (ports.some(({ protocol }) => protocol !== 'TCP')) return 'the load balancer serves TCP only';
    if (listeners.length + ports.length > MOST_PORTS)
      return `the load balancer serves ${String(MOST_PORTS)} ports of Services at most`;
    const lost = ports.find(({ port }) => taken.has(port));
    return lost ? `port ${String(lost.port)} is taken by ${taken.get(lost.port) ?? ''}` : null;
  };
  for (const service of inOrderOfAge(services)) {
    const name = `${service.namespace}/${service.name}`;
    const why = refusal(service);
    if (why !== null) {
      notes[`service ${name}`] = why;
      continue;
    }
    // Its node ports come a moment after it.
    if (service.ports.some(({ nodePort }) => nodePort === null)) continue;
    for (const { port, nodePort } of service.ports) {
      taken.set(port, name);
      listeners.push({
        ...{ name: `${ASKED_LISTENER_PREFIX}${String(nodePort)}`, port, memberPort: nodePort ?? 0 },
        memberRole: 'worker',
      });
    }
    served.add(name);
  }
  return { listeners, notes, served };
}

function inOrderOfAge(services: readonly LoadBalancerService[]): readonly LoadBalancerService[] {
  const key = ({ createdAt, namespace, name }: LoadBalancerService): string => `${createdAt} ${namespace} ${name}`;
  return [...services].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** Those whose status does not say where they are served: the address for one that is, none for one that is not. */
export function wronglyAnnounced(
  services: readonly LoadBalancerService[],
  served: ReadonlySet<string>,
  address: string,
): readonly LoadBalancerService[] {
  return services.filter(({ namespace, name, addresses }) => {
    const wanted = served.has(`${namespace}/${name}`) ? [address] : [];
    return addresses.length !== wanted.length || addresses[0] !== wanted[0];
  });
}
