/**
 * How much of long lists one project may have on its way from this process. A page of a thousand rows may be tens of
 * MiB while it is made and until its client has read it: a project that asks for many at once, or reads them slowly, waits
 * for its own, and never takes the memory that all live from.
 */

/** Two whole pages, or forty of a hundred rows: more at once makes none of them faster. */
const MOST_ROWS = 2_000;

interface Queue {
  rows: number;
  readonly waiting: { readonly rows: number; readonly begin: () => void }[];
}

export interface Turn {
  readonly begins: Promise<void>;
  /** To be called once the answer is gone, also if the turn never began. */
  end(): void;
}

export class LongAnswers {
  private readonly queues = new Map<string, Queue>();

  /** @param rows at most so many as a page has */
  queueUp(projectId: string, rows: number): Turn {
    const queue = this.queues.get(projectId) ?? { rows: 0, waiting: [] };
    this.queues.set(projectId, queue);
    let state: 'waiting' | 'begun' | 'ended' = 'waiting';
    const begins = new Promise<void>((resolve) => {
      const begin = (): void => {
        if (state === 'ended') return;
        state = 'begun';
        queue.rows += rows;
        resolve();
      };
      queue.waiting.push({ rows, begin });
    });
    const end = (): void => {
      if (state === 'begun') queue.rows -= rows;
      state = 'ended';
      this.advance(projectId, queue);
    };
    this.advance(projectId, queue);
    return { begins, end };
  }

  /** In the order in which they came. */
  private advance(projectId: string, queue: Queue): void {
    for (;;) {
      const [next] = queue.waiting;
      if (next === undefined || queue.rows + next.rows > MOST_ROWS) break;
      queue.waiting.shift();
      next.begin();
    }
    if (queue.rows === 0 && queue.waiting.length === 0) this.queues.delete(projectId);
  }
}
