import { useState } from 'react';
import { ApiError, call } from '../api/client.js';
import type { NodeGroup, Usage } from '../api/types.js';
import { Action, QuotaBars, Stepper } from '../parts/pieces.js';
import { count } from '../parts/words.js';
import { useReadOnlyReason } from '../session/session-context.js';

/** A stepper for each group of workers, with what it will do said before it is done. */
export function Scale({
  uuid,
  groups,
  usage,
  onDone,
}: {
  readonly uuid: string;
  readonly groups: readonly NodeGroup[];
  readonly usage: readonly Usage[];
  readonly onDone: () => void;
}) {
  return (
    <section aria-labelledby="scale-title">
      <h2 id="scale-title">Scale</h2>
      {groups
        .filter(({ role }) => role !== 'master')
        .map((group) => (
          <GroupScale key={group.uuid} uuid={uuid} group={group} usage={usage} onDone={onDone} />
        ))}
    </section>
  );
}

function GroupScale({
  uuid,
  group,
  usage,
  onDone,
}: {
  readonly uuid: string;
  readonly group: NodeGroup;
  readonly usage: readonly Usage[];
  readonly onDone: () => void;
}) {
  const [wish, setWish] = useState<number | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  const off = useReadOnlyReason();
  const value = wish ?? group.node_count;
  const added = value - group.node_count;
  const effect =
    added === 0
      ? 'Nothing changes.'
      : added > 0
        ? `Makes ${count(added, 'worker')}.`
        : `Drains and removes ${count(-added, 'worker')}: those that are not ready first, then the newest.`;
  const send = (): void => {
    setRefusal(null);
    call('POST', `/v1/clusters/${encodeURIComponent(uuid)}/actions/resize`, {
      ...{ node_count: value, nodegroup: group.name },
    }).then(
      () => {
        setWish(null);
        onDone();
      },
      (error: unknown) => {
        setRefusal(error instanceof ApiError ? error.message : String(error));
      },
    );
  };
  return (
    <div className="scale">
      <strong>{group.name}</strong>
      <Stepper
        label={`Workers of ${group.name}`}
        value={value}
        lowest={group.min_node_count}
        highest={group.max_node_count ?? 10_000}
        onChange={setWish}
      />
      <span aria-live="polite">{effect}</span>
      {added !== 0 && (
        <>
          {added > 0 && (
            <QuotaBars usage={usage.filter(({ resource }) => resource === 'Node')} added={{ Node: added }} />
          )}
          <Action kind="primary" off={off} onClick={send}>
            {added > 0 ? `Add ${count(added, 'worker')}` : `Remove ${count(-added, 'worker')}`}
          </Action>
          <button
            onClick={() => {
              setWish(null);
              setRefusal(null);
            }}
          >
            Leave it
          </button>
        </>
      )}
      {added === 0 && off !== null && <span className="why">{off}</span>}
      {refusal !== null && (
        <p className="refusal" role="alert">
          {refusal}
        </p>
      )}
    </div>
  );
}
