import { useState } from 'react';
import type { Bay, BayEvent, Dashboard, NodeGroup, Topology as Picture } from '../api/types.js';
import { BUSY_MS, CALM_MS, useLive } from '../api/use-live.js';
import { hrefOf } from '../parts/place.js';
import { Bar, Status } from '../parts/pieces.js';
import { useNow } from '../parts/use-now.js';
import { ago, clock, count, isBusy } from '../parts/words.js';
import { Access } from './access.js';
import { Certificates } from './certificates.js';
import { DeleteBay } from './delete-bay.js';
import { Groups } from './groups.js';
import { NodeTable } from './node-table.js';
import { Scale } from './scale.js';
import { Topology } from './topology.js';

const TABS = ['Overview', 'Nodes', 'Groups', 'Get access', 'Certificates', 'Events', 'Delete'] as const;
type Tab = (typeof TABS)[number];

export function BayPage({ uuid }: { readonly uuid: string }) {
  const [tab, setTab] = useState<Tab>('Overview');
  const at = `/v1/clusters/${encodeURIComponent(uuid)}`;
  const own = `/v1/bays/${encodeURIComponent(uuid)}`;
  const bay = useLive<Bay>(at, (known) => (known !== null && isBusy(known.status) ? BUSY_MS : CALM_MS));
  const busy = bay.data !== null && isBusy(bay.data.status);
  const pace = (): number => (busy ? BUSY_MS : CALM_MS);
  const picture = useLive<Picture>(`${own}/topology`, pace);
  const groups = useLive<{ readonly nodegroups: readonly NodeGroup[] }>(`${own}/nodegroups`, pace);
  const dashboard = useLive<Dashboard>('/v1/dashboard?limit=1');
  const now = useNow(busy ? 500 : 5_000);

  if (bay.data === null) {
    return (
      <>
        <p>
          <a href={hrefOf('bays')}>All bays</a>
        </p>
        {bay.error === null ? <p aria-busy="true">Loading …</p> : <h1>{bay.error}</h1>}
      </>
    );
  }
  const { name, status, status_reason: reason, health_status: health } = bay.data;
  const drawn = picture.data?.groups ?? [];
  const sum = (of: (group: (typeof drawn)[number]) => number): number =>
    drawn.reduce((all, group) => all + of(group), 0);
  const wanted = bay.data.master_count + bay.data.node_count;
  const ready = sum(({ counts }) => counts.ready);
  const refresh = (): void => {
    bay.refresh();
    picture.refresh();
    groups.refresh();
  };
  return (
    <>
      <p className="crumbs">
        <a href={hrefOf('bays')}>All bays</a>
      </p>
      <div className="head">
        <h1>{name}</h1>
        <Status status={status} health={health} />
      </div>
      <div aria-live="polite" className="progress">
        <Bar
          label={`${String(ready)} of ${count(wanted, 'node')} ready`}
          value={ready}
          most={Math.max(
            wanted,
            sum(({ counts }) => counts.present),
          )}
          tone={status.endsWith('FAILED') ? 'bad' : busy ? 'busy' : 'good'}
        />
      </div>
      {reason !== null && <p className={status.endsWith('FAILED') ? 'refusal' : 'small'}>{reason}</p>}
      {health === 'UNHEALTHY' && <Health reasons={bay.data.health_status_reason} />}
      <div className="tabs" role="tablist" aria-label={`Of ${name}`}>
        {TABS.map((title) => (
          <button
            key={title}
            role="tab"
            id={`tab-${idOf(title)}`}
            aria-selected={tab === title}
            aria-controls="panel"
            tabIndex={tab === title ? 0 : -1}
            onClick={() => {
              setTab(title);
            }}
            onKeyDown={(event) => {
              const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
              const next = TABS[(TABS.indexOf(title) + step + TABS.length) % TABS.length];
              if (step === 0 || next === undefined) return;
              setTab(next);
              document.getElementById(`tab-${idOf(next)}`)?.focus();
            }}
          >
            {title}
          </button>
        ))}
      </div>
      <section id="panel" role="tabpanel" aria-labelledby={`tab-${idOf(tab)}`}>
        {tab === 'Overview' && (
          <>
            {picture.data !== null && <Topology name={name} picture={picture.data} />}
            <Scale
              uuid={uuid}
              groups={groups.data?.nodegroups ?? []}
              usage={dashboard.data?.quotas ?? []}
              onDone={refresh}
            />
            <dl className="facts">
              <dt>Address</dt>
              <dd>{bay.data.api_address ?? 'none yet'}</dd>
              <dt>Engine version</dt>
              <dd>{bay.data.coe_version ?? 'not known yet'}</dd>
              <dt>Flavor</dt>
              <dd>{bay.data.flavor_id ?? 'the default'}</dd>
              <dt>Made</dt>
              <dd>{ago(bay.data.created_at, now)}</dd>
            </dl>
          </>
        )}
        {tab === 'Nodes' && <NodeTable uuid={uuid} pace={pace} now={now} />}
        {tab === 'Groups' && <Groups uuid={uuid} groups={groups.data?.nodegroups ?? []} onDone={refresh} />}
        {tab === 'Certificates' && <Certificates uuid={uuid} now={now} />}
        {tab === 'Get access' && <Access bay={bay.data} />}
        {tab === 'Events' && <Events uuid={uuid} pace={pace} />}
        {tab === 'Delete' && <DeleteBay bay={bay.data} onDone={refresh} />}
      </section>
    </>
  );
}

function idOf(title: Tab): string {
  return title.toLowerCase().replaceAll(' ', '-');
}

function Health({ reasons }: { readonly reasons: Readonly<Record<string, string>> }) {
  const lines = Object.entries(reasons).filter(([, reason]) => !/^(ok|true|ready)$/i.test(reason));
  return (
    <ul className="refusal">
      {lines.slice(0, 20).map(([what, reason]) => (
        <li key={what}>
          {what}: {reason}
        </li>
      ))}
    </ul>
  );
}

/** The latest thousand; older ones are in the API. */
function Events({ uuid, pace }: { readonly uuid: string; readonly pace: () => number }) {
  const events = useLive<{ readonly events: readonly BayEvent[] }>(`/v1/bays/${encodeURIComponent(uuid)}/events`, pace);
  if (events.data === null) return <p aria-busy="true">Loading …</p>;
  return (
    <ol className="events" aria-live="polite" aria-relevant="additions">
      {events.data.events.toReversed().map((event) => (
        <li key={event.sequence} className={event.level}>
          <time dateTime={event.at}>{clock(event.at)}</time>
          <span>{event.node ?? ''}</span>
          <span>{event.message}</span>
        </li>
      ))}
    </ol>
  );
}
