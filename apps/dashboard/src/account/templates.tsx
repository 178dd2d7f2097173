import type { Template } from '../api/types.js';
import { useLive } from '../api/use-live.js';
import { call } from '../api/client.js';
import { useDeed } from '../api/use-deed.js';
import { Refusal } from '../parts/fields.js';
import { day, engineWord } from '../parts/words.js';
import { useReadOnlyReason, useSession } from '../session/session-context.js';
import { NewTemplate } from './new-template.js';

export function Templates() {
  const { data, error, refresh } = useLive<{ readonly clustertemplates: readonly Template[] }>('/v1/clustertemplates');
  const { project } = useSession();
  const off = useReadOnlyReason();
  const removal = useDeed();
  return (
    <>
      <h1>Baymodels</h1>
      <p>What bays are made from. A bay keeps what it was made from, whatever becomes of its baymodel.</p>
      {error !== null && <p className="refusal">{error}</p>}
      <Refusal text={removal.refusal} />
      {data === null && error === null && <p aria-busy="true">Loading …</p>}
      {data?.clustertemplates.length === 0 && <p>There is none yet.</p>}
      <ul className="cards">
        {data?.clustertemplates.map((one) => (
          <li key={one.uuid} className="card">
            <h2>{one.name}</h2>
            <p>
              <span className="engine">{engineWord(one.coe)}</span>
              {one.public && <span className="engine">for everybody</span>}
            </p>
            <dl className="facts">
              <dt>Image</dt>
              <dd>{one.image_id}</dd>
              <dt>Flavor</dt>
              <dd>{one.flavor_id ?? 'the default'}</dd>
              <dt>Masters balanced</dt>
              <dd>{one.master_lb_enabled ? 'yes' : 'no'}</dd>
              <dt>TLS</dt>
              <dd>{one.tls_disabled ? 'off' : 'on'}</dd>
              {Object.entries(one.labels).map(([name, value]) => (
                <Label key={name} name={name} value={value} />
              ))}
            </dl>
            <p className="small">Made {day(one.created_at)}.</p>
            {one.project_id === project.id && (
              <button
                disabled={off !== null}
                title={off ?? undefined}
                aria-label={`Delete ${one.name}`}
                onClick={() => {
                  removal.run(async () => {
                    await call('DELETE', `/v1/clustertemplates/${one.uuid}`);
                    refresh();
                  });
                }}
              >
                Delete
              </button>
            )}
          </li>
        ))}
      </ul>
      <NewTemplate engines={(data?.clustertemplates ?? []).map(({ coe }) => coe)} onDone={refresh} />
    </>
  );
}

function Label({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}
