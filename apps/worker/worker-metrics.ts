/** What a worker counts. */
import type { Worker } from 'bullmq';
import { Counter, Gauge, Histogram, type Registry } from '@baykeeper/platform';
import type { ReconcilerWatch } from '@baykeeper/reconciler';

/** A settled bay takes milliseconds, a balancer that is made seconds. */
const PASS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120];
const PHASE_SECONDS = [0.1, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_800];

export function measureReconciler(registry: Registry): ReconcilerWatch {
  const registers = [registry];
  const passes = new Histogram({
    name: 'baykeeper_reconcile_seconds',
    help: 'Time of a pass over one bay, by how it ended; busy: another process had its lease',
    labelNames: ['outcome'] as const,
    buckets: PASS_SECONDS,
    registers,
  });
  const held = new Gauge({ name: 'baykeeper_leases_held', help: 'Leases that these processes hold', registers });
  const ended = new Counter({
    name: 'baykeeper_leases_ended_total',
    help: 'Leases that were given back (released), or taken over by another process before that (lost)',
    labelNames: ['how'] as const,
    registers,
  });
  const phases = new Histogram({
    name: 'baykeeper_node_phase_seconds',
    help: 'How long nodes took for each phase of their coming and going, told when they are ready or gone',
    labelNames: ['phase', 'role'] as const,
    buckets: PHASE_SECONDS,
    registers,
  });
  const failures = new Counter({
    name: 'baykeeper_node_failures_total',
    help: 'Nodes that did not come up, by the phase in which they stopped',
    labelNames: ['phase', 'role'] as const,
    registers,
  });
  // An alert on what never happened needs a number to start from.
  for (const how of ['released', 'lost']) ended.inc({ how }, 0);
  return {
    passed(outcome, seconds) {
      passes.observe({ outcome }, seconds);
    },
    leaseTaken() {
      held.inc();
    },
    leaseEnded(how) {
      held.dec();
      ended.inc({ how });
    },
    nodePhase(phase, role, seconds) {
      phases.observe({ phase, role }, seconds);
    },
    nodeFailed(phase, role) {
      failures.inc({ phase, role });
    },
  };
}

/** @returns to be called with every worker of a queue */
export function measureJobs(registry: Registry): (worker: Worker) => void {
  const jobs = new Histogram({
    name: 'baykeeper_job_seconds',
    help: 'Time of jobs by queue, name and outcome, without their waiting',
    labelNames: ['queue', 'job', 'outcome'] as const,
    buckets: PASS_SECONDS,
    registers: [registry],
  });
  return (worker) => {
    const observe = (outcome: string, job: { name: string; processedOn?: number; finishedOn?: number } | undefined) => {
      if (job?.processedOn === undefined) return;
      const seconds = ((job.finishedOn ?? Date.now()) - job.processedOn) / 1_000;
      jobs.observe({ queue: worker.name, job: job.name, outcome }, Math.max(0, seconds));
    };
    worker.on('completed', (job) => {
      observe('completed', job);
    });
    worker.on('failed', (job) => {
      observe('failed', job);
    });
  };
}
