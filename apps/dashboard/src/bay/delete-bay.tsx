import { useState, type SubmitEvent } from 'react';
import { ApiError, call } from '../api/client.js';
import type { Bay } from '../api/types.js';
import { goTo } from '../parts/place.js';
import { Action } from '../parts/pieces.js';
import { count } from '../parts/words.js';
import { useReadOnlyReason } from '../session/session-context.js';

export function DeleteBay({ bay, onDone }: { readonly bay: Bay; readonly onDone: () => void }) {
  const [typed, setTyped] = useState('');
  const [refusal, setRefusal] = useState<string | null>(null);
  const readOnly = useReadOnlyReason();
  const off = readOnly ?? (typed === bay.name ? null : `Type ${bay.name} first.`);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (off !== null) return;
    call('DELETE', `/v1/clusters/${encodeURIComponent(bay.uuid)}`).then(
      () => {
        onDone();
        goTo('bays');
      },
      (error: unknown) => {
        setRefusal(error instanceof ApiError ? error.message : String(error));
      },
    );
  };
  return (
    <form onSubmit={submit}>
      <h2>Delete {bay.name}</h2>
      <p>
        {count(bay.master_count + bay.node_count, 'node')}, its load balancer, its certificates and everything on its
        machines will be gone. There is no way back.
      </p>
      <label>
        Type the bay’s name
        <input
          value={typed}
          autoComplete="off"
          onChange={(event) => {
            setTyped(event.target.value);
          }}
        />
      </label>
      {refusal !== null && (
        <p className="refusal" role="alert">
          {refusal}
        </p>
      )}
      <Action kind="danger" off={off} onClick={() => undefined}>
        Delete this bay
      </Action>
    </form>
  );
}
