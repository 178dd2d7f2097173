import type { Labels } from '@baykeeper/domain';
import type { Problem } from '../../contracts/engine.js';
import { MOST_LB_PORTS, RESERVED_PORTS } from './swarm.config.js';

/** The label with which a template asks for listeners over the workers: `lb_ports=80,443`. */
const LABEL = 'lb_ports';

/** @returns the ports, or why the label is refused. No label: no ports. */
export function readLbPorts(labels: Labels): { readonly ports: readonly number[]; readonly problem: Problem | null } {
  const text = labels[LABEL];
  if (text === undefined || text.trim() === '') return { ports: [], problem: null };
  const parts = text.split(',').map((part) => part.trim());
  const refuse = (why: string): { ports: []; problem: Problem } => ({ ports: [], problem: `Label ${LABEL} ${why}` });
  if (parts.length > MOST_LB_PORTS) return refuse(`may name at most ${String(MOST_LB_PORTS)} ports: name fewer.`);
  const ports: number[] = [];
  for (const part of parts) {
    const port = /^\d{1,5}$/.test(part) ? Number(part) : 0;
    if (port < 1 || port > 65535)
      return refuse('must hold port numbers from 1 to 65535 with commas between them, such as 80,443.');
    if (RESERVED_PORTS.has(port)) return refuse(`must not name ${String(port)}: Docker itself uses it.`);
    if (ports.includes(port)) return refuse(`names ${String(port)} twice: name each port once.`);
    ports.push(port);
  }
  return { ports, problem: null };
}
