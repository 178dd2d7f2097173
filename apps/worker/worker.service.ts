import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { setMaxListeners } from 'node:events';
import { hostname } from 'node:os';
import {
  PRODUCT_VERSION,
  ReadinessProbe,
  isSupervised,
  processSlot,
  type Configuration,
  type Logger,
} from '@baykeeper/platform';
import { enrolmentTokenOf } from '@baykeeper/pki';
import { detailOf } from '@baykeeper/domain';
import { readTrustedAuthorities } from '@baykeeper/drivers';
import { openMachineListing, type ReconcilerDependencies } from '@baykeeper/reconciler';
import type { BayQueue } from '@baykeeper/queue';
import {
  readinessChecks,
  startHeartbeat,
  STEPS_PER_RECONCILE,
  type Heartbeat,
  type Installation,
} from '@baykeeper/services';
import { openWorkerListener, type WorkerListener } from './worker-listener.js';
import { measureReconciler } from './worker-metrics.js';
import { startProcessors, type Processors } from './processors.js';
import { startSchedules, type Schedules } from './schedules.js';

/** Failed starts of a node's machine or bootstrap that are replaced within one wish. */
const MAXIMUM_REPLACEMENTS = 3;
const REPLACEMENT_BACKOFF_MS = 5_000;
/** What is under way gets this long when the worker ends, which is enough for nearly all; the rest is handed back. */
const FINISH_MS = 4_000;
const ORPHAN_SWEEP_SECONDS = 30;

/** Ties the reconciler to BullMQ and to time, for as long as the process lives. */
@Injectable()
export class WorkerService implements OnApplicationBootstrap, OnApplicationShutdown {
  private processors: Processors | null = null;
  private schedules: Schedules | null = null;
  private heartbeat: Heartbeat | null = null;
  private listener: WorkerListener | null = null;
  private readonly handBack = new AbortController();

  constructor(
    private readonly installation: Installation,
    private readonly configuration: Configuration,
    private readonly log: Logger,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const { installation, configuration, log } = this;
    // Every job under way listens to it.
    setMaxListeners(0, this.handBack.signal);
    const trustedAuthorities = await readTrustedAuthorities(configuration.nodeCaFile);
    const dependencies = { ...this.reconcilerDependencies(await installation.queue()), trustedAuthorities };
    this.processors = startProcessors(installation, dependencies, openMachineListing(dependencies), {
      reconcileConcurrency: configuration.workerConcurrency,
      stepConcurrency: configuration.workerConcurrency * STEPS_PER_RECONCILE,
    });
    this.schedules = await startSchedules(dependencies, installation.signals, {
      sweepSeconds: configuration.sweepSeconds,
      settledSweepSeconds: configuration.settledSweepSeconds,
      orphanSweepSeconds: ORPHAN_SWEEP_SECONDS,
    });
    this.heartbeat = await startHeartbeat(
      { database: installation.database, log },
      { kind: 'worker', slot: processSlot(), version: PRODUCT_VERSION },
    );
    await this.openListener();
    // Nobody waits for it: a bay that is asked for meanwhile waits for the same image.
    installation.drivers.compute
      .prepare((message) => {
        log.info({ driver: installation.drivers.compute.name, step: message }, 'preparing the compute driver');
      })
      .catch((error: unknown) => {
        log.warn(
          { error: detailOf(error) },
          'preparing the compute driver failed; it is tried again with the first machine',
        );
      });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.heartbeat?.stop();
    const late = setTimeout(() => {
      this.handBack.abort();
    }, FINISH_MS);
    // Side by side: a sweep may wait for a driver as long as a job does.
    await Promise.all([this.schedules?.stop(this.handBack.signal), this.processors?.close()]);
    clearTimeout(late);
    await this.listener?.close();
    await this.installation.close();
  }

  private async openListener(): Promise<void> {
    const { installation, configuration, log } = this;
    if (isSupervised() || configuration.workerPort === 0) return;
    const readiness = new ReadinessProbe(readinessChecks(installation), (failing) => {
      log.warn({ failing }, 'the readiness changed');
    });
    const place = { port: configuration.workerPort, bind: configuration.bind };
    this.listener = await openWorkerListener(place, { readiness, metrics: installation.metrics });
  }

  private reconcilerDependencies(queue: BayQueue): ReconcilerDependencies {
    const { installation, configuration, log } = this;
    return {
      database: installation.database,
      queue,
      signals: installation.signals,
      drivers: installation.drivers,
      log,
      watch: measureReconciler(installation.metrics),
      handBack: this.handBack.signal,
      now: () => new Date(),
      installation: installation.id,
      holder: `${hostname()} ${String(process.pid)}`,
      limits: {
        nodeBootTimeoutMs: configuration.nodeBootTimeoutSeconds * 1000,
        nodeLostTimeoutMs: configuration.nodeLostTimeoutSeconds * 1000,
        defaultCreateTimeoutMs: configuration.createTimeoutMinutes * 60_000,
        maximumReplacements: MAXIMUM_REPLACEMENTS,
        replacementBackoffMs: REPLACEMENT_BACKOFF_MS,
      },
      drainTimeoutMs: configuration.drainTimeoutSeconds * 1000,
      orphanGraceMs: configuration.orphanGraceSeconds * 1000,
      driverPatienceMs: configuration.driverTimeoutSeconds * 1000,
      templatesDirectory: installation.drivers.templatesDirectory,
      controlIdentity: (bay) => installation.pki.controlIdentity(bay),
      controlPlane: () => installation.controlPlane(),
      enrolmentToken: (nodeId) => enrolmentTokenOf(installation.masterKey, nodeId),
    };
  }
}
