import { useState } from 'react';
import type { BayCard, Dashboard } from '../api/types.js';
import { BUSY_MS, CALM_MS, useLive } from '../api/use-live.js';
import { hrefOf, goTo } from '../parts/place.js';
import { Action, Bar, QuotaBars, Status } from '../parts/pieces.js';
import { useNow } from '../parts/use-now.js';
import { ago, count, day, engineWord, isBusy } from '../parts/words.js';
import { useReadOnlyReason, useSession } from '../session/session-context.js';

const PAGE = 50;

export function BayList() {
  const [markers, setMarkers] = useState<readonly string[]>([]);
  const marker = markers.at(-1);
  const path = `/v1/dashboard?limit=${String(PAGE)}${marker === undefined ? '' : `&marker=${marker}`}`;
  const { data, error } = useLive<Dashboard>(path, (known) =>
    (known?.bay_counts.in_progress ?? 0) > 0 ? BUSY_MS : CALM_MS,
  );
  const { project } = useSession();
  const now = useNow(5_000);
  const off = useReadOnlyReason();
  const isEmpty = data?.bay_counts.total === 0;
  return (
    <>
      <div className="head">
        <h1>Bays of {project.name}</h1>
        {data !== null && !isEmpty && (
          <Action
            kind="primary"
            off={off}
            onClick={() => {
              goTo('bays', 'new');
            }}
          >
            Create a bay
          </Action>
        )}
      </div>
      {error !== null && (
        <p className="refusal" role="alert">
          {error}
        </p>
      )}
      {data === null && error === null && <p aria-busy="true">Loading …</p>}
      {isEmpty && <NoBays off={off} />}
      {data !== null && !isEmpty && (
        <>
          <p className="summary" aria-live="polite">
            {count(data.bay_counts.total, 'bay')}
            {data.bay_counts.in_progress > 0 && `, ${String(data.bay_counts.in_progress)} in progress`}
            {data.bay_counts.failed > 0 && `, ${String(data.bay_counts.failed)} failed`}
          </p>
          <ul className="cards">
            {data.bays.map((bay) => (
              <Card key={bay.uuid} bay={bay} now={now} />
            ))}
          </ul>
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
                  const last = data.bays.at(-1);
                  if (last !== undefined) setMarkers([...markers, last.uuid]);
                }}
              >
                Next
              </button>
            </p>
          )}
        </>
      )}
      {data !== null && (
        <div className="columns">
          <section aria-labelledby="quota-title">
            <h2 id="quota-title">Quota</h2>
            <QuotaBars usage={data.quotas} />
          </section>
          <section aria-labelledby="events-title">
            <h2 id="events-title">What happened last</h2>
            {data.events.length === 0 && <p>Nothing yet.</p>}
            <ol className="events">
              {data.events.slice(0, 10).map((event) => (
                <li key={event.sequence} className={event.level}>
                  <time dateTime={event.at}>{ago(event.at, now)}</time>
                  <a href={hrefOf('bays', event.bay_uuid)}>{event.bay_name}</a>
                  <span>{event.message}</span>
                </li>
              ))}
            </ol>
          </section>
          {data.certificates.length > 0 && (
            <section aria-labelledby="certificates-title">
              <h2 id="certificates-title">Certificates that end soon</h2>
              <ul>
                {data.certificates.map((one) => (
                  <li key={one.serial}>
                    <a href={hrefOf('bays', one.bay_uuid)}>{one.bay_name}</a>: {one.subject}, ends {day(one.not_after)}
                  </li>
                ))}
              </ul>
            </section>
          )}
        </div>
      )}
    </>
  );
}

function Card({ bay, now }: { readonly bay: BayCard; readonly now: number }) {
  const { present, ready, failed, leaving } = bay.nodes;
  const wanted = bay.master_count + bay.node_count;
  const words = [
    `${String(ready)} of ${count(wanted, 'node')} ready`,
    ...(failed > 0 ? [`${String(failed)} failed`] : []),
    ...(leaving > 0 ? [`${String(leaving)} leaving`] : []),
  ].join(', ');
  const tone = failed > 0 ? 'bad' : isBusy(bay.status) ? 'busy' : 'good';
  return (
    <li className="card">
      <a href={hrefOf('bays', bay.uuid)}>
        <h2>{bay.name}</h2>
      </a>
      <p>
        <Status status={bay.status} health={bay.health_status} />
        <span className="engine">{engineWord(bay.coe)}</span>
      </p>
      <Bar label={words} value={ready} most={Math.max(wanted, present)} tone={tone} />
      <p className="small">
        {count(bay.master_count, 'master')}, {count(bay.node_count, 'worker')}. Made {ago(bay.created_at, now)}.
      </p>
      {bay.status_reason !== null && bay.status.endsWith('FAILED') && <p className="refusal">{bay.status_reason}</p>}
    </li>
  );
}

function NoBays({ off }: { readonly off: string | null }) {
  return (
    <section className="empty">
      <h2>No bay yet</h2>
      <p>
        A bay is a container cluster of your own, with its certificates and a load balancer. It is there in seconds.
      </p>
      <Action
        kind="primary"
        off={off}
        onClick={() => {
          goTo('bays', 'new');
        }}
      >
        Create the first bay
      </Action>
    </section>
  );
}
