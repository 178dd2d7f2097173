/**
 * Requests that arrive together, asked together: where a round trip costs more than what is asked, many small questions
 * become a few larger ones. Nobody waits for company: what is alone goes alone, and the more there is to do, the more
 * goes at once.
 */
export interface GatherOptions {
  /** Batches under way at once; what comes meanwhile waits for one of them to end. */
  readonly atOnce: number;
  /** Requests in a batch. */
  readonly most: number;
  /**
   * Asks those of a batch that failed once more, each alone: nobody fails for what another one asked. Only where asking
   * twice does no harm.
   */
  readonly separately?: boolean;
}

interface Waiting<Request, Answer> {
  readonly request: Request;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * @param run answers a batch: one answer for each request, in their order, or a rejection for all of them. It begins
 *   after the last request of its batch has arrived, so nobody is answered with what was true before the question.
 */
export function gather<Request, Answer>(
  run: (requests: readonly Request[]) => Promise<readonly Answer[]>,
  { atOnce, most, separately = false }: GatherOptions,
): (request: Request) => Promise<Answer> {
  const waiting: Waiting<Request, Answer>[] = [];
  let underWay = 0;
  let isPlanned = false;

  function plan(): void {
    if (isPlanned || waiting.length === 0 || underWay >= atOnce) return;
    isPlanned = true;
    // After all that has arrived by now was looked at.
    setImmediate(() => {
      isPlanned = false;
      void runBatch(waiting.splice(0, most));
      plan();
    });
  }

  async function runBatch(batch: readonly Waiting<Request, Answer>[], isPart = false): Promise<void> {
    if (!isPart) underWay += 1;
    try {
      const answers = await run(batch.map(({ request }) => request));
      if (answers.length !== batch.length) throw new Error('a batch has one answer for each request');
      for (const [index, { resolve }] of batch.entries()) resolve(answers[index] as Answer);
    } catch (error) {
      if (separately && batch.length > 1) for (const one of batch) await runBatch([one], true);
      else for (const { reject } of batch) reject(error);
    } finally {
      if (!isPart) underWay -= 1;
      plan();
    }
  }

  return (request) =>
    new Promise((resolve, reject) => {
      waiting.push({ request, resolve, reject });
      plan();
    });
}
