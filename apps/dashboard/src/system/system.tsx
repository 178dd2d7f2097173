import { useLive } from '../api/use-live.js';
import { Table } from '../parts/fields.js';
import { useNow } from '../parts/use-now.js';
import { ago, count } from '../parts/words.js';
import { useSession } from '../session/session-context.js';
import { Accounts } from './accounts.js';
import { Queues } from './queues.js';
import { QuotaSection } from './quotas.js';

interface Process {
  readonly id: number;
  readonly host: string;
  readonly kind: 'api' | 'worker';
  readonly slot: number;
  readonly state: 'up' | 'down';
  readonly version: string;
  readonly started_at: string;
  readonly last_seen_at: string | null;
}

/** For those who run the installation. */
export function SystemPage() {
  const processes = useLive<{ readonly processes: readonly Process[] }>('/v1/processes');
  const isOwn = useSession().identity_url === null;
  const now = useNow(1_000);
  const all = processes.data?.processes ?? [];
  const hosts = [...new Set(all.map(({ host }) => host))].map((host) => {
    const here = all.filter((one) => one.host === host);
    return { host, all: here.length, up: here.filter(({ state }) => state === 'up').length };
  });
  return (
    <>
      <h1>System</h1>
      <section aria-labelledby="hosts-title">
        <h2 id="hosts-title">Hosts of the service</h2>
        <ul className="rows">
          {hosts.map(({ host, all: there, up }) => (
            <li key={host}>
              <strong>{host}</strong>
              <span>
                {up} of {count(there, 'process', 'processes')} up
              </span>
            </li>
          ))}
        </ul>
      </section>
      <section aria-labelledby="services-title">
        <h2 id="services-title">Processes</h2>
        <Table
          title="Processes and whether they report"
          heads={['Process', 'Host', 'State', 'Last word', 'Started', 'Version']}
        >
          {all.map((one) => (
            <tr key={one.id} className={one.state === 'up' ? '' : 'failed'}>
              <th scope="row">
                {one.kind} {one.slot}
              </th>
              <td>{one.host}</td>
              <td>{one.state}</td>
              <td>{one.last_seen_at === null ? 'never' : ago(one.last_seen_at, now)}</td>
              <td>{ago(one.started_at, now)}</td>
              <td>{one.version}</td>
            </tr>
          ))}
        </Table>
      </section>
      <section aria-labelledby="queues-title">
        <h2 id="queues-title">What waits and what runs</h2>
        <Queues />
      </section>
      {isOwn ? <Accounts /> : <QuotaSection projects={null} />}
    </>
  );
}
