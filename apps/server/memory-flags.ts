/** How a child process keeps its memory. */

/**
 * MiB for objects that have just been made, twice over. With 4, what requests under way hold is taken for long-lived, and
 * collecting it makes others wait (`script/bench api`: the 99th percentile of signing at half load is several times as high);
 * with 8 twice as high. It costs 20 MiB just after a full load.
 */
const NURSERY_MEGABYTES = 16;

export interface ProcessRoom {
  /** MiB that one process may have for objects. */
  readonly heapMegabytes: number;
  /** Children on this machine. */
  readonly processes: number;
  /** That they may use at once. */
  readonly processors: number;
}

/**
 * What Node.js is started with. Where there are fewer processors than processes to keep them busy, threads that collect
 * beside a process only take a processor from another one, and the process that collects waits for threads that do not get
 * one: a process then collects by itself.
 */
export function memoryFlags({ heapMegabytes, processes, processors }: ProcessRoom): readonly string[] {
  return [
    `--max-semi-space-size=${String(NURSERY_MEGABYTES)}`,
    `--max-old-space-size=${String(heapMegabytes)}`,
    ...(processors <= processes ? ['--single-threaded-gc'] : []),
  ];
}
