import { useState } from 'react';
import type { BayNode } from '../api/types.js';
import { count, phaseWord, seconds } from '../parts/words.js';

const PAGE = 50;

/** What each node did and does, as a line of time; with the log's end of one that failed. */
export function NodeTable({ nodes, now }: { readonly nodes: readonly BayNode[]; readonly now: number }) {
  const [page, setPage] = useState(0);
  const pages = Math.max(1, Math.ceil(nodes.length / PAGE));
  const current = Math.min(page, pages - 1);
  const shown = nodes.slice(current * PAGE, (current + 1) * PAGE);
  if (nodes.length === 0) return <p>There is no node yet.</p>;
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
              <th scope="col">Address</th>
              <th scope="col">How it came about</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((node) => (
              <tr key={node.uuid} className={node.phase === 'failed' ? 'failed' : ''}>
                <th scope="row">{node.name}</th>
                <td>{node.nodegroup}</td>
                <td>
                  {phaseWord(node.phase)}
                  {node.engine_state === 'down' && ', down'}
                </td>
                <td>{node.address ?? ''}</td>
                <td>
                  <Timeline node={node} now={now} />
                  {node.failure !== null && (
                    <details open>
                      <summary className="refusal">{node.failure.message}</summary>
                      {node.failure.log_tail !== '' && <pre tabIndex={0}>{node.failure.log_tail}</pre>}
                    </details>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {pages > 1 && (
        <p className="pages">
          <button
            disabled={current === 0}
            onClick={() => {
              setPage(current - 1);
            }}
          >
            Previous
          </button>
          <span>
            {String(current + 1)} of {count(pages, 'page')}
          </span>
          <button
            disabled={current === pages - 1}
            onClick={() => {
              setPage(current + 1);
            }}
          >
            Next
          </button>
        </p>
      )}
    </>
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

/** Each step as a piece as long as it took. */
function Timeline({ node, now }: { readonly node: BayNode; readonly now: number }) {
  const steps = node.steps;
  const begin = new Date(node.created_at).getTime();
  const isGoing = node.phase !== 'ready' && node.phase !== 'failed';
  const last = steps.at(-1);
  const end = isGoing ? now : last === undefined ? now : new Date(last.at).getTime();
  const span = Math.max(end - begin, 1);
  let from = begin;
  const pieces = steps.map(({ name, at }) => {
    const to = new Date(at).getTime();
    const piece = {
      name,
      x: ((from - begin) / span) * 300,
      width: (Math.max(to - from, 0) / span) * 300,
      took: to - from,
    };
    from = Math.max(to, from);
    return piece;
  });
  const text = steps
    .map(({ name, at }) => `${name.replaceAll('-', ' ')} after ${seconds(node.created_at, at)}`)
    .join(', ');
  return (
    <div className="timeline">
      <svg viewBox="0 0 300 12" preserveAspectRatio="none" role="img" aria-label={text === '' ? 'planned' : text}>
        <rect className="whole" width={300} height={12} rx={3} />
        {pieces.map(({ name, x, width, took }) => (
          <rect key={name} className={`piece ${HUES[name] ?? 'z'}`} x={x} width={Math.max(width, 0.8)} height={12}>
            <title>{`${name.replaceAll('-', ' ')}: ${(took / 1_000).toFixed(2)} s`}</title>
          </rect>
        ))}
      </svg>
      <span className="small">
        {isGoing ? `${seconds(node.created_at, now)} so far` : seconds(node.created_at, end)}
      </span>
    </div>
  );
}
