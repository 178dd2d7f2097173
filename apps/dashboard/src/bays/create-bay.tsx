import { useState, type SubmitEvent } from 'react';
import { ApiError, call, fieldOf } from '../api/client.js';
import type { Dashboard, Template } from '../api/types.js';
import { useLive } from '../api/use-live.js';
import { goTo, hrefOf } from '../parts/place.js';
import { Action, QuotaBars, Stepper } from '../parts/pieces.js';
import { engineWord } from '../parts/words.js';
import { useReadOnlyReason } from '../session/session-context.js';

const NEVER = 3_600_000;
/** Quorums. */
const MASTERS = [1, 3, 5] as const;

/** Three steps on one page: from what, how large, what name. */
export function CreateBay() {
  const templates = useLive<{ readonly clustertemplates: readonly Template[] }>('/v1/clustertemplates', () => NEVER);
  const dashboard = useLive<Dashboard>('/v1/dashboard?limit=1');
  const [chosen, setChosen] = useState<string | null>(null);
  const [masters, setMasters] = useState(1);
  const [workers, setWorkers] = useState(2);
  const [name, setName] = useState('');
  const [refusal, setRefusal] = useState<{ readonly field: string | null; readonly text: string } | null>(null);
  const [isWaiting, setIsWaiting] = useState(false);
  const off = useReadOnlyReason();
  const list = templates.data?.clustertemplates ?? [];
  const template = list.find(({ uuid }) => uuid === chosen) ?? list[0];

  const create = (): void => {
    if (template === undefined) return;
    setIsWaiting(true);
    setRefusal(null);
    call<{ readonly uuid: string }>('POST', '/v1/clusters', {
      cluster_template_id: template.uuid,
      ...{ master_count: masters, node_count: workers },
      ...(name !== '' && { name }),
    }).then(
      ({ uuid }) => {
        goTo('bays', uuid);
      },
      (error: unknown) => {
        setIsWaiting(false);
        const text = error instanceof ApiError ? error.message : String(error);
        const named = fieldOf(text);
        setRefusal(named === null ? { field: null, text } : { field: named.field, text: named.advice });
      },
    );
  };
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (off === null && !isWaiting) create();
  };
  const saidAt = (...fields: readonly string[]) =>
    refusal !== null && refusal.field !== null && fields.includes(refusal.field) ? (
      <p className="refusal" role="alert">
        {refusal.text}
      </p>
    ) : null;
  const known = ['cluster_template_id', 'master_count', 'node_count', 'name'];

  return (
    <form className="steps" onSubmit={submit}>
      <div className="head">
        <h1>Create a bay</h1>
        <a href={hrefOf('bays')}>Back to the bays</a>
      </div>
      <fieldset>
        <legend>1. From which baymodel?</legend>
        {templates.data === null && <p aria-busy="true">Loading …</p>}
        {templates.data !== null && list.length === 0 && (
          <p>There is no baymodel yet: make one, or ask for a public one.</p>
        )}
        <div className="choices">
          {list.map((one) => (
            <label key={one.uuid} className="choice">
              <input
                type="radio"
                name="template"
                checked={one.uuid === template?.uuid}
                onChange={() => {
                  setChosen(one.uuid);
                }}
              />
              <strong>{one.name}</strong>
              <span>
                {engineWord(one.coe)}
                {one.flavor_id !== null && `, ${one.flavor_id}`}
                {one.public && ', for everybody'}
              </span>
            </label>
          ))}
        </div>
        {saidAt('cluster_template_id')}
      </fieldset>
      <fieldset>
        <legend>2. How large?</legend>
        <div className="sizes">
          <div>
            <span aria-hidden="true">Masters</span>
            <Stepper
              label="Masters"
              value={masters}
              lowest={MASTERS[0]}
              highest={MASTERS[2]}
              onChange={(next) => {
                // An even number has the quorum of the odd one below it, and more that can fail.
                setMasters(next > masters ? Math.min(5, masters + 2) : Math.max(1, masters - 2));
              }}
            />
          </div>
          <div>
            <span aria-hidden="true">Workers</span>
            <Stepper label="Workers" value={workers} lowest={0} highest={10_000} onChange={setWorkers} />
          </div>
        </div>
        {masters === 1 ? (
          <p className="small">One master: when it fails, the bay stands still until it is replaced.</p>
        ) : (
          <p className="small">
            {masters} masters: the bay goes on when {masters === 3 ? 'one fails' : 'two fail'}.
          </p>
        )}
        {saidAt('master_count', 'node_count')}
        {dashboard.data !== null && (
          <QuotaBars usage={dashboard.data.quotas} added={{ Cluster: 1, Node: workers, Master: masters }} />
        )}
      </fieldset>
      <fieldset>
        <legend>3. What is it called?</legend>
        <label>
          Name <span className="hint">(one is found when left out)</span>
          <input
            value={name}
            maxLength={242}
            onChange={(event) => {
              setName(event.target.value);
            }}
          />
        </label>
        {saidAt('name')}
      </fieldset>
      {refusal !== null && (refusal.field === null || !known.includes(refusal.field)) && (
        <p className="refusal" role="alert">
          {refusal.field === null ? refusal.text : `${refusal.field}: ${refusal.text}`}
        </p>
      )}
      <Action
        kind="primary"
        off={off ?? (template === undefined ? 'There is no baymodel to make it from.' : null)}
        onClick={() => undefined}
      >
        {isWaiting ? 'Creating …' : 'Create the bay'}
      </Action>
    </form>
  );
}
