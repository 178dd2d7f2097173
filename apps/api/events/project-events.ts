/** What happened to all bays of a project, as a list and as a stream. */
import type { Readable } from 'node:stream';
import type { ProjectId } from '@baykeeper/domain';
import type { Signals } from '@baykeeper/queue';
import { openWatch } from '@baykeeper/services';
import type { Database, EventPosition, PlacedEvent } from '@baykeeper/storage';
import { timestamp } from '../http/timestamp.js';
import { frameOf, type EventSource, type EventStreams, type StreamViewer } from './event-streams.js';

export const LARGEST_PAGE = 1_000;
export const BEGINNING: EventPosition = { transaction: 0, sequence: 0 };

/** People watch. */
const POLL_MS = 1_000;

/** Nobody publishes this: what happens is found by looking. */
const topicOf = (projectId: ProjectId): string => `project:${projectId}`;

export class ProjectEvents {
  constructor(
    private readonly database: Pick<Database, 'stores'>,
    private readonly signals: Pick<Signals, 'subscribe'>,
    private readonly streams: EventStreams,
  ) {}

  async list(projectId: ProjectId, after: EventPosition, limit: number) {
    const events = await this.database.stores.events.listOfProject({ projectId }, { after, limit });
    return events.map(eventBody);
  }

  /**
   * @param after the last position seen; null: only what happens from now on
   * @throws BaykeeperError `too-many-requests`
   */
  async follow(projectId: ProjectId, after: EventPosition | null, viewer: StreamViewer): Promise<Readable> {
    const latest = await this.database.stores.events.latestPosition();
    return this.streams.follow(viewer, () => this.sourceOf(projectId, startOf(after, latest)));
  }

  private sourceOf(projectId: ProjectId, start: EventPosition): EventSource {
    let last = start;
    return {
      watch: openWatch(this.signals, topicOf(projectId)),
      pollMs: POLL_MS,
      // An id without data tells nothing, and is what a client comes back with before the first event.
      beginning: `: connected\nid: ${idOf(start)}\n\n`,
      next: async () => {
        const range = { after: last, limit: LARGEST_PAGE };
        const events = await this.database.stores.events.listOfProject({ projectId }, range);
        last = events.at(-1) ?? last;
        const frames = events.map((event) => frameOf(idOf(event), event.kind, eventBody(event)));
        return { frames, isFull: events.length === LARGEST_PAGE, isOver: false };
      },
    };
  }
}

/** A position that this database can't have given is of before it was restored from a dump: the sequence counts. */
function startOf(after: EventPosition | null, latest: EventPosition): EventPosition {
  if (after === null) return latest;
  return after.transaction > latest.transaction ? { transaction: 0, sequence: after.sequence } : after;
}

/** A position as text: what `Last-Event-ID` and `after` hold. */
export function idOf({ transaction, sequence }: EventPosition): string {
  return `${String(transaction)}-${String(sequence)}`;
}

/** Null for what is no position of ours. */
export function positionOf(text: string): EventPosition | null {
  const [, transaction, sequence] = /^(\d{1,16})-(\d{1,16})$/.exec(text) ?? [];
  if (transaction === undefined || sequence === undefined) return null;
  const position = { transaction: Number(transaction), sequence: Number(sequence) };
  return Number.isSafeInteger(position.transaction) && Number.isSafeInteger(position.sequence) ? position : null;
}

function eventBody(event: PlacedEvent) {
  return {
    ...{ id: idOf(event), sequence: event.sequence, bay_uuid: event.bayId, bay_name: event.bayName },
    ...{ node: event.nodeName, kind: event.kind, level: event.level, message: event.message },
    at: timestamp(event.at),
  };
}
