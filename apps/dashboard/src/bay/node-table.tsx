import { useState } from 'react';
import type { Timeline, TimelineNode } from '../api/types.js';
import { useLive } from '../api/use-live.js';
import { phaseWord, seconds } from '../parts/words.js';

const PAGE = 50;

/** What each node did and does, as a line of time; with the log's end of one that failed. */
export function NodeTable({
  uuid,
  pace,
  now,
}: {
  readonly uuid: string;
  readonly pace: () => number;
  readonly now: number;
}) {
  const [markers, setMarkers] = useState<readonly string[]>([]);
  const marker = markers.at(-1);
  const from = marker === undefined ? '' : `&marker=${marker}`;
  const { data, error } = useLive<Timeline>(
    `/v1/bays/${encodeURIComponent(uuid)}/timeline?limit=${String(PAGE)}${from}`,
    pace,
  );
  if (data === null) return <p aria-busy={error === null}>{error ?? 'Loading …'}</p>;
  if (data.nodes.length === 0) return <p>There is no node yet.</p>;
  return (
    <>
      <div className="scroll" tabIndex={0} role="region" aria-label="Nodes">
        <table>
          <caption className="unseen">Nodes and what they do</caption>
          <thead>
            <tr>
              <th scope="col">Node</th>
              <th scope="col">Group</th>
              <th scope="col">Doing</th>
              <th scope="col">How it came about</th>
            </tr>
          </thead>
          <tbody>
            {data.nodes.map((node) => (
              <Row key={node.uuid} node={node} now={now} />
            ))}
          </tbody>
        </table>
      </div>
      {(markers.length > 0 || data.next !== undefined) && (
        <p className="pages">
          <button
            disabled={markers.length === 0}
            onClick={() => {
              setMarkers(markers.slice(0, -1));
            }}
          >
            Previous
          </button>
          <button
            disabled={data.next === undefined}
            onClick={() => {
              const last = data.nodes.at(-1);
              if (last !== undefined) setMarkers([...markers, last.uuid]);
            }}
          >
            Next
          </button>
        </p>
      )}
    </>
  );
}

function Row({ node, now }: { readonly node: TimelineNode; readonly now: number }) {
  const goingOn = node.phases.find(({ ended_at: end }) => end === null);
  const error = node.phases.find((phase) => phase.error !== null)?.error ?? null;
  const doing = goingOn?.name ?? (error === null ? 'ready' : 'failed');
  return (
    <tr className={error === null ? '' : 'failed'}>
      <th scope="row">{node.name}</th>
      <td>{node.nodegroup}</td>
      <td>{phaseWord(doing)}</td>
      <td>
        <Line node={node} now={now} />
        {error !== null && (
          <details open>
            <summary className="refusal">{error}</summary>
            {node.log_tail !== null && node.log_tail !== '' && <pre tabIndex={0}>{node.log_tail}</pre>}
          </details>
        )}
      </td>
    </tr>
  );
}

const HUES: Readonly<Record<string, string>> = {
  'machine-requested': 'a',
  'machine-created': 'b',
  booted: 'c',
  certified: 'd',
  'join-granted': 'e',
  joined: 'f',
  ready: 'g',
};
const WIDTH = 300;

/** Each phase as a piece as long as it took. */
function Line({ node, now }: { readonly node: TimelineNode; readonly now: number }) {
  const [first] = node.phases;
  if (first === undefined) return null;
  const begin = new Date(first.started_at).getTime();
  const ends = node.phases.map(({ ended_at: end }) => (end === null ? now : new Date(end).getTime()));
  const end = Math.max(...ends);
  const span = Math.max(end - begin, 1);
  const isGoing = node.phases.some(({ ended_at: at }) => at === null);
  const took = seconds(first.started_at, end);
  const said = node.phases
    .map(({ name, started_at: from, ended_at: to }) => `${name.replaceAll('-', ' ')} ${seconds(from, to ?? now)}`)
    .join(', ');
  return (
    <div className="timeline">
      <svg viewBox={`0 0 ${String(WIDTH)} 12`} preserveAspectRatio="none" role="img" aria-label={said}>
        <rect className="whole" width={WIDTH} height={12} rx={3} />
        {node.phases.map(({ name, started_at: from, ended_at: to }, index) => (
          <rect
            key={name}
            className={`piece ${to === null ? 'now' : (HUES[name] ?? 'z')}`}
            x={((new Date(from).getTime() - begin) / span) * WIDTH}
            width={Math.max((((ends[index] ?? end) - new Date(from).getTime()) / span) * WIDTH, 0.8)}
            height={12}
          >
            <title>{`${name.replaceAll('-', ' ')}: ${seconds(from, to ?? now)}`}</title>
          </rect>
        ))}
      </svg>
      <span className="small">{isGoing ? `${took} so far` : took}</span>
    </div>
  );
}
