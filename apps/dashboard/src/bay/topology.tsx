import type { DrawnGroup, DrawnNode, Topology as Picture } from '../api/types.js';
import { phaseWord } from '../parts/words.js';

const CELL = 26;
const WIDTH = 720;
const ACROSS = 24;

interface Placed {
  readonly group: DrawnGroup;
  readonly title: string;
  readonly total: number;
  readonly y: number;
  readonly height: number;
}

/** The bay as a picture: clients come in through the load balancer, masters first, then the workers by group. */
export function Topology({ name, picture }: { readonly name: string; readonly picture: Picture }) {
  const { load_balancers: balancers } = picture;
  const order = picture.groups.toSorted((a, b) => Number(b.role === 'master') - Number(a.role === 'master'));
  let y = 96;
  const groups: Placed[] = order.map((group) => {
    const height = Math.max(1, Math.ceil(group.nodes.length / ACROSS)) * CELL + 34;
    const title = group.role === 'master' ? 'Masters' : group.name;
    const placed = { group, title, total: group.counts.present + group.counts.leaving, y, height };
    y += height + 12;
    return placed;
  });
  const [balancer] = balancers;
  const listeners = balancer?.listeners ?? [];
  const said = `${name}: ${groups.map(({ title, total }) => `${title} ${String(total)}`).join(', ')}.`;
  return (
    <figure className="topology">
      <svg viewBox={`0 0 ${String(WIDTH)} ${String(Math.max(y, 120))}`} role="img" aria-label={`Topology of ${said}`}>
        <g className="balancer">
          <rect x={8} y={8} width={WIDTH - 16} height={56} rx={8} />
          <text x={20} y={32}>
            Load balancer {balancer?.address ?? 'has no address yet'}
          </text>
          <text x={20} y={52} className="fine">
            {listeners.length === 0
              ? 'no listener yet'
              : listeners
                  .map(
                    (one) =>
                      `${one.name} :${String(one.port)} ${String(one.members.up)} of ${String(one.members.total)} up`,
                  )
                  .join(' · ')}
          </text>
        </g>
        <path className="link" d={`M${String(WIDTH / 2)} 64V92`} />
        {groups.map(({ group, title, total, y: top, height }) => (
          <g key={group.uuid} className="group">
            <rect x={8} y={top} width={WIDTH - 16} height={height} rx={8} />
            <text x={20} y={top + 19} className="fine">
              {title}: {sentenceOf(group, total)}
            </text>
            {group.nodes.map((node, index) => (
              <NodeMark
                key={node.uuid}
                node={node}
                x={20 + (index % ACROSS) * 28}
                y={top + 28 + Math.floor(index / ACROSS) * CELL}
              />
            ))}
          </g>
        ))}
      </svg>
      <figcaption className="legend">
        {(['ready', 'working', 'failed', 'leaving'] as const).map((tone) => (
          <span key={tone} className={`key ${tone}`}>
            {tone}
          </span>
        ))}
        <span>a ring: member of the load balancer</span>
      </figcaption>
    </figure>
  );
}

function sentenceOf({ counts, nodes }: DrawnGroup, total: number): string {
  const parts = [
    `${String(counts.ready)} ready`,
    ...(counts.failed > 0 ? [`${String(counts.failed)} failed`] : []),
    ...(counts.leaving > 0 ? [`${String(counts.leaving)} leaving`] : []),
    ...(total > nodes.length
      ? [`${String(nodes.length)} of ${String(total)} drawn, those that are not ready first`]
      : []),
  ];
  return parts.join(', ');
}

const LEAVING = new Set(['leaving-load-balancer', 'draining', 'leaving-engine', 'deleting-machine', 'removed']);

function toneOf({ phase }: DrawnNode): 'ready' | 'working' | 'failed' | 'leaving' {
  if (LEAVING.has(phase)) return 'leaving';
  if (phase === 'failed') return 'failed';
  return phase === 'ready' ? 'ready' : 'working';
}

function NodeMark({ node, x, y }: { readonly node: DrawnNode; readonly x: number; readonly y: number }) {
  const { member } = node;
  return (
    <g className={`node ${toneOf(node)}`} transform={`translate(${String(x)} ${String(y)})`}>
      <title>{`${node.name}: ${phaseWord(node.phase)}${member === null ? '' : `, at the load balancer: ${member}`}`}</title>
      {member !== null && <rect x={-2} y={-2} width={24} height={22} rx={6} className={`member ${member}`} />}
      <rect width={20} height={18} rx={4} className="box" />
    </g>
  );
}
