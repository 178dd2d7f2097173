import type { Template } from '../api/types.js';
import { useLive } from '../api/use-live.js';
import { day, engineWord } from '../parts/words.js';

export function Templates() {
  const { data, error } = useLive<{ readonly clustertemplates: readonly Template[] }>('/v1/clustertemplates');
  return (
    <>
      <h1>Baymodels</h1>
      <p>What bays are made from. A bay keeps what it was made from, whatever becomes of its baymodel.</p>
      {error !== null && <p className="refusal">{error}</p>}
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
          </li>
        ))}
      </ul>
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
