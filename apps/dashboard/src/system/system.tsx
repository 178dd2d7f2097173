import { useLive } from '../api/use-live.js';
import { useNow } from '../parts/use-now.js';
import { ago } from '../parts/words.js';

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
interface Project {
  readonly id: string;
  readonly name: string;
  readonly enabled: boolean;
}

/** For those who run the installation. */
export function SystemPage() {
  const processes = useLive<{ readonly processes: readonly Process[] }>('/v1/processes');
  const projects = useLive<{ readonly projects: readonly Project[] }>('/identity/v3/projects');
  const now = useNow(1_000);
  return (
    <>
      <h1>System</h1>
      <section aria-labelledby="services-title">
        <h2 id="services-title">Processes</h2>
        <div className="scroll" tabIndex={0} role="region" aria-label="Table of processes">
          <table>
            <caption className="unseen">Processes and whether they report</caption>
            <thead>
              <tr>
                {['Process', 'Host', 'State', 'Last word', 'Started', 'Version'].map((title) => (
                  <th key={title} scope="col">
                    {title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {processes.data?.processes.map((one) => (
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
            </tbody>
          </table>
        </div>
      </section>
      <section aria-labelledby="projects-title">
        <h2 id="projects-title">Projects</h2>
        <ul className="rows">
          {projects.data?.projects.map((project) => (
            <li key={project.id}>
              <strong>{project.name}</strong>
              <span>{project.enabled ? '' : 'off'}</span>
              <code>{project.id}</code>
            </li>
          ))}
        </ul>
      </section>
    </>
  );
}
