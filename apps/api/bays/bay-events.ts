/** What happened to a bay, as a list and as a stream. */
import type { Readable } from 'node:stream';
import type { Bay, BayEvent, NodeId } from '@baykeeper/domain';
import { bayTopic, type Signals } from '@baykeeper/queue';
import { openWatch } from '@baykeeper/services';
import type { Database } from '@baykeeper/storage';
import { frameOf, type EventSource, type EventStreams, type StreamViewer } from '../events/event-streams.js';
import { timestamp } from '../http/timestamp.js';

export const LARGEST_EVENT_PAGE = 1_000;

export class BayEvents {
  constructor(
    private readonly database: Pick<Database, 'stores'>,
    private readonly signals: Pick<Signals, 'subscribe'>,
    private readonly streams: EventStreams,
  ) {}

  /** @param after sequence of the last event seen; 0 from the beginning */
  async list(bay: Bay, after: number, limit: number) {
    const { events, nodes } = this.database.stores;
    const scope = { projectId: bay.projectId };
    const found = await events.list(scope, bay.id, { after, limit });
    const names = new Map<NodeId, string>();
    if (found.some((event) => event.nodeId !== null)) {
      for (const node of await nodes.listByBay(scope, bay.id)) names.set(node.id, node.name);
    }
    return found.map((event) => eventBody(event, names));
  }

  /**
   * Every event after `after`, and each new one as it comes, until the reader goes, may not go on, or the bay is gone.
   * @throws BaykeeperError `too-many-requests`
   */
  follow(bay: Bay, after: number, viewer: StreamViewer): Readable {
    return this.streams.follow(viewer, () => this.sourceOf(bay, after));
  }

  private sourceOf(bay: Bay, after: number): EventSource {
    let last = after;
    return {
      watch: openWatch(this.signals, bayTopic(bay.id)),
      beginning: ': connected\n\n',
      next: async () => {
        const events = await this.list(bay, last, LARGEST_EVENT_PAGE);
        last = events.at(-1)?.sequence ?? last;
        const isFull = events.length === LARGEST_EVENT_PAGE;
        const isOver = !isFull && (await this.database.stores.bays.get(bay.id)) === null;
        return { frames: events.map((event) => frameOf(event.sequence, event.kind, event)), isFull, isOver };
      },
    };
  }
}

function eventBody(event: BayEvent, names: ReadonlyMap<NodeId, string>) {
  return {
    sequence: event.sequence,
    kind: event.kind,
    level: event.level,
    message: event.message,
    node: event.nodeId === null ? null : (names.get(event.nodeId) ?? null),
    node_uuid: event.nodeId,
    at: timestamp(event.at),
  };
}
