import { useEffect, useState } from 'react';
import { request } from '../api/client.js';
import { Table } from '../parts/fields.js';

const EVERY_MS = 5_000;

interface Measure {
  readonly name: string;
  readonly labels: string;
  readonly value: number;
}

/** What waits and what runs, from the same numbers that a Prometheus would read. */
export function Queues() {
  const [measures, setMeasures] = useState<readonly Measure[] | null>(null);
  useEffect(() => {
    const ended = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = (): void => {
      request('GET', '/metrics', undefined, ended.signal)
        .then((response) => response.text())
        .then((text) => {
          setMeasures(measuresOf(text));
        })
        .catch(() => undefined)
        .finally(() => {
          if (!ended.signal.aborted) timer = setTimeout(look, EVERY_MS);
        });
    };
    look();
    return () => {
      ended.abort();
      clearTimeout(timer);
    };
  }, []);
  if (measures === null) return <p aria-busy="true">Loading …</p>;
  return (
    <Table title="Table of queues" heads={['What', 'Of', 'Now']}>
      {measures.map(({ name, labels, value }) => (
        <tr key={`${name} ${labels}`}>
          <th scope="row">{name}</th>
          <td>{labels}</td>
          <td>{Number.isInteger(value) ? value : value.toFixed(1)}</td>
        </tr>
      ))}
    </Table>
  );
}

const SHOWN = /^baykeeper_((?:queue|outbox|bays|nodes)\w*)(?:\{([^}]*)\})? (\S+)$/;

/** The lines of Prometheus' text that say how much waits and how much there is. */
function measuresOf(text: string): readonly Measure[] {
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = SHOWN.exec(line) ?? [];
    if (name === undefined || name.endsWith('_bucket')) return [];
    const said = labels.replaceAll('"', '').replaceAll(',', ', ').replaceAll('=', ' ');
    return [{ name: name.replaceAll('_', ' '), labels: said, value: Number(value) }];
  });
}
