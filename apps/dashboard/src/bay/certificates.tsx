import { useState } from 'react';
import { useLive } from '../api/use-live.js';
import { Table } from '../parts/fields.js';
import { count, day } from '../parts/words.js';

interface Certificate {
  readonly serial: string;
  readonly subject: string;
  readonly kind: 'client' | 'node';
  readonly issued_at: string;
  readonly not_after: string;
}
interface Page {
  readonly authority: { readonly subject: string; readonly serial: string; readonly not_after: string };
  readonly certificates: readonly Certificate[];
  readonly next?: string;
}

const DAY_MS = 86_400_000;
/** What has less than this part of its life before it ends soon: some live for days, others for years. */
const SOON = 1 / 3;

/** What was signed for the bay, what ends first at first. The certificates themselves are kept nowhere. */
export function Certificates({ uuid, now }: { readonly uuid: string; readonly now: number }) {
  const [withNodes, setWithNodes] = useState(false);
  const at = `/v1/bays/${encodeURIComponent(uuid)}/certificates?limit=100${withNodes ? '' : '&kind=client'}`;
  const { data, error } = useLive<Page>(at);
  if (data === null) return <p aria-busy={error === null}>{error ?? 'Loading …'}</p>;
  const left = (end: string): string => {
    const days = Math.floor((new Date(end).getTime() - now) / DAY_MS);
    return days < 0 ? 'has ended' : `${count(days, 'day')} left`;
  };
  const isSoon = ({ issued_at: begin, not_after: end }: Certificate): boolean => {
    const [from, to] = [new Date(begin).getTime(), new Date(end).getTime()];
    return to - now < (to - from) * SOON;
  };
  return (
    <>
      <label className="check">
        <input
          type="checkbox"
          checked={withNodes}
          onChange={(event) => {
            setWithNodes(event.target.checked);
          }}
        />
        Those of nodes too (they are renewed by themselves)
      </label>
      <Table title="Table of certificates" heads={['For', 'Subject', 'Signed', 'Ends', 'Left']}>
        <tr>
          <th scope="row">The bay’s authority</th>
          <td>{data.authority.subject}</td>
          <td />
          <td>{day(data.authority.not_after)}</td>
          <td>{left(data.authority.not_after)}</td>
        </tr>
        {data.certificates.map((one) => (
          <tr key={one.serial} className={isSoon(one) && one.kind === 'client' ? 'failed' : ''}>
            <th scope="row">{one.kind === 'client' ? 'A client' : 'A node'}</th>
            <td>
              {one.subject}
              <div className="small">{one.serial}</div>
            </td>
            <td>{day(one.issued_at)}</td>
            <td>{day(one.not_after)}</td>
            <td>{left(one.not_after)}</td>
          </tr>
        ))}
      </Table>
      {data.certificates.length === 0 && <p>Nothing was signed for a person or a program yet: see “Get access”.</p>}
      {data.next !== undefined && <p className="small">There are more: bay certificates lists all of them.</p>}
    </>
  );
}
