import { useLive } from '../api/use-live.js';
import { day, clock } from '../parts/words.js';

interface Entry {
  readonly sequence: number;
  readonly user_name: string | null;
  readonly action: string;
  readonly outcome: string;
  readonly target_name: string | null;
  readonly target_id: string | null;
  readonly detail: string | null;
  readonly address: string | null;
  readonly request_id: string | null;
  readonly at: string;
}

export function AuditPage() {
  const { data, error } = useLive<{ readonly audit: readonly Entry[] }>('/v1/audit?limit=200');
  return (
    <>
      <h1>Audit</h1>
      <p>Who did what, and what was refused: the latest 200.</p>
      {error !== null && <p className="refusal">{error}</p>}
      {data !== null && (
        <div className="scroll" tabIndex={0} role="region" aria-label="Audit">
          <table>
            <caption className="unseen">Entries of the audit</caption>
            <thead>
              <tr>
                {['When', 'Who', 'What', 'To what', 'Outcome', 'From'].map((title) => (
                  <th key={title} scope="col">
                    {title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {data.audit.map((entry) => (
                <tr key={entry.sequence} className={entry.outcome === 'refused' ? 'failed' : ''}>
                  <td>
                    {day(entry.at)} {clock(entry.at)}
                  </td>
                  <td>{entry.user_name ?? ''}</td>
                  <td>{entry.action}</td>
                  <td>
                    {entry.target_name ?? entry.target_id ?? ''}
                    {entry.detail !== null && <div className="small">{entry.detail}</div>}
                  </td>
                  <td>{entry.outcome}</td>
                  <td>{entry.address ?? ''}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
