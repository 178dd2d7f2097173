import { setTimeout as sleep } from 'node:timers/promises';
import { send } from '../../support/open-requests.js';
import type { Installation } from './installation.js';
import type { Tenant } from './tenant.js';

const LOOK_MS = 250;

interface Event {
  readonly sequence: number;
  readonly kind: string;
  readonly level: string;
  readonly message: string;
}

/** Those of a bay after the given one, as its tenant is shown them; none while the API can't be asked. */
export async function loadEvents(
  { url, token }: Pick<Installation, 'url' | 'token'>,
  bay: string,
  after = 0,
): Promise<readonly Event[]> {
  const answer = await send(`${url}/v1/bays/${bay}/events?after=${String(after)}`, {
    headers: { 'X-Auth-Token': token },
  }).catch(() => null);
  return answer?.status === 200 ? (JSON.parse(answer.text) as { events: Event[] }).events : [];
}

export interface EventReader {
  /** Resolves when told to stop. */
  readonly done: Promise<void>;
  /** Reads what is left; tells which events of bays that still are there were never shown, or not in their order. */
  findLost(): Promise<readonly string[]>;
}

/** Reads each bay's events as a client does: always what comes after the last one that it saw. */
export function readEvents(
  installation: Pick<Installation, 'url' | 'token' | 'query'>,
  tenants: readonly Pick<Tenant, 'wishes'>[],
  signal: AbortSignal,
): EventReader {
  const seen = new Map<string, Event[]>();

  async function look(name: string): Promise<void> {
    const known = seen.get(name) ?? [];
    seen.set(name, known);
    const after = known.at(-1)?.sequence ?? 0;
    known.push(...(await loadEvents(installation, name, after)));
  }
  const lookAtAll = async (): Promise<void> => {
    for (const { wishes } of tenants) await Promise.all([...wishes.keys()].map(look));
  };
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      await lookAtAll();
      await sleep(LOOK_MS);
    }
  };
  return {
    done: run(),
    async findLost() {
      await lookAtAll();
      const rows = await installation.query<{ name: string; sequence: string; message: string }>(
        `SELECT bays.name, bay_events.sequence, message FROM bay_events JOIN bays ON bays.id = bay_id
         ORDER BY bay_events.sequence`,
      );
      return [...seen].flatMap(([name, events]) => {
        const [shown, kept] = [
          events.map(({ sequence, message }) => `${String(sequence)} ${message}`),
          rows.filter((row) => row.name === name).map(({ sequence, message }) => `${sequence} ${message}`),
        ];
        if (kept.length === 0) return [];
        const unseen = kept.filter((line) => !shown.includes(line));
        const isOrdered = events.every(
          ({ sequence }, index) => index === 0 || sequence > (events[index - 1]?.sequence ?? 0),
        );
        return [
          ...unseen.map((line) => `an event of ${name} was never shown: ${line}`),
          ...(isOrdered ? [] : [`events of ${name} were shown out of their order`]),
        ];
      });
    },
  };
}
