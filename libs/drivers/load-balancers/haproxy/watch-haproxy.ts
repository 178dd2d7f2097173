/** Starts HAProxy again when somebody killed it, and when Baykeeper is started again after a reboot or a stop. */
import { readdir } from 'node:fs/promises';
import { isMeantToRun, type HaproxyProcess } from './haproxy-process.js';
import type { HaproxyPaths } from './haproxy.config.js';

const LOOK_EVERY_MS = 1_000;

export interface HaproxyWatch {
  stop(): void;
}

/** @param heal starts it, under the lock. What it could not do is said by the next call of the driver. */
export function watchHaproxy(paths: HaproxyPaths, haproxy: HaproxyProcess, heal: () => Promise<void>): HaproxyWatch {
  // Once at the beginning also when it was stopped; later a stop is meant.
  let isDue = true;
  let isStopped = false;

  async function look(): Promise<void> {
    const hasRecords = (await readdir(paths.balancers).catch(() => [])).some((name) => name.endsWith('.json'));
    if (hasRecords && (isDue || (await isMeantToRun(paths))) && !(await haproxy.isRunning()) && !isStopped) {
      isDue = true;
      await heal();
    }
    isDue = false;
  }

  const schedule = (afterMs: number): NodeJS.Timeout =>
    setTimeout(() => {
      void look()
        .catch(() => undefined)
        .finally(() => {
          if (!isStopped) timer = schedule(LOOK_EVERY_MS);
        });
    }, afterMs).unref();
  let timer = schedule(0);

  return {
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
