import type { Labels, Listener } from '@baykeeper/domain';
import type { Problem } from '../../contracts/engine.js';
import { API_PORT } from './kubernetes.config.js';

/**
 * The label with which a template asks for listeners over the workers: `lb_ports=80:30080,30443`. What stands behind a
 * listener is the node port of a Service, which every worker has whether a pod of it runs there or not.
 */
const LABEL = 'lb_ports';
const MOST_LB_PORTS = 16;
/** What API servers hand out as node ports (their --service-node-port-range). */
const FIRST_NODE_PORT = 30_000;
const LAST_NODE_PORT = 32_767;

export function lbPortProblems(labels: Labels): readonly Problem[] {
  const { problem } = readLbPorts(labels);
  return problem === null ? [] : [problem];
}

/** Only for labels without {@link lbPortProblems}: others ask for none. */
export function lbPortListeners(labels: Labels): readonly Listener[] {
  const { ports, problem } = readLbPorts(labels);
  if (problem !== null) return [];
  return ports.map(({ port, nodePort }) => ({
    ...{ name: `port-${String(port)}`, port, memberPort: nodePort, memberRole: 'worker' },
  }));
}

interface Ports {
  readonly port: number;
  readonly nodePort: number;
}

function readLbPorts(labels: Labels): { readonly ports: readonly Ports[]; readonly problem: Problem | null } {
  const text = labels[LABEL]?.trim() ?? '';
  if (text === '') return { ports: [], problem: null };
  const refuse = (why: string): { ports: []; problem: Problem } => ({ ports: [], problem: `Label ${LABEL} ${why}` });
  const parts = text.split(',').map((part) => part.trim());
  if (parts.length > MOST_LB_PORTS) return refuse(`may name at most ${String(MOST_LB_PORTS)} ports: name fewer.`);
  const ports: Ports[] = [];
  for (const part of parts) {
    const match = /^(?:(\d{1,5}):)?(\d{1,5})$/.exec(part);
    const nodePort = Number(match?.[2] ?? 0);
    const port = Number(match?.[1] ?? nodePort);
    if (!match || port < 1 || port > 65535 || nodePort < FIRST_NODE_PORT || nodePort > LAST_NODE_PORT) {
      return refuse(
        `must hold node ports of Services from ${String(FIRST_NODE_PORT)} to ${String(LAST_NODE_PORT)}, each with the balancer's own port before it if that is another, such as 80:30080,30443.`,
      );
    }
    if (port === API_PORT) return refuse(`must not name ${String(API_PORT)}: it is the API's own.`);
    if (ports.some((other) => other.port === port)) return refuse(`names ${String(port)} twice: name each port once.`);
    ports.push({ port, nodePort });
  }
  return { ports, problem: null };
}
