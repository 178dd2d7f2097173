import type { Bay, BayNode, LoadBalancer } from '../api/types.js';
import { phaseWord } from '../parts/words.js';

/** Nodes of a group that are drawn one by one; of a larger one, so many stand for all. */
const MOST_DRAWN = 60;
const CELL = 26;
const WIDTH = 720;
const ACROSS = 24;

interface Drawn {
  readonly title: string;
  readonly nodes: readonly BayNode[];
  readonly hidden: number;
  readonly y: number;
  readonly height: number;
}

/** The bay as a picture: clients come in through the load balancer, masters first, then the workers by group. */
export function Topology({
  bay,
  nodes,
  balancers,
}: {
  readonly bay: Bay;
  readonly nodes: readonly BayNode[];
  readonly balancers: readonly LoadBalancer[];
}) {
  const byGroup = Map.groupBy(nodes, (node) => (node.role === 'master' ? 'Masters' : node.nodegroup));
  const names = [...byGroup.keys()].sort(
    (a, b) => Number(b === 'Masters') - Number(a === 'Masters') || a.localeCompare(b),
  );
  const members = new Map(
    balancers.flatMap(({ listeners }) =>
      listeners.flatMap((listener) => listener.members.map((member) => [member.node_uuid, member.health] as const)),
    ),
  );
  let y = 96;
  const groups: Drawn[] = names.map((title) => {
    const all = byGroup.get(title) ?? [];
    const drawn = pick(all);
    const height = Math.ceil(drawn.length / ACROSS) * CELL + 34;
    const group = { title, nodes: drawn, hidden: all.length - drawn.length, y, height };
    y += height + 12;
    return group;
  });
  const [balancer] = balancers;
  const listeners = balancer?.listeners ?? [];
  const said = `${bay.name}: ${names.map((title) => `${title} ${String(byGroup.get(title)?.length ?? 0)}`).join(', ')}.`;
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
                  .map(({ name, port, members: of }) => {
                    const up = of.filter(({ health }) => health === 'up').length;
                    return `${name} :${String(port)} ${String(up)} of ${String(of.length)} up`;
                  })
                  .join(' · ')}
          </text>
        </g>
        <path className="link" d={`M${String(WIDTH / 2)} 64V92`} />
        {groups.map((group) => (
          <g key={group.title} className="group">
            <rect x={8} y={group.y} width={WIDTH - 16} height={group.height} rx={8} />
            <text x={20} y={group.y + 19} className="fine">
              {group.title} ({String(group.nodes.length + group.hidden)}
              {group.hidden > 0 && `, ${String(group.hidden)} more like these`})
            </text>
            {group.nodes.map((node, index) => (
              <NodeMark
                key={node.uuid}
                node={node}
                member={members.get(node.uuid) ?? null}
                x={20 + (index % ACROSS) * 28}
                y={group.y + 28 + Math.floor(index / ACROSS) * CELL}
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

/** What is not ready first: that is what one looks for. */
function pick(nodes: readonly BayNode[]): readonly BayNode[] {
  if (nodes.length <= MOST_DRAWN) return nodes;
  const odd = nodes.filter((node) => toneOf(node) !== 'ready').slice(0, MOST_DRAWN);
  const rest = nodes.filter((node) => toneOf(node) === 'ready').slice(0, MOST_DRAWN - odd.length);
  return [...odd, ...rest];
}

function toneOf({ phase, removal_reason: reason }: BayNode): 'ready' | 'working' | 'failed' | 'leaving' {
  if (reason !== null) return 'leaving';
  if (phase === 'failed') return 'failed';
  return phase === 'ready' ? 'ready' : 'working';
}

function NodeMark({
  node,
  member,
  x,
  y,
}: {
  readonly node: BayNode;
  readonly member: string | null;
  readonly x: number;
  readonly y: number;
}) {
  return (
    <g className={`node ${toneOf(node)}`} transform={`translate(${String(x)} ${String(y)})`}>
      <title>{`${node.name}: ${phaseWord(node.phase)}${member === null ? '' : `, at the load balancer: ${member}`}`}</title>
      {member !== null && <rect x={-2} y={-2} width={24} height={22} rx={6} className={`member ${member}`} />}
      <rect width={20} height={18} rx={4} className="box" />
    </g>
  );
}
